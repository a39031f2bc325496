use alloc::vec::Vec;

use thiserror::Error;

use super::Change;

/// One change on its way to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write<K, V> {
    pub(super) key: K,
    pub(super) change: Change<V>,
    pub(super) attempt: u32,
}

/// Changes of different keys, to be written together, in any order.
///
/// Give it back by [`complete_at`](super::WriteQueue::complete_at): until then its keys stay where
/// they are.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "its keys are not written until it is completed"]
pub struct Batch<K, V> {
    pub(super) writes: Vec<Write<K, V>>,
}

/// A change that the queue has given up, after all its attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter<K, V> {
    /// Its place in the batch that failed last.
    pub index: usize,
    /// The change; its [`attempt`](Write::attempt) was the last.
    pub write: Write<K, V>,
}

/// What a store did not write of a batch. All else was written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BatchError<E> {
    /// Nothing was written, or nobody knows.
    #[error("{0}")]
    All(E),
    /// These were not written, by their places in the batch.
    #[error("{} of the writes of a batch failed", .0.len())]
    Some(Vec<(usize, E)>),
}

impl<K, V> Write<K, V> {
    /// The key.
    pub fn key(&self) -> &K {
        &self.key
    }

    /// What is to become of it.
    pub fn change(&self) -> &Change<V> {
        &self.change
    }

    /// Which attempt this is: 1 for the first.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}

impl<K, V> Batch<K, V> {
    /// The changes. Never none.
    pub fn writes(&self) -> &[Write<K, V>] {
        &self.writes
    }
}

impl<E> BatchError<E> {
    /// What these failures mean for a batch: none of them, that all is written.
    ///
    /// # Errors
    ///
    /// The failures, if there are any.
    pub fn of(failures: Vec<(usize, E)>) -> Result<(), Self> {
        if failures.is_empty() { Ok(()) } else { Err(Self::Some(failures)) }
    }

    /// The error of the change at `index`, if it was not written. Complexity: O(failures).
    pub fn get(&self, index: usize) -> Option<&E> {
        match self {
            Self::All(error) => Some(error),
            Self::Some(failures) => {
                failures.iter().find(|(place, _)| *place == index).map(|(_, error)| error)
            }
        }
    }
}
