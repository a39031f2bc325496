mod decode;
mod encode;
mod error;
#[cfg(feature = "serde")]
mod serde;

use alloc::vec::Vec;

pub use error::SnapshotError;
use xxhash_rust::xxh3::Xxh3Default;

use crate::{HashFunction, Layout, Node, Ring};

/// What a ring is made of, to be kept or sent: the nodes, the layout, the name and seed of the hash
/// function, and a fingerprint of the points.
///
/// As bytes ([`to_bytes`](Self::to_bytes)) and, with the feature `serde`, in any format. The points are
/// made anew by [`restore`](Self::restore) and compared with the fingerprint: a ring that comes back
/// places every key where it was, or does not come back.
///
/// ```
/// use voussoir_hashring::{Ring, RingSnapshot};
///
/// let ring = Ring::builder().nodes(["a", "b", "c"]).build()?;
/// let bytes = ring.snapshot().to_bytes();
/// let restored = RingSnapshot::from_bytes(&bytes)?.restore()?;
/// assert_eq!(restored, ring);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "serde::Plain"))]
pub struct RingSnapshot {
    layout: Layout,
    hash: HashFunction,
    vnodes: u32,
    fingerprint: Fingerprint,
    nodes: Vec<Node>,
}

/// XXH3 of all points and owners. In files 16 hexadecimal digits, as a browser reads numbers only to
/// 2^53.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fingerprint(u64);

impl Ring {
    /// What this ring is made of. Complexity: O(points), for the fingerprint.
    pub fn snapshot(&self) -> RingSnapshot {
        RingSnapshot {
            layout: self.layout(),
            hash: self.hash_function(),
            vnodes: self.vnodes(),
            fingerprint: Fingerprint(self.fingerprint()),
            nodes: self.nodes().to_vec(),
        }
    }

    /// A number that differs between rings that place any key differently, but for 1 in 2^64 of them:
    /// for processes to check that they agree. It depends on points and ids of their owners alone.
    ///
    /// Complexity: O(points).
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = Xxh3Default::new();
        for node in self.nodes() {
            hasher.update(&(node.id().len() as u64).to_le_bytes());
            hasher.update(node.id().as_bytes());
        }
        for (hash, owner) in self.raw_points().iter() {
            hasher.update(&hash.to_le_bytes());
            hasher.update(&owner.to_le_bytes());
        }
        hasher.digest()
    }
}

impl RingSnapshot {
    /// The ring. Complexity: O(points), of which a few bytes can name 2^24, some seconds of work: for a
    /// snapshot from somebody who is not trusted there is [`restore_within`](Self::restore_within).
    ///
    /// # Errors
    ///
    /// What no builder would take, and points that differ from those of the ring that was kept.
    pub fn restore(&self) -> Result<Ring, SnapshotError> {
        let Self { layout, hash, vnodes, fingerprint, nodes } = self;
        let builder = Ring::builder().layout(*layout).hash(*hash).vnodes(*vnodes);
        let ring = builder.nodes(nodes.iter().cloned()).build()?;
        match ring.fingerprint() {
            made if made == fingerprint.0 => Ok(ring),
            made => Err(SnapshotError::OtherPoints { kept: fingerprint.0, made }),
        }
    }

    /// The ring, if it has no more than `most` points. Complexity: O(nodes + `most`).
    ///
    /// ```
    /// use voussoir_hashring::{Ring, SnapshotError};
    ///
    /// let snapshot = Ring::builder().vnodes(1_000_000).node("a").build()?.snapshot();
    /// let refused = snapshot.restore_within(100_000);
    /// assert_eq!(refused, Err(SnapshotError::TooLarge { points: 1_000_000, most: 100_000 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// More points, before any is made, or what [`restore`](Self::restore) says.
    pub fn restore_within(&self, most: u64) -> Result<Ring, SnapshotError> {
        let vnodes = u64::from(self.vnodes);
        let points = self.nodes.iter().fold(0_u64, |points, node| {
            // Ketama's shares of a weight add up to as many as the weights were 1.
            let units = match self.layout {
                Layout::Ketama => node.weight_units().min(1),
                Layout::Absolute | Layout::Nginx => node.weight_units(),
            };
            points.saturating_add(u64::from(units).saturating_mul(vnodes))
        });
        if points > most { Err(SnapshotError::TooLarge { points, most }) } else { self.restore() }
    }

    /// The nodes, in the order of their ids.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Where points come from.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// What keys and points are hashed with.
    pub fn hash_function(&self) -> HashFunction {
        self.hash
    }

    /// The [fingerprint](Ring::fingerprint) of the ring that was kept.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint.0
    }
}
