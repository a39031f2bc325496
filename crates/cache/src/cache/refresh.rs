//! What a call that may load finds in the cache, and what it leaves there.

use core::hash::{BuildHasher, Hash};
use core::sync::atomic::Ordering;
use core::time::Duration;

use alloc::sync::Arc;
use equivalent::Equivalent;
use voussoir_core::{Clock, Nanos, Random};

use super::{Arrival, Place, Shared};
use crate::Cause;
use crate::engine::Fallout;
use crate::flight::{Failure, Lead, LoadError, Standing};
use crate::policy::Eviction;
use crate::refresh::Verdict;

/// What a call that may load finds.
pub(super) enum Found<V> {
    /// A value to be served.
    Fresh(V),
    /// A value to be served, which somebody should load anew.
    Aging(V),
    /// Nothing to be served without a load.
    Missing,
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
        let rules = self.options.freshness;
        let expiry = self.options.expiry.as_deref();
        let found = place.shard.use_one(|engine| {
            let (read, verdict) = if rules.is_plain() {
                (engine.peek(place.fold, key, now)?, Verdict::Fresh)
            } else {
                let (read, end, cost) = engine.peek_stale(place.fold, key, now)?;
                let ttl = (end < Nanos::MAX).then(|| end.as_duration());
                let mut dice = self.dice();
                (read, rules.judge_at(now, Nanos::ZERO, ttl, cost, &mut dice))
            };
            if !verdict.is_servable() {
                return None;
            }
            let later = engine.touch(read.slot, now, expiry).then_some(read.slot);
            Some(((read.value.clone(), verdict), later))
        });
        match found {
            Some((value, verdict)) if verdict.wants_refresh() => Found::Aging(value),
            Some((value, _)) => Found::Fresh(value),
            None => Found::Missing,
        }
    }

    /// Numbers of one throw.
    fn dice(&self) -> Random {
        let step = 0x9E37_79B9_7F4A_7C15;
        Random::seeded(self.seed.fetch_add(step, Ordering::Relaxed))
    }

    /// Looks again, without counting: for who leads a load or was told to look.
    pub(super) fn look_again<Q>(&self, place: &Place<'_, K, V, P>, key: &Q) -> Option<V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let now = self.now();
        place.shard.read(|engine| Some(engine.peek(place.fold, key, now)?.value.clone()))
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
        place.shard.read(|engine| Some(engine.peek_stale(place.fold, key, now)?.0.value.clone()))
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

    /// Remembers the error of a load.
    pub(super) fn remember_failure<E>(&self, place: &Place<'_, K, V, P>, key: K, error: &Arc<E>)
    where
        E: Send + Sync + 'static,
    {
        let Some(failures) = &self.failures else { return };
        let arrival = Arrival {
            weight: 1,
            ttl: Some(self.options.negative.ttl()),
            tti: Duration::ZERO,
            cost: Duration::ZERO,
            terms: None,
        };
        let failure = Failure::new(Arc::clone(error));
        let now = self.clock.now();
        let mut fallout = Fallout::new();
        let result = failures.lock().insert(place.fold, key, failure, &arrival, now, &mut fallout);
        drop((result, fallout));
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
