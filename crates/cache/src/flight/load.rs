//! The protocol of the module's page, once for threads, once for tasks, once for executors. The
//! cache gives three closures: how to look, how to load, how to store.

use core::convert::Infallible;
use core::future::Future;
use core::pin::pin;
use core::time::Duration;

use equivalent::Equivalent;

use super::{Arrival, Executor, Flights, Lead, LoadError, Role};
use crate::sync::Instant;

/// What the caller of a load does next.
enum Step<K, V, E> {
    Lead(Lead<K, V>),
    LookAgain,
    Done(Result<V, LoadError<E>>),
}

impl<K, V: Clone> Flights<K, V> {
    /// The value of `key`: from the load of another caller, from `look`, or from `loader`, which this
    /// caller runs at most once and nobody else meanwhile. To be called after a miss.
    ///
    /// `look` finds the value in the cache, under the lock of the key's shard. `store` is given the
    /// lead and the loaded value: under that lock it asks for the [standing](Lead::standing), stores
    /// or not, and returns the value that all callers shall have. `within` bounds the wait for loads
    /// of other callers, not one's own.
    ///
    /// ```
    /// use std::{convert::Infallible, sync::Mutex};
    /// use voussoir_cache::flight::{Flights, Standing};
    ///
    /// let flights = Flights::<u8, u32>::new(1);
    /// let cache = Mutex::new(None);
    /// let load = || {
    ///     flights.load(0, &7, || 7, None, || *cache.lock().unwrap(), || Ok::<_, Infallible>(42), |lead, value| {
    ///         let mut cache = cache.lock().unwrap();
    ///         if lead.standing() == Standing::Wanted {
    ///             *cache = Some(value);
    ///         }
    ///         value
    ///     })
    /// };
    /// assert_eq!(load(), Ok(42));
    /// assert_eq!(*cache.lock().unwrap(), Some(42));
    /// ```
    ///
    /// # Errors
    ///
    /// [`LoadError`]. An error of the loader is shared by all that wait.
    ///
    /// # Panics
    ///
    /// When `loader` panics; one of those that wait takes over.
    #[expect(clippy::too_many_arguments, reason = "the cache beside it is the caller, once")]
    pub fn load<Q, E>(
        &self,
        hash: u64,
        key: &Q,
        to_owned: impl Fn() -> K,
        within: Option<Duration>,
        look: impl Fn() -> Option<V>,
        loader: impl FnOnce() -> Result<V, E>,
        store: impl FnOnce(&Lead<K, V>, V) -> V,
    ) -> Result<V, LoadError<E>>
    where
        Q: Equivalent<K> + ?Sized,
        E: Send + Sync + 'static,
    {
        self.load_by(hash, key, to_owned, within, look, |lead| {
            let result = lead.scope(loader);
            conclude(lead, result, store)
        })
    }

    /// As [`load`](Self::load), where `fly` is all that the leader does.
    pub(crate) fn load_by<Q, E>(
        &self,
        hash: u64,
        key: &Q,
        to_owned: impl Fn() -> K,
        within: Option<Duration>,
        look: impl Fn() -> Option<V>,
        fly: impl FnOnce(Lead<K, V>) -> Result<V, LoadError<E>>,
    ) -> Result<V, LoadError<E>>
    where
        Q: Equivalent<K> + ?Sized,
        E: Send + Sync + 'static,
    {
        // A time beyond what the system can tell is no limit.
        let deadline = within.and_then(|within| Instant::now().checked_add(within));
        loop {
            let next = match self.begin(hash, key, &to_owned) {
                Role::Lead(lead) => Step::Lead(lead),
                Role::Wait(wait) => Step::after(wait.block_until(deadline)),
                Role::Recursive => Step::Done(Err(LoadError::Recursive)),
            };
            match next.look(&look) {
                Step::Lead(lead) => return fly(lead),
                Step::LookAgain => {}
                Step::Done(result) => return result,
            }
        }
    }

