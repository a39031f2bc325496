use core::fmt;
use core::hash::{BuildHasher, Hash};
use std::hash::RandomState;

use alloc::boxed::Box;
use alloc::sync::Arc;
use crossbeam_utils::CachePadded;
use parking_lot::Mutex;
use voussoir_core::{Clock, SystemClock};

use super::{Change, Full, Store, WriteBehind};
use crate::policy::{Any, Eviction};
use crate::{Cache, LoadError};

/// Why a read through a cache brought no value.
pub(super) enum Unread<E> {
    Absent,
    Store(Arc<E>),
}

/// In how many parts writers are kept in line.
pub(super) const LINES: usize = 64;

/// What a load is to bring, from what the store said.
pub(super) fn loaded<V, E>(read: Result<Option<V>, E>) -> Result<V, Unread<E>> {
    match read {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(Unread::Absent),
        Err(error) => Err(Unread::Store(Arc::new(error))),
    }
}

/// What a reader is told, from what the load brought.
pub(super) fn told<V, E>(
    found: Result<V, LoadError<Unread<E>>>,
) -> Result<Option<V>, LoadError<E>> {
    match found {
        Ok(value) => Ok(Some(value)),
        Err(LoadError::Load(unread)) => match &*unread {
            Unread::Absent => Ok(None),
            Unread::Store(error) => Err(LoadError::Load(Arc::clone(error))),
        },
        Err(LoadError::Panicked) => Err(LoadError::Panicked),
        Err(LoadError::Recursive) => Err(LoadError::Recursive),
        Err(LoadError::TimedOut) => Err(LoadError::TimedOut),
        Err(LoadError::Cancelled) => Err(LoadError::Cancelled),
    }
}

/// A write that is under way. Unless it is known to be done, by an error, a panic, or a future that
/// is dropped, nobody knows what the store holds: the key leaves the cache, and the next read asks.
pub(super) struct Doubt<'a, K: Hash + Eq, V, S: BuildHasher, C: Clock, P: Eviction> {
    cache: &'a Cache<K, V, S, C, P>,
    key: Option<K>,
}

impl<'a, K: Hash + Eq, V, S: BuildHasher, C: Clock, P: Eviction> Doubt<'a, K, V, S, C, P> {
    pub(super) fn of(cache: &'a Cache<K, V, S, C, P>, key: K) -> Self {
        Self { cache, key: Some(key) }
    }

    /// The store holds this.
    pub(super) fn settle(mut self, value: Option<V>) {
        if let Some(value) = value
            && let Some(key) = self.key.take()
        {
            self.cache.insert(key, value);
        }
    }
}

impl<K: Hash + Eq, V, S: BuildHasher, C: Clock, P: Eviction> Drop for Doubt<'_, K, V, S, C, P> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.cache.remove(&key);
        }
    }
}

/// A cache in front of a store: a miss is read from the store, once for all callers; a write is in
/// the store before it is in the cache.
///
/// Writes of one key are done one after the other, so that cache and store agree on which was the
/// last; the store is called within, and must not write to this cache. A read that meets a write
/// never leaves an older value behind. What the store does not have is not kept, unless the cache has
/// a [`negative_ttl`](crate::CacheBuilder::negative_ttl).
///
/// To write later instead, put a [`WriteBehind`] behind it with [`behind`](Self::behind).
///
/// ```
/// use std::collections::HashMap;
/// use std::convert::Infallible;
/// use std::sync::Mutex;
/// use voussoir_cache::Cache;
/// use voussoir_cache::store::{Change, Store, Through};
///
/// #[derive(Default)]
/// struct Table(Mutex<HashMap<u32, String>>);
///
/// impl Store<u32, String> for Table {
///     type Error = Infallible;
///     fn read(&self, key: &u32) -> Result<Option<String>, Infallible> {
///         Ok(self.0.lock().unwrap().get(key).cloned())
///     }
///     fn write(&self, key: &u32, change: &Change<String>) -> Result<(), Infallible> {
///         let mut table = self.0.lock().unwrap();
///         match change {
///             Change::Put(value) => table.insert(*key, value.clone()),
///             Change::Delete => table.remove(key),
///         };
///         Ok(())
///     }
/// }
///
/// let users = Through::new(Cache::builder(100).build()?, Table::default());
/// users.put(7, "Ada".to_owned())?;
/// assert_eq!(users.get(&7)?, Some("Ada".to_owned()));
/// assert_eq!(users.get(&8)?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Through<K, V, B, S = RandomState, C = SystemClock, P = Any> {
    cache: Cache<K, V, S, C, P>,
    backing: B,
    lines: Box<[CachePadded<Mutex<()>>]>,
    /// Chooses the line of a key.
    chooser: RandomState,
}

/// A cache that is read through: [`Through`] by the name of what it does on reads.
pub type ReadThrough<K, V, B, S = RandomState, C = SystemClock, P = Any> =
    Through<K, V, B, S, C, P>;

/// A cache that is written through: [`Through`] by the name of what it does on writes.
pub type WriteThrough<K, V, B, S = RandomState, C = SystemClock, P = Any> =
    Through<K, V, B, S, C, P>;

