//! The cache that threads share.

mod entry;
mod load;
mod manage;
mod refresh;
#[cfg(all(test, voussoir_shuttle))]
mod schedules;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::hash::RandomState;

use crossbeam_utils::CachePadded;
use equivalent::Equivalent;
use voussoir_core::{Clock, Nanos, SystemClock};

pub use entry::Entry;

use crate::builder::Plan;
use crate::engine::{Arrival, Engine, Fallout, fold};
use crate::flight::{Failure, Flights, Wake};
use crate::options::Options;
use crate::policy::{Any, Eviction, Fifo, Policy, Setup, Tuner};
use crate::sync::{Lock, Mutex};
use crate::{CacheBuilder, Cause, Inserted, Stats, Terms};

/// A cache that threads and tasks share. A cheap clone: all clones are the same cache.
///
/// Values are given out as clones, so `V` should be cheap to clone: an `Arc`, or small. `get_with`
/// looks at a value without cloning it.
///
/// ```
/// use std::time::Duration;
/// use voussoir_cache::Cache;
///
/// let cache = Cache::<String, u32>::builder(10_000).ttl(Duration::from_secs(300)).build()?;
/// let answer = cache.get_or_load("answer", || "42".parse::<u32>())?;
/// assert_eq!(answer, 42);
/// assert_eq!(cache.get("answer"), Some(42));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Cache<K, V, S = RandomState, C = SystemClock, P = Any> {
    shared: Arc<Shared<K, V, S, C, P>>,
}

/// One lock's share of a cache. A hit holds it alone: [`Lock`] costs one atomic operation where a
/// lock that readers share costs two, and what a hit changes is then changed at once, without a
/// buffer. Measured with one thread, 11 ns instead of 21 (`scoreboard --area cache`).
type Shard<K, V, P> = CachePadded<Lock<Engine<K, V, P>>>;

struct Shared<K, V, S, C, P> {
    shards: Box<[Shard<K, V, P>]>,
    hasher: S,
    clock: C,
    options: Options<K, V>,
    /// Whether the time matters. Without it no operation reads the clock.
    timed: AtomicBool,
    flights: Flights<K, V>,
    tuner: Option<Arc<Tuner>>,
    /// Errors of loaders, where they are remembered.
    failures: Option<Mutex<Engine<K, Failure, Fifo>>>,
    capacity: AtomicU64,
    /// Resizes are one at a time.
    resizing: Mutex<()>,
    seed: AtomicU64,
}

/// How many errors are remembered.
const FAILURES: u64 = 1024;

impl<K, V> Cache<K, V> {
    /// A cache of at most `capacity` entries, or of that weight if a
    /// [`weigher`](CacheBuilder::weigher) is given.
    pub fn builder(capacity: u64) -> CacheBuilder<K, V> {
        CacheBuilder::new(capacity)
    }
}

/// The part of `capacity` that shard `at` of `shards` has: the parts add up to the whole.
fn share(capacity: u64, shards: usize, at: usize) -> u64 {
    let (shards, at) = (shards as u64, at as u64);
    capacity / shards + u64::from(at < capacity % shards)
}

impl<K, V, S, C, P: Eviction> Cache<K, V, S, C, P> {
    pub(crate) fn from_plan(plan: Plan<K, V, S, C>) -> Self {
        let (capacity, shards) = (plan.capacity, plan.shards);
        let grace = plan.options.freshness.grace();
        let unit = plan.options.weigher.is_none();
        let tuner = P::follows(plan.choice).then(|| Setup::tuner(capacity, unit, plan.seed));
        let tuner = tuner.flatten();
        let shard = |at| {
            let setup = plan.setup(share(capacity, shards, at), at as u64);
            let setup = Setup { tuner: tuner.clone(), ..setup };
            let engine = Engine::new(plan.choice, &setup, grace, plan.options.early);
            CachePadded::new(Lock::new(engine))
        };
        let failures = plan.options.negative.is_on().then(|| {
            let setup = Setup { capacity: FAILURES, unit: true, seed: 0, tuner: None };
            Mutex::new(Engine::new(Policy::Fifo, &setup, Duration::ZERO, false))
        });
        let timed = plan.options.is_timed() || failures.is_some();
        Self {
            shared: Arc::new(Shared {
                shards: (0..shards).map(shard).collect(),
                hasher: plan.hasher,
                clock: plan.clock,
                options: plan.options,
                timed: AtomicBool::new(timed),
                flights: Flights::new(shards),
                tuner,
                failures,
                capacity: AtomicU64::new(capacity),
                resizing: Mutex::new(()),
                seed: AtomicU64::new(plan.seed),
            }),
        }
    }

