use core::fmt;

use thiserror::Error;

/// What is to become of a key in the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change<V> {
    /// It gets this value.
    Put(V),
    /// It goes.
    Delete,
}

impl<V> Change<V> {
    /// The value that the key will have, if any.
    pub fn value(&self) -> Option<&V> {
        match self {
            Self::Put(value) => Some(value),
            Self::Delete => None,
        }
    }

    /// As [`value`](Self::value), by value.
    pub fn into_value(self) -> Option<V> {
        match self {
            Self::Put(value) => Some(value),
            Self::Delete => None,
        }
    }
}

/// A change was refused, for as many wait as may: the store is slower than its writers. Write, or
/// wait, and try again. A change of a key that waits already is not refused where changes coalesce.
#[derive(Clone, PartialEq, Eq, Error)]
#[error("{capacity} changes wait for the store; no more may")]
pub struct Full<K, V> {
    /// The key of the change.
    pub key: K,
    /// The change.
    pub change: Change<V>,
    /// How many may wait.
    pub capacity: usize,
}

/// Shows the bound only: keys and values may be secret.
impl<K, V> fmt::Debug for Full<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Full").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}