/// A cache whose writes go to the store later, in batches.
pub type Behind<K, V, St, S = RandomState, C = SystemClock, P = Any> =
    Through<K, V, WriteBehind<K, V, St>, S, C, P>;

impl<K, V, B, S, C, P: Eviction> Through<K, V, B, S, C, P> {
    fn over(cache: Cache<K, V, S, C, P>, backing: B) -> Self {
        let lines = (0..LINES).map(|_| CachePadded::new(Mutex::new(()))).collect();
        Self { cache, backing, lines, chooser: RandomState::new() }
    }

    /// The cache. What is inserted there does not reach the store; to invalidate there is right.
    pub fn cache(&self) -> &Cache<K, V, S, C, P> {
        &self.cache
    }

    /// What is behind the cache.
    pub fn backing(&self) -> &B {
        &self.backing
    }

    fn line(&self, key: &K) -> &Mutex<()>
    where
        K: Hash,
    {
        &self.lines[self.chooser.hash_one(key) as usize % LINES]
    }
}

impl<K, V, B, S, C, P> Through<K, V, B, S, C, P>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    fn fetch<E: Send + Sync + 'static>(
        &self,
        key: &K,
        read: impl FnOnce() -> Result<Option<V>, E>,
    ) -> Result<Option<V>, LoadError<E>> {
        told(self.cache.get_or_load(key, || loaded(read())))
    }

    /// Writes by `write`, then makes the cache say the same.
    fn apply<E>(
        &self,
        key: K,
        change: Change<V>,
        write: impl FnOnce(K, Change<V>) -> Result<(), E>,
    ) -> Result<(), E> {
        let _alone = self.line(&key).lock();
        let doubt = Doubt::of(&self.cache, key.clone());
        write(key, change.clone())?;
        doubt.settle(change.into_value());
        Ok(())
    }
}

impl<K, V, St, S, C, P> Through<K, V, St, S, C, P>
where
    K: Hash + Eq + Clone,
    V: Clone,
    St: Store<K, V>,
    St::Error: Send + Sync + 'static,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    /// Reads and writes `store` through `cache`.
    pub fn new(cache: Cache<K, V, S, C, P>, store: St) -> Self {
        Self::over(cache, store)
    }

    /// The value of `key`: from the cache, or else from the store. Complexity: that of [`Cache::get`] on
    /// a hit.
    ///
    /// # Errors
    ///
    /// Those of [`Cache::get_or_load`].
    pub fn get(&self, key: &K) -> Result<Option<V>, LoadError<St::Error>> {
        self.fetch(key, || self.backing.read(key))
    }

    /// Puts a value into the store, then into the cache. Complexity: one write of the store.
    ///
    /// # Errors
    ///
    /// Those of the store. The cache then holds no value of the key.
    pub fn put(&self, key: K, value: V) -> Result<(), St::Error> {
        self.apply(key, Change::Put(value), |key, change| self.backing.write(&key, &change))
    }

    /// Deletes a value in the store, then in the cache. Complexity: one write of the store.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn delete(&self, key: K) -> Result<(), St::Error> {
        self.apply(key, Change::Delete, |key, change| self.backing.write(&key, &change))
    }
}

impl<K, V, St, W, S, C, P> Through<K, V, WriteBehind<K, V, St, W>, S, C, P>
where
    K: Hash + Eq + Clone,
    V: Clone,
    St: Store<K, V>,
    St::Error: Send + Sync + 'static,
    W: Clock,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    /// Reads through `cache`, and writes to the store of `behind` later. Somebody calls
    /// [`run_pending`](WriteBehind::run_pending) of [`backing`](Self::backing).
    pub fn behind(cache: Cache<K, V, S, C, P>, behind: WriteBehind<K, V, St, W>) -> Self {
        Self::over(cache, behind)
    }

    /// The value of `key`: from the cache, else of the change that waits, else from the store.
    /// Complexity: that of [`Cache::get`] on a hit.
    ///
    /// # Errors
    ///
    /// Those of [`Cache::get_or_load`].
    pub fn fetch_behind(&self, key: &K) -> Result<Option<V>, LoadError<St::Error>> {
        self.fetch(key, || self.backing.read(key))
    }

    /// Puts a value into the queue of writes and into the cache. Complexity: O(log n) in the changes
    /// that wait.
    ///
    /// # Errors
    ///
    /// [`Full`], when as many changes wait as may; the cache then holds no value of the key.
    pub fn put_behind(&self, key: K, value: V) -> Result<(), Full<K, V>> {
        self.apply(key, Change::Put(value), |key, change| self.backing.change(key, change))
    }

    /// Deletes a value, in the cache at once and in the store later. Complexity: O(log n) in the
    /// changes that wait.
    ///
    /// # Errors
    ///
    /// [`Full`], when as many changes wait as may; the cache then holds no value of the key.
    pub fn delete_behind(&self, key: K) -> Result<(), Full<K, V>> {
        self.apply(key, Change::Delete, |key, change| self.backing.change(key, change))
    }
}

impl<K, V, B, S, C, P: Eviction> fmt::Debug for Through<K, V, B, S, C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Through").field("cache", &self.cache).finish_non_exhaustive()
    }
}
