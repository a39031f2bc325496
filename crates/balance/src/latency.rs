use core::time::Duration;

use voussoir_core::{ConfigError, Nanos};

use crate::sync::{AtomicU64, Ordering};

/// How response times are averaged, for [`LeastResponseTime`](crate::Algorithm::LeastResponseTime)
/// and [`PeakEwma`](crate::Algorithm::PeakEwma).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct LatencyPolicy {
    /// After this time without calls, a mean counts 1/e of what it was; a sample blends in by the
    /// time since the one before. 10 s by default, as in Finagle.
    #[cfg_attr(feature = "serde", serde(with = "voussoir_core::duration"))]
    pub decay: Duration,
    /// A failure counts as a response that took at least this long. Otherwise a node that refuses at
    /// once would look like the fastest and get all calls (ingress-nginx#9882). 1 s by default: set
    /// it to the timeout of the calls.
    #[cfg_attr(feature = "serde", serde(with = "voussoir_core::duration"))]
    pub failure_penalty: Duration,
}

impl Default for LatencyPolicy {
    fn default() -> Self {
        Self { decay: Duration::from_secs(10), failure_penalty: Duration::from_secs(1) }
    }
}

impl LatencyPolicy {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.decay.is_zero() {
            return Err(ConfigError::new("decay", "0s", "more than 0s"));
        }
        Ok(())
    }
}

/// What a node costs which has calls in flight and no response yet: more than any that has one, so
/// that a new node is tried by one call and not by all.
pub(crate) const UNKNOWN_AND_BUSY: f64 = 1e30;

/// A node's mean response time. Two words, neither of which waits for the other: a sample takes the
/// time since the last one by moving the stamp, then blends itself into the mean. No sample is lost;
/// samples of one instant may blend in either order.
#[derive(Debug)]
pub(crate) struct Latency {
    /// Nanoseconds, as the bits of an `f64`; all ones before the first sample.
    mean: AtomicU64,
    /// When the last sample came, in nanoseconds of the clock.
    stamp: AtomicU64,
}

const NONE: u64 = u64::MAX;

impl Latency {
    pub(crate) fn new() -> Self {
        Self { mean: AtomicU64::new(NONE), stamp: AtomicU64::new(0) }
    }

