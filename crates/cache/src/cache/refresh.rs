//! What a call that may load finds in the cache, and what it leaves there.

use core::hash::{BuildHasher, Hash};
use core::sync::atomic::Ordering;
use core::time::Duration;

use alloc::borrow::ToOwned;
use alloc::sync::Arc;
use equivalent::Equivalent;
use voussoir_core::{Clock, Nanos, Random};

use super::{Arrival, Place, Shared};
use crate::Cause;
use crate::engine::{Engine, Fallout, Read};
use crate::flight::{Failure, Lead, LoadError, Standing};
use crate::policy::Eviction;
use crate::refresh::Verdict;

/// What a call that may load finds.
pub(super) enum Found<V> {
    /// A value to be served.
    Fresh(V),
    /// A value to be served, which somebody should load anew; and the throw that said so, by which
    /// who looks again must judge: a second one would make early refreshes rarer.
    Aging(V, u64),
    /// Nothing to be served without a load.
    Missing,
}

impl<V> Found<V> {
    fn of(found: Option<(V, Verdict)>, throw: u64) -> Self {
        match found {
            Some((value, verdict)) if verdict.wants_refresh() => Self::Aging(value, throw),
            Some((value, _)) => Self::Fresh(value),
            None => Self::Missing,
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
    /// Looks for a value, which counts as a use.
    pub(super) fn find<Q>(&self, place: &Place<'_, K, V, P>, key: &Q) -> Found<V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let now = self.now();
        let throw = self.throw();
        let mut engine = place.shard.lock();
        let now = engine.forward_alone(now);
        let Some((read, verdict)) = self.judge(&engine, place, key, now, throw) else {
            engine.counts.misses += 1;
            return Found::Missing;
        };
        let (slot, value) = (read.slot, read.value.clone());
        engine.used(slot, now, &self.options);
        drop(engine);
        Found::of(Some((value, verdict)), throw)
    }

    /// Finds what may be served, and says how good it is.
    #[inline]
    fn judge<'a, Q>(
        &self,
        engine: &'a Engine<K, V, P>,
        place: &Place<'_, K, V, P>,
        key: &Q,
        now: Nanos,
        throw: u64,
    ) -> Option<(Read<'a, V>, Verdict)>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let rules = self.options.freshness;
        if rules.is_plain() {
            return Some((engine.peek(place.fold, key, now)?, Verdict::Fresh));
        }
        let (read, end, cost) = engine.peek_stale(place.fold, key, now)?;
        let ttl = (end < Nanos::MAX).then(|| end.as_duration());
        let mut dice = Random::seeded(throw);
        let verdict = rules.judge_at(now, Nanos::ZERO, ttl, cost, &mut dice);
        verdict.is_servable().then_some((read, verdict))
    }

    /// The seed of one throw, where there are dice.
    fn throw(&self) -> u64 {
        let step = 0x9E37_79B9_7F4A_7C15;
        if self.options.early { self.seed.fetch_add(step, Ordering::Relaxed) } else { 0 }
    }

    /// Takes the lead of a refresh for who found an ageing value. What to serve meanwhile, and the
    /// lead, if there is to be a load: another caller's may have come in since this one looked.
    pub(super) fn lead_refresh<Q>(
        &self,
        place: &Place<'_, K, V, P>,
        key: &Q,
        old: V,
        throw: u64,
    ) -> (V, Option<Lead<K, V>>)
    where
        Q: Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        let Some(lead) = self.flights.try_lead(place.hash, key, || key.to_owned()) else {
            return (old, None);
        };
        // Without counting. After the flight is in its table: the lock of the shard puts this look
        // and whoever writes or removes the key in an order, so that one of the two sees the other.
        let now = self.now();
        let engine = place.shard.lock();
        let found = self.judge(&engine, place, key, now, throw);
        let found = found.map(|(read, verdict)| (read.value.clone(), verdict));
        drop(engine);
        match Found::of(found, throw) {
            Found::Fresh(value) => {
                lead.land(&value);
                (value, None)
            }
            Found::Aging(value, _) => (value, Some(lead)),
            Found::Missing => (old, Some(lead)),
        }
    }

    /// Looks again, without counting: for who leads a load or was told to look.
    pub(super) fn look_again<Q>(&self, place: &Place<'_, K, V, P>, key: &Q) -> Option<V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let now = self.now();
        Some(place.shard.lock().peek(place.fold, key, now)?.value.clone())
    }

