use alloc::borrow::ToOwned;
use core::hash::{BuildHasher, Hash};

use equivalent::Equivalent;
use voussoir_core::{Clock, Nanos};

use super::KeyedLimiter;
use crate::{Algorithm, Denied, Reservation};

impl<K: Eq + Hash, A: Algorithm, S: BuildHasher, C> KeyedLimiter<K, A, S, C> {
    /// Takes `n` from `key` at `now` for as soon as they are there, as
    /// [`Limiter::reserve_at`](crate::Limiter::reserve_at).
    ///
    /// # Errors
    ///
    /// The refusal, when even on credit there is not enough.
    pub fn reserve_at<Q>(
        &self,
        now: Nanos,
        key: &Q,
        n: u32,
    ) -> Result<Reservation<A::State>, Denied>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        self.on_state(now, key, |state| {
            let before = state.clone();
            let decision = self.algorithm.reserve(state, now, n).into_result()?;
            Ok(Reservation::new(decision, before, state.clone()))
        })
    }

    /// As a check, with what it takes to undo it.
    #[cfg(feature = "tokio")]
    fn take_at<Q>(&self, now: Nanos, key: &Q, n: u32) -> Result<Reservation<A::State>, Denied>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        self.on_state(now, key, |state| {
            let before = state.clone();
            let decision = self.algorithm.check(state, now, n).into_result()?;
            Ok(Reservation::new(decision, before, state.clone()))
        })
    }

    /// Gives a reservation of `key` back, and tells whether it could: exactly if nothing was taken
    /// since, else not at all, as [`Limiter::cancel`](crate::Limiter::cancel). Nor is anything given
    /// back of a key for which there was no room, to what such keys [share](crate::Overflow::Share).
    #[allow(clippy::needless_pass_by_value, reason = "a reservation is given back once")]
    pub fn cancel<Q>(&self, key: &Q, reservation: Reservation<A::State>) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.states.update(key, |state| reservation.undo(state)).unwrap_or(false)
    }
}

impl<K: Eq + Hash, A: Algorithm, S: BuildHasher, C: Clock> KeyedLimiter<K, A, S, C> {
    #[cfg(feature = "tokio")]
    pub(super) fn take<Q>(&self, key: &Q, n: u32) -> Result<Reservation<A::State>, Denied>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        match self.take_at(self.clock.now(), key, n) {
            Err(denied) if denied.decision().is_behind() => {
                self.mend(key);
                self.take_at(self.clock.now(), key, n)
            }
            answer => answer,
        }
    }

    /// [`reserve_at`](Self::reserve_at) the present.
    ///
    /// # Errors
    ///
    /// The refusal, when even on credit there is not enough.
    pub fn reserve<Q>(&self, key: &Q, n: u32) -> Result<Reservation<A::State>, Denied>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        match self.reserve_at(self.clock.now(), key, n) {
            Err(denied) if denied.decision().is_behind() => {
                self.mend(key);
                self.reserve_at(self.clock.now(), key, n)
            }
            answer => answer,
        }
    }
}
