use voussoir_core::{Clock, Nanos, SystemClock};

use crate::builder::Config;
use crate::state::Word;
use crate::sync::{AtomicU64, Ordering};
use crate::window::Outcomes;
use crate::{BreakerError, CircuitBreakerBuilder, Open, Permit, State, Stats};

/// Refuses calls while too many of the last ones failed. The crate's page explains its states.
///
/// Shared by reference between threads; not a cheap clone, put it into an `Arc`, one for each callee.
/// Lock-free. While all is well a call costs two loads: a success pushed into a full window of
/// successes changes nothing and so writes nothing, and no clock is read.
///
/// ```
/// use voussoir_breaker::{CircuitBreaker, State, Window};
///
/// let breaker = CircuitBreaker::builder().window(Window::count(4)).build()?;
/// for _ in 0..4 {
///     let permit = breaker.try_acquire()?;
///     permit.failure();
/// }
/// assert_eq!(breaker.state(), State::Open);
/// assert!(breaker.try_acquire().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CircuitBreaker<C = SystemClock> {
    /// A [`Word`].
    state: AtomicU64,
    /// [`Outcomes`] of the closed state.
    outcomes: AtomicU64,
    /// When the open or half-open state ends, in [`Nanos`]. Written before the state that it
    /// belongs to, by compare-and-swap from a value read before that state, so that a thread held
    /// up in between cannot put an old date on a new state.
    deadline: AtomicU64,
    config: Config,
    clock: C,
}

impl CircuitBreaker {
    /// Starts a breaker with the defaults that the crate's page lists.
    pub fn builder() -> CircuitBreakerBuilder {
        CircuitBreakerBuilder::default()
    }
}

impl<C> CircuitBreaker<C> {
    pub(crate) fn new(config: Config, clock: C) -> Self {
        Self {
            state: AtomicU64::new(Word::CLOSED.0),
            outcomes: AtomicU64::new(Outcomes::NONE.0),
            deadline: AtomicU64::new(0),
            config,
            clock,
        }
    }

