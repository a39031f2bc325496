//! The cache for one thread.

mod entry;
mod manage;

use alloc::sync::Arc;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::time::Duration;
use std::hash::RandomState;

use equivalent::Equivalent;
use voussoir_core::{Clock, Nanos, SystemClock};

pub use entry::UnsyncEntry;

use crate::builder::Plan;
use crate::engine::{Arrival, Engine, Fallout, fold};
use crate::options::Options;
use crate::policy::{Any, Eviction, Policy, Setup, Tuner};
use crate::{CacheBuilder, Cause, Inserted, Stats, Terms};

/// A cache for one thread, or for a lock of one's own: [`get`](Self::get) borrows the value, and no
/// operation takes a lock.
///
/// ```
/// use voussoir_cache::UnsyncCache;
///
/// let mut cache = UnsyncCache::<String, u32>::builder(1000).build_unsync()?;
/// cache.insert("answer".into(), 42);
/// assert_eq!(cache.get("answer"), Some(&42));
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
pub struct UnsyncCache<K, V, S = RandomState, C = SystemClock, P = Any> {
    engine: Engine<K, V, P>,
    options: Options<K, V>,
    tuner: Option<Arc<Tuner>>,
    timed: bool,
    hasher: S,
    clock: C,
}

impl<K, V> UnsyncCache<K, V> {
    /// A cache of at most `capacity` entries, or of that weight if a
    /// [`weigher`](CacheBuilder::weigher) is given. End with
    /// [`build_unsync`](CacheBuilder::build_unsync).
    pub fn builder(capacity: u64) -> CacheBuilder<K, V> {
        CacheBuilder::new(capacity)
    }
}

impl<K, V, S, C, P: Eviction> UnsyncCache<K, V, S, C, P> {
    pub(crate) fn from_plan(plan: Plan<K, V, S, C>) -> Self {
        let setup = plan.setup(plan.capacity, 0);
        let tuner = P::follows(plan.choice)
            .then(|| Setup::tuner(plan.capacity, setup.unit, plan.seed))
            .flatten();
        let setup = Setup { tuner: tuner.clone(), ..setup };
        Self {
            engine: Engine::new(plan.choice, &setup, Duration::ZERO, false),
            timed: plan.options.is_timed(),
            options: plan.options,
            tuner,
            hasher: plan.hasher,
            clock: plan.clock,
        }
    }

    /// How many entries there are, among them such as have expired and were not reclaimed yet.
    ///
    /// Complexity: O(1).
    #[inline]
    pub fn len(&self) -> usize {
        self.engine.len()
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What all entries weigh: their number, without a weigher. Complexity: O(1).
    pub fn weight(&self) -> u64 {
        self.engine.weight()
    }

    /// What they may weigh. Complexity: O(1).
    pub fn capacity(&self) -> u64 {
        self.engine.capacity()
    }

    /// What to evict. Complexity: O(1).
    pub fn policy(&self) -> Policy {
        self.engine.policy().kind()
    }

    /// What it has done so far. Complexity: O(1).
    pub fn stats(&self) -> Stats {
        let panics = self.options.panics.load(core::sync::atomic::Ordering::Relaxed);
        let mut stats = Stats { listener_panics: panics, ..Stats::default() };
        stats += self.engine.counts;
        stats
    }

    /// Bytes on the heap, what keys and values own left out. Complexity: O(tags).
    pub fn memory(&self) -> usize {
        self.engine.bytes() + self.tuner.as_ref().map_or(0, |tuner| tuner.bytes())
    }
}

impl<K, V, S, C, P> UnsyncCache<K, V, S, C, P>
where
    K: Hash + Eq,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    #[inline]
    fn now(&self) -> Nanos {
        if self.timed { self.read_clock() } else { Nanos::ZERO }
    }

    #[inline(never)]
    fn read_clock(&self) -> Nanos {
        self.clock.now()
    }

    #[inline]
    fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u32 {
        fold(self.hasher.hash_one(key))
    }

    /// The value of `key`, which counts as a use. Complexity: O(1).
    #[inline]
    pub fn get<Q>(&mut self, key: &Q) -> Option<&V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let clock = &self.clock;
        let hash = fold(self.hasher.hash_one(key));
        self.engine.get(hash, key, || clock.now(), &self.options)
    }

    /// As [`get`](Self::get), at a given time.
    #[inline]
    pub fn get_at<Q>(&mut self, now: Nanos, key: &Q) -> Option<&V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hash(key);
        self.engine.get(hash, key, || now, &self.options)
    }

    /// The value of `key`, which does not count as a use. Complexity: O(1).
    pub fn peek<Q>(&self, key: &Q) -> Option<&V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.peek_at(self.now(), key)
    }

    /// As [`peek`](Self::peek), at a given time.
    pub fn peek_at<Q>(&self, now: Nanos, key: &Q) -> Option<&V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.engine.peek(self.hash(key), key, now).map(|read| read.value)
    }

    /// Whether there is a value of `key`, which does not count as a use. Complexity: O(1).
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.peek(key).is_some()
    }

    /// Puts a value in. Complexity: O(1), amortized over evictions.
    pub fn insert(&mut self, key: K, value: V) -> Inserted<V> {
        let now = self.now();
        self.put(now, key, value, None)
    }

    /// As [`insert`](Self::insert), at a given time.
    pub fn insert_at(&mut self, now: Nanos, key: K, value: V) -> Inserted<V> {
        self.put(now, key, value, None)
    }

    /// Puts a value in, to be kept as `terms` say. Complexity: as [`insert`](Self::insert), and the
    /// number of tags.
    pub fn insert_with(&mut self, key: K, value: V, terms: &Terms) -> Inserted<V> {
        self.timed |= terms.ttl.is_some() || terms.tti.is_some();
        let now = self.now();
        self.put(now, key, value, Some(terms))
    }

    #[inline]
    fn put(&mut self, now: Nanos, key: K, value: V, terms: Option<&Terms>) -> Inserted<V> {
        let special = self.options.special_arrival(&key, &value, terms);
        let arrival = special.as_ref().unwrap_or(&Arrival::PLAIN);
        let hash = self.hash(&key);
        let mut fallout = Fallout::new();
        match self.engine.insert(hash, key, value, arrival, now, &mut fallout) {
            Ok(outcome) => {
                let old = self.options.settle(fallout, Cause::Replaced);
                outcome.with(old.map(|(_, value)| value))
            }
            Err((key, value)) => {
                self.options.settle(fallout, Cause::Rejected);
                let mut refused = Fallout::new();
                refused.push(key, value, Cause::Rejected);
                match self.options.settle(refused, Cause::Rejected) {
                    Some((_, value)) => Inserted::Rejected(value),
                    None => Inserted::New,
                }
            }
        }
    }

    /// Takes the entry of `key` out. Complexity: O(1).
    pub fn remove<Q>(&mut self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.remove_if(key, |_, _| true)
    }

    /// Takes the entry of `key` out if `condition` holds. Complexity: O(1).
    pub fn remove_if<Q>(&mut self, key: &Q, condition: impl FnOnce(&K, &V) -> bool) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let (now, hash) = (self.now(), self.hash(key));
        let mut fallout = Fallout::new();
        self.engine.remove(hash, key, now, Cause::Removed, condition, &mut fallout);
        self.options.settle(fallout, Cause::Removed).map(|(_, value)| value)
    }
}

impl<K, V, S, C, P: Eviction> fmt::Debug for UnsyncCache<K, V, S, C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsyncCache")
            .field("policy", &self.policy())
            .field("len", &self.len())
            .field("weight", &self.weight())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
