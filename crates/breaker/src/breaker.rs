mod builder;
mod call;
mod config;
mod control;
mod error;
#[cfg(all(test, voussoir_loom))]
mod models;
mod observer;
mod permit;
mod record;
#[cfg(feature = "std")]
mod registry;
#[cfg(all(test, voussoir_shuttle))]
mod schedules;
#[cfg(feature = "serde")]
mod serde;
mod snapshot;
mod state;
mod stats;
mod window;

use core::num::NonZero;

use voussoir_core::{Clock, Gate, Nanos, Rejected, SystemClock};

pub use self::builder::CircuitBreakerBuilder;
use self::config::Config;
pub use self::error::{BreakerError, Open};
pub use self::observer::{BreakerObserver, Transition};
#[cfg(feature = "std")]
pub use self::permit::OwnedPermit;
pub use self::permit::Permit;
use self::permit::Ticket;
#[cfg(feature = "std")]
pub use self::registry::{BreakerRegistry, RegistryFull};
#[cfg(feature = "serde")]
pub use self::serde::{BreakerConfig, FailuresOf, OpenGrowth, SlowCalls};
pub use self::snapshot::BreakerSnapshot;
pub use self::state::State;
use self::state::Word;
pub use self::stats::Stats;
#[cfg(feature = "std")]
use self::window::Ring;
use self::window::{Kind, Outcomes, Span};
pub use self::window::{Tally, Window};
use crate::dice::Dice;
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use crate::watch::Watch;

/// Refuses calls while too many of the last ones failed. The crate's page explains its states.
///
/// Shared by reference between threads; not a cheap clone, put it into an `Arc`, one for each callee.
/// While all is well a call costs two loads: a success pushed into a full window of successes changes
/// nothing and so writes nothing, and no clock is read, unless slow calls or a window of time need
/// one. Lock-free, but for windows of more than 63 calls.
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
    /// [`Outcomes`], where one word holds them.
    outcomes: AtomicU64,
    /// What `outcomes` is when the window is full of successes, and at least when it is full; or
    /// [`NO_WORD`] or [`NO_WORD_BUT_SPAN`].
    healthy: u64,
    tallies: Tallies,
    /// When the open, half-open or ramping state ends, in [`Nanos`]. Written before the state that it
    /// belongs to, by compare-and-swap from a value read before that state, so that a thread held
    /// up in between cannot put an old date on a new state.
    deadline: AtomicU64,
    /// How long the open state is, in nanoseconds: a deadline further ahead shows a clock set back.
    period: AtomicU64,
    /// How often in a row the half-open calls failed.
    reopenings: AtomicU32,
    config: Config,
    dice: Dice,
    watch: Watch<dyn BreakerObserver>,
    clock: C,
    /// Reads the clock where nothing says that `C` is one: in `drop`.
    now: fn(&C) -> Nanos,
}

/// More than `outcomes` ever is where it is not the whole window, or where calls are timed.
const NO_WORD: u64 = u64::MAX;
/// The same for a window of time where calls are not timed.
const NO_WORD_BUT_SPAN: u64 = NO_WORD - 1;

/// Where outcomes are kept.
#[derive(Debug)]
enum Tallies {
    /// In [`CircuitBreaker::outcomes`].
    Word,
    #[cfg(feature = "std")]
    Ring(alloc::boxed::Box<Ring>),
    Span(alloc::boxed::Box<Span>),
}

impl CircuitBreaker {
    /// Starts a breaker with the defaults that the crate's page lists.
    pub fn builder() -> CircuitBreakerBuilder {
        CircuitBreakerBuilder::default()
    }
}

impl<C> CircuitBreaker<C> {
    pub(crate) fn new(
        config: Config,
        window: Window,
        seed: Option<u64>,
        watch: Watch<dyn BreakerObserver>,
        (clock, now): (C, fn(&C) -> Nanos),
    ) -> Self {
        let tallies = Tallies::new(&config, window);
        let healthy = match tallies {
            _ if config.times_calls() => NO_WORD,
            Tallies::Word => 1 << config.window,
            Tallies::Span(_) => NO_WORD_BUT_SPAN,
            #[cfg(feature = "std")]
            Tallies::Ring(_) => NO_WORD,
        };
        Self {
            state: AtomicU64::new(Word::CLOSED.0),
            outcomes: AtomicU64::new(Outcomes::NONE.0),
            healthy,
            tallies,
            deadline: AtomicU64::new(0),
            period: AtomicU64::new(config.open_for),
            reopenings: AtomicU32::new(0),
            config,
            dice: Dice::seeded(seed),
            watch,
            clock,
            now,
        }
    }

