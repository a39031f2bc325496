mod builder;
#[cfg(feature = "tokio")]
mod lines;
mod persist;
mod reserve;
#[cfg(feature = "tokio")]
mod wait;

use alloc::borrow::ToOwned;
use core::hash::{BuildHasher, Hash};
use std::hash::RandomState;

use equivalent::Equivalent;
use voussoir_core::{Clock, MemoryUse, Nanos, ShardedMap, SystemClock};

use crate::cell::Cell;
use crate::verdict::Verdict;
use crate::{Algorithm, Decision, Denied, TokenBucket};
pub use builder::KeyedLimiterBuilder;
#[cfg(feature = "tokio")]
pub use lines::Lines;

/// One limit for each key: each user, address or token has a state of its own.
///
/// Shared by reference; not a cheap clone, put it into an `Arc`. A check hashes the key once and
/// holds the lock of one of many shards for a few nanoseconds; a key is cloned only when it is new.
/// Looked up by anything [`Equivalent`] to the key, such as `&str` for `String`.
///
/// # Memory is bounded
///
/// At most `max_keys` keys are held. Every new key looks at a few others and forgets those whose
/// state equals that of a key never seen, so that no background task is needed. **A key that is
/// being limited is never forgotten**: a flood of new keys cannot free an attacker of the limit it
/// has earned. When even so there is no room, [`Overflow`] says what happens to a new key.
///
/// ```
/// use voussoir_ratelimit::{KeyedLimiter, Limit, Overflow};
///
/// let limit: Limit = "2/min".parse()?;
/// let limiter = KeyedLimiter::<u64>::builder(limit).max_keys(1).overflow(Overflow::Deny).build()?;
///
/// assert!(limiter.check(&7).is_allowed());
/// assert!(limiter.check(&7).is_allowed());
/// assert!(!limiter.check(&7).is_allowed());
/// assert!(!limiter.check(&8).is_allowed()); // no room, and 7 is not forgotten
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct KeyedLimiter<K, A: Algorithm = TokenBucket, S = RandomState, C = SystemClock> {
    algorithm: A,
    states: ShardedMap<K, A::State, S>,
    max_keys: usize,
    overflow: Overflow,
    /// The state of all keys for which there is no room.
    shared: A::Cell,
    /// The state of a key never seen: the default one, but for limiters that begin with less.
    unseen: A::Cell,
    clock: C,
}

/// What happens to a new key when `max_keys` others are being limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// All such keys share one state, and thereby one limit.
    #[default]
    Share,
    /// They are refused, as by an empty state.
    Deny,
    /// They are allowed, unlimited. For limits that protect nobody.
    Allow,
}

/// In whose state a request was counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whose {
    /// That of its key.
    Own,
    /// That of all keys without room.
    Shared,
    /// None that is kept.
    Nobodys,
}

/// Slots looked at for forgettable keys with each new key: enough to go round a full table, which
/// has at most 16/7 slots a key, before half as many new keys have come.
const SWEEP_AT_INSERT: usize = 8;
/// Slots looked at when there is no room, before the new key is an overflow.
const SWEEP_WHEN_FULL: usize = 128;

impl<K> KeyedLimiter<K> {
    /// Starts a keyed limiter of `algorithm`: a [`TokenBucket`], or a [`Limit`](crate::Limit) that
    /// was read from a configuration.
    pub fn builder<A: Algorithm>(algorithm: A) -> KeyedLimiterBuilder<K, A> {
        KeyedLimiterBuilder::new(algorithm)
    }
}

