mod persist;
mod reserve;
#[cfg(feature = "tokio")]
mod wait;

use core::time::Duration;

use voussoir_core::{Clock, ConfigError, Gate, Nanos, Rejected, SystemClock};

use crate::cell::Cell;
use crate::initial::Initial;
use crate::verdict::Verdict;
use crate::{Algorithm, Decision, Denied, TokenBucket};

/// A limit on one thing, shared by reference between threads.
///
/// The state is one atomic word: a request costs a reading of the clock and a compare-and-swap, a
/// refusal writes nothing. Not a cheap clone; put it into a `static`, a struct or an `Arc`.
///
/// ```
/// use voussoir_ratelimit::{Limiter, TokenBucket};
///
/// let limiter = Limiter::builder(TokenBucket::per_second(2)).build()?;
/// assert!(limiter.check().is_allowed());
/// assert!(limiter.check().is_allowed());
///
/// let refused = limiter.check().into_result().unwrap_err();
/// assert!(refused.to_string().starts_with("rate limited: cost 1, 0 of 2 left, retry after "));
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct Limiter<A: Algorithm = TokenBucket, C = SystemClock> {
    algorithm: A,
    cell: A::Cell,
    clock: C,
}

impl Limiter {
    /// Starts a limiter of `algorithm`: a [`TokenBucket`], or a [`Limit`](crate::Limit) that was
    /// read from a configuration.
    pub const fn builder<A: Algorithm>(algorithm: A) -> LimiterBuilder<A> {
        LimiterBuilder { algorithm, clock: SystemClock, initial: None }
    }
}

/// Options of a [`Limiter`].
#[derive(Clone, Copy, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct LimiterBuilder<A, C = SystemClock> {
    algorithm: A,
    clock: C,
    initial: Option<Initial>,
}

impl<A: Algorithm, C> LimiterBuilder<A, C> {
    /// The clock that calls without a given time read.
    pub fn clock<D>(self, clock: D) -> LimiterBuilder<A, D> {
        let initial = self.initial.map(Initial::with_other_clock);
        LimiterBuilder { algorithm: self.algorithm, clock, initial }
    }

    /// Begins at `now` with `n` available instead of the whole limit: as if the rest had just been
    /// taken. A service that is restarted then does not grant its burst once more.
    pub fn initial_at(self, now: Nanos, n: u32) -> Self {
        Self { initial: Some(Initial::given(now, n)), ..self }
    }

    /// [`initial_at`](Self::initial_at) the present of the builder's clock; so call
    /// [`clock`](Self::clock) before.
    ///
    /// ```
    /// use std::time::Duration;
    /// use voussoir_core::ManualClock;
    /// use voussoir_ratelimit::{Limiter, TokenBucket};
    ///
    /// let (bucket, clock) = (TokenBucket::per_second(10), ManualClock::new());
    /// let limiter = Limiter::builder(bucket).clock(clock.clone()).initial(2).build()?;
    /// assert_eq!(limiter.peek_n(0).remaining(), 2);
    /// clock.advance(Duration::from_millis(300));
    /// assert_eq!(limiter.peek_n(0).remaining(), 5);
    /// # Ok::<(), voussoir_core::ConfigError>(())
    /// ```
    pub fn initial(self, n: u32) -> Self
    where
        C: Clock,
    {
        let now = self.clock.now();
        Self { initial: Some(Initial::read(now, n)), ..self }
    }

    /// The limiter.
    ///
    /// # Errors
    ///
    /// What is wrong with the algorithm's configuration, such as a burst of 0; an `initial` above the
    /// limit, or by another clock.
    pub fn build(self) -> Result<Limiter<A, C>, ConfigError> {
        Limiter::starting(self.algorithm, self.clock, self.initial)
    }
}

impl<A: Algorithm, C> Limiter<A, C> {
    /// Of a builder's options.
    pub(crate) fn starting(
        algorithm: A,
        clock: C,
        initial: Option<Initial>,
    ) -> Result<Self, ConfigError> {
        algorithm.validate()?;
        let cell = Initial::cell(initial, &algorithm)?;
        Ok(Self { algorithm, cell, clock })
    }
}

/// With the time given: one reading of a clock can serve this limiter and everything else that the
/// request meets. All in O(1), without allocation.
impl<A: Algorithm, C> Limiter<A, C> {
    /// Decides on a request of cost 1 at `now`.
    #[inline]
    pub fn check_at(&self, now: Nanos) -> Decision {
        self.check_n_at(now, 1)
    }

