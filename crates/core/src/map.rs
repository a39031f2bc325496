mod memory;
mod occupancy;
mod shard;
mod sweep;
mod whereabouts;

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::mem;
use std::hash::RandomState;
use std::thread;

use crossbeam_utils::CachePadded;
use equivalent::Equivalent;

use crate::Lock;

pub use memory::MemoryUse;
pub use occupancy::Full;
use occupancy::Occupancy;
use shard::Shard;
use sweep::SweepCursor;
pub use sweep::Swept;
use whereabouts::Whereabouts;

/// A concurrent hash map for state by key: many small locks, each over a part of the keys.
///
/// Values are reached through closures only, so that no guard outlives an expression and no lock
/// is ever held while another is taken; the deadlocks that a map of guards invites
/// ([dashmap#74](https://github.com/xacrimon/dashmap/issues/74),
/// [dashmap#369](https://github.com/xacrimon/dashmap/issues/369)) cannot be written, with one
/// exception: **a closure must not call back into the same map**, or it may wait for itself.
///
/// Shared by reference; not a cheap clone, wrap it in an `Arc`. A key is hashed once an operation.
/// Lookups take any `Q` that is [`Equivalent`] to `K`, such as `&str` for `String`. The hasher
/// should be the default where keys come from users; see the crate's README for faster ones.
///
/// ```
/// use voussoir_core::ShardedMap;
///
/// let visits = ShardedMap::<String, u32>::new();
/// for page in ["/", "/about", "/"] {
///     visits.update_or_insert(page, || 0, |count| *count += 1);
/// }
/// assert_eq!(visits.get("/"), Some(2));
/// assert_eq!(visits.len(), 2);
/// ```
///
/// # Memory
///
/// `(size_of::<(K, V)>() + 1) × 8/7 … 16/7` bytes an entry, by how full the tables happen to be,
/// plus 144 bytes a shard; [`memory`](Self::memory) tells. Tables grow and do not shrink by
/// themselves.
pub struct ShardedMap<K, V, S = RandomState> {
    shards: Shards<K, V>,
    /// Of each shard.
    whereabouts: Box<[Whereabouts]>,
    /// See [`Self::index`].
    shift: u32,
    hasher: S,
    counts: CachePadded<Counts>,
}

/// Padded, so that threads in neighbouring shards do not pull at one cache line.
type Shards<K, V> = Box<[CachePadded<Lock<Shard<K, V>>>]>;

/// What changes beside the shards. Padded, so that an insertion does not take the line from which
/// every lookup reads where the shards are.
#[derive(Debug, Default)]
struct Counts {
    occupancy: Occupancy,
    sweep: SweepCursor,
}

impl<K, V> ShardedMap<K, V> {
    /// An empty map with the standard library's keyed hasher.
    pub fn new() -> Self {
        Self::with_hasher(RandomState::new())
    }
}