    /// What may be served since a load has failed.
    pub(super) fn last_resort<Q>(&self, place: &Place<'_, K, V, P>, key: &Q) -> Option<V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        if self.options.freshness.grace().is_zero() {
            return None;
        }
        let now = self.now();
        Some(place.shard.lock().peek_stale(place.fold, key, now)?.0.value.clone())
    }

    /// The time before a load, where it matters how long it takes.
    pub(super) fn load_begins(&self) -> Nanos {
        if self.options.early { self.clock.now() } else { Nanos::ZERO }
    }

    /// How long a load took.
    pub(super) fn load_took(&self, begun: Nanos) -> Duration {
        if self.options.early {
            self.clock.now().saturating_duration_since(begun)
        } else {
            Duration::ZERO
        }
    }

    /// The leader has loaded: stores the value or remembers the error, then tells all that wait.
    pub(super) fn conclude<E>(
        &self,
        lead: Lead<K, V>,
        to_owned: impl FnOnce() -> K,
        result: Result<V, E>,
        took: Duration,
    ) -> Result<V, LoadError<E>>
    where
        E: Send + Sync + 'static,
    {
        match result {
            Ok(value) => {
                let value = self.store(&lead, to_owned(), value, took);
                lead.land(&value);
                Ok(value)
            }
            Err(error) => {
                let error = Arc::new(error);
                self.remember_failure(&lead, to_owned, &error);
                Err(LoadError::Load(lead.fail_with(error)))
            }
        }
    }

    /// Stores what a load has brought, if it is still wanted. The value for all that wait.
    pub(super) fn store(&self, lead: &Lead<K, V>, key: K, value: V, took: Duration) -> V {
        let place = self.place(lead.key());
        let arrival: Arrival<'_> = self.options.arrival(&key, &value, None, took);
        let now = self.now();
        let mut fallout = Fallout::new();
        let mut refused = None;
        let mut engine = place.shard.lock();
        match lead.standing() {
            Standing::Wanted => {
                let copy = value.clone();
                let result = engine.insert(place.fold, key, copy, &arrival, now, &mut fallout);
                refused = result.err();
            }
            Standing::Superseded => {
                let newer = engine.peek(place.fold, lead.key(), now).map(|read| read.value.clone());
                if let Some(newer) = newer {
                    return newer;
                }
            }
            Standing::Discarded => {}
        }
        drop(engine);
        drop(self.forget_failure(&place, lead.key()));
        self.options.settle(fallout, Cause::Rejected);
        if let Some((key, value)) = refused {
            self.reject(key, value);
        }
        value
    }

    /// The error of an earlier load, if it is remembered.
    pub(super) fn failure<Q, E>(&self, place: &Place<'_, K, V, P>, key: &Q) -> Option<LoadError<E>>
    where
        Q: Equivalent<K> + ?Sized,
        E: Send + Sync + 'static,
    {
        let failures = self.failures.as_ref()?;
        let now = self.clock.now();
        let failure = failures.lock().peek(place.fold, key, now)?.value.clone();
        failure.of().map(LoadError::Load)
    }

    /// Remembers the error of a load, unless an older value is left to be served in its place.
    fn remember_failure<E>(&self, lead: &Lead<K, V>, to_owned: impl FnOnce() -> K, error: &Arc<E>)
    where
        E: Send + Sync + 'static,
    {
        let Some(failures) = &self.failures else { return };
        let (now, place) = (self.now(), self.place(lead.key()));
        if place.shard.lock().peek_stale(place.fold, lead.key(), now).is_some() {
            return;
        }
        let arrival = Arrival {
            weight: 1,
            ttl: Some(self.options.negative.ttl()),
            tti: Duration::ZERO,
            cost: Duration::ZERO,
            terms: None,
        };
        let failure = Failure::new(Arc::clone(error));
        let key = to_owned();
        let mut fallout = Fallout::new();
        let mut engine = failures.lock();
        // Who writes or removes the key marks the flight first, and takes this lock then: either it
        // is seen here, or it forgets what is remembered here.
        if lead.standing() == Standing::Wanted {
            let result = engine.insert(place.fold, key, failure, &arrival, now, &mut fallout);
            drop(engine);
            drop((result, fallout));
        }
    }
}

impl<K, V, S, C, P> Shared<K, V, S, C, P>
where
    K: Hash + Eq,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    /// The key was written or removed: an error of an earlier load says nothing any more. It is to
    /// be dropped outside every lock.
    pub(super) fn forget_failure<Q>(
        &self,
        place: &Place<'_, K, V, P>,
        key: &Q,
    ) -> Fallout<K, Failure>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let mut fallout = Fallout::new();
        if let Some(failures) = &self.failures {
            let (now, all) = (self.clock.now(), |_: &K, _: &Failure| true);
            failures.lock().remove(place.fold, key, now, Cause::Removed, all, &mut fallout);
        }
        fallout
    }
}