    /// Asks for leave to make a call at `now`.
    ///
    /// # Errors
    ///
    /// [`Open`], with the time to come back, when the breaker is open, or half-open with all its
    /// permits out.
    #[inline]
    pub fn try_acquire_at(&self, now: Nanos) -> Result<Permit<'_, C>, Open> {
        self.acquire(|| now)
    }

    /// What the breaker does with calls. See [`Stats::state`].
    pub fn state(&self) -> State {
        self.word().state()
    }

    /// The state and its counts at this moment.
    pub fn stats(&self) -> Stats {
        let (outcomes, word) = (self.outcomes(), self.word());
        let (calls, failures) = match word.state() {
            State::Closed => (outcomes.calls(), outcomes.failures()),
            State::Open => (0, 0),
            State::HalfOpen => (word.successes() + word.failures(), word.failures()),
        };
        Stats { state: word.state(), calls, failures, generation: word.generation() }
    }

    pub(crate) fn clock(&self) -> &C {
        &self.clock
    }

    #[inline]
    fn acquire(&self, now: impl FnOnce() -> Nanos) -> Result<Permit<'_, C>, Open> {
        let word = self.word();
        if word.state() == State::Closed {
            return Ok(Permit::new(self, word.generation()));
        }
        self.acquire_guarded(now())
    }

    fn acquire_guarded(&self, now: Nanos) -> Result<Permit<'_, C>, Open> {
        loop {
            let deadline = self.deadline();
            let word = self.word();
            let (period_end, has_room) = match word.state() {
                State::Closed => return Ok(Permit::new(self, word.generation())),
                State::Open => (self.config.open_until(now), false),
                State::HalfOpen => {
                    let has_room = word.admitted() < self.config.half_open_calls;
                    (self.config.half_open_until(now), has_room)
                }
            };
            if has_room {
                if self.swap_state(word, word.admit()) {
                    return Ok(Permit::new(self, word.generation()));
                }
            } else if deadline > period_end {
                // Further ahead than a whole period: the clock was set back, or a panic tripped
                // the breaker and had no date to give. The period begins now.
                self.swap_deadline(deadline, period_end);
            } else if now < deadline {
                return Err(Open::new(deadline.saturating_duration_since(now)));
            } else {
                let probing = word.next(State::HalfOpen).admit();
                if self.swap_deadline(deadline, self.config.half_open_until(now))
                    && self.swap_state(word, probing)
                {
                    return Ok(Permit::new(self, probing.generation()));
                }
            }
        }
    }

    /// Counts the outcome of a call that was permitted in `generation`.
    #[inline]
    pub(crate) fn record(&self, generation: u32, failed: bool, now: impl Fn() -> Nanos) {
        loop {
            let outcomes = self.outcomes();
            let word = self.word();
            if word.generation() != generation {
                return;
            }
            if word.state() == State::HalfOpen {
                return self.record_probe(generation, failed, now);
            }
            let pushed = outcomes.push(failed, self.config.window);
            if pushed == outcomes {
                return;
            }
            if self.swap_outcomes(outcomes, pushed) {
                if self.config.trips(pushed.failures(), pushed.calls()) {
                    self.open(word, now());
                }
                return;
            }
        }
    }

    #[cold]
    fn record_probe(&self, generation: u32, failed: bool, now: impl Fn() -> Nanos) {
        loop {
            let outcomes = self.outcomes();
            let word = self.word();
            if word.generation() != generation {
                return;
            }
            let counted = word.count(failed);
            let done = match self.config.verdict(counted.successes(), counted.failures()) {
                Some(true) => self.open(word, now()),
                // The window is emptied first, and only if nobody has begun to fill it since.
                Some(false) => {
                    self.swap_outcomes(outcomes, Outcomes::NONE)
                        && self.swap_state(word, word.next(State::Closed))
                }
                None => self.swap_state(word, counted),
            };
            if done {
                return;
            }
        }
    }

    /// A call of `generation` ended without a verdict: when half-open, another may take its place.
    pub(crate) fn give_back(&self, generation: u32) {
        loop {
            let word = self.word();
            if word.generation() != generation || word.state() != State::HalfOpen {
                return;
            }
            if self.swap_state(word, word.give_back()) {
                return;
            }
        }
    }

    /// Opens the breaker, unless its state is no longer `from`, and tells whether it did.
    #[cold]
    fn open(&self, from: Word, now: Nanos) -> bool {
        loop {
            let deadline = self.deadline();
            if self.word() != from {
                return false;
            }
            if self.swap_deadline(deadline, self.config.open_until(now)) {
                return self.swap_state(from, from.next(State::Open));
            }
        }
    }

    #[inline]
    fn word(&self) -> Word {
        Word(self.state.load(Ordering::Acquire))
    }

    #[inline]
    fn outcomes(&self) -> Outcomes {
        Outcomes(self.outcomes.load(Ordering::Acquire))
    }

    fn deadline(&self) -> Nanos {
        Nanos::from_nanos(self.deadline.load(Ordering::Acquire))
    }

    fn swap_state(&self, from: Word, to: Word) -> bool {
        swap(&self.state, from.0, to.0)
    }

    fn swap_outcomes(&self, from: Outcomes, to: Outcomes) -> bool {
        swap(&self.outcomes, from.0, to.0)
    }

    fn swap_deadline(&self, from: Nanos, to: Nanos) -> bool {
        swap(&self.deadline, from.as_nanos(), to.as_nanos())
    }
}

