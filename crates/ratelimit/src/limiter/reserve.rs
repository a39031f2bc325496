use voussoir_core::{Clock, Nanos};

use super::Limiter;
use crate::cell::Cell;
use crate::{Algorithm, Denied, Reservation};

impl<A: Algorithm, C> Limiter<A, C> {
    /// Takes `n` at `now` for as soon as they are there: the reservation says how long to wait. A
    /// bucket gives them on credit as far as its [debt](crate::TokenBucket::debt) goes, a
    /// [queue](crate::LeakyBucket::queue) as far as it is long, the others only at once.
    ///
    /// # Errors
    ///
    /// The refusal, when even so there is not enough.
    pub fn reserve_at(&self, now: Nanos, n: u32) -> Result<Reservation<A::State>, Denied> {
        self.cell.update(|state| {
            let before = state.clone();
            let decision = self.algorithm.reserve(state, now, n).into_result()?;
            Ok(Reservation::new(decision, before, state.clone()))
        })
    }

    /// As a check, with what it takes to undo it.
    #[cfg(feature = "tokio")]
    fn take_at(&self, now: Nanos, n: u32) -> Result<Reservation<A::State>, Denied> {
        self.cell.update(|state| {
            let before = state.clone();
            let decision = self.algorithm.check(state, now, n).into_result()?;
            Ok(Reservation::new(decision, before, state.clone()))
        })
    }

    /// Gives a reservation of this limiter back, and tells whether it could: exactly if nothing was
    /// taken since, else not at all. Those who reserved later were told to wait for it, and if it
    /// were given to others now, they would all come at once.
    #[allow(clippy::needless_pass_by_value, reason = "a reservation is given back once")]
    pub fn cancel(&self, reservation: Reservation<A::State>) -> bool {
        self.cell.update(|state| reservation.undo(state))
    }
}

impl<A: Algorithm, C: Clock> Limiter<A, C> {
    #[cfg(feature = "tokio")]
    pub(super) fn take(&self, n: u32) -> Result<Reservation<A::State>, Denied> {
        match self.take_at(self.clock.now(), n) {
            Err(denied) if denied.decision().is_behind() => {
                self.mend();
                self.take_at(self.clock.now(), n)
            }
            answer => answer,
        }
    }

    /// [`reserve_at`](Self::reserve_at) the present.
    ///
    /// # Errors
    ///
    /// The refusal, when even on credit there is not enough.
    ///
    /// ```
    /// use std::time::Duration;
    /// use voussoir_core::ManualClock;
    /// use voussoir_ratelimit::{Limiter, TokenBucket};
    ///
    /// let bucket = TokenBucket::per_second(2).burst(1).debt(3);
    /// let limiter = Limiter::builder(bucket).clock(ManualClock::new()).build()?;
    /// assert_eq!(limiter.reserve(1)?.delay(), Duration::ZERO);
    /// let second = limiter.reserve(1)?;
    /// assert_eq!(second.delay(), Duration::from_millis(500));
    /// assert!(limiter.cancel(second));
    /// assert_eq!(limiter.reserve(1)?.delay(), Duration::from_millis(500));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reserve(&self, n: u32) -> Result<Reservation<A::State>, Denied> {
        match self.reserve_at(self.clock.now(), n) {
            Err(denied) if denied.decision().is_behind() => {
                self.mend();
                self.reserve_at(self.clock.now(), n)
            }
            answer => answer,
        }
    }
}