/// With the time given: one reading of a clock can serve this limiter and everything else that the
/// request meets. In O(1) expected time, without allocation but for a new key.
impl<K: Eq + Hash, A: Algorithm, S: BuildHasher, C> KeyedLimiter<K, A, S, C> {
    /// Decides on a request of cost 1 of `key` at `now`.
    #[inline]
    pub fn check_at<Q>(&self, now: Nanos, key: &Q) -> Decision
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        self.check_n_at(now, key, 1)
    }

    /// Decides on a request of cost `n` of `key` at `now`.
    #[inline]
    pub fn check_n_at<Q>(&self, now: Nanos, key: &Q, n: u32) -> Decision
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        self.algorithm.decision(self.decide(now, key, n), now, n)
    }

    /// The decision that [`check_n_at`](Self::check_n_at) would take, without taking it.
    pub fn peek_n_at<Q>(&self, now: Nanos, key: &Q, n: u32) -> Decision
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.states
            .read(key, |state| self.algorithm.peek(state, now, n))
            .unwrap_or_else(|| self.peek_new(now, key, n))
    }

    /// Gives `n` back to `key` at `now`, taken to be of its newest requests; never more than was
    /// taken. For requests that were counted and turned out not to be. A key without room gets nothing
    /// back: nobody knows how much of the [shared](Overflow::Share) state it took.
    pub fn refund_at<Q>(&self, now: Nanos, key: &Q, n: u32)
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.states.update(key, |state| self.algorithm.refund(state, now, n));
    }

    /// Takes `n` from `key` at `now` without asking, or as much of it as there is: for a cost that
    /// is known only after the fact. A bucket with a [debt](TokenBucket::debt) goes that far below
    /// nothing. Without room for a new key the charge goes to what they share, if they do.
    pub fn charge_at<Q>(&self, now: Nanos, key: &Q, n: u32)
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        self.on_state(now, key, |state| self.algorithm.charge(state, now, n));
    }

    /// Takes up to `n` from `key` at `now`: as many as there are. How many that was, at least 1.
    ///
    /// # Errors
    ///
    /// The refusal of a request of cost 1, when nothing is there.
    pub fn consume_up_to_at<Q>(&self, now: Nanos, key: &Q, n: u32) -> Result<u32, Denied>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        self.on_state(now, key, |state| self.algorithm.consume_up_to(state, now, n))
    }

    /// Forgets `key`, as if it had never been seen. Whether it had been.
    pub fn remove<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.states.remove(key).is_some()
    }

    #[inline]
    fn decide<Q>(&self, now: Nanos, key: &Q, n: u32) -> Verdict
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        self.on_state(now, key, |state| self.algorithm.decide(state, now, n))
    }

    /// Calls `act` on the state of `key`, or on what [`Overflow`] puts in its place.
    #[inline]
    fn on_state<Q, R>(&self, now: Nanos, key: &Q, mut act: impl FnMut(&mut A::State) -> R) -> R
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        match self.states.update(key, &mut act) {
            Some(answer) => answer,
            None => self.on_new_state(now, || now, key, |state, _| act(state)).0,
        }
    }

    /// As [`on_state`](Self::on_state), of a key that was not found, and whose state it was. Apart, so
    /// that all that every other check runs through is short. `under_lock` is asked for the time of a
    /// state of the key's own.
    #[cold]
    fn on_new_state<Q, F, R>(
        &self,
        now: Nanos,
        under_lock: impl Fn() -> Nanos,
        key: &Q,
        mut act: F,
    ) -> (R, Whose)
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
        F: FnMut(&mut A::State, Nanos) -> R,
    {
        let own = |state: &mut A::State| act(state, under_lock());
        if let Some(answer) = self.try_on_new_state(now, key, own) {
            return (answer, Whose::Own);
        }
        match self.overflow {
            Overflow::Share => (self.shared.update(|state| act(state, now)), Whose::Shared),
            Overflow::Deny => (act(&mut self.algorithm.used_up(now), now), Whose::Nobodys),
            Overflow::Allow => (act(&mut A::State::default(), now), Whose::Nobodys),
        }
    }

    /// [`check_n_at`](Self::check_n_at), and whose state it was counted in.
    pub(crate) fn count_at<Q>(&self, now: Nanos, key: &Q, n: u32) -> (Decision, Whose)
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        let act = |state: &mut A::State| self.algorithm.decide(state, now, n);
        let (verdict, whose) = match self.states.update(key, act) {
            Some(verdict) => (verdict, Whose::Own),
            None => self.on_new_state(now, || now, key, |state, _| act(state)),
        };
        (self.algorithm.decision(verdict, now, n), whose)
    }

    /// Undoes a [`count_at`](Self::count_at) of the same `n`, in the state in which it was counted.
    pub(crate) fn give_back_at<Q>(&self, now: Nanos, key: &Q, n: u32, whose: Whose)
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        match whose {
            Whose::Own => self.refund_at(now, key, n),
            Whose::Shared => self.shared.update(|state| self.algorithm.refund(state, now, n)),
            Whose::Nobodys => {}
        }
    }

    /// As [`on_new_state`](Self::on_new_state), where there is room for the key.
    fn try_on_new_state<Q, R>(
        &self,
        now: Nanos,
        key: &Q,
        mut act: impl FnMut(&mut A::State) -> R,
    ) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        let mut insert = || {
            self.states.try_update_or_insert(
                key,
                self.max_keys,
                || self.unseen_of(key, now),
                &mut act,
            )
        };
        if let Ok(answer) = insert() {
            self.forget_fresh_at(now, SWEEP_AT_INSERT);
            return Some(answer);
        }
        if self.forget_fresh_at(now, SWEEP_WHEN_FULL) > 0 { insert().ok() } else { None }
    }

    /// Calls `act` on the state of `key`, if there is one or room for it.
    pub(crate) fn try_on_state<Q, R>(
        &self,
        now: Nanos,
        key: &Q,
        mut act: impl FnMut(&mut A::State) -> R,
    ) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        self.states.update(key, &mut act).or_else(|| self.try_on_new_state(now, key, act))
    }

    /// The decision on a key that is not held.
    fn peek_new<Q: Hash + ?Sized>(&self, now: Nanos, key: &Q, n: u32) -> Decision {
        let has_room = self.len() < self.max_keys || self.forget_fresh_at(now, SWEEP_WHEN_FULL) > 0;
        match self.overflow {
            Overflow::Share if !has_room => {
                self.shared.read(|state| self.algorithm.peek(state, now, n))
            }
            Overflow::Deny if !has_room => {
                self.algorithm.peek(&self.algorithm.used_up(now), now, n)
            }
            Overflow::Allow if !has_room => self.algorithm.peek(&A::State::default(), now, n),
            _ => self.algorithm.peek(&self.unseen_of(key, now), now, n),
        }
    }

    /// The state at `now` of `key`, if it was never seen.
    fn unseen_of<Q: Hash + ?Sized>(&self, key: &Q, now: Nanos) -> A::State {
        let mut state = self.unseen(now);
        self.algorithm.place(&mut state, || self.hash(key));
        state
    }

    pub(crate) fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        self.states.hasher().hash_one(key)
    }
}