    /// Takes a response time into account. As peak, a longer one than the mean becomes the mean.
    pub(crate) fn sample_at(&self, now: Nanos, took: Duration, peak: bool, decay: Duration) {
        let took = Nanos::from_duration(took).as_nanos() as f64;
        // A clock that went back blends as if no time had passed.
        let last = self.stamp.fetch_max(now.as_nanos(), Ordering::AcqRel);
        let kept = kept(now.as_nanos().saturating_sub(last), decay);
        let mut seen = self.mean.load(Ordering::Acquire);
        loop {
            let mean = f64::from_bits(seen);
            let next = if seen == NONE || (peak && took > mean) {
                took
            } else {
                mean * kept + took * (1.0 - kept)
            };
            match self.mean.compare_exchange_weak(
                seen,
                next.to_bits(),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }

    /// The mean in nanoseconds, forgotten by the time since the last sample, so that a node that was
    /// slow once is tried again. None before the first.
    #[inline]
    pub(crate) fn at(&self, now: Nanos, decay: Duration) -> Option<f64> {
        let mean = self.mean.load(Ordering::Acquire);
        if mean == NONE {
            return None;
        }
        let passed = now.as_nanos().saturating_sub(self.stamp.load(Ordering::Acquire));
        Some(f64::from_bits(mean) * kept(passed, decay))
    }

    /// What one more call is expected to cost with `in_flight` running already.
    #[inline]
    pub(crate) fn cost_at(&self, now: Nanos, decay: Duration, in_flight: u64, weight: u64) -> f64 {
        let calls = (in_flight + 1) as f64;
        match self.at(now, decay) {
            Some(mean) => mean * calls / weight as f64,
            None if in_flight == 0 => 0.0,
            None => UNKNOWN_AND_BUSY * calls / weight as f64,
        }
    }
}

fn kept(passed: u64, decay: Duration) -> f64 {
    (-(passed as f64) / Nanos::from_duration(decay).as_nanos() as f64).exp()
}

#[cfg(all(test, not(voussoir_loom)))]
mod tests {
    use super::{Duration, Latency, Nanos};

    const SECOND: Duration = Duration::from_secs(1);

    fn millis(latency: &Latency, at: u64) -> f64 {
        latency.at(Nanos::from_millis(at), SECOND).unwrap() / 1e6
    }

    /// The cases of tower's unit tests, by the formula: e^-0.1, e^-0.2 of 10 ms.
    #[test]
    fn it_fades_without_samples() {
        let latency = Latency::new();
        assert_eq!(latency.at(Nanos::ZERO, SECOND), None);
        latency.sample_at(Nanos::ZERO, Duration::from_millis(10), true, SECOND);
        assert!((millis(&latency, 0) - 10.0).abs() < 1e-9);
        assert!((millis(&latency, 100) - 9.048_374_18).abs() < 1e-6);
        assert!((millis(&latency, 200) - 8.187_307_53).abs() < 1e-6);
    }

    #[test]
    fn a_peak_counts_at_once_and_a_quicker_one_by_the_time_between() {
        let latency = Latency::new();
        let sample = |at, took| {
            latency.sample_at(Nanos::from_millis(at), Duration::from_millis(took), true, SECOND);
        };
        sample(0, 10);
        sample(1, 100);
        assert!((millis(&latency, 1) - 100.0).abs() < 1e-9);
        sample(1001, 10);
        let blended = 100.0 * (-1.0_f64).exp() + 10.0 * (1.0 - (-1.0_f64).exp());
        assert!((millis(&latency, 1001) - blended).abs() < 1e-6);
        // The clock steps back: no time has passed, so nothing is forgotten.
        sample(500, 1);
        assert!((millis(&latency, 1001) - blended).abs() < 1e-6);
    }

    #[test]
    fn a_mean_that_is_no_peak_moves_both_ways() {
        let latency = Latency::new();
        latency.sample_at(Nanos::ZERO, Duration::from_millis(10), false, SECOND);
        latency.sample_at(Nanos::from_secs(1), Duration::from_millis(20), false, SECOND);
        let blended = 10.0 * (-1.0_f64).exp() + 20.0 * (1.0 - (-1.0_f64).exp());
        assert!((millis(&latency, 1000) - blended).abs() < 1e-6);
    }

    #[test]
    fn an_unknown_node_is_tried_by_one_call() {
        let latency = Latency::new();
        assert!(latency.cost_at(Nanos::ZERO, SECOND, 0, 1) < 1.0);
        assert!(latency.cost_at(Nanos::ZERO, SECOND, 1, 1) > 1e29);
    }
}

#[cfg(all(test, voussoir_loom))]
mod models {
    use loom::sync::Arc;
    use loom::thread;

    use super::{Duration, Latency, Nanos};

    /// Two samples, whichever comes first: the longer one is the peak, and neither is lost.
    #[test]
    fn a_peak_is_never_lost() {
        loom::model(|| {
            let latency = Arc::new(Latency::new());
            let other = Arc::clone(&latency);
            let far = Duration::from_secs(1 << 30);
            let slow = thread::spawn(move || {
                other.sample_at(Nanos::from_nanos(1), Duration::from_secs(9), true, far);
            });
            latency.sample_at(Nanos::from_nanos(2), Duration::from_secs(1), true, far);
            slow.join().unwrap();
            let mean = latency.at(Nanos::from_nanos(2), far).unwrap();
            assert!((mean - 9e9).abs() < 1e3, "{mean}");
        });
    }
}
