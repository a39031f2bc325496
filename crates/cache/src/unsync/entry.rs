use core::fmt;
use core::hash::{BuildHasher, Hash};
use std::hash::RandomState;

use voussoir_core::{Clock, SystemClock};

use super::UnsyncCache;
use crate::policy::{Any, Eviction};
use crate::{Compute, Inserted};

/// The place of a key in an [`UnsyncCache`], from [`entry`](UnsyncCache::entry).
#[must_use = "an entry does nothing until one of its methods is called"]
pub struct UnsyncEntry<'a, K, V, S = RandomState, C = SystemClock, P = Any> {
    cache: &'a mut UnsyncCache<K, V, S, C, P>,
    key: K,
}

impl<K, V, S, C, P> UnsyncCache<K, V, S, C, P>
where
    K: Hash + Eq,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    /// The place of `key`, to look and change in one go.
    ///
    /// ```
    /// use voussoir_cache::{Compute, UnsyncCache};
    ///
    /// let mut visits = UnsyncCache::<&str, u32>::builder(100).build_unsync()?;
    /// for page in ["/", "/about", "/"] {
    ///     visits.entry(page).and_compute(|count| Compute::Put(count.unwrap_or(&0) + 1));
    /// }
    /// assert_eq!(visits.get("/"), Some(&2));
    /// # Ok::<(), voussoir_core::ConfigError>(())
    /// ```
    pub fn entry(&mut self, key: K) -> UnsyncEntry<'_, K, V, S, C, P> {
        UnsyncEntry { cache: self, key }
    }

    /// The value of `key`, which `make` makes if there is none. Nothing if it did not come in: see
    /// [`Inserted::Rejected`]. Complexity: O(1).
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> Option<&V> {
        let (now, hash) = (self.now(), self.hash(&key));
        // Looked up twice, for a borrow that is returned on one path lasts on all.
        if self.engine.peek(hash, &key, now).is_some() {
            return self.engine.get(hash, &key, || now, &self.options);
        }
        let value = make();
        // It lives from when it is made, however long that took.
        let now = self.now();
        self.put_and_find(hash, key, value, now)
    }

    fn put_and_find(
        &mut self,
        hash: u32,
        key: K,
        value: V,
        now: voussoir_core::Nanos,
    ) -> Option<&V> {
        let arrival = self.options.arrival(&key, &value, None, core::time::Duration::ZERO);
        let mut fallout = crate::engine::Fallout::new();
        match self.engine.insert(hash, key, value, &arrival, now, &mut fallout) {
            Ok(_) => {
                let newest = self.engine.newest();
                self.options.settle(fallout, crate::Cause::Rejected);
                newest.map(|slot| self.engine.value(slot))
            }
            Err((key, value)) => {
                fallout.push(key, value, crate::Cause::Rejected);
                self.options.settle(fallout, crate::Cause::Replaced);
                None
            }
        }
    }

    /// Puts a value in if there is none of `key`. Otherwise the value is given back. Complexity: O(1).
    ///
    /// # Errors
    ///
    /// The value, if it did not come in.
    pub fn insert_if_absent(&mut self, key: K, value: V) -> Result<(), V> {
        if self.contains_key(&key) {
            return Err(value);
        }
        match self.insert(key, value) {
            Inserted::Rejected(value) => Err(value),
            Inserted::New | Inserted::Replaced(_) => Ok(()),
        }
    }
}

impl<'a, K, V, S, C, P> UnsyncEntry<'a, K, V, S, C, P>
where
    K: Hash + Eq,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    /// The value, which `make` makes if there is none. Nothing if it did not come in. Complexity: O(1).
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> Option<&'a V> {
        self.cache.get_or_insert_with(self.key, make)
    }

    /// Does what `decide` says of the present value, and gives back the value that was there if it
    /// is no longer. What it puts in is kept as the cache's options say. Complexity: O(1).
    pub fn and_compute(self, decide: impl FnOnce(Option<&V>) -> Compute<V>) -> Option<V> {
        match decide(self.cache.peek(&self.key)) {
            Compute::Keep => None,
            Compute::Put(value) => self.cache.insert(self.key, value).replaced(),
            Compute::Remove => self.cache.remove(&self.key),
        }
    }
}

impl<K: fmt::Debug, V, S, C, P> fmt::Debug for UnsyncEntry<'_, K, V, S, C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsyncEntry").field("key", &self.key).finish_non_exhaustive()
    }
}