/// With the time of the limiter's clock.
///
/// If that clock is found to have been set back, the key counts as just used up, so that nobody is
/// locked out until the clock has caught up, and nothing is granted twice.
impl<K: Eq + Hash, A: Algorithm, S: BuildHasher, C: Clock> KeyedLimiter<K, A, S, C> {
    /// Decides on a request of cost 1 of `key`.
    #[inline]
    pub fn check<Q>(&self, key: &Q) -> Decision
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        self.check_n(key, 1)
    }

    /// Decides on a request of cost `n` of `key`. A cost above the limit is refused for good, see
    /// [`Decision::exceeds_capacity`]; a cost of 0 is always allowed.
    #[inline]
    pub fn check_n<Q>(&self, key: &Q, n: u32) -> Decision
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        // First of all, so that the reading, as long as all the rest, overlaps with it.
        let now = self.clock.now();
        let found = self.states.update(key, |state| self.algorithm.decide(state, now, n));
        let (mut now, mut verdict) = match found {
            Some(verdict) => (now, verdict),
            None => self.decide_on_new(now, key, n),
        };
        if verdict.is_behind() {
            (now, verdict) = self.decide_mended(key, n);
        }
        self.algorithm.decision(verdict, now, n)
    }

    /// The decision that [`check`](Self::check) would take, without taking it.
    #[inline]
    pub fn peek<Q>(&self, key: &Q) -> Decision
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.peek_n(key, 1)
    }

    /// The decision that [`check_n`](Self::check_n) would take, without taking it.
    #[inline]
    pub fn peek_n<Q>(&self, key: &Q, n: u32) -> Decision
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let decision = self.peek_n_at(self.clock.now(), key, n);
        if !decision.is_behind() {
            return decision;
        }
        // As `check_n` would find it. It takes nothing, so it may as well be done for good.
        self.mend(key);
        self.peek_n_at(self.clock.now(), key, n)
    }

    /// [`refund_at`](Self::refund_at) the present.
    pub fn refund<Q>(&self, key: &Q, n: u32)
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.refund_at(self.clock.now(), key, n);
    }

    /// [`charge_at`](Self::charge_at) the present.
    pub fn charge<Q>(&self, key: &Q, n: u32)
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        self.charge_at(self.clock.now(), key, n);
    }

    /// [`consume_up_to_at`](Self::consume_up_to_at) the present.
    ///
    /// # Errors
    ///
    /// The refusal of a request of cost 1, when nothing is there.
    pub fn consume_up_to<Q>(&self, key: &Q, n: u32) -> Result<u32, Denied>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        match self.consume_up_to_at(self.clock.now(), key, n) {
            Err(denied) if denied.decision().is_behind() => {
                self.mend(key);
                self.consume_up_to_at(self.clock.now(), key, n)
            }
            answer => answer,
        }
    }

    /// [`forget_fresh_at`](Self::forget_fresh_at) the present.
    pub fn forget_fresh(&self, budget: usize) -> usize {
        self.forget_fresh_at(self.clock.now(), budget)
    }

    /// The clock is read again under the lock: since it was read others may have forgotten the key, as
    /// fresh at a later time, and at the earlier one it was not.
    #[cold]
    fn decide_on_new<Q>(&self, now: Nanos, key: &Q, n: u32) -> (Nanos, Verdict)
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        let decide = |state: &mut A::State, now| (now, self.algorithm.decide(state, now, n));
        self.on_new_state(now, || self.clock.now(), key, decide).0
    }

    #[cold]
    fn decide_mended<Q>(&self, key: &Q, n: u32) -> (Nanos, Verdict)
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        self.mend(key);
        let now = self.clock.now();
        (now, self.decide(now, key, n))
    }

    #[cold]
    pub(crate) fn mend<Q>(&self, key: &Q)
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        // The clock is read after the state, as `mend` demands.
        let mend = |state: &mut A::State| self.algorithm.mend(state, self.clock.now());
        if self.states.update(key, mend).is_none() {
            self.shared.update(mend);
        }
        self.unseen.update(mend);
    }
}

