use alloc::borrow::ToOwned;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::Future;
use core::hash::{BuildHasher, Hash};
use core::mem;
use core::time::Duration;

use equivalent::Equivalent;
use hashbrown::HashTable;
use voussoir_core::Clock;

use super::super::refresh::Found;
use super::super::{Cache, Shared};
use crate::flight::{Arrival, Lead, LoadError, Role, Wait};
use crate::policy::Eviction;

/// Leads of a bulk load, each with the place of its key among those asked for.
type Leads<K, V> = Vec<(usize, Lead<K, V>)>;

/// What those that wait for a bulk load are told of a key that it did not find. Bulk loads take it for
/// the answer; to all others it is an error of another loader, and they try their own.
struct Absent;

/// A bulk load under way.
struct Bulk<'a, Q, K, V> {
    keys: &'a [Q],
    values: Vec<Option<V>>,
    /// Places of keys that nobody is known to load.
    missing: Vec<usize>,
    waits: Vec<(usize, Wait<K, V>)>,
}

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
    /// values of keys that were not asked of it are ignored. Values that are near their end, or beyond
    /// it by no more than [`stale_while_revalidate`](crate::CacheBuilder::stale_while_revalidate), are
    /// served as they are: to renew them is left to calls for one key. Errors are not remembered.
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
    ///
    /// Complexity: O(keys), and one call of `loader` for those that are missing.
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
        let mut load = |bulk: &mut Bulk<'_, Q, K, V>, leads: Leads<K, V>| {
            let (places, leads): (Vec<usize>, Vec<Lead<K, V>>) = leads.into_iter().unzip();
            let (asked, begun) = (keys_of(&leads), shared.load_begins());
            let result = Lead::scope_all(&leads, || loader(&asked));
            shared.land_all(bulk, places, leads, result, shared.load_took(begun))
        };
        let mut bulk = shared.look_for_all(keys);
        while !bulk.missing.is_empty() {
            let leads = shared.take_leads(&mut bulk)?;
            // Landed before anything is waited for: two bulk loads never wait for each other.
            if !leads.is_empty() {
                load(&mut bulk, leads)?;
            }
            for (at, wait) in mem::take(&mut bulk.waits) {
                if let Some(lead) = shared.arrive(&mut bulk, at, wait.block())? {
                    load(&mut bulk, Vec::from([(at, lead)]))?;
                }
            }
        }
        Ok(bulk.values)
    }

    /// As [`get_many_or_load`](Self::get_many_or_load), for a task: needs no runtime, and waits for
    /// loads of threads as they do for its own. Dropped, it leaves what it was loading to those that
    /// wait.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// Complexity: O(keys), and one call of `loader` for those that are missing.
    pub async fn get_many_or_load_async<Q, E, F>(
        &self,
        keys: &[Q],
        mut loader: impl FnMut(Vec<K>) -> F,
    ) -> Result<Vec<Option<V>>, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K>,
        E: Send + Sync + 'static,
        F: Future<Output = Result<Vec<(K, V)>, E>>,
    {
        let shared = &*self.shared;
        let mut bulk = shared.look_for_all(keys);
        while !bulk.missing.is_empty() {
            let mut leads = shared.take_leads(&mut bulk)?;
            let mut waits = mem::take(&mut bulk.waits).into_iter();
            loop {
                if !leads.is_empty() {
                    let (places, led): (Vec<usize>, Vec<Lead<K, V>>) = leads.into_iter().unzip();
                    let (asked, begun) = (keys_of(&led), shared.load_begins());
                    let result = Lead::scope_all_async(&led, async { loader(asked).await }).await;
                    shared.land_all(&mut bulk, places, led, result, shared.load_took(begun))?;
                }
                let Some((at, wait)) = waits.next() else { break };
                let lead = shared.arrive(&mut bulk, at, wait.await)?;
                leads = lead.map(|lead| (at, lead)).into_iter().collect();
            }
        }
        Ok(bulk.values)
    }
}

fn keys_of<K: Clone, V>(leads: &[Lead<K, V>]) -> Vec<K> {
    leads.iter().map(|lead| lead.key().clone()).collect()
}