    /// As [`load`](Self::load), for a task. The load is part of the returned future: dropped with it,
    /// it goes over to one of those that wait. They wait until `timer` is done, for which
    /// [`pending`](core::future::pending) is no limit.
    ///
    /// # Errors
    ///
    /// [`LoadError`]. An error of the loader is shared by all that wait.
    #[expect(clippy::too_many_arguments, reason = "the cache beside it is the caller, once")]
    pub async fn load_async<Q, E, F>(
        &self,
        hash: u64,
        key: &Q,
        to_owned: impl Fn() -> K,
        timer: impl Future<Output = ()>,
        look: impl Fn() -> Option<V>,
        loader: impl FnOnce() -> F,
        store: impl FnOnce(&Lead<K, V>, V) -> V,
    ) -> Result<V, LoadError<E>>
    where
        Q: Equivalent<K> + ?Sized,
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        let fly = |lead: Lead<K, V>| async move {
            let result = lead.scope_async(async { loader().await }).await;
            conclude(lead, result, store)
        };
        self.load_async_by(hash, key, to_owned, timer, look, fly).await
    }

    /// As [`load_async`](Self::load_async), where `fly` is all that the leader does.
    pub(crate) async fn load_async_by<Q, E, F>(
        &self,
        hash: u64,
        key: &Q,
        to_owned: impl Fn() -> K,
        timer: impl Future<Output = ()>,
        look: impl Fn() -> Option<V>,
        fly: impl FnOnce(Lead<K, V>) -> F,
    ) -> Result<V, LoadError<E>>
    where
        Q: Equivalent<K> + ?Sized,
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, LoadError<E>>>,
    {
        let mut timer = pin!(timer);
        loop {
            let next = match self.begin(hash, key, &to_owned) {
                Role::Lead(lead) => Step::Lead(lead),
                Role::Wait(wait) => Step::after(wait.until(timer.as_mut()).await),
                Role::Recursive => Step::Done(Err(LoadError::Recursive)),
            };
            match next.look(&look) {
                Step::Lead(lead) => return fly(lead).await,
                Step::LookAgain => {}
                Step::Done(result) => return result,
            }
        }
    }

    /// As [`load_async`](Self::load_async), but the load runs on `executor` and goes on when all its
    /// callers leave: none of them has to be patient enough for the cache to be filled
    /// ([moka#240](https://github.com/moka-rs/moka/issues/240)).
    ///
    /// The loader is cloned for each attempt, of which there is one, unless an insertion won over it
    /// and was gone before the caller looked.
    ///
    /// # Errors
    ///
    /// [`LoadError`]; [`Panicked`](LoadError::Panicked) and [`Cancelled`](LoadError::Cancelled) only
    /// to the caller who began the load, for the others take over.
    #[expect(clippy::too_many_arguments, reason = "the cache beside it is the caller, once")]
    pub async fn load_detached<Q, E, F>(
        &self,
        hash: u64,
        key: &Q,
        to_owned: impl Fn() -> K,
        timer: impl Future<Output = ()>,
        look: impl Fn() -> Option<V>,
        loader: impl FnOnce() -> F + Clone + Send + 'static,
        store: impl FnOnce(&Lead<K, V>, V) -> V + Clone + Send + 'static,
        executor: &Executor,
    ) -> Result<V, LoadError<E>>
    where
        K: Send + Sync + 'static,
        V: Send + Sync + 'static,
        Q: Equivalent<K> + ?Sized,
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>> + Send,
    {
        let fly = |lead: Lead<K, V>| lead.run_on(executor, loader.clone(), store.clone());
        self.load_detached_by(hash, key, to_owned, timer, look, fly).await
    }

    /// As [`load_detached`](Self::load_detached), where `fly` gives the load to an executor.
    pub(crate) async fn load_detached_by<Q, E>(
        &self,
        hash: u64,
        key: &Q,
        to_owned: impl Fn() -> K,
        timer: impl Future<Output = ()>,
        look: impl Fn() -> Option<V>,
        fly: impl Fn(Lead<K, V>),
    ) -> Result<V, LoadError<E>>
    where
        Q: Equivalent<K> + ?Sized,
        E: Send + Sync + 'static,
    {
        let mut timer = pin!(timer);
        loop {
            let next = match self.begin(hash, key, &to_owned) {
                Role::Lead(lead) => Step::Lead(lead),
                Role::Wait(wait) => Step::after(wait.until(timer.as_mut()).await),
                Role::Recursive => Step::Done(Err(LoadError::Recursive)),
            };
            let next = match next.look(&look) {
                Step::Lead(lead) => {
                    let (lead, wait) = lead.detach();
                    fly(lead);
                    Step::after(wait.until(timer.as_mut()).await).look(&look)
                }
                other => other,
            };
            if let Step::Done(result) = next {
                return result;
            }
        }
    }
}