impl<K, A: Algorithm, S, C> KeyedLimiter<K, A, S, C> {
    /// How many keys are held.
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// Whether no key is held.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    pub(crate) fn max_keys(&self) -> usize {
        self.max_keys
    }

    /// Keys that are held beyond it stay until they are as good as new.
    pub(crate) fn set_max_keys(&mut self, max_keys: usize) {
        self.max_keys = max_keys;
    }

    pub(crate) fn clock(&self) -> &C {
        &self.clock
    }

    /// The algorithm given to the builder.
    pub fn algorithm(&self) -> &A {
        &self.algorithm
    }

    /// What the limiter takes, without what the keys own on the heap. O(shards).
    pub fn memory(&self) -> MemoryUse {
        self.states.memory()
    }

    /// Forgets those of the next `budget` slots whose keys' state at `now` equals that of a key never
    /// seen, and tells how many. New keys do this by themselves; call it to have memory ready
    /// before they come. In O(budget).
    pub fn forget_fresh_at(&self, now: Nanos, budget: usize) -> usize {
        let unseen = self.unseen(now);
        // A limiter that began with less has keys that have more than one never seen: those that
        // were restored, and those that were given something back.
        let is_full = self.algorithm.is_fresh(&unseen, now);
        let keep = |_: &K, state: &mut A::State| {
            let is_unseen = is_full && self.algorithm.is_fresh(state, now);
            !is_unseen && *state != unseen
        };
        self.states.sweep(budget, keep).removed
    }

    /// The state at `now` of a key never seen.
    fn unseen(&self, now: Nanos) -> A::State {
        self.unseen.read(|unseen| {
            // Of two that decide the same the default one is the smaller.
            if self.algorithm.is_fresh(unseen, now) { A::State::default() } else { unseen.clone() }
        })
    }
}
