use core::fmt;

use thiserror::Error;

/// Who counts in a clock: a replica, in one of its lives.
///
/// 48 bits that name the node (chosen at random or by the membership, never a host name) and 16 bits
/// of epoch. A node that may have lost what it stored **must not** count on under its old id: old
/// clocks would cover its new writes, and they would be dropped as already seen. It takes the
/// [next epoch](Self::next_epoch), which is a new actor.
///
/// ```text
/// 63                            16 15       0
/// ┌──────────────────────────────┬──────────┐
/// │ node                         │ epoch    │
/// └──────────────────────────────┴──────────┘
/// ```
///
/// ```
/// use voussoir_quorum::ActorId;
///
/// let born = ActorId::new(0x00C0_FFEE, 0)?;
/// let wiped = born.next_epoch()?; // the disk was lost: another actor
/// assert!(wiped > born && wiped.node() == born.node());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActorId(u64);

/// A node's number has more than 48 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("node {node:#x} has more than 48 bits; allowed: 0 to 0xffffffffffff")]
pub struct ActorIdError {
    /// The number given.
    pub node: u64,
}

/// A node has lost its state 65,535 times: it needs a new node number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("node {node:#x} has used epoch 65535, its last one; give it a new node number")]
pub struct EpochsExhausted {
    /// The node.
    pub node: u64,
}

impl ActorId {
    /// The actor that is `node` in its `epoch`.
    ///
    /// # Errors
    ///
    /// When `node` has more than 48 bits.
    pub const fn new(node: u64, epoch: u16) -> Result<Self, ActorIdError> {
        if node >> 48 != 0 {
            return Err(ActorIdError { node });
        }
        Ok(Self(node << 16 | epoch as u64))
    }

    /// The actor with these bits.
    #[inline]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Node and epoch in one word.
    #[inline]
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// The node's number.
    pub const fn node(self) -> u64 {
        self.0 >> 16
    }

    /// Which of the node's lives this is.
    pub const fn epoch(self) -> u16 {
        self.0 as u16
    }

    /// The same node after it has lost state. Store it before the first write under it.
    ///
    /// # Errors
    ///
    /// When this is the last epoch; it never wraps to one that was used.
    pub const fn next_epoch(self) -> Result<Self, EpochsExhausted> {
        match self.epoch() {
            u16::MAX => Err(EpochsExhausted { node: self.node() }),
            _ => Ok(Self(self.0 + 1)),
        }
    }
}

impl From<u64> for ActorId {
    fn from(bits: u64) -> Self {
        Self(bits)
    }
}

impl From<ActorId> for u64 {
    fn from(actor: ActorId) -> Self {
        actor.0
    }
}

/// `c0ffee.0`: the node in hexadecimal, the epoch.
impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}.{}", self.node(), self.epoch())
    }
}

impl fmt::Debug for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
