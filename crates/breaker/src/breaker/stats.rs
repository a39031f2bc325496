use crate::State;

/// A breaker at one moment. Refusals are not counted, so that a refusal writes nothing: a
/// [`BreakerObserver`](crate::BreakerObserver) hears of each.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Stats {
    /// What the breaker does with calls. An open breaker whose time has passed still says open:
    /// the next call makes it half-open.
    pub state: State,
    /// Calls in the window; when half-open, calls with an outcome; 0 when open, isolated or disabled.
    pub calls: u32,
    /// How many of them failed.
    pub failures: u32,
    /// How many of them were slow.
    pub slow: u32,
    /// How often in a row the half-open calls failed.
    pub reopenings: u32,
    /// How often the state has changed, modulo 2^25.
    pub generation: u32,
}

impl Stats {
    /// The share of failures among the calls, from 0 to 1; 0 when there were none.
    pub fn failure_rate(&self) -> f64 {
        f64::from(self.failures) / f64::from(self.calls.max(1))
    }

    /// The share of slow calls among the calls, from 0 to 1; 0 when there were none.
    pub fn slow_rate(&self) -> f64 {
        f64::from(self.slow) / f64::from(self.calls.max(1))
    }
}
