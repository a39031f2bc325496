use core::time::Duration;

use super::Sample;

/// Additive increase, multiplicative decrease: one more while all is well and the limit is at least
/// half used, a tenth less for each call that was refused or took too long.
///
/// Chiu and Jain, "Analysis of the increase and decrease algorithms for congestion avoidance in
/// computer networks", 1989.
#[derive(Clone, Copy, Debug)]
pub struct Aimd {
    pub(super) range: (u32, u32),
    decrease: f64,
    timeout: Duration,
}

impl Aimd {
    /// Between 1 and 200; 0.9; too long is above 5 s.
    pub const fn new() -> Self {
        Self { range: (1, 200), decrease: 0.9, timeout: Duration::from_secs(5) }
    }

    /// What the limit is multiplied with at a sign of overload; taken into 0.5 to 1.
    pub fn decrease(self, factor: f64) -> Self {
        let factor = if factor.is_nan() { 0.9 } else { factor };
        Self { decrease: factor.clamp(0.5, 1.0), ..self }
    }

    /// A call that took longer is a sign of overload.
    pub const fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    pub(super) fn next(&self, limit: f64, sample: Sample) -> f64 {
        if sample.overloaded || sample.took > self.timeout {
            let whole = f64::from((limit * self.decrease) as i32);
            return whole.min(limit);
        }
        // An unused limit proves nothing.
        if f64::from(sample.in_flight) * 2.0 >= limit { limit + 1.0 } else { limit }
    }
}
