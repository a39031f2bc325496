use thiserror::Error;

use crate::Causality;
use crate::{Stamp, Version};

/// A value and when it was written: of two, the later wins and the earlier is gone.
///
/// **The earlier is gone**, even if it was acknowledged, even if nobody who wrote the later one had
/// seen it: in Jepsen's run against Riak with last-write-wins, 599 of 1841 acknowledged writes were
/// lost. For caches, sessions and whatever is written whole by one writer. Where every write counts
/// take a [`DvvSet`](crate::DvvSet).
///
/// ```
/// use voussoir_quorum::{ActorId, HlcTime, LwwRegister, Stamp};
///
/// let at = |count, node| Stamp::new(HlcTime::from_bits(count), ActorId::from_bits(node));
/// let mut here = LwwRegister::new(at(1, 1), "old");
/// let there = LwwRegister::new(at(2, 2), "new");
/// assert!(here.merge(&there)?);
/// assert_eq!(*here.value(), "new");
/// # Ok::<(), voussoir_quorum::StampReused>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
pub struct LwwRegister<V, S = Stamp> {
    stamp: S,
    value: V,
}

/// Two values carry one stamp: an actor used a time twice, or two actors share an id. Whichever won,
/// replicas would differ for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "two different values carry the same stamp: two writers share an actor id, or a clock was set back across a restart"
)]
pub struct StampReused;

impl<V, S: Ord + Clone> LwwRegister<V, S> {
    /// A value that was written at `stamp`.
    pub const fn new(stamp: S, value: V) -> Self {
        Self { stamp, value }
    }

    /// When it was written.
    pub const fn stamp(&self) -> &S {
        &self.stamp
    }

    /// What was written.
    pub const fn value(&self) -> &V {
        &self.value
    }

    /// The value alone.
    pub fn into_value(self) -> V {
        self.value
    }

    /// Writes, if that is later than what is there, and tells whether it was. Complexity: O(1).
    pub fn set(&mut self, stamp: S, value: V) -> bool {
        let later = stamp > self.stamp;
        if later {
            *self = Self { stamp, value };
        }
        later
    }

    /// Takes over what `other` has, if that is later, and tells whether it was.
    ///
    /// Complexity: O(1), and a clone of what is taken.
    ///
    /// # Errors
    ///
    /// [`StampReused`] when both carry one stamp and differ; nothing has changed then.
    pub fn merge(&mut self, other: &Self) -> Result<bool, StampReused>
    where
        V: Clone + PartialEq,
    {
        if self.stamp == other.stamp && self.value != other.value {
            return Err(StampReused);
        }
        Ok(other.stamp > self.stamp && self.set(other.stamp.clone(), other.value.clone()))
    }
}

impl<V: Clone, S: Ord + Clone> Version for LwwRegister<V, S> {
    fn compare(&self, other: &Self) -> Causality {
        self.stamp.cmp(&other.stamp).into()
    }

    fn join(&mut self, other: &Self) {
        self.set(other.stamp.clone(), other.value.clone());
    }
}