    /// How many entries there are, among them such as have expired or are of an older version and were
    /// not reclaimed yet. Never more than the capacity, at no moment.
    ///
    /// Complexity: O(shards).
    pub fn len(&self) -> usize {
        self.shared.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// Whether there is none. Complexity: O(shards).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What all entries weigh: their number, without a weigher. Never more than the capacity, at no
    /// moment.
    ///
    /// Complexity: O(shards).
    pub fn weight(&self) -> u64 {
        self.shared.shards.iter().map(|shard| shard.lock().weight()).sum()
    }

    /// What they may weigh. Complexity: O(1).
    pub fn capacity(&self) -> u64 {
        self.shared.capacity.load(Ordering::Acquire)
    }

    /// What one entry may weigh: the capacity of one shard. Complexity: O(1).
    pub fn max_entry_weight(&self) -> u64 {
        self.capacity() / self.shared.shards.len() as u64
    }

    /// In how many parts the cache is locked. Complexity: O(1).
    pub fn shards(&self) -> usize {
        self.shared.shards.len()
    }

    /// What to evict. Complexity: O(1).
    pub fn policy(&self) -> Policy {
        self.shared.shards[0].lock().policy().kind()
    }

    /// What it has done so far. Complexity: O(shards).
    pub fn stats(&self) -> Stats {
        let mut stats = Stats {
            listener_panics: self.shared.options.panics.load(Ordering::Relaxed),
            ..Stats::default()
        };
        for shard in &self.shared.shards {
            stats += shard.lock().counts;
        }
        stats
    }

    /// Bytes on the heap, what keys and values own left out. Complexity: O(shards + tags).
    pub fn memory(&self) -> usize {
        let Shared { shards, tuner, failures, flights, .. } = &*self.shared;
        size_of::<Shared<K, V, S, C, P>>()
            + size_of_val(&**shards)
            + shards.iter().map(|shard| shard.lock().bytes()).sum::<usize>()
            + tuner.as_ref().map_or(0, |tuner| tuner.bytes())
            + failures.as_ref().map_or(0, |failures| failures.lock().bytes())
            + flights.bytes()
    }
}

/// An entry's place: its shard, and its hash in two lengths.
struct Place<'a, K, V, P> {
    shard: &'a Shard<K, V, P>,
    hash: u64,
    fold: u32,
}

/// Who waited for a load that an insertion won over, and the error that it made void. Boxed: most
/// insertions win over none and need not look at more than that.
type Superseded<K, V> = Box<(Wake<K, V>, Fallout<K, Failure>)>;