    /// Asks for leave to make a call at `now`.
    ///
    /// Complexity: O(1), no allocation, and when closed no write.
    ///
    /// # Errors
    ///
    /// [`Open`], with the time to come back, when the breaker is open or isolated, half-open with all
    /// its permits out, or ramping up and this call is not among those let through.
    #[inline]
    pub fn try_acquire_at(&self, now: Nanos) -> Result<Permit<'_, C>, Open> {
        Ok(Permit::new(self, self.admit(|| now)?))
    }

    /// As [`try_acquire_at`](Self::try_acquire_at), with a permit that can go to another task.
    ///
    /// # Errors
    ///
    /// As [`try_acquire_at`](Self::try_acquire_at).
    #[cfg(feature = "std")]
    #[inline]
    pub fn try_acquire_owned_at(
        self: &alloc::sync::Arc<Self>,
        now: Nanos,
    ) -> Result<OwnedPermit<C>, Open> {
        let ticket = self.admit(|| now)?;
        Ok(OwnedPermit::new(alloc::sync::Arc::clone(self), ticket))
    }

    /// What the breaker does with calls. See [`Stats::state`]. Complexity: O(1), one load.
    #[inline]
    pub fn state(&self) -> State {
        self.word().state()
    }

    /// The state and its counts at this moment; a window of time reads the clock.
    ///
    /// Complexity: O(1); a window of time is summed up over its sixteenths and stripes.
    pub fn stats(&self) -> Stats {
        self.stats_at(self.now())
    }

    /// The state and its counts at `now`.
    pub fn stats_at(&self, now: Nanos) -> Stats {
        let word = self.word();
        let tally = match word.state() {
            State::HalfOpen => {
                let (failures, slow) = (word.failures(), word.slow());
                Tally { calls: word.successes() + failures, failures, slow }
            }
            state if state.counts() => self.tally_at(now, word),
            _ => Tally::default(),
        };
        Stats {
            state: word.state(),
            calls: tally.calls,
            failures: tally.failures,
            slow: tally.slow,
            reopenings: self.reopenings.load(Ordering::Relaxed),
            generation: word.generation(),
        }
    }

    /// The clock given to the builder.
    pub fn clock(&self) -> &C {
        &self.clock
    }

    #[inline]
    fn admit(&self, now: impl Fn() -> Nanos) -> Result<Ticket, Open> {
        let word = self.word();
        if word.is_closed() && !self.config.times_calls() {
            return Ok(Ticket { generation: word.generation(), start: Nanos::ZERO });
        }
        self.admit_at(now)
    }

    /// Apart, so that the way of a closed breaker is short enough to be inlined.
    #[inline(never)]
    fn admit_at(&self, now: impl Fn() -> Nanos) -> Result<Ticket, Open> {
        let admitted = self.decide(now());
        if let Err(open) = &admitted {
            self.watch.tell(|observer| observer.refused(open));
        }
        admitted
    }

    fn decide(&self, now: Nanos) -> Result<Ticket, Open> {
        let ticket = |word: Word| Ticket { generation: word.generation(), start: now };
        loop {
            let deadline = self.deadline();
            let word = self.word();
            let has_room = word.admitted() < u32::from(self.config.half_open_calls);
            let period = match word.state() {
                State::Closed | State::Disabled | State::MetricsOnly => return Ok(ticket(word)),
                State::Isolated => return Err(Open::isolated()),
                State::HalfOpen if has_room => {
                    if self.swap_state(word, word.admit()) {
                        return Ok(ticket(word));
                    }
                    continue;
                }
                State::HalfOpen => self.config.half_open_for,
                State::Open => self.period.load(Ordering::Acquire),
                State::RampingUp => self.config.ramp_up,
            };
            let period_end = after(now, period);
            if deadline > period_end {
                // Further ahead than a whole period: the clock was set back. The period begins now.
                self.swap_deadline(deadline, period_end);
                continue;
            }
            let left = NonZero::new(deadline.as_nanos().saturating_sub(now.as_nanos()));
            match (word.state(), left) {
                (State::RampingUp, None) => {
                    self.change(word, Word::new(State::Closed, word.generation()));
                }
                (State::RampingUp, Some(left)) if self.may_pass(left) => return Ok(ticket(word)),
                (_, Some(left)) => return Err(Open::until(left)),
                (_, None) => {
                    let probing = word.next(State::HalfOpen).admit();
                    if self.swap_deadline(deadline, after(now, self.config.half_open_for))
                        && self.change(word, probing)
                    {
                        return Ok(ticket(probing));
                    }
                }
            }
        }
    }

    /// Whether a call is among those let through with `left` nanoseconds of the ramp to go.
    fn may_pass(&self, left: NonZero<u64>) -> bool {
        /// As Envoy's slow start: less would say nothing about the callee for long.
        const FIRST_SHARE: f64 = 0.1;
        let share = 1.0 - left.get() as f64 / self.config.ramp_up as f64;
        self.dice.fraction() < share.max(FIRST_SHARE)
    }

    fn tally_at(&self, now: Nanos, word: Word) -> Tally {
        match &self.tallies {
            Tallies::Word => self.outcomes().tally(self.config.times_calls()),
            #[cfg(feature = "std")]
            Tallies::Ring(ring) => ring.tally(word.generation()),
            Tallies::Span(span) => {
                let _ = word;
                span.tally(now)
            }
        }
    }

    /// Whether nothing would be lost at `now` with the breaker but its window: nobody has steered it
    /// by hand, and it refuses nothing.
    #[cfg(feature = "std")]
    pub(crate) fn is_settled_at(&self, now: Nanos) -> bool {
        let deadline = self.deadline();
        match self.state() {
            State::Closed => true,
            State::Open | State::HalfOpen | State::RampingUp => now >= deadline,
            State::Isolated | State::Disabled | State::MetricsOnly => false,
        }
    }

    pub(crate) fn now(&self) -> Nanos {
        (self.now)(&self.clock)
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
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

    /// As [`swap_state`](Self::swap_state), and tells the observer.
    fn change(&self, from: Word, to: Word) -> bool {
        let changed = self.swap_state(from, to);
        if changed {
            self.tell_change(from, to);
        }
        changed
    }

    /// As [`change`](Self::change), and counts the half-open periods that failed, before the observer
    /// hears of it, which may steer the breaker itself.
    fn change_counting(&self, from: Word, to: Word, reopenings: u32) -> bool {
        let changed = self.swap_state(from, to);
        if changed {
            self.reopenings.store(reopenings, Ordering::Release);
            self.tell_change(from, to);
        }
        changed
    }

    fn tell_change(&self, from: Word, to: Word) {
        let transition =
            Transition { from: from.state(), to: to.state(), generation: to.generation() };
        if transition.from != transition.to {
            self.watch.tell(|observer| observer.changed(&transition));
        }
    }

    fn swap_state(&self, from: Word, to: Word) -> bool {
        swap(&self.state, from.0, to.0)
    }

    fn swap_deadline(&self, from: Nanos, to: Nanos) -> bool {
        swap(&self.deadline, from.as_nanos(), to.as_nanos())
    }
}