    /// Decides on a request of cost `n` at `now`.
    #[inline]
    pub fn check_n_at(&self, now: Nanos, n: u32) -> Decision {
        self.algorithm.decision(self.decide(now, n), now, n)
    }

    /// The decision that [`check_n_at`](Self::check_n_at) would take, without taking it.
    #[inline]
    pub fn peek_n_at(&self, now: Nanos, n: u32) -> Decision {
        self.cell.read(|state| self.algorithm.peek(state, now, n))
    }

    /// Gives `n` back at `now`, taken to be of the newest requests; never more than was taken. For
    /// requests that were counted and turned out not to be: right after a check it undoes it.
    pub fn refund_at(&self, now: Nanos, n: u32) {
        self.cell.update(|state| self.algorithm.refund(state, now, n));
    }

    /// Takes `n` at `now` without asking, or as much of it as there is: for a cost that is known
    /// only after the fact, such as bytes sent. A bucket with a [debt](TokenBucket::debt) goes that
    /// far below nothing.
    pub fn charge_at(&self, now: Nanos, n: u32) {
        self.cell.update(|state| self.algorithm.charge(state, now, n));
    }

    /// Takes up to `n` at `now`: as many as there are. How many that was, at least 1.
    ///
    /// # Errors
    ///
    /// The refusal of a request of cost 1, when nothing is there.
    pub fn consume_up_to_at(&self, now: Nanos, n: u32) -> Result<u32, Denied> {
        self.cell.update(|state| self.algorithm.consume_up_to(state, now, n))
    }

    /// The algorithm given to the builder.
    pub fn algorithm(&self) -> &A {
        &self.algorithm
    }

    #[inline]
    fn decide(&self, now: Nanos, n: u32) -> Verdict {
        self.algorithm.decide_shared(&self.cell, now, n)
    }
}

/// With the time of the limiter's clock.
///
/// If that clock is found to have been set back, the limiter counts as just used up, so that
/// nobody is locked out until the clock has caught up, and nothing is granted twice.
impl<A: Algorithm, C: Clock> Limiter<A, C> {
    /// Decides on a request of cost 1.
    #[inline]
    pub fn check(&self) -> Decision {
        self.check_n(1)
    }

    /// Decides on a request of cost `n`. A cost above the limit is refused for good, see
    /// [`Decision::exceeds_capacity`]; a cost of 0 is always allowed.
    #[inline]
    pub fn check_n(&self, n: u32) -> Decision {
        let mut now = self.clock.now();
        let mut verdict = self.decide(now, n);
        if verdict.is_behind() {
            (now, verdict) = self.decide_mended(n);
        }
        self.algorithm.decision(verdict, now, n)
    }

    /// The decision that [`check`](Self::check) would take, without taking it.
    #[inline]
    pub fn peek(&self) -> Decision {
        self.peek_n(1)
    }

    /// The decision that [`check_n`](Self::check_n) would take, without taking it.
    #[inline]
    pub fn peek_n(&self, n: u32) -> Decision {
        let decision = self.peek_n_at(self.clock.now(), n);
        if !decision.is_behind() {
            return decision;
        }
        // As `check_n` would find it. It takes nothing, so it may as well be done for good.
        self.mend();
        self.peek_n_at(self.clock.now(), n)
    }

    /// [`refund_at`](Self::refund_at) the present.
    pub fn refund(&self, n: u32) {
        self.refund_at(self.clock.now(), n);
    }

    /// [`charge_at`](Self::charge_at) the present.
    pub fn charge(&self, n: u32) {
        self.charge_at(self.clock.now(), n);
    }

    /// [`consume_up_to_at`](Self::consume_up_to_at) the present.
    ///
    /// # Errors
    ///
    /// The refusal of a request of cost 1, when nothing is there.
    ///
    /// ```
    /// use voussoir_core::ManualClock;
    /// use voussoir_ratelimit::{Limiter, TokenBucket};
    ///
    /// let bucket = TokenBucket::per_second(5);
    /// let limiter = Limiter::builder(bucket).clock(ManualClock::new()).build()?;
    /// assert_eq!(limiter.consume_up_to(3)?, 3);
    /// assert_eq!(limiter.consume_up_to(3)?, 2);
    /// assert!(limiter.consume_up_to(3).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn consume_up_to(&self, n: u32) -> Result<u32, Denied> {
        match self.consume_up_to_at(self.clock.now(), n) {
            Err(denied) if denied.decision().is_behind() => {
                self.mend();
                self.consume_up_to_at(self.clock.now(), n)
            }
            answer => answer,
        }
    }

    #[cold]
    fn decide_mended(&self, n: u32) -> (Nanos, Verdict) {
        self.mend();
        let now = self.clock.now();
        (now, self.decide(now, n))
    }

    #[cold]
    fn mend(&self) {
        // The clock is read after the state, as `mend` demands.
        self.cell.update(|state| self.algorithm.mend(state, self.clock.now()));
    }
}