impl<K, V, S> ShardedMap<K, V, S> {
    /// An empty map with `hasher`, and 64 shards a processor (at most 1024), so that two threads
    /// seldom want the same one. Measured on two processors: with 64 shards in all, two threads did
    /// a seventh less; with 256, one thread did a tenth less, for the shards fill its first cache.
    pub fn with_hasher(hasher: S) -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self::with_shards_and_hasher(processors.saturating_mul(64).min(1024), hasher)
    }

    /// An empty map with `shards` shards, rounded up to a power of two, from 1 to 2^16.
    pub fn with_shards_and_hasher(shards: usize, hasher: S) -> Self {
        let shards = shards.clamp(1, 1 << 16).next_power_of_two();
        Self {
            shards: (0..shards).map(|_| CachePadded::default()).collect(),
            whereabouts: (0..shards).map(|_| Whereabouts::default()).collect(),
            shift: 57 - shards.trailing_zeros(),
            hasher,
            counts: CachePadded::default(),
        }
    }

    /// How many entries there are. Exact when no other thread writes.
    ///
    /// Complexity: O(1), one load.
    #[inline]
    pub fn len(&self) -> usize {
        self.counts.occupancy.len()
    }

    /// Whether there is no entry.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The hasher given at construction.
    pub fn hasher(&self) -> &S {
        &self.hasher
    }

    /// Removes every entry, shard by shard.
    pub fn clear(&self) {
        self.retain(|_, _| false);
    }

    /// Calls `visit` on every entry, shard by shard, in no order. An entry that other threads
    /// insert or remove meanwhile is seen or not; every other one is seen exactly once.
    pub fn for_each(&self, mut visit: impl FnMut(&K, &mut V)) {
        for shard in &self.shards {
            shard.lock().for_each(&mut visit);
        }
    }

    /// Removes every entry for which `keep` is false, shard by shard.
    pub fn retain(&self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        for shard in &self.shards {
            shard.lock().retain(&self.counts.occupancy, &mut keep);
        }
    }

    /// Looks at up to `budget` slots, from where the last sweep stopped, and removes the entries
    /// for which `keep` is false. A slot is a place in a table, taken or free.
    ///
    /// Called with a small budget now and then, as on each insertion, it reclaims what has become
    /// worthless without a background thread and without a pause. It holds one lock at a time and
    /// never spends more than its budget. Slots visited while a table grows may be visited again,
    /// or only in the next round.
    ///
    /// ```
    /// use voussoir_core::ShardedMap;
    ///
    /// let map = ShardedMap::<u32, bool>::new();
    /// for key in 0..1000 {
    ///     map.insert(key, key % 2 == 0);
    /// }
    /// while map.len() > 500 {
    ///     map.sweep(64, |_, wanted| *wanted);
    /// }
    /// assert!(map.contains_key(&0) && !map.contains_key(&1));
    /// ```
    pub fn sweep(&self, budget: usize, mut keep: impl FnMut(&K, &mut V) -> bool) -> Swept {
        let mut swept = Swept::default();
        // At most once around, so that an empty map costs no more than its shards.
        for _ in 0..self.shards.len() {
            let at = self.counts.sweep.position();
            let mut shard = self.shards[at & (self.shards.len() - 1)].lock();
            let round_done =
                shard.sweep(budget - swept.examined, &self.counts.occupancy, &mut swept, &mut keep);
            drop(shard);
            if round_done {
                self.counts.sweep.advance_from(at);
            }
            if swept.examined == budget {
                break;
            }
        }
        swept
    }

    /// Gives memory back that growth took and removals left.
    pub fn shrink_to_fit(&self)
    where
        K: Hash,
        S: BuildHasher,
    {
        for (shard, whereabouts) in self.shards.iter().zip(&self.whereabouts) {
            shard.lock().shrink_to_fit(&self.hasher, whereabouts);
        }
    }

    /// What the map itself takes: tables and shards, not what keys and values own on the heap.
    ///
    /// Complexity: O(shards).
    pub fn memory(&self) -> MemoryUse {
        let fixed =
            size_of::<Self>() + size_of_val(&*self.shards) + size_of_val(&*self.whereabouts);
        self.shards.iter().fold(MemoryUse::fixed(fixed), |sum, shard| sum + shard.lock().memory())
    }

    /// The shard of a hash, in which its entry is about to be looked for.
    #[inline]
    fn shard(&self, hash: u64) -> &Lock<Shard<K, V>> {
        let index = self.index(hash);
        self.whereabouts[index].fetch::<(K, V)>(hash);
        &self.shards[index]
    }

    /// Which shard is that of a hash, by the bits below the top seven: those seven are the tag by which
    /// `hashbrown` tells entries apart within a table, and the low bits choose the place there.
    #[inline]
    fn index(&self, hash: u64) -> usize {
        (hash >> self.shift) as usize & (self.shards.len() - 1)
    }
}

/// Operations on one key. Each hashes it once, takes one lock, and runs in O(1) expected time.
impl<K: Eq + Hash, V, S: BuildHasher> ShardedMap<K, V, S> {
    /// Calls `f` on the value of `key`, if there is one.
    #[inline]
    pub fn read<Q, R>(&self, key: &Q, f: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        self.shard(hash).lock().find(hash, key).map(f)
    }

    /// A clone of the value of `key`, if there is one.
    #[inline]
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: Clone,
    {
        self.read(key, V::clone)
    }