impl<C: Clock> CircuitBreaker<C> {
    /// Asks for leave to make a call. Reads the clock only when not closed, or when calls are timed.
    ///
    /// Complexity: O(1), no allocation, and when closed no write.
    ///
    /// # Errors
    ///
    /// As [`try_acquire_at`](Self::try_acquire_at).
    #[inline]
    pub fn try_acquire(&self) -> Result<Permit<'_, C>, Open> {
        Ok(Permit::new(self, self.admit(|| self.clock.now())?))
    }

    /// As [`try_acquire`](Self::try_acquire), with a permit that can go to another task. It holds
    /// the `Arc`.
    ///
    /// ```
    /// use std::{sync::Arc, thread};
    /// use voussoir_breaker::CircuitBreaker;
    ///
    /// let breaker = Arc::new(CircuitBreaker::builder().build()?);
    /// let permit = breaker.try_acquire_owned()?;
    /// thread::spawn(move || permit.success()).join().unwrap();
    /// assert_eq!(breaker.stats().calls, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`try_acquire_at`](Self::try_acquire_at).
    #[cfg(feature = "std")]
    #[inline]
    pub fn try_acquire_owned(self: &alloc::sync::Arc<Self>) -> Result<OwnedPermit<C>, Open> {
        let ticket = self.admit(|| self.clock.now())?;
        Ok(OwnedPermit::new(alloc::sync::Arc::clone(self), ticket))
    }
}

impl Tallies {
    fn new(config: &Config, window: Window) -> Self {
        let timed = config.times_calls();
        match window.0 {
            Kind::Time(time) => Self::Span(alloc::boxed::Box::new(Span::new(time))),
            #[cfg(feature = "std")]
            Kind::Count(calls) if calls > Outcomes::max_calls(timed) => {
                Self::Ring(alloc::boxed::Box::new(Ring::new(calls, timed)))
            }
            Kind::Count(_) => {
                let _ = timed;
                Self::Word
            }
        }
    }
}

/// A breaker is a gate whose guard wants to know how the call ended.
impl<C> Gate for CircuitBreaker<C> {
    type Guard<'a>
        = Permit<'a, C>
    where
        Self: 'a;

    #[inline]
    fn try_pass_at(&self, now: Nanos) -> Result<Permit<'_, C>, Rejected> {
        Ok(self.try_acquire_at(now)?)
    }
}

#[inline]
fn after(now: Nanos, nanos: u64) -> Nanos {
    Nanos::from_nanos(now.as_nanos().saturating_add(nanos))
}

#[inline]
fn swap(word: &AtomicU64, from: u64, to: u64) -> bool {
    word.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
}
