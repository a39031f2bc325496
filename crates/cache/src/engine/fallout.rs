//! What leaves a cache during an operation: told of and dropped after the lock is given back.

use alloc::vec::Vec;

use crate::Cause;

/// An entry that has left.
#[derive(Debug)]
pub(crate) struct Gone<K, V> {
    pub key: K,
    pub value: V,
    pub cause: Cause,
}

impl<K, V> Gone<K, V> {
    pub(crate) fn into_pair(self) -> (K, V) {
        (self.key, self.value)
    }
}

/// Entries that have left. The first needs no allocation: most operations evict one at most.
#[derive(Debug)]
pub(crate) struct Fallout<K, V> {
    first: Option<Gone<K, V>>,
    more: Vec<Gone<K, V>>,
}

impl<K, V> Fallout<K, V> {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self { first: None, more: Vec::new() }
    }

    #[inline]
    pub(crate) fn push(&mut self, key: K, value: V, cause: Cause) {
        let gone = Gone { key, value, cause };
        if self.first.is_none() {
            self.first = Some(gone);
        } else {
            self.more.push(gone);
        }
    }

    /// What has left, if it is one entry at most, as it is nearly always.
    #[inline]
    pub(crate) fn only(self) -> Result<Option<Gone<K, V>>, Self> {
        if self.more.is_empty() { Ok(self.first) } else { Err(self) }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Gone<K, V>> {
        self.first.iter().chain(&self.more)
    }

    #[inline]
    pub(crate) fn into_iter(self) -> impl Iterator<Item = Gone<K, V>> {
        self.first.into_iter().chain(self.more)
    }
}