impl<C: Clock> CircuitBreaker<C> {
    /// Asks for leave to make a call. Reads the clock only when not closed.
    ///
    /// # Errors
    ///
    /// As [`try_acquire_at`](Self::try_acquire_at).
    #[inline]
    pub fn try_acquire(&self) -> Result<Permit<'_, C>, Open> {
        self.acquire(|| self.clock.now())
    }

    /// Makes a call, if the breaker lets it through: `Ok` is a success, `Err` a failure.
    ///
    /// # Errors
    ///
    /// [`BreakerError::Open`] when the call was refused, else what the call returned.
    ///
    /// # Panics
    ///
    /// When `call` does; it then counts as a failure.
    #[inline]
    pub fn call<T, E>(&self, call: impl FnOnce() -> Result<T, E>) -> Result<T, BreakerError<E>> {
        let permit = self.try_acquire()?;
        conclude(permit, call())
    }

    /// Awaits a call, if the breaker lets it through: `Ok` is a success, `Err` a failure. Takes
    /// `|| async { … }` as well as `async || { … }`.
    ///
    /// Dropping the future cancels the call, which counts nowhere.
    ///
    /// # Errors
    ///
    /// [`BreakerError::Open`] when the call was refused, else what the call returned.
    ///
    /// ```
    /// # use voussoir_breaker::{BreakerError, CircuitBreaker};
    /// # async fn fetch() -> Result<u32, std::io::Error> { Ok(7) }
    /// # async fn example(breaker: &CircuitBreaker) -> Result<(), BreakerError<std::io::Error>> {
    /// let reply = breaker.call_async(|| fetch()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn call_async<T, E, F>(&self, call: impl FnOnce() -> F) -> Result<T, BreakerError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let permit = self.try_acquire()?;
        conclude(permit, call().await)
    }
}

#[inline]
fn conclude<T, E, C: Clock>(
    permit: Permit<'_, C>,
    result: Result<T, E>,
) -> Result<T, BreakerError<E>> {
    match &result {
        Ok(_) => permit.success(),
        Err(_) => permit.failure(),
    }
    result.map_err(BreakerError::Inner)
}

#[inline]
fn swap(word: &AtomicU64, from: u64, to: u64) -> bool {
    word.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
}

#[cfg(all(test, voussoir_loom))]
mod models {
    use core::time::Duration;

    use loom::sync::Arc;
    use loom::thread;
    use voussoir_core::Nanos;

    use super::CircuitBreaker;
    use crate::{State, Window};

    fn breaker() -> Arc<CircuitBreaker> {
        let builder = CircuitBreaker::builder().window(Window::count(2)).half_open_calls(1);
        Arc::new(builder.open_for(Duration::from_secs(1)).build().unwrap())
    }

    fn fail(breaker: &CircuitBreaker, now: Nanos) {
        breaker.try_acquire_at(now).unwrap().failure_at(now);
    }

    #[test]
    fn one_of_two_callers_becomes_the_probe() {
        loom::model(|| {
            let breaker = breaker();
            (0..2).for_each(|_| fail(&breaker, Nanos::ZERO));
            let asks = |breaker: &CircuitBreaker| {
                let permit = breaker.try_acquire_at(Nanos::from_millis(1_500));
                permit.map(core::mem::forget).is_ok()
            };
            let other = {
                let breaker = Arc::clone(&breaker);
                thread::spawn(move || asks(&breaker))
            };
            assert!(asks(&breaker) ^ other.join().unwrap());
        });
    }

    #[test]
    fn a_late_failure_cannot_reopen_what_a_probe_closed() {
        loom::model(|| {
            let breaker = breaker();
            fail(&breaker, Nanos::ZERO);
            let late = breaker.try_acquire_at(Nanos::ZERO).unwrap();
            fail(&breaker, Nanos::ZERO);
            let other = {
                let breaker = Arc::clone(&breaker);
                thread::spawn(move || {
                    let now = Nanos::from_secs(1);
                    breaker.try_acquire_at(now).unwrap().success_at(now);
                })
            };
            late.failure_at(Nanos::from_secs(1));
            other.join().unwrap();
            assert_eq!(breaker.state(), State::Closed);
            assert_eq!(breaker.stats().failures, 0);
        });
    }

    #[test]
    fn two_failures_at_once_trip_once() {
        loom::model(|| {
            let breaker = breaker();
            let permits = [(); 2].map(|()| breaker.try_acquire_at(Nanos::ZERO).unwrap());
            let [ours, theirs] = permits.map(|permit| {
                let generation = breaker.stats().generation;
                core::mem::forget(permit);
                generation
            });
            let other = {
                let breaker = Arc::clone(&breaker);
                thread::spawn(move || breaker.record(theirs, true, || Nanos::ZERO))
            };
            breaker.record(ours, true, || Nanos::ZERO);
            other.join().unwrap();
            assert_eq!((breaker.state(), breaker.stats().generation), (State::Open, 1));
        });
    }
}