    /// Whether there is a value for `key`.
    #[inline]
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.read(key, |_| ()).is_some()
    }

    /// Calls `f` on the value of `key` to change it, if there is one.
    #[inline]
    pub fn update<Q, R>(&self, key: &Q, f: impl FnOnce(&mut V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        self.shard(hash).lock().find_mut(hash, key).map(f)
    }

    /// Calls `f` on the value of `key`, which is made first where there is none. The key is cloned
    /// only then.
    ///
    /// When `make` panics nothing is inserted; when `f` panics the value stays as `f` left it.
    #[inline]
    pub fn update_or_insert<Q, R>(
        &self,
        key: &Q,
        make: impl FnOnce() -> V,
        f: impl FnOnce(&mut V) -> R,
    ) -> R
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        match self.try_update_or_insert(key, usize::MAX, make, f) {
            Ok(answer) => answer,
            Err(Full { .. }) => unreachable!("memory ends before 2^64 entries"),
        }
    }

    /// As [`update_or_insert`](Self::update_or_insert), unless the key is new and the map already
    /// holds `max_entries`. The bound is exact, however many threads insert at once.
    ///
    /// ```
    /// use voussoir_core::{Full, ShardedMap};
    ///
    /// let map = ShardedMap::<u32, u32>::new();
    /// assert_eq!(map.try_update_or_insert(&1, 1, || 10, |value| *value), Ok(10));
    /// assert_eq!(map.try_update_or_insert(&2, 1, || 20, |value| *value), Err(Full { max_entries: 1 }));
    /// assert_eq!(map.try_update_or_insert(&1, 1, || 30, |value| *value), Ok(10));
    /// ```
    ///
    /// # Errors
    ///
    /// [`Full`], with neither closure called.
    #[inline]
    pub fn try_update_or_insert<Q, R>(
        &self,
        key: &Q,
        max_entries: usize,
        make: impl FnOnce() -> V,
        f: impl FnOnce(&mut V) -> R,
    ) -> Result<R, Full>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let mut shard = self.shard(hash).lock();
        if let Some(value) = shard.find_mut(hash, key) {
            return Ok(f(value));
        }
        let place = self.counts.occupancy.reserve(max_entries)?;
        let whereabouts = &self.whereabouts[self.index(hash)];
        let value = shard.insert_new(hash, key.to_owned(), make(), &self.hasher, whereabouts);
        place.keep();
        Ok(f(value))
    }

    /// Sets the value of `key`, and returns the one it had.
    pub fn insert(&self, key: K, value: V) -> Option<V> {
        let hash = self.hasher.hash_one(&key);
        let mut shard = self.shard(hash).lock();
        if let Some(old) = shard.find_mut(hash, &key) {
            return Some(mem::replace(old, value));
        }
        let Ok(place) = self.counts.occupancy.reserve(usize::MAX) else {
            unreachable!("memory ends before 2^64 entries")
        };
        let whereabouts = &self.whereabouts[self.index(hash)];
        shard.insert_new(hash, key, value, &self.hasher, whereabouts);
        place.keep();
        None
    }

    /// Removes `key` and returns its value.
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.remove_if(key, |_| true)
    }

    /// Removes `key` when `condition` holds for its value, and returns the value.
    pub fn remove_if<Q>(&self, key: &Q, condition: impl FnOnce(&mut V) -> bool) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        self.shard(hash).lock().remove_if(hash, key, &self.counts.occupancy, condition)
    }

    /// The keys of this moment, shard by shard, in no order.
    pub fn keys(&self) -> Vec<K>
    where
        K: Clone,
    {
        let mut keys = Vec::with_capacity(self.len());
        self.for_each(|key, _| keys.push(key.clone()));
        keys
    }
}

impl<K, V, S: Default> Default for ShardedMap<K, V, S> {
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

impl<K: Eq + Hash, V, S: BuildHasher> Extend<(K, V)> for ShardedMap<K, V, S> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Eq + Hash, V, S: BuildHasher + Default> FromIterator<(K, V)> for ShardedMap<K, V, S> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::default();
        map.extend(entries);
        map
    }
}

/// Shows the size only: entries may be many, and secret.
impl<K, V, S> fmt::Debug for ShardedMap<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardedMap")
            .field("len", &self.len())
            .field("shards", &self.shards.len())
            .finish_non_exhaustive()
    }
}
