use alloc::borrow::ToOwned;
use core::convert::Infallible;
use core::future::{Future, pending};
use core::hash::{BuildHasher, Hash};

use equivalent::Equivalent;
use voussoir_core::Clock;

use super::super::refresh::Found;
use super::super::{Cache, Place, Shared};
use super::Alone;
use crate::flight::{Arrival, Executor, Lead, LoadError, Role};
use crate::policy::Eviction;

impl<K, V, S, C, P> Cache<K, V, S, C, P>
where
    K: Hash + Eq,
    V: Clone,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    /// As [`get_or_insert_with`](Self::get_or_insert_with), for a task. `make` is called on a miss
    /// alone.
    ///
    /// # Panics
    ///
    /// When the future of `make` panics.
    pub async fn get_or_insert_with_async<Q, F>(&self, key: &Q, make: impl FnOnce() -> F) -> V
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
        F: Future<Output = V>,
    {
        let mut make = Some(make);
        let load = self.get_or_load_async(key, || {
            let make = make.take();
            async {
                match make {
                    Some(make) => Ok::<_, Infallible>(make().await),
                    None => unreachable!("a loader is called at most once"),
                }
            }
        });
        let result = load.await;
        match (result, make) {
            (Ok(value), _) => value,
            (Err(_), Some(make)) => make().await,
            (Err(_), None) => unreachable!("a loader that ran has returned a value or panicked"),
        }
    }

    /// As [`get_or_load`](Self::get_or_load), for a task: needs no runtime, and may join a load that a
    /// thread has begun. The load is part of the returned future; dropped with it, it goes over to one
    /// of those that wait.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn get_or_load_async<Q, E, F>(
        &self,
        key: &Q,
        loader: impl FnOnce() -> F,
    ) -> Result<V, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        self.get_or_load_until(key, pending(), loader).await
    }

    /// As [`get_or_load_async`](Self::get_or_load_async), but waits for a load that another caller has
    /// begun only until `timer` is done, such as `tokio::time::sleep`.
    ///
    /// # Errors
    ///
    /// As there, and [`LoadError::TimedOut`].
    pub async fn get_or_load_until<Q, E, F>(
        &self,
        key: &Q,
        timer: impl Future<Output = ()>,
        loader: impl FnOnce() -> F,
    ) -> Result<V, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        let shared = &*self.shared;
        let place = shared.place(key);
        match shared.find(&place, key) {
            Found::Fresh(value) => return Ok(value),
            Found::Aging(old, throw) => {
                return Ok(shared.renew_async(&place, key, old, throw, loader).await);
            }
            Found::Missing => {}
        }
        if let Some(error) = shared.failure(&place, key) {
            return Err(error);
        }
        let load = shared.flights.load_async_by(
            place.hash,
            key,
            || key.to_owned(),
            timer,
            || shared.look_again(&place, key),
            |lead| async move {
                let begun = shared.load_begins();
                let result = lead.scope_async(async { loader().await }).await;
                let took = shared.load_took(begun);
                shared.conclude(lead, || key.to_owned(), result, took)
            },
        );
        let result = load.await;
        shared.or_what_is_left(&place, key, result)
    }

    /// As [`try_get_or_load`](Self::try_get_or_load), for a task: an error is the caller's alone, and
    /// the next one that waits tries with its own loader.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn try_get_or_load_async<Q, E, F>(
        &self,
        key: &Q,
        loader: impl FnOnce() -> F,
    ) -> Result<V, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        let shared = &*self.shared;
        let place = shared.place(key);
        match shared.find(&place, key) {
            Found::Fresh(value) => return Ok(value),
            Found::Aging(old, throw) => {
                return Ok(shared.renew_async(&place, key, old, throw, loader).await);
            }
            Found::Missing => {}
        }
        let lead = loop {
            let arrival = match shared.flights.begin(place.hash, key, || key.to_owned()) {
                Role::Lead(lead) => Arrival::Lead(lead),
                Role::Recursive => Arrival::Recursive,
                Role::Wait(wait) => wait.await,
            };
            match shared.step_alone(&place, key, arrival) {
                Alone::Lead(lead) => break lead,
                Alone::Done(result) => return result,
                Alone::Again => {}
            }
        };
        let begun = shared.load_begins();
        let result = lead.scope_async(async { loader().await }).await;
        shared.conclude_alone(&place, key, lead, result, begun)
    }

    /// As [`get_or_load_async`](Self::get_or_load_async), but the load runs on `executor` and goes on
    /// when its callers leave: a cache whose callers are less patient than its loads still fills.
    ///
    /// Where the cache refreshes, a value that is near its end or beyond it is served to every caller at
    /// once, while the executor loads a new one.
    ///
    /// # Errors
    ///
    /// As there; [`LoadError::Panicked`] and [`LoadError::Cancelled`] to the caller whose load did not
    /// end.
    pub async fn get_or_load_detached<Q, E, F>(
        &self,
        key: &Q,
        executor: &Executor,
        loader: impl FnOnce() -> F + Clone + Send + 'static,
    ) -> Result<V, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
        K: Clone + Send + Sync + 'static,
        V: Send + Sync + 'static,
        S: Send + Sync + 'static,
        C: Send + Sync + 'static,
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>> + Send,
    {
        let shared = &*self.shared;
        let place = shared.place(key);
        let fly = |lead: Lead<K, V>| {
            let (cache, loader) = (self.clone(), loader.clone());
            executor.spawn(async move {
                let shared = &*cache.shared;
                let begun = shared.load_begins();
                let result = lead.scope_async(async { loader().await }).await;
                let (took, key) = (shared.load_took(begun), lead.key().clone());
                // Whom it concerns is told by the landing.
                let _ = shared.conclude(lead, || key, result, took);
            });
        };
        match shared.find(&place, key) {
            Found::Fresh(value) => return Ok(value),
            Found::Aging(old, throw) => {
                let (value, lead) = shared.lead_refresh(&place, key, old, throw);
                lead.into_iter().for_each(fly);
                return Ok(value);
            }
            Found::Missing => {}
        }
        if let Some(error) = shared.failure(&place, key) {
            return Err(error);
        }
        let load = shared.flights.load_detached_by(
            place.hash,
            key,
            || key.to_owned(),
            pending(),
            || shared.look_again(&place, key),
            fly,
        );
        let result = load.await;
        shared.or_what_is_left(&place, key, result)
    }
}

impl<K, V, S, C, P> Shared<K, V, S, C, P>
where
    K: Hash + Eq,
    V: Clone,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    /// As `renew`, for a task.
    async fn renew_async<Q, E, F>(
        &self,
        place: &Place<'_, K, V, P>,
        key: &Q,
        old: V,
        throw: u64,
        loader: impl FnOnce() -> F,
    ) -> V
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        let (old, lead) = self.lead_refresh(place, key, old, throw);
        let Some(lead) = lead else { return old };
        let begun = self.load_begins();
        let result = lead.scope_async(async { loader().await }).await;
        let took = self.load_took(begun);
        self.conclude(lead, || key.to_owned(), result, took).unwrap_or(old)
    }
}
