use core::f64::consts::{FRAC_1_SQRT_2, LN_2, LN_10, LOG10_E};
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

/// −log₁₀ Q(y), Q(y) = erfc(y / √2) / 2, to 1e-7 everywhere.
///
/// erfc(z) = t · exp(P(t) − z²) with t = 1 / (1 + z/2) and a polynomial P (Press, Teukolsky, Vetterling and
/// Flannery, "Numerical Recipes", section 6.2): its logarithm needs no exponential, so that nothing
/// underflows, however far out.
#[inline]
fn minus_log10_of_tail(y: f64) -> f64 {
    // Below 1e-16, which is lost in the rounding of 1 − Q.
    if y < -8.3 {
        return 0.0;
    }
    let z = y.abs() * FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + z * 0.5);
    let polynomial = P.iter().rev().fold(0.0, |sum, coefficient| sum * t + coefficient);
    // −ln(erfc(z) / 2).
    let log = z * z - polynomial - ln(t) + LN_2;
    if y >= 0.0 {
        return log * LOG10_E;
    }
    // The other tail, of which this one is what is left.
    -libm::log1p(-libm::exp(-log)) * LOG10_E
}

const P: [f64; 10] = [
    -1.265_512_23,
    1.000_023_68,
    0.374_091_96,
    0.096_784_18,
    -0.186_288_06,
    0.278_868_07,
    -1.135_203_98,
    1.488_515_87,
    -0.822_152_23,
    0.170_872_77,
];

#[cfg(feature = "std")]
#[inline]
fn ln(x: f64) -> f64 {
    x.ln()
}

#[cfg(not(feature = "std"))]
fn ln(x: f64) -> f64 {
    libm::log(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_that_of_the_error_function() {
        for step in -800..3700 {
            let y = f64::from(step) / 100.0;
            let exact = -libm::log10(libm::erfc(y * FRAC_1_SQRT_2) / 2.0);
            let found = minus_log10_of_tail(y);
            assert!((found - exact).abs() < 1e-7, "{found} for {exact} at {y}");
        }
    }
}
