use core::fmt;
use core::future::Future;
use core::hash::{BuildHasher, Hash};
use std::hash::RandomState;

use alloc::boxed::Box;
use crossbeam_utils::CachePadded;
use voussoir_core::{Clock, SystemClock};

use super::through::{Doubt, LINES, loaded, told};
use super::turnstile::Turnstile;
use super::{AsyncStore, AsyncWriteBehind, BatchError, Change, Full, Write};
use crate::policy::{Any, Eviction};
use crate::{Cache, LoadError};

/// As [`Through`](super::Through), for tasks: a miss is read from the store, once for all callers; a
/// write is in the store before it is in the cache.
///
/// It needs no runtime. Writes of one key are done one after the other, in the order in which their
/// tasks came. A future that is dropped while the store writes leaves no value of its key in the
/// cache: nobody knows what the store holds, and the next read asks.
///
/// ```
/// # use std::collections::HashMap;
/// # use std::convert::Infallible;
/// # use std::sync::Mutex;
/// use voussoir_cache::Cache;
/// use voussoir_cache::store::{AsyncStore, AsyncThrough, BatchError, Write};
///
/// #[derive(Default)]
/// struct Table(Mutex<HashMap<u32, String>>);
///
/// impl AsyncStore<u32, String> for Table {
///     type Error = Infallible;
///     async fn read(&self, key: &u32) -> Result<Option<String>, Infallible> {
///         Ok(self.0.lock().unwrap().get(key).cloned())
///     }
///     async fn write_batch(
///         &self,
///         writes: &[Write<u32, String>],
///     ) -> Result<(), BatchError<Infallible>> {
///         let mut table = self.0.lock().unwrap();
///         for write in writes {
///             match write.change().value() {
///                 Some(value) => table.insert(*write.key(), value.clone()),
///                 None => table.remove(write.key()),
///             };
///         }
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let users = AsyncThrough::new(Cache::builder(100).build()?, Table::default());
/// users.put(7, "Ada".to_owned()).await?;
/// assert_eq!(users.get(&7).await?, Some("Ada".to_owned()));
/// assert_eq!(users.get(&8).await?, None);
/// # Ok(())
/// # }
/// ```
pub struct AsyncThrough<K, V, B, S = RandomState, C = SystemClock, P = Any> {
    cache: Cache<K, V, S, C, P>,
    backing: B,
    lines: Box<[CachePadded<Turnstile>]>,
    /// Chooses the line of a key.
    chooser: RandomState,
}

/// A cache for tasks whose writes go to the store later, in batches.
pub type AsyncBehind<K, V, St, S = RandomState, C = SystemClock, P = Any> =
    AsyncThrough<K, V, AsyncWriteBehind<K, V, St>, S, C, P>;

impl<K, V, B, S, C, P: Eviction> AsyncThrough<K, V, B, S, C, P> {
    fn over(cache: Cache<K, V, S, C, P>, backing: B) -> Self {
        let lines = (0..LINES).map(|_| CachePadded::new(Turnstile::new())).collect();
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
}

impl<K, V, B, S, C, P> AsyncThrough<K, V, B, S, C, P>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    async fn fetch<E, F>(
        &self,
        key: &K,
        read: impl FnOnce() -> F,
    ) -> Result<Option<V>, LoadError<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<Option<V>, E>>,
    {
        told(self.cache.get_or_load_async(key, || async { loaded(read().await) }).await)
    }

    /// Writes by `write`, then makes the cache say the same.
    async fn apply<E, F>(
        &self,
        key: K,
        change: Change<V>,
        write: impl FnOnce(K, Change<V>) -> F,
    ) -> Result<(), E>
    where
        F: Future<Output = Result<(), E>>,
    {
        let line = &self.lines[self.chooser.hash_one(&key) as usize % LINES];
        let _alone = line.pass().await;
        let doubt = Doubt::of(&self.cache, key.clone());
        write(key, change.clone()).await?;
        doubt.settle(change.into_value());
        Ok(())
    }
}

