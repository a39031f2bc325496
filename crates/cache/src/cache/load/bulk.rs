use alloc::borrow::ToOwned;
use alloc::vec::Vec;
use core::hash::{BuildHasher, Hash};

use equivalent::Equivalent;
use voussoir_core::Clock;

use super::super::Cache;
use super::super::refresh::Found;
use crate::flight::{Arrival, Lead, LoadError, Role, Wait};
use crate::policy::Eviction;

/// Leads of a bulk load, each with the place of its key among those asked for.
type Leads<K, V> = Vec<(usize, Lead<K, V>)>;

impl<K, V, S, C, P> Cache<K, V, S, C, P>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    /// The values of several keys, in their order. Those that are missing are loaded by one call of
    /// `loader`, but those that another caller loads already, for which it waits. `loader` is called
    /// again only for keys whose other loader has failed.
    ///
    /// The loader returns what it found, in any order; keys that it leaves out have no value, and
    /// values of keys that were not asked of it are ignored.
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use voussoir_cache::Cache;
    ///
    /// let cache = Cache::<u32, u32>::builder(100).build()?;
    /// cache.insert(1, 10);
    /// let found = cache.get_many_or_load(&[1, 2, 3], |missing| {
    ///     assert_eq!(missing, [2, 3]);
    ///     Ok::<_, Infallible>(vec![(2, 20)])
    /// })?;
    /// assert_eq!(found, [Some(10), Some(20), None]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`LoadError`] of the first load that failed. What was loaded before is in the cache.
    ///
    /// # Panics
    ///
    /// When `loader` panics.
    pub fn get_many_or_load<Q, E>(
        &self,
        keys: &[Q],
        mut loader: impl FnMut(&[K]) -> Result<Vec<(K, V)>, E>,
    ) -> Result<Vec<Option<V>>, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K>,
        E: Send + Sync + 'static,
    {
        let shared = &*self.shared;
        let mut values: Vec<Option<V>> = Vec::with_capacity(keys.len());
        let mut missing = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            let found = match shared.find(&shared.place(key), key) {
                Found::Fresh(value) | Found::Aging(value, _) => Some(value),
                Found::Missing => None,
            };
            if found.is_none() {
                missing.push(at);
            }
            values.push(found);
        }
        while !missing.is_empty() {
            let mut leads: Leads<K, V> = Vec::new();
            let mut waits: Vec<(usize, Wait<K, V>)> = Vec::new();
            for &at in &missing {
                let key = &keys[at];
                let place = shared.place(key);
                match shared.flights.begin(place.hash, key, || key.to_owned()) {
                    Role::Lead(lead) => match shared.look_again(&place, key) {
                        Some(value) => {
                            lead.land(&value);
                            values[at] = Some(value);
                        }
                        None => leads.push((at, lead)),
                    },
                    Role::Wait(wait) => waits.push((at, wait)),
                    Role::Recursive => return Err(LoadError::Recursive),
                }
            }
            missing.clear();
            // Landed before anything is waited for: two bulk loads never wait for each other.
            self.load_led(leads, &mut values, &mut loader)?;
            for (at, wait) in waits {
                match wait.block() {
                    Arrival::Value(value) => values[at] = Some(value),
                    Arrival::Lead(lead) => {
                        self.load_led(Vec::from([(at, lead)]), &mut values, &mut loader)?;
                    }
                    Arrival::LookAgain => {
                        let key = &keys[at];
                        values[at] = shared.look_again(&shared.place(key), key);
                        if values[at].is_none() {
                            missing.push(at);
                        }
                    }
                    Arrival::Failed(failure) => match failure.of() {
                        Some(error) => return Err(LoadError::Load(error)),
                        None => missing.push(at),
                    },
                    Arrival::Recursive => return Err(LoadError::Recursive),
                    Arrival::TimedOut => return Err(LoadError::TimedOut),
                    Arrival::Abandoned(abandoned) => return Err(abandoned.into()),
                }
            }
        }
        Ok(values)
    }

    fn load_led<E>(
        &self,
        leads: Leads<K, V>,
        values: &mut [Option<V>],
        loader: &mut impl FnMut(&[K]) -> Result<Vec<(K, V)>, E>,
    ) -> Result<(), LoadError<E>>
    where
        E: Send + Sync + 'static,
    {
        if leads.is_empty() {
            return Ok(());
        }
        let (places, leads): (Vec<usize>, Vec<Lead<K, V>>) = leads.into_iter().unzip();
        let asked: Vec<K> = leads.iter().map(|lead| lead.key().clone()).collect();
        let shared = &*self.shared;
        let begun = shared.load_begins();
        let result = Lead::scope_all(&leads, || loader(&asked)).map_err(alloc::sync::Arc::new);
        let mut found = match result {
            Ok(found) => found,
            Err(error) => {
                // Of an error for many keys nobody can say which one it is of: those that wait for
                // one of them try for themselves.
                drop(leads);
                return Err(LoadError::Load(error));
            }
        };
        let took = shared.load_took(begun);
        for ((at, lead), key) in places.into_iter().zip(leads).zip(asked) {
            match found.iter().position(|(other, _)| *other == key) {
                Some(place) => {
                    let (key, value) = found.swap_remove(place);
                    let value = shared.store(&lead, key, value, took);
                    lead.land(&value);
                    values[at] = Some(value);
                }
                None => lead.stand_down(),
            }
        }
        Ok(())
    }
}