/// So that what composes gates takes a limiter too.
impl<A: Algorithm, C> Gate for Limiter<A, C> {
    type Guard<'a>
        = ()
    where
        Self: 'a;

    /// A request that a [queue](crate::LeakyBucket::queue) would hold is refused until its turn: a
    /// gate lets pass at once or not at all.
    fn try_pass_at(&self, now: Nanos) -> Result<(), Rejected> {
        // In one step: who was let in behind what is given back would have another's turn.
        let decision = self.cell.update(|state| {
            let foreseen = self.algorithm.peek(state, now, 1);
            match foreseen.delay() {
                Duration::ZERO => self.algorithm.check(state, now, 1),
                _ => foreseen,
            }
        });
        match decision.delay() {
            _ if !decision.is_allowed() => Err(rejected(&decision)),
            Duration::ZERO => Ok(()),
            turn => Err(Rejected::retry_after(turn)),
        }
    }
}

pub(crate) fn rejected(decision: &Decision) -> Rejected {
    decision.retry_after().map_or(Rejected::indefinitely(), Rejected::retry_after)
}

#[cfg(all(test, voussoir_loom))]
mod models {
    use loom::sync::Arc;
    use loom::thread;
    use voussoir_core::Nanos;

    use super::Limiter;
    use crate::{FixedWindow, TokenBucket};

    #[test]
    fn threads_admit_exactly_the_burst() {
        loom::model(|| {
            let limiter = Limiter::builder(TokenBucket::per_second(2)).build().unwrap();
            let limiter = Arc::new(limiter);
            let admitted = |limiter: &Limiter| {
                (0..2).filter(|_| limiter.check_at(Nanos::ZERO).is_allowed()).count()
            };
            let other = {
                let limiter = Arc::clone(&limiter);
                thread::spawn(move || admitted(&limiter))
            };
            assert_eq!(admitted(&limiter) + other.join().unwrap(), 2);
        });
    }

    #[test]
    fn threads_with_different_times_admit_no_more_than_the_later_allows() {
        loom::model(|| {
            let limiter = Limiter::builder(TokenBucket::per_second(1)).build().unwrap();
            let limiter = Arc::new(limiter);
            let other = {
                let limiter = Arc::clone(&limiter);
                thread::spawn(move || limiter.check_at(Nanos::ZERO).is_allowed())
            };
            let ours = limiter.check_at(Nanos::from_millis(999)).is_allowed();
            assert!(other.join().unwrap() ^ ours);
        });
    }

    #[test]
    fn what_is_given_back_is_granted_once() {
        loom::model(|| {
            let limiter = Limiter::builder(FixedWindow::per_second(2)).build().unwrap();
            let limiter = Arc::new(limiter);
            assert!(limiter.check_at(Nanos::ZERO).is_allowed());
            let other = {
                let limiter = Arc::clone(&limiter);
                thread::spawn(move || limiter.refund_at(Nanos::ZERO, 1))
            };
            let ours = (0..2).filter(|_| limiter.check_at(Nanos::ZERO).is_allowed()).count();
            other.join().unwrap();
            let left = limiter.peek_n_at(Nanos::ZERO, 0).remaining() as usize;
            assert_eq!(ours + left, 2);
        });
    }

    #[test]
    fn a_reservation_is_given_back_only_while_it_is_the_last() {
        loom::model(|| {
            let bucket = TokenBucket::per_second(1).debt(2);
            let limiter = Arc::new(Limiter::builder(bucket).build().unwrap());
            let ours = limiter.reserve_at(Nanos::ZERO, 1).unwrap();
            let other = {
                let limiter = Arc::clone(&limiter);
                thread::spawn(move || limiter.reserve_at(Nanos::ZERO, 1).unwrap().delay())
            };
            let was_last = limiter.cancel(ours);
            assert_eq!(other.join().unwrap().is_zero(), was_last);
        });
    }
}