impl<K, V> Lead<K, V>
where
    K: Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Loads on `executor`: for a refresh, which nobody need wait for, or after
    /// [`detach`](Self::detach). `store` is that of [`Flights::load`].
    pub fn run_on<E, F>(
        self,
        executor: &Executor,
        loader: impl FnOnce() -> F + Send + 'static,
        store: impl FnOnce(&Self, V) -> V + Send + 'static,
    ) where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>> + Send,
    {
        executor.spawn(async move {
            let result = self.scope_async(async { loader().await }).await;
            // Whom it concerns is told by the landing.
            let _ = conclude(self, result, store);
        });
    }
}

impl<K, V: Clone, E: Send + Sync + 'static> Step<K, V, E> {
    fn after(arrival: Arrival<K, V>) -> Self {
        match arrival {
            Arrival::Value(value) => Self::Done(Ok(value)),
            Arrival::Lead(lead) => Self::Lead(lead),
            Arrival::LookAgain => Self::LookAgain,
            Arrival::Recursive => Self::Done(Err(LoadError::Recursive)),
            Arrival::TimedOut => Self::Done(Err(LoadError::TimedOut)),
            Arrival::Abandoned(abandoned) => Self::Done(Err(abandoned.into())),
            // An error of another type is that of another loader: this caller tries its own.
            Arrival::Failed(failure) => match failure.of::<E>() {
                Some(error) => Self::Done(Err(LoadError::Load(error))),
                None => Self::LookAgain,
            },
        }
    }

    /// Looks into the cache, unless it is done: what a flight before has stored needs no load.
    fn look(self, look: impl Fn() -> Option<V>) -> Self {
        match self {
            Self::Lead(lead) => match look() {
                Some(value) => {
                    lead.land(&value);
                    Self::Done(Ok(value))
                }
                None => Self::Lead(lead),
            },
            Self::LookAgain => look().map_or(Self::LookAgain, |value| Self::Done(Ok(value))),
            Self::Done(result) => Self::Done(result),
        }
    }
}

fn conclude<K, V: Clone, E: Send + Sync + 'static>(
    lead: Lead<K, V>,
    result: Result<V, E>,
    store: impl FnOnce(&Lead<K, V>, V) -> V,
) -> Result<V, LoadError<E>> {
    match result {
        Ok(value) => {
            let value = store(&lead, value);
            lead.land(&value);
            Ok(value)
        }
        Err(error) => Err(LoadError::Load(lead.fail(error))),
    }
}

/// A loader that cannot fail leaves only what can happen to the wait.
impl LoadError<Infallible> {
    /// The same as an error of any loader.
    pub fn widen<E>(self) -> LoadError<E> {
        match self {
            Self::Load(never) => match *never {},
            Self::Panicked => LoadError::Panicked,
            Self::Recursive => LoadError::Recursive,
            Self::TimedOut => LoadError::TimedOut,
            Self::Cancelled => LoadError::Cancelled,
        }
    }
}
