use alloc::boxed::Box;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::time::Duration;
use std::hash::RandomState;

use voussoir_core::{Clock, SystemClock};

use super::Cache;
use crate::engine::Fallout;
use crate::policy::{Any, Eviction};
use crate::{Cause, Compute};

/// The place of a key in a [`Cache`], from [`entry`](Cache::entry).
#[must_use = "an entry does nothing until one of its methods is called"]
pub struct Entry<'a, K, V, S = RandomState, C = SystemClock, P = Any> {
    cache: &'a Cache<K, V, S, C, P>,
    key: K,
}

impl<K, V, S, C, P> Cache<K, V, S, C, P>
where
    K: Hash + Eq,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    /// The place of `key`, to look and change in one go.
    ///
    /// ```
    /// use voussoir_cache::{Cache, Compute};
    ///
    /// let visits = Cache::<&str, u32>::builder(100).build()?;
    /// for page in ["/", "/about", "/"] {
    ///     visits.entry(page).and_compute(|count| Compute::Put(count.unwrap_or(&0) + 1));
    /// }
    /// assert_eq!(visits.get("/"), Some(2));
    /// # Ok::<(), voussoir_core::ConfigError>(())
    /// ```
    pub fn entry(&self, key: K) -> Entry<'_, K, V, S, C, P> {
        Entry { cache: self, key }
    }
}

impl<K, V, S, C, P> Entry<'_, K, V, S, C, P>
where
    K: Hash + Eq,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    /// The value, which `make` makes if there is none, once for all callers: as
    /// [`get_or_insert_with`](Cache::get_or_insert_with). Complexity: that of [`Cache::get`] on a hit.
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> V
    where
        K: Clone,
        V: Clone,
    {
        self.cache.get_or_insert_with(&self.key, make)
    }

    /// Does what `decide` says of the present value, with nobody in between, and gives back the
    /// value that was there if it is no longer. What it puts in is kept as the cache's options say; if
    /// that is not at all, the listener is told.
    ///
    /// `decide` runs under the lock of a shard, and here alone the weigher and [`Expiry::ttl`] do so
    /// too: they must be short and must not call the cache, or they wait for themselves. Complexity:
    /// O(1).
    ///
    /// [`Expiry::ttl`]: crate::Expiry::ttl
    pub fn and_compute(self, decide: impl FnOnce(Option<&V>) -> Compute<V>) -> Option<V> {
        let Self { cache, key } = self;
        let shared = &*cache.shared;
        let (now, place) = (shared.now(), shared.place(&key));
        let mut fallout = Fallout::new();
        let mut engine = place.shard.lock();
        let decision = decide(engine.peek(place.fold, &key, now).map(|read| read.value));
        let (superseded, wanted, refused) = match decision {
            Compute::Keep => return None,
            Compute::Put(value) => {
                let arrival = shared.options.arrival(&key, &value, None, Duration::ZERO);
                let superseded = shared.supersede(&place, &key);
                let result = engine.insert(place.fold, key, value, &arrival, now, &mut fallout);
                (superseded, Cause::Replaced, result.err())
            }
            Compute::Remove => {
                let wake = shared.flights.discard(place.hash, &key);
                let all = |_: &K, _: &V| true;
                engine.remove(place.fold, &key, now, Cause::Removed, all, &mut fallout);
                (Some(Box::new((wake, shared.forget_failure(&place, &key)))), Cause::Removed, None)
            }
        };
        drop(engine);
        drop(superseded);
        let old = shared.options.settle(fallout, wanted).map(|(_, value)| value);
        if let Some((key, value)) = refused {
            shared.reject(key, value);
        }
        old
    }
}

impl<K: fmt::Debug, V, S, C, P> fmt::Debug for Entry<'_, K, V, S, C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("key", &self.key).finish_non_exhaustive()
    }
}