impl<K, V, St, S, C, P> AsyncThrough<K, V, St, S, C, P>
where
    K: Hash + Eq + Clone,
    V: Clone,
    St: AsyncStore<K, V>,
    St::Error: Send + Sync + 'static,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    /// Reads and writes `store` through `cache`.
    pub fn new(cache: Cache<K, V, S, C, P>, store: St) -> Self {
        Self::over(cache, store)
    }

    /// The value of `key`: from the cache, or else from the store. Complexity: that of
    /// [`Cache::get`] on a hit.
    ///
    /// # Errors
    ///
    /// Those of [`Cache::get_or_load_async`].
    pub async fn get(&self, key: &K) -> Result<Option<V>, LoadError<St::Error>> {
        self.fetch(key, || self.backing.read(key)).await
    }

    /// Puts a value into the store, then into the cache. Complexity: one write of the store.
    ///
    /// # Errors
    ///
    /// Those of the store. The cache then holds no value of the key.
    pub async fn put(&self, key: K, value: V) -> Result<(), St::Error> {
        self.write(key, Change::Put(value)).await
    }

    /// Deletes a value in the store, then in the cache. Complexity: one write of the store.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn delete(&self, key: K) -> Result<(), St::Error> {
        self.write(key, Change::Delete).await
    }

    async fn write(&self, key: K, change: Change<V>) -> Result<(), St::Error> {
        let backing = &self.backing;
        self.apply(key, change, |key, change| async move {
            let write = Write { key, change, attempt: 1 };
            match backing.write_batch(core::slice::from_ref(&write)).await {
                Ok(()) => Ok(()),
                Err(BatchError::All(error)) => Err(error),
                // Of one write the first failure is its own.
                Err(BatchError::Some(failures)) => {
                    failures.into_iter().next().map_or(Ok(()), |(_, error)| Err(error))
                }
            }
        })
        .await
    }
}

impl<K, V, St, W, S, C, P> AsyncThrough<K, V, AsyncWriteBehind<K, V, St, W>, S, C, P>
where
    K: Hash + Eq + Clone,
    V: Clone,
    St: AsyncStore<K, V>,
    St::Error: Send + Sync + 'static,
    W: Clock,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    /// Reads through `cache`, and writes to the store of `behind` later. Somebody awaits
    /// [`run_pending`](AsyncWriteBehind::run_pending) of [`backing`](Self::backing).
    pub fn behind(cache: Cache<K, V, S, C, P>, behind: AsyncWriteBehind<K, V, St, W>) -> Self {
        Self::over(cache, behind)
    }

    /// The value of `key`: from the cache, else of the change that waits, else from the store.
    /// Complexity: that of [`Cache::get`] on a hit.
    ///
    /// # Errors
    ///
    /// Those of [`Cache::get_or_load_async`].
    pub async fn fetch_behind(&self, key: &K) -> Result<Option<V>, LoadError<St::Error>> {
        self.fetch(key, || self.backing.read(key)).await
    }

    /// Puts a value into the queue of writes and into the cache. Complexity: O(log n) in the changes
    /// that wait.
    ///
    /// # Errors
    ///
    /// [`Full`], when as many changes wait as may; the cache then holds no value of the key.
    pub async fn put_behind(&self, key: K, value: V) -> Result<(), Full<K, V>> {
        self.change(key, Change::Put(value)).await
    }

    /// Deletes a value, in the cache at once and in the store later. Complexity: O(log n) in the
    /// changes that wait.
    ///
    /// # Errors
    ///
    /// [`Full`], when as many changes wait as may; the cache then holds no value of the key.
    pub async fn delete_behind(&self, key: K) -> Result<(), Full<K, V>> {
        self.change(key, Change::Delete).await
    }

    async fn change(&self, key: K, change: Change<V>) -> Result<(), Full<K, V>> {
        let backing = &self.backing;
        self.apply(key, change, |key, change| async move { backing.change(key, change) }).await
    }
}

impl<K, V, B, S, C, P: Eviction> fmt::Debug for AsyncThrough<K, V, B, S, C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncThrough").field("cache", &self.cache).finish_non_exhaustive()
    }
}
