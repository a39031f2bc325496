use core::time::Duration;

use voussoir_core::{Nanos, Outcome};

use crate::breaker::window::Tally;

/// What the builder's options come to. Times are in nanoseconds, so that it stays small.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Config {
    pub(crate) trip: Trip,
    /// Calls that take longer are slow; `u64::MAX` where none is.
    pub(crate) slow_after: u64,
    /// The slow-call rate in millionths; above a million where it does not matter.
    pub(crate) slow_millionths: u32,
    /// Calls of a count window.
    pub(crate) window: u32,
    pub(crate) min_calls: u32,
    pub(crate) half_open_calls: u16,
    /// Successes that close; 0 where the rates decide.
    pub(crate) half_open_successes: u16,
    pub(crate) open_for: u64,
    pub(crate) open_at_most: u64,
    pub(crate) half_open_for: u64,
    /// 0 for none.
    pub(crate) ramp_up: u64,
    pub(crate) growth: f32,
    pub(crate) jitter: f32,
    pub(crate) cancelled: Outcome,
    pub(crate) panicked: Outcome,
}

/// What opens a closed breaker.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trip {
    /// So many failures in the window, in millionths of its calls, so that 3 of 30 is 0.1 whatever
    /// binary fractions say.
    Rate(u32),
    /// So many failures in the window.
    Failures(u32),
}

pub(crate) const MILLION: u32 = 1_000_000;

impl Config {
    /// Whether calls are timed.
    #[inline]
    pub(crate) fn times_calls(&self) -> bool {
        self.slow_after != u64::MAX
    }

    #[inline]
    pub(crate) fn is_slow(&self, took: Duration) -> bool {
        Nanos::from_duration(took).as_nanos() > self.slow_after
    }

    /// Whether what is in the window opens the breaker.
    pub(crate) fn trips(&self, tally: Tally) -> bool {
        let Tally { calls, failures, slow } = tally;
        let failed = match self.trip {
            Trip::Rate(millionths) => {
                calls >= self.min_calls && reached(millionths, failures, calls)
            }
            Trip::Failures(most) => failures >= most,
        };
        failed || calls >= self.min_calls && self.too_slow(slow, calls)
    }

    /// What is certain once a half-open breaker has seen `successes`, `failures` and `slow` calls,
    /// however the rest of its calls end: `Some(true)` that it must open, `Some(false)` that it can
    /// close.
    pub(crate) fn verdict(&self, successes: u32, failures: u32, slow: u32) -> Option<bool> {
        let calls = u32::from(self.half_open_calls);
        let done = successes + failures;
        let needed = u32::from(self.half_open_successes);
        let (fails, recovers) = if needed > 0 {
            (failures > calls - needed, successes >= needed)
        } else {
            let most = calls.saturating_sub(successes);
            (self.too_many(failures, calls), !self.too_many(most, calls))
        };
        let slowest = slow + calls.saturating_sub(done);
        if fails || self.too_slow(slow, calls) {
            return Some(true);
        }
        (recovers && !self.too_slow(slowest, calls)).then_some(false)
    }

    fn too_many(&self, failures: u32, calls: u32) -> bool {
        match self.trip {
            Trip::Rate(millionths) => reached(millionths, failures, calls),
            Trip::Failures(_) => failures > 0,
        }
    }

    fn too_slow(&self, slow: u32, calls: u32) -> bool {
        self.times_calls() && reached(self.slow_millionths, slow, calls)
    }

    /// How long to stay open for the time after `reopenings` probes in a row have failed; `dice` is
    /// 0 to 1.
    pub(crate) fn open_period(&self, reopenings: u32, dice: impl FnOnce() -> f64) -> u64 {
        let mut period = self.open_for;
        if self.growth > 1.0 {
            for _ in 0..reopenings {
                // `as` saturates.
                period = times(period, f64::from(self.growth)).min(self.open_at_most);
                if period == self.open_at_most {
                    break;
                }
            }
        }
        if self.jitter > 0.0 {
            let jitter = f64::from(self.jitter);
            period = times(period, 1.0 - jitter + 2.0 * jitter * dice());
        }
        period.max(1)
    }
}

/// Saturates; a duration beyond the end of time stays there, where `f64` has no exact numbers.
#[expect(clippy::cast_sign_loss, reason = "a factor is not negative")]
fn times(nanos: u64, factor: f64) -> u64 {
    if nanos == u64::MAX { nanos } else { (nanos as f64 * factor) as u64 }
}

fn reached(millionths: u32, part: u32, whole: u32) -> bool {
    u64::from(part) * u64::from(MILLION) >= u64::from(millionths) * u64::from(whole)
}
