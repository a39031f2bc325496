use crate::State;

/// A breaker at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// What the breaker does with calls. An open breaker whose time has passed still says open:
    /// the next call makes it half-open.
    pub state: State,
    /// Calls in the window when closed; calls with an outcome when half-open; 0 when open.
    pub calls: u32,
    /// How many of them failed.
    pub failures: u32,
    /// How often the state has changed, modulo 2^26.
    pub generation: u32,
}

impl Stats {
    /// The share of failures among the calls, from 0 to 1; 0 when there were none.
    pub fn failure_rate(&self) -> f64 {
        f64::from(self.failures) / f64::from(self.calls.max(1))
    }
}