impl<K, V, S, C, P> Shared<K, V, S, C, P>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    fn look_for_all<'a, Q>(&self, keys: &'a [Q]) -> Bulk<'a, Q, K, V>
    where
        Q: Hash + Equivalent<K>,
    {
        let mut missing = Vec::new();
        let look = |(at, key): (usize, &Q)| match self.find(&self.place(key), key) {
            Found::Fresh(value) | Found::Aging(value, _) => Some(value),
            Found::Missing => {
                missing.push(at);
                None
            }
        };
        let values = keys.iter().enumerate().map(look).collect();
        Bulk { keys, values, missing, waits: Vec::new() }
    }

    /// For each key that is missing: the lead, a seat in another's load, or the value after all.
    fn take_leads<Q, E>(&self, bulk: &mut Bulk<'_, Q, K, V>) -> Result<Leads<K, V>, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K>,
    {
        let mut leads = Vec::new();
        for at in mem::take(&mut bulk.missing) {
            let key = &bulk.keys[at];
            let place = self.place(key);
            match self.flights.begin(place.hash, key, || key.to_owned()) {
                Role::Lead(lead) => match self.look_again(&place, key) {
                    Some(value) => {
                        lead.land(&value);
                        bulk.values[at] = Some(value);
                    }
                    None => leads.push((at, lead)),
                },
                Role::Wait(wait) => bulk.waits.push((at, wait)),
                Role::Recursive => return Err(LoadError::Recursive),
            }
        }
        Ok(leads)
    }

    /// Stores and lands what was found of what was led.
    fn land_all<Q, E>(
        &self,
        bulk: &mut Bulk<'_, Q, K, V>,
        places: Vec<usize>,
        leads: Vec<Lead<K, V>>,
        result: Result<Vec<(K, V)>, E>,
        took: Duration,
    ) -> Result<(), LoadError<E>> {
        // Of an error for many keys nobody can say which one it is of: those that wait for one of
        // them are handed the lead, and try for themselves.
        let found = result.map_err(|error| LoadError::Load(Arc::new(error)))?;
        let hash = |(key, _): &(K, V)| self.hasher.hash_one(key);
        let mut table = HashTable::with_capacity(found.len());
        for pair in found {
            table.insert_unique(hash(&pair), pair, hash);
        }
        for (at, lead) in places.into_iter().zip(leads) {
            let same = |(key, _): &(K, V)| key == lead.key();
            match table.find_entry(self.hasher.hash_one(lead.key()), same) {
                Ok(entry) => {
                    let ((key, value), _) = entry.remove();
                    let value = self.store(&lead, key, value, took);
                    lead.land(&value);
                    bulk.values[at] = Some(value);
                }
                Err(_) => drop(lead.fail(Absent)),
            }
        }
        Ok(())
    }

    /// What a wait came to. The lead, if it came to that.
    fn arrive<Q, E>(
        &self,
        bulk: &mut Bulk<'_, Q, K, V>,
        at: usize,
        arrival: Arrival<K, V>,
    ) -> Result<Option<Lead<K, V>>, LoadError<E>>
    where
        Q: Hash + Equivalent<K>,
        E: Send + Sync + 'static,
    {
        let key = &bulk.keys[at];
        match arrival {
            Arrival::Value(value) => bulk.values[at] = Some(value),
            Arrival::Lead(lead) => return Ok(Some(lead)),
            Arrival::LookAgain => match self.look_again(&self.place(key), key) {
                Some(value) => bulk.values[at] = Some(value),
                None => bulk.missing.push(at),
            },
            Arrival::Failed(failure) => {
                if failure.clone().of::<Absent>().is_none() {
                    match failure.of() {
                        Some(error) => return Err(LoadError::Load(error)),
                        None => bulk.missing.push(at),
                    }
                }
            }
            Arrival::Recursive => return Err(LoadError::Recursive),
            Arrival::TimedOut => return Err(LoadError::TimedOut),
            Arrival::Abandoned(abandoned) => return Err(abandoned.into()),
        }
        Ok(None)
    }
}
