//! Calls that load what is missing, once for all callers.

mod asynchronous;
mod bulk;

use alloc::borrow::ToOwned;
use core::convert::Infallible;
use core::hash::{BuildHasher, Hash};
use core::time::Duration;

use equivalent::Equivalent;
use voussoir_core::{Clock, Nanos};

use super::refresh::Found;
use super::{Cache, Place, Shared};
use crate::flight::{Arrival, Lead, LoadError, Role};
use crate::policy::Eviction;

impl<K, V, S, C, P> Cache<K, V, S, C, P>
where
    K: Hash + Eq,
    V: Clone,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    /// The value of `key`, which `make` makes if there is none: once, however many ask for it at the
    /// same time. `make` runs outside every lock and may call the cache.
    ///
    /// A `make` that asks for its own key makes it again for itself. To hear of that as an error, take
    /// [`get_or_load`](Self::get_or_load).
    ///
    /// # Panics
    ///
    /// When `make` panics. One of those that wait makes the value then.
    ///
    /// Complexity: that of [`get`](Self::get) on a hit.
    #[doc(alias = "get_with")]
    pub fn get_or_insert_with<Q>(&self, key: &Q, make: impl FnOnce() -> V) -> V
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        let mut make = Some(make);
        let result = self.get_or_load(key, || match make.take() {
            Some(make) => Ok::<_, Infallible>(make()),
            None => unreachable!("a loader is called at most once"),
        });
        match (result, make) {
            (Ok(value), _) => value,
            (Err(_), Some(make)) => make(),
            (Err(_), None) => unreachable!("a loader that ran has returned a value or panicked"),
        }
    }

    /// The value of `key`, which `loader` loads if there is none: once, however many ask for it at the
    /// same time. All of them get its value or share its error.
    ///
    /// The loader runs outside every lock and may call the cache. An insertion of the key meanwhile
    /// wins over it; after an invalidation its value goes to those that wait and is not stored.
    ///
    /// Where the cache refreshes, a value that is near its end or beyond it is served to all but one
    /// caller, who loads a new one on its own stack; see
    /// [`get_or_load_detached`](Self::get_or_load_detached) for loads elsewhere.
    ///
    /// ```
    /// use voussoir_cache::{Cache, LoadError};
    ///
    /// let cache = Cache::<String, u32>::builder(100).build()?;
    /// assert_eq!(cache.get_or_load("7", || "7".parse::<u32>()), Ok(7));
    /// assert!(matches!(cache.get_or_load("x", || "x".parse::<u32>()), Err(LoadError::Load(_))));
    /// assert!(!cache.contains_key("x")); // errors are not kept, unless there is a `negative_ttl`
    /// # Ok::<(), voussoir_core::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`LoadError::Load`] with the loader's error, [`LoadError::Recursive`] if the loader asks for its
    /// own key.
    ///
    /// # Panics
    ///
    /// When `loader` panics. One of those that wait loads then.
    ///
    /// Complexity: that of [`get`](Self::get) on a hit.
    #[doc(alias = "try_get_with")]
    pub fn get_or_load<Q, E>(
        &self,
        key: &Q,
        loader: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
    {
        self.load(key, None, loader)
    }

    /// As [`get_or_load`](Self::get_or_load), but waits at most `within` for a load that another caller
    /// has begun.
    ///
    /// # Errors
    ///
    /// As there, and [`LoadError::TimedOut`].
    ///
    /// # Panics
    ///
    /// When `loader` panics.
    pub fn get_or_load_within<Q, E>(
        &self,
        key: &Q,
        within: Duration,
        loader: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
    {
        self.load(key, Some(within), loader)
    }

    fn load<Q, E>(
        &self,
        key: &Q,
        within: Option<Duration>,
        loader: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
    {
        let shared = &*self.shared;
        let place = shared.place(key);
        match shared.find(&place, key) {
            Found::Fresh(value) => return Ok(value),
            Found::Aging(old, throw) => return Ok(shared.renew(&place, key, old, throw, loader)),
            Found::Missing => {}
        }
        if let Some(error) = shared.failure(&place, key) {
            return Err(error);
        }
        let result = shared.flights.load_by(
            place.hash,
            key,
            || key.to_owned(),
            within,
            || shared.look_again(&place, key),
            |lead| {
                let begun = shared.load_begins();
                let result = lead.scope(loader);
                shared.conclude(lead, || key.to_owned(), result, shared.load_took(begun))
            },
        );
        shared.or_what_is_left(&place, key, result)
    }

    /// As [`get_or_load`](Self::get_or_load), but an error is the caller's alone: of those that wait,
    /// the next one tries with its own loader. Errors are not remembered.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// When `loader` panics. One of those that wait loads then.
    pub fn try_get_or_load<Q, E>(
        &self,
        key: &Q,
        loader: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
    {
        let shared = &*self.shared;
        let place = shared.place(key);
        match shared.find(&place, key) {
            Found::Fresh(value) => return Ok(value),
            Found::Aging(old, throw) => return Ok(shared.renew(&place, key, old, throw, loader)),
            Found::Missing => {}
        }
        let lead = loop {
            let arrival = match shared.flights.begin(place.hash, key, || key.to_owned()) {
                Role::Lead(lead) => Arrival::Lead(lead),
                Role::Recursive => Arrival::Recursive,
                Role::Wait(wait) => wait.block(),
            };
            match shared.step_alone(&place, key, arrival) {
                Alone::Lead(lead) => break lead,
                Alone::Done(result) => return result,
                Alone::Again => {}
            }
        };
        let begun = shared.load_begins();
        let result = lead.scope(loader);
        shared.conclude_alone(&place, key, lead, result, begun)
    }
}

/// What a caller does next that shares no errors.
enum Alone<K, V, E> {
    Lead(Lead<K, V>),
    Done(Result<V, LoadError<E>>),
    Again,
}

impl<K, V, S, C, P> Shared<K, V, S, C, P>
where
    K: Hash + Eq,
    V: Clone,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    /// Loads a value anew if nobody does, and serves the old one if that fails or somebody does.
    fn renew<Q, E>(
        &self,
        place: &Place<'_, K, V, P>,
        key: &Q,
        old: V,
        throw: u64,
        loader: impl FnOnce() -> Result<V, E>,
    ) -> V
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
    {
        let (old, lead) = self.lead_refresh(place, key, old, throw);
        let Some(lead) = lead else { return old };
        let begun = self.load_begins();
        let result = lead.scope(loader);
        let took = self.load_took(begun);
        self.conclude(lead, || key.to_owned(), result, took).unwrap_or(old)
    }

    /// An error of another caller is that caller's: this one begins anew.
    fn step_alone<Q, E>(
        &self,
        place: &Place<'_, K, V, P>,
        key: &Q,
        arrival: Arrival<K, V>,
    ) -> Alone<K, V, E>
    where
        Q: Equivalent<K> + ?Sized,
    {
        match arrival {
            Arrival::Value(value) => Alone::Done(Ok(value)),
            Arrival::Lead(lead) => match self.look_again(place, key) {
                Some(value) => {
                    lead.land(&value);
                    Alone::Done(Ok(value))
                }
                None => Alone::Lead(lead),
            },
            Arrival::LookAgain | Arrival::Failed(_) => {
                self.look_again(place, key).map_or(Alone::Again, |value| Alone::Done(Ok(value)))
            }
            Arrival::Recursive => Alone::Done(Err(LoadError::Recursive)),
            Arrival::TimedOut => Alone::Done(Err(LoadError::TimedOut)),
            Arrival::Abandoned(abandoned) => Alone::Done(Err(abandoned.into())),
        }
    }

    /// Stores and lands a value; hands over after an error.
    fn conclude_alone<Q, E>(
        &self,
        place: &Place<'_, K, V, P>,
        key: &Q,
        lead: Lead<K, V>,
        result: Result<V, E>,
        begun: Nanos,
    ) -> Result<V, LoadError<E>>
    where
        Q: Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        match result {
            Ok(value) => {
                let took = self.load_took(begun);
                let value = self.store(&lead, key.to_owned(), value, took);
                lead.land(&value);
                Ok(value)
            }
            Err(error) => {
                drop(lead);
                self.last_resort(place, key).ok_or_else(|| LoadError::Load(error.into()))
            }
        }
    }

    /// A result, or what is left to be served in the place of an error.
    fn or_what_is_left<Q, E>(
        &self,
        place: &Place<'_, K, V, P>,
        key: &Q,
        result: Result<V, LoadError<E>>,
    ) -> Result<V, LoadError<E>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        match result {
            Err(LoadError::Load(error)) => {
                self.last_resort(place, key).ok_or(LoadError::Load(error))
            }
            other => other,
        }
    }
}
