use alloc::sync::Arc;
use core::time::Duration;

use voussoir_core::{Clock, ConfigError, Nanos, Outcome, SystemClock, duration};

use crate::breaker::config::{Config, MILLION, Trip};
use crate::breaker::state::Word;
use crate::breaker::window::Kind;
use crate::watch::Watch;
use crate::{BreakerObserver, CircuitBreaker, Window};

/// Options of a [`CircuitBreaker`]. The crate's page lists defaults and ranges.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct CircuitBreakerBuilder<C = SystemClock> {
    pub(crate) options: Options,
    watch: Watch<dyn BreakerObserver>,
    clock: C,
    /// Reads the clock where nothing says that `C` is one: in `drop`.
    now: fn(&C) -> Nanos,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) rule: Rule,
    pub(crate) slow: Option<(f64, Duration)>,
    pub(crate) window: Window,
    pub(crate) min_calls: Option<u32>,
    pub(crate) open_for: Duration,
    pub(crate) open_growth: f64,
    pub(crate) open_at_most: Duration,
    pub(crate) open_jitter: f64,
    pub(crate) half_open_calls: u32,
    pub(crate) half_open_successes: Option<u32>,
    pub(crate) half_open_for: Option<Duration>,
    pub(crate) ramp_up: Duration,
    pub(crate) cancelled: Outcome,
    pub(crate) panicked: Outcome,
    pub(crate) seed: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rule {
    Rate(f64),
    Failures(u32),
}

/// Hystrix's request volume threshold.
const MIN_CALLS: u32 = 20;

impl Default for Options {
    fn default() -> Self {
        Self {
            rule: Rule::Rate(0.5),
            slow: None,
            window: Window::count(60),
            min_calls: None,
            open_for: Duration::from_secs(30),
            open_growth: 2.0,
            open_at_most: Duration::from_mins(5),
            open_jitter: 0.0,
            half_open_calls: 5,
            half_open_successes: None,
            half_open_for: None,
            ramp_up: Duration::ZERO,
            cancelled: Outcome::Ignore,
            panicked: Outcome::Failure,
            seed: None,
        }
    }
}

impl Default for CircuitBreakerBuilder {
    fn default() -> Self {
        Self {
            options: Options::default(),
            watch: Watch::NOBODY,
            clock: SystemClock,
            now: SYSTEM_NOW,
        }
    }
}

impl<C> CircuitBreakerBuilder<C> {
    /// Opens when this share of the calls in the window failed, or more. Resolved to a millionth.
    pub fn failure_rate(self, failure_rate: f64) -> Self {
        self.with(|options| options.rule = Rule::Rate(failure_rate))
    }

    /// Opens when so many calls in a row failed. One success in between, and they are counted anew.
    /// Sets the window to that many calls.
    pub fn consecutive_failures(self, failures: u32) -> Self {
        self.failures_of(failures, failures)
    }

    /// Opens when `failures` of the last `calls` calls failed, without waiting for the window to
    /// fill. Sets the window to `calls`.
    pub fn failures_of(self, failures: u32, calls: u32) -> Self {
        self.with(|options| {
            options.rule = Rule::Failures(failures);
            options.window = Window::count(calls);
        })
    }

    /// Opens as well when this share of the calls in the window, or more, took longer than `after`.
    /// Every call then reads the clock twice.
    pub fn slow_calls(self, rate: f64, after: Duration) -> Self {
        self.with(|options| options.slow = Some((rate, after)))
    }

    /// The calls that the rates are taken over.
    pub fn window(self, window: Window) -> Self {
        self.with(|options| options.window = window)
    }

    /// Takes no rate of fewer calls than that.
    pub fn min_calls(self, min_calls: u32) -> Self {
        self.with(|options| options.min_calls = Some(min_calls))
    }

    /// Stays open for so long, at first: see [`open_growth`](Self::open_growth).
    pub fn open_for(self, open_for: Duration) -> Self {
        self.with(|options| options.open_for = open_for)
    }

    /// Each time that the half-open calls fail, stays open for `factor` times as long as the time
    /// before, but for no longer than `at_most`, or [`open_for`](Self::open_for) where that is longer.
    /// A factor of 1 turns it off.
    pub fn open_growth(self, factor: f64, at_most: Duration) -> Self {
        self.with(|options| {
            options.open_growth = factor;
            options.open_at_most = at_most;
        })
    }

    /// Varies each open time by up to this share of it, either way, so that a fleet that opened
    /// together does not come back together.
    pub fn open_jitter(self, jitter: f64) -> Self {
        self.with(|options| options.open_jitter = jitter)
    }

    /// Lets so many calls through when half-open. Those that bring no verdict do not count.
    pub fn half_open_calls(self, half_open_calls: u32) -> Self {
        self.with(|options| options.half_open_calls = half_open_calls)
    }

    /// Closes once so many of the half-open calls succeeded, and opens once that cannot happen any
    /// more, whatever the failure rate. Without this the rates decide.
    pub fn half_open_successes(self, successes: u32) -> Self {
        self.with(|options| options.half_open_successes = Some(successes))
    }

    /// Waits so long for the outcomes of the calls let through when half-open; then as many others
    /// are let through.
    pub fn half_open_for(self, half_open_for: Duration) -> Self {
        self.with(|options| options.half_open_for = Some(half_open_for))
    }

    /// For so long after it has closed, lets through a share of the calls that grows from a tenth to
    /// all of them, chosen at random. Zero turns it off.
    pub fn ramp_up(self, ramp_up: Duration) -> Self {
        self.with(|options| options.ramp_up = ramp_up)
    }

    /// What a permit counts as that is dropped without an outcome, as when a future is.
    pub fn count_cancelled_as(self, outcome: Outcome) -> Self {
        self.with(|options| options.cancelled = outcome)
    }

