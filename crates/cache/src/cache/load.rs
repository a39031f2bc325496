//! Calls that load what is missing, once for all callers.

mod asynchronous;
mod bulk;

use alloc::borrow::ToOwned;
use core::convert::Infallible;
use core::hash::{BuildHasher, Hash};
use core::time::Duration;

use equivalent::Equivalent;
use voussoir_core::Clock;

use super::refresh::Found;
use super::{Cache, Place, Shared};
use crate::flight::{Arrival, LoadError, Role};
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
        loop {
            let lead = match shared.flights.begin(place.hash, key, || key.to_owned()) {
                Role::Lead(lead) => lead,
                Role::Recursive => return Err(LoadError::Recursive),
                Role::Wait(wait) => match wait.block() {
                    Arrival::Value(value) => return Ok(value),
                    Arrival::Lead(lead) => lead,
                    Arrival::Recursive => return Err(LoadError::Recursive),
                    Arrival::TimedOut => return Err(LoadError::TimedOut),
                    Arrival::Abandoned(abandoned) => return Err(abandoned.into()),
                    Arrival::LookAgain | Arrival::Failed(_) => {
                        if let Some(value) = shared.look_again(&place, key) {
                            return Ok(value);
                        }
                        continue;
                    }
                },
            };
            if let Some(value) = shared.look_again(&place, key) {
                lead.land(&value);
                return Ok(value);
            }
            let begun = shared.load_begins();
            return match lead.scope(loader) {
                Ok(value) => {
                    let took = shared.load_took(begun);
                    let value = shared.store(&lead, key.to_owned(), value, took);
                    lead.land(&value);
                    Ok(value)
                }
                Err(error) => {
                    drop(lead);
                    let old = shared.last_resort(&place, key);
                    old.ok_or_else(|| LoadError::Load(error.into()))
                }
            };
        }
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