impl<K, V, S, C, P> Shared<K, V, S, C, P>
where
    K: Hash + Eq,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    #[inline]
    fn now(&self) -> Nanos {
        if self.timed.load(Ordering::Relaxed) { self.read_clock() } else { Nanos::ZERO }
    }

    #[inline(never)]
    fn read_clock(&self) -> Nanos {
        self.clock.now()
    }

    #[inline]
    fn place<Q: Hash + ?Sized>(&self, key: &Q) -> Place<'_, K, V, P> {
        let hash = self.hasher.hash_one(key);
        // From the end that hashers fill best, and that the index within a shard uses least.
        let at = (hash >> 48) as usize & (self.shards.len() - 1);
        Place { shard: &self.shards[at], hash, fold: fold(hash) }
    }

    /// An entry of `key` comes in: it wins over a load that is under way and over an error of an
    /// earlier one. To be called under the lock of the shard; what it gives is dropped after that.
    #[inline]
    fn supersede(&self, place: &Place<'_, K, V, P>, key: &K) -> Option<Superseded<K, V>> {
        let is_quiet = self.failures.is_none() && !self.flights.may_fly(place.hash);
        if is_quiet { None } else { Some(self.supersede_one(place, key)) }
    }

    #[cold]
    #[expect(clippy::unnecessary_box_returns, reason = "the callers keep the box")]
    fn supersede_one(&self, place: &Place<'_, K, V, P>, key: &K) -> Superseded<K, V> {
        let wake = self.flights.supersede(place.hash, key);
        // In this order: an error that comes from here on is not remembered.
        Box::new((wake, self.forget_failure(place, key)))
    }

    /// Puts a value in. Wins over a load of the key that is under way.
    fn put(&self, now: Nanos, key: K, value: V, terms: Option<&Terms>) -> Inserted<V> {
        let special = self.options.special_arrival(&key, &value, terms);
        let arrival = special.as_ref().unwrap_or(&Arrival::PLAIN);
        let place = self.place(&key);
        let mut fallout = Fallout::new();
        let mut engine = place.shard.lock();
        let superseded = self.supersede(&place, &key);
        let result = engine.insert(place.fold, key, value, arrival, now, &mut fallout);
        drop(engine);
        drop(superseded);
        match result {
            Ok(outcome) => {
                let old = self.options.settle(fallout, Cause::Replaced);
                outcome.with(old.map(|(_, value)| value))
            }
            Err((key, value)) => {
                self.options.settle(fallout, Cause::Rejected);
                self.reject(key, value)
            }
        }
    }

    /// Tells the listener of what did not come in, and gives it back.
    fn reject(&self, key: K, value: V) -> Inserted<V> {
        let mut refused = Fallout::new();
        refused.push(key, value, Cause::Rejected);
        match self.options.settle(refused, Cause::Rejected) {
            Some((_, value)) => Inserted::Rejected(value),
            None => Inserted::New,
        }
    }

    fn remove_if<Q>(&self, key: &Q, condition: impl FnOnce(&K, &V) -> bool) -> Option<(K, V)>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let (now, place) = (self.now(), self.place(key));
        let mut fallout = Fallout::new();
        let mut wake = None;
        let mut engine = place.shard.lock();
        let present = engine.peek(place.fold, key, now).is_some();
        let removed = engine.remove(place.fold, key, now, Cause::Removed, condition, &mut fallout);
        // A key that is not there may be about to come.
        if removed || !present {
            wake = Some(self.flights.discard(place.hash, key));
        }
        drop(engine);
        drop(wake);
        drop(self.forget_failure(&place, key));
        self.options.settle(fallout, Cause::Removed)
    }
}