    /// What a permit counts as that a panic drops. Needs the feature `std`, which can tell; without
    /// it a panic is a cancellation.
    pub fn count_panicked_as(self, outcome: Outcome) -> Self {
        self.with(|options| options.panicked = outcome)
    }

    /// Makes jitter and ramp repeat. Without `std` there is no other source of randomness.
    pub fn seed(self, seed: u64) -> Self {
        self.with(|options| options.seed = Some(seed))
    }

    /// Tells `observer` of changes of state and of refusals.
    pub fn observer(mut self, observer: Arc<dyn BreakerObserver>) -> Self {
        self.watch = Watch::new(observer);
        self
    }

    /// The clock that calls without a given time read.
    pub fn clock<D: Clock>(self, clock: D) -> CircuitBreakerBuilder<D> {
        CircuitBreakerBuilder { options: self.options, watch: self.watch, clock, now: D::now }
    }

    #[cfg(feature = "std")]
    pub(crate) fn clock_now(&self) -> Nanos {
        (self.now)(&self.clock)
    }

    fn with(mut self, set: impl FnOnce(&mut Options)) -> Self {
        set(&mut self.options);
        self
    }
}

impl<C> CircuitBreakerBuilder<C> {
    /// The breaker, closed.
    ///
    /// # Errors
    ///
    /// The first option that is out of its range.
    pub fn build(self) -> Result<CircuitBreaker<C>, ConfigError> {
        let config = self.config()?;
        Ok(self.made_of(config))
    }

    pub(crate) fn config(&self) -> Result<Config, ConfigError> {
        self.options.check()
    }

    pub(crate) fn made_of(self, config: Config) -> CircuitBreaker<C> {
        let (window, seed) = (self.options.window, self.options.seed);
        CircuitBreaker::new(config, window, seed, self.watch, (self.clock, self.now))
    }
}

impl Options {
    fn check(&self) -> Result<Config, ConfigError> {
        let calls = self.window.most_calls();
        self.window.validate(self.slow.is_some())?;
        let trip = match self.rule {
            Rule::Rate(rate) => Trip::Rate(millionths("failure_rate", rate)?),
            Rule::Failures(failures) if matches!(self.window.0, Kind::Time(_)) => {
                at_least("failures_of", failures, 1)?;
                Trip::Failures(failures)
            }
            Rule::Failures(failures) => {
                between("failures_of", failures, 1, calls, "1 to the calls it is of")?;
                Trip::Failures(failures)
            }
        };
        let (slow_rate, slow_after) = self.slow.unwrap_or((1.0, Duration::MAX));
        let slow_millionths = millionths("slow_calls", slow_rate)?;
        let min_calls = self.min_calls.unwrap_or_else(|| calls.min(MIN_CALLS));
        between("min_calls", min_calls, 1, calls, "1 to the size of the window")?;
        let probes = self.half_open_calls;
        between("half_open_calls", probes, 1, Word::MAX_COUNT, "1 to 511")?;
        let successes = self.half_open_successes.unwrap_or(probes);
        between("half_open_successes", successes, 1, probes, "1 to half_open_calls")?;
        let half_open_for = self.half_open_for.unwrap_or(self.open_for);
        for (option, given) in [("open_for", self.open_for), ("half_open_for", half_open_for)] {
            if given.is_zero() {
                return Err(ConfigError::new(option, duration::text(given), "1ns or more"));
            }
        }
        if !(1.0..=1_000.0).contains(&self.open_growth) {
            return Err(ConfigError::new("open_growth", self.open_growth, "1 to 1000"));
        }
        if !(0.0..=1.0).contains(&self.open_jitter) {
            return Err(ConfigError::new("open_jitter", self.open_jitter, "0 to 1"));
        }
        let nanos = |duration| Nanos::from_duration(duration).as_nanos();
        Ok(Config {
            trip,
            slow_after: if self.slow.is_some() { nanos(slow_after) } else { u64::MAX },
            slow_millionths,
            window: calls,
            min_calls,
            half_open_calls: probes as u16,
            half_open_successes: self.half_open_successes.unwrap_or(0) as u16,
            open_for: nanos(self.open_for),
            open_at_most: nanos(self.open_at_most.max(self.open_for)),
            half_open_for: nanos(half_open_for),
            ramp_up: nanos(self.ramp_up),
            growth: self.open_growth as f32,
            jitter: self.open_jitter as f32,
            cancelled: self.cancelled,
            panicked: self.panicked,
        })
    }
}

#[cfg(feature = "std")]
const SYSTEM_NOW: fn(&SystemClock) -> Nanos = <SystemClock as Clock>::now;
/// There is no clock. A breaker that trips then has its date set by the next call it refuses.
#[cfg(not(feature = "std"))]
const SYSTEM_NOW: fn(&SystemClock) -> Nanos = |_| Nanos::MAX;

fn millionths(option: &'static str, rate: f64) -> Result<u32, ConfigError> {
    #[expect(clippy::cast_sign_loss, reason = "`as` saturates: below 0 it is 0, and refused")]
    let millionths = (rate * f64::from(MILLION) + 0.5) as u32;
    if rate > 0.0 && rate <= 1.0 && millionths > 0 {
        return Ok(millionths);
    }
    Err(ConfigError::new(option, rate, "0.000001 to 1"))
}

fn between(
    option: &'static str,
    given: u32,
    least: u32,
    most: u32,
    allowed: &'static str,
) -> Result<(), ConfigError> {
    if (least..=most).contains(&given) {
        return Ok(());
    }
    Err(ConfigError::new(option, given, allowed))
}

fn at_least(option: &'static str, given: u32, least: u32) -> Result<(), ConfigError> {
    between(option, given, least, u32::MAX, "1 or more")
}
