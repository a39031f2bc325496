use core::f64::consts::{LN_10, SQRT_2};
use core::time::Duration;

/// How the intervals between heartbeats are taken to be distributed.
pub trait PhiModel {
    /// −log₁₀ of the probability that a node that is alive is silent for so many microseconds, when its
    /// intervals have this mean and standard deviation.
    fn phi(&self, silence: f64, mean: f64, deviation: f64) -> f64;
}

/// Exponential intervals: φ = silence / mean / ln 10. What Cassandra computes. Needs no deviation, and
/// forgives bursts; φ = 8 comes after 18.42 mean intervals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
pub struct Exponential;

/// Normal intervals, **exactly**: φ = −log₁₀ Q((silence − pause − mean) / deviation), Q being the upper
/// tail. What Akka approximates by a logistic function, which is good in the middle and overstates the
/// tail: at 10 deviations it says 37.6 where the tail is 23.1. φ = 8 comes 5.61 deviations after the
/// mean and the pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Normal {
    /// A silence that is always accepted, on top of the mean. Default: 3 s, Akka's.
    #[cfg_attr(feature = "serde", serde(with = "voussoir_core::duration"))]
    pub acceptable_pause: Duration,
    /// The deviation is taken to be no less: a node that is regular to the microsecond would otherwise
    /// be suspected for a millisecond. Default: 100 ms, Akka's.
    #[cfg_attr(feature = "serde", serde(with = "voussoir_core::duration"))]
    pub least_deviation: Duration,
}

impl Default for Normal {
    fn default() -> Self {
        Self {
            acceptable_pause: Duration::from_secs(3),
            least_deviation: Duration::from_millis(100),
        }
    }
}

impl PhiModel for Exponential {
    #[inline]
    fn phi(&self, silence: f64, mean: f64, _: f64) -> f64 {
        silence / (mean.max(1.0) * LN_10)
    }
}

impl PhiModel for Normal {
    #[inline]
    fn phi(&self, silence: f64, mean: f64, deviation: f64) -> f64 {
        let pause = micros(self.acceptable_pause);
        let deviation = deviation.max(micros(self.least_deviation)).max(1.0);
        minus_log10_of_tail((silence - pause - mean) / deviation)
    }
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs() as f64 * 1e6 + f64::from(duration.subsec_nanos()) * 1e-3
}

/// −log₁₀ Q(y), Q(y) = erfc(y / √2) / 2.
fn minus_log10_of_tail(y: f64) -> f64 {
    // Where the tail is still far from the least number there is.
    if y < 20.0 {
        return -libm::log10(libm::erfc(y / SQRT_2) / 2.0);
    }
    // Q(y) = exp(−y²/2) / (y √(2π)) · (1 − 1/y² + 3/y⁴ − 15/y⁶ + …); beyond 20 the next term is below 1e-8.
    let square = y * y;
    let series = 1.0 - (1.0 - (3.0 - 15.0 / square) / square) / square;
    let log = square / 2.0 + libm::log(y * SQRT_2_PI) - libm::log(series);
    log / LN_10
}

/// √(2π).
const SQRT_2_PI: f64 = 2.506_628_274_631_000_7;
