use core::time::Duration;

use voussoir_core::{ConfigError, Nanos, SystemClock, duration};

use crate::state::Word;
use crate::{CircuitBreaker, Window};

/// Options of a [`CircuitBreaker`]. The crate's page lists defaults and ranges.
#[derive(Clone, Copy, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct CircuitBreakerBuilder<C = SystemClock> {
    failure_rate: f64,
    window: Window,
    min_calls: Option<u32>,
    open_for: Duration,
    half_open_calls: u32,
    half_open_for: Option<Duration>,
    clock: C,
}

/// What the builder's options come to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Config {
    /// The failure rate in millionths, so that 3 of 30 is 0.1 whatever binary fractions say.
    millionths: u32,
    pub(crate) window: u32,
    min_calls: u32,
    pub(crate) open_for: Duration,
    pub(crate) half_open_for: Duration,
    pub(crate) half_open_calls: u32,
}

const MILLION: u32 = 1_000_000;
/// Hystrix's request volume threshold.
const MIN_CALLS: u32 = 20;

impl Default for CircuitBreakerBuilder {
    fn default() -> Self {
        Self {
            failure_rate: 0.5,
            window: Window::count(60),
            min_calls: None,
            open_for: Duration::from_secs(30),
            half_open_calls: 5,
            half_open_for: None,
            clock: SystemClock,
        }
    }
}

impl<C> CircuitBreakerBuilder<C> {
    /// Opens when this share of the calls in the window failed, or more. Resolved to a millionth.
    pub fn failure_rate(self, failure_rate: f64) -> Self {
        Self { failure_rate, ..self }
    }

    /// The calls that the failure rate is taken over.
    pub fn window(self, window: Window) -> Self {
        Self { window, ..self }
    }

    /// Does not open before the window holds so many calls.
    pub fn min_calls(self, min_calls: u32) -> Self {
        Self { min_calls: Some(min_calls), ..self }
    }

    /// Stays open for so long.
    pub fn open_for(self, open_for: Duration) -> Self {
        Self { open_for, ..self }
    }

    /// Lets so many calls through when half-open. Those that bring no verdict do not count.
    pub fn half_open_calls(self, half_open_calls: u32) -> Self {
        Self { half_open_calls, ..self }
    }

    /// Waits so long for the outcomes of the calls let through when half-open; then as many others
    /// are let through.
    pub fn half_open_for(self, half_open_for: Duration) -> Self {
        Self { half_open_for: Some(half_open_for), ..self }
    }

    /// The clock that calls without a given time read. A closed breaker reads it only to trip.
    pub fn clock<D>(self, clock: D) -> CircuitBreakerBuilder<D> {
        let Self { failure_rate, window, min_calls, open_for, .. } = self;
        let Self { half_open_calls, half_open_for, .. } = self;
        CircuitBreakerBuilder {
            failure_rate,
            window,
            min_calls,
            open_for,
            half_open_calls,
            half_open_for,
            clock,
        }
    }

    /// The breaker, closed.
    ///
    /// # Errors
    ///
    /// The first option that is out of its range.
    pub fn build(self) -> Result<CircuitBreaker<C>, ConfigError> {
        self.window.validate()?;
        let window = self.window.calls();
        #[expect(clippy::cast_sign_loss, reason = "`as` saturates: below 0 it is 0, and refused")]
        let millionths = (self.failure_rate * f64::from(MILLION) + 0.5) as u32;
        if !(self.failure_rate > 0.0 && self.failure_rate <= 1.0 && millionths > 0) {
            let allowed = "0.000001 to 1";
            return Err(ConfigError::new("failure_rate", self.failure_rate, allowed));
        }
        let min_calls = self.min_calls.unwrap_or_else(|| window.min(MIN_CALLS));
        if min_calls == 0 || min_calls > window {
            return Err(ConfigError::new("min_calls", min_calls, "1 to the size of the window"));
        }
        if self.half_open_calls == 0 || self.half_open_calls > Word::MAX_COUNT {
            return Err(ConfigError::new("half_open_calls", self.half_open_calls, "1 to 4095"));
        }
        let half_open_for = self.half_open_for.unwrap_or(self.open_for);
        for (option, given) in [("open_for", self.open_for), ("half_open_for", half_open_for)] {
            if given.is_zero() {
                return Err(ConfigError::new(option, duration::text(given), "1ns or more"));
            }
        }
        Ok(CircuitBreaker::new(
            Config {
                millionths,
                window,
                min_calls,
                open_for: self.open_for,
                half_open_for,
                half_open_calls: self.half_open_calls,
            },
            self.clock,
        ))
    }
}

impl Config {
    /// Whether `failures` of `calls` in the window open the breaker.
    pub(crate) fn trips(&self, failures: u32, calls: u32) -> bool {
        calls >= self.min_calls && self.reached(failures, calls)
    }

    /// What is certain once a half-open breaker has seen `successes` and `failures`, however the
    /// rest of its calls end: `Some(true)` that it must open, `Some(false)` that it can close.
    pub(crate) fn verdict(&self, successes: u32, failures: u32) -> Option<bool> {
        let calls = self.half_open_calls;
        if self.reached(failures, calls) {
            return Some(true);
        }
        (!self.reached(calls.saturating_sub(successes), calls)).then_some(false)
    }

    fn reached(&self, failures: u32, calls: u32) -> bool {
        u64::from(failures) * u64::from(MILLION) >= u64::from(self.millionths) * u64::from(calls)
    }

    pub(crate) fn open_until(&self, now: Nanos) -> Nanos {
        now.saturating_add(self.open_for)
    }

    pub(crate) fn half_open_until(&self, now: Nanos) -> Nanos {
        now.saturating_add(self.half_open_for)
    }
}
