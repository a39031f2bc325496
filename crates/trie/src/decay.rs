use core::time::Duration;

use voussoir_core::{ConfigError, Nanos};

/// Scores that fade with time and never need to be touched: forward decay, in the logarithm.
///
/// A string's worth at a time is the sum of its events' weights, each halved for every half-life since.
/// All fade alike, so their order changes only when events come. The score says it without the time:
/// the logarithm of the worth at a fixed point of time, as an integer that sorts alike, to be used as a
/// weight (Cormode, Shkapenyuk, Srivastava and Xu, "Forward decay", 2009).
///
/// ```
/// use std::time::Duration;
/// use voussoir_core::Nanos;
/// use voussoir_trie::{Decay, Index, Suggester};
///
/// let decay = Decay::half_life(Duration::from_secs(3600))?;
/// let at = |hours: u64| Nanos::from_secs(3600 * hours);
/// let suggest = Suggester::new(Index::build([("old hit", decay.score(100.0, at(0)))])?);
/// for hour in 5..8 {
///     suggest.update("old news", |was| Some(decay.add(was, 10.0, at(hour))))?;
/// }
///
/// let now = suggest.snapshot();
/// let best = now.complete("old").next().unwrap();
/// assert_eq!(best.key(), "old news");
/// assert!((decay.worth_at(best.weight(), at(7)) - 17.5).abs() < 1e-9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Scores of one half-life can be compared, wherever they were computed: the arithmetic is `libm`'s,
/// the same on every platform. Two worths whose ratio is nearer to 1 than 10^-9 may compare as equal
/// or the wrong way round after 10,000 half-lives; no time overflows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decay {
    half_life: f64,
}

impl Decay {
    /// Halves in this time.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] if it is zero.
    pub fn half_life(half_life: Duration) -> Result<Self, ConfigError> {
        if half_life.is_zero() {
            return Err(ConfigError::new("half_life", "0s", "more than 0s"));
        }
        Ok(Self { half_life: half_life.as_secs_f64() })
    }

    /// The score of one event; 0, the least, if its weight is not above 0. An infinite weight is taken
    /// as the greatest finite one.
    pub fn score(self, weight: f64, at: Nanos) -> u64 {
        if weight > 0.0 {
            to_score(self.exponent(at) + libm::log2(weight.min(f64::MAX)))
        } else {
            0
        }
    }

    /// The score after another event. Events may come in any order of their times. What is no score
    /// (a plain weight, say) counts as next to nothing, or as more than any score.
    pub fn add(self, score: Option<u64>, weight: f64, at: Nanos) -> u64 {
        let event = self.score(weight, at);
        let Some(score) = score.filter(|&score| score > 0) else { return event };
        if event == 0 {
            return score;
        }
        let (most, least) = (from_score(score.max(event)), from_score(score.min(event)));
        // log2(2^a + 2^b), without ever computing 2^a.
        let sum = libm::log1p(libm::exp2(least - most)) * core::f64::consts::LOG2_E;
        to_score(most + sum)
    }

    /// What a score is worth at a time, in weights of events; infinite where no `f64` holds it.
    pub fn worth_at(self, score: u64, at: Nanos) -> f64 {
        if score == 0 { 0.0 } else { libm::exp2(from_score(score) - self.exponent(at)) }
    }

    fn exponent(self, at: Nanos) -> f64 {
        at.as_nanos() as f64 * 1e-9 / self.half_life
    }
}

/// An integer that sorts as the number does, above 0.
fn to_score(exponent: f64) -> u64 {
    let bits = exponent.to_bits();
    let sorted = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    sorted.max(1)
}

/// Always finite, so that no sum of scores is `NaN`.
fn from_score(score: u64) -> f64 {
    let exponent = f64::from_bits(if score >> 63 == 1 { score & !(1 << 63) } else { !score });
    if exponent.is_finite() {
        exponent
    } else if score >> 63 == 1 {
        f64::MAX
    } else {
        f64::MIN
    }
}
