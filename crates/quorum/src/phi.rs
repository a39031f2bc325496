//! How suspicious it is that a node is silent, as a number that grows.

mod intervals;
mod model;
mod pause;

use core::time::Duration;

use voussoir_core::Nanos;

use crate::ConfigError;
use intervals::Intervals;
pub use model::{Exponential, Normal, PhiModel};
pub use pause::LocalPause;

/// A φ accrual failure detector (Hayashibara, Défago, Yared and Katayama, 2004): φ is −log₁₀ of the
/// probability that a node that is alive would be silent for so long.
///
/// **φ = 8 is not the same in two models.** The [model](PhiModel) is therefore a type, and the crate's
/// page says what a threshold means in each. One heartbeat proves nothing: φ of a node that was never
/// heard of is 0, and one that was heard of once is measured by the first interval that was given. That
/// interval, give or take a quarter, stands in the window for the first two, until others push it out.
///
/// Memory: 4 bytes for each interval of the window, 400 by default.
///
/// ```
/// use std::time::Duration;
/// use voussoir_core::Nanos;
/// use voussoir_quorum::{Exponential, PhiAccrual};
///
/// let mut phi = PhiAccrual::new(Exponential, 100, Duration::from_secs(1))?;
/// for second in 0..50 {
///     phi.heartbeat(Nanos::from_secs(second));
/// }
/// assert!(phi.phi(Nanos::from_secs(50)) < 1.0);
/// assert!(phi.phi(Nanos::from_secs(49 + 19)) > 8.0); // 18.4 mean intervals
/// # Ok::<(), voussoir_quorum::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PhiAccrual<M = Exponential> {
    model: M,
    intervals: Intervals,
    last: Option<Nanos>,
    longest: Duration,
}

impl<M: PhiModel> PhiAccrual<M> {
    /// No φ is larger.
    pub const MOST: f64 = 1e9;

    /// Over the last `window` intervals; `first` is what is expected before one was seen.
    ///
    /// An interval longer than ten of `first` is not taken into the window: it was an outage, and would
    /// teach the detector to expect outages.
    ///
    /// # Errors
    ///
    /// When `window` is not 2 to 10,000, or `first` not 1 ms to 1 h.
    pub fn new(model: M, window: usize, first: Duration) -> Result<Self, ConfigError> {
        if !(2..=10_000).contains(&window) {
            return Err(ConfigError::new("window", window, "2 to 10000 intervals"));
        }
        if first < Duration::from_millis(1) || first > Duration::from_hours(1) {
            let given = voussoir_core::duration::text(first);
            return Err(ConfigError::new("first", given, "1ms to 1h"));
        }
        let longest = first.saturating_mul(10);
        Ok(Self { model, intervals: Intervals::new(window, first), last: None, longest })
    }

    /// Longest interval that is learnt from.
    pub fn longest_interval(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// The node was heard of. A heartbeat that is not later than the last one changes nothing.
    ///
    /// Complexity: O(1), no allocation.
    pub fn heartbeat(&mut self, now: Nanos) {
        let Some(last) = self.last else {
            self.last = Some(now);
            return;
        };
        if now <= last {
            return;
        }
        let interval = now.saturating_duration_since(last);
        if interval <= self.longest {
            self.intervals.push(interval);
        }
        self.last = Some(now);
    }

    /// How suspicious the silence since the last heartbeat is; 0 for a node never heard of. Grows with
    /// time, is never NaN, and at most [`MOST`](Self::MOST).
    ///
    /// Complexity: O(1), no allocation.
    #[inline]
    pub fn phi(&self, now: Nanos) -> f64 {
        let Some(last) = self.last else { return 0.0 };
        let silence = now.as_nanos().saturating_sub(last.as_nanos()) as f64 * 1e-3;
        let phi = self.model.phi(silence, self.intervals.mean(), self.intervals.deviation());
        if phi.is_nan() { 0.0 } else { phi.clamp(0.0, Self::MOST) }
    }

    /// When the node was last heard of.
    pub const fn last_heartbeat(&self) -> Option<Nanos> {
        self.last
    }

    /// The mean of the intervals in the window.
    pub fn mean(&self) -> Duration {
        Duration::from_secs_f64(self.intervals.mean() * 1e-6)
    }

    /// Forgets the intervals, after the node was replaced or declared dead.
    pub fn reset(&mut self) {
        self.intervals.clear();
        self.last = None;
    }
}