impl<K, V, S, C, P> Cache<K, V, S, C, P>
where
    K: Hash + Eq,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    /// The value of `key`, cloned, which counts as a use. The clone is made under the lock of a shard:
    /// where values are large or their `Clone` does more than copy, keep them in an `Arc`. A `Clone`
    /// that calls the cache waits for itself for ever; with debug assertions it panics.
    ///
    /// Complexity: O(1); a lock, and no allocation.
    #[inline]
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: Clone,
    {
        self.get_with(key, V::clone)
    }

    /// As [`get`](Self::get), at a given time.
    #[inline]
    pub fn get_at<Q>(&self, now: Nanos, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: Clone,
    {
        self.look(now, key, V::clone)
    }

    /// What `read` makes of the value of `key`, which counts as a use. `read` runs under the lock of a
    /// shard: it must be short and must not call the cache.
    ///
    /// Complexity: O(1).
    #[inline]
    pub fn get_with<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.look(self.shared.now(), key, read)
    }

    #[inline]
    fn look<Q, R>(&self, now: Nanos, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let place = self.shared.place(key);
        let mut engine = place.shard.lock();
        engine.get(place.fold, key, || now, &self.shared.options).map(read)
    }

    /// The values of several keys, in their order. Each is looked up by itself: others may write in
    /// between. Complexity: O(keys).
    pub fn get_many<'a, Q>(&self, keys: impl IntoIterator<Item = &'a Q>) -> Vec<Option<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized + 'a,
        V: Clone,
    {
        let now = self.shared.now();
        keys.into_iter().map(|key| self.look(now, key, V::clone)).collect()
    }

    /// The value of `key`, cloned, which does not count as a use. Complexity: O(1).
    pub fn peek<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: Clone,
    {
        self.peek_at(self.shared.now(), key)
    }

    /// As [`peek`](Self::peek), at a given time.
    pub fn peek_at<Q>(&self, now: Nanos, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: Clone,
    {
        let place = self.shared.place(key);
        Some(place.shard.lock().peek(place.fold, key, now)?.value.clone())
    }

    /// Whether there is a value of `key`, which does not count as a use. Complexity: O(1).
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let (now, place) = (self.shared.now(), self.shared.place(key));
        place.shard.lock().peek(place.fold, key, now).is_some()
    }

    /// Puts a value in. It wins over a load of the key that is under way.
    ///
    /// Complexity: O(1), amortized over evictions.
    pub fn insert(&self, key: K, value: V) -> Inserted<V> {
        self.insert_at(self.shared.now(), key, value)
    }

    /// As [`insert`](Self::insert), at a given time.
    pub fn insert_at(&self, now: Nanos, key: K, value: V) -> Inserted<V> {
        self.shared.put(now, key, value, None)
    }

    /// Puts a value in, to be kept as `terms` say.
    ///
    /// Complexity: as [`insert`](Self::insert), and the number of tags.
    pub fn insert_with(&self, key: K, value: V, terms: &Terms) -> Inserted<V> {
        if terms.ttl.is_some() || terms.tti.is_some() {
            self.shared.timed.store(true, Ordering::Relaxed);
        }
        self.shared.put(self.shared.now(), key, value, Some(terms))
    }

    /// Puts a value in if there is none of `key`.
    ///
    /// # Errors
    ///
    /// The value, if it did not come in.
    ///
    /// Complexity: as [`insert`](Self::insert).
    pub fn insert_if_absent(&self, key: K, value: V) -> Result<(), V> {
        let shared = &*self.shared;
        let now = shared.now();
        let arrival = shared.options.arrival(&key, &value, None, Duration::ZERO);
        let place = shared.place(&key);
        let mut fallout = Fallout::new();
        let mut engine = place.shard.lock();
        if engine.peek(place.fold, &key, now).is_some() {
            drop(engine);
            return Err(value);
        }
        let superseded = shared.supersede(&place, &key);
        let result = engine.insert(place.fold, key, value, &arrival, now, &mut fallout);
        drop(engine);
        drop(superseded);
        shared.options.settle(fallout, Cause::Rejected);
        match result.map_err(|(key, value)| shared.reject(key, value)) {
            Err(Inserted::Rejected(value)) => Err(value),
            _ => Ok(()),
        }
    }

    /// Takes the entry of `key` out. A load of the key that is under way is not stored.
    ///
    /// Complexity: O(1).
    #[doc(alias = "invalidate")]
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.remove_if(key, |_, _| true)
    }

    /// Takes the entry of `key` out if `condition` holds, which runs under the lock of a shard: it
    /// must be short and must not call the cache. Complexity: O(1).
    pub fn remove_if<Q>(&self, key: &Q, condition: impl FnOnce(&K, &V) -> bool) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.shared.remove_if(key, condition).map(|(_, value)| value)
    }
}

impl<K, V, S, C, P> Clone for Cache<K, V, S, C, P> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<K, V, S, C, P: Eviction> fmt::Debug for Cache<K, V, S, C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("policy", &self.policy())
            .field("len", &self.len())
            .field("weight", &self.weight())
            .field("capacity", &self.capacity())
            .field("shards", &self.shards())
            .finish_non_exhaustive()
    }
}
