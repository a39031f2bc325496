use core::time::Duration;

use voussoir_core::{ConfigError, Random};

/// Probabilistic early renewal: each reader renews a value before its end with a chance that grows as
/// the end comes nearer, so that some reader has done it before all would have to.
///
/// A value that took `delta` to load and has `left` to live is renewed with probability
/// `exp(-left / (beta × delta))`: it is renewed if `delta × beta × -ln(u) ≥ left`, for `u` evenly
/// spread over `(0, 1]`. That this is the best among such schemes, and 1 a good `beta`, is shown by
/// Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015.
///
/// ```
/// use std::time::Duration;
/// use voussoir_cache::refresh::XFetch;
/// use voussoir_core::Random;
///
/// let second = Duration::from_secs(1);
/// let xfetch = XFetch::default();
/// assert!((xfetch.probability(second, second) - (-1.0_f64).exp()).abs() < 1e-12);
///
/// let mut random = Random::seeded(1);
/// assert!(!xfetch.is_due(37 * second, second, &mut random)); // never so early
/// assert!(xfetch.is_due(Duration::ZERO, second, &mut random));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct XFetch {
    beta: f64,
}

impl XFetch {
    /// With this factor: above 1 renews earlier, below 1 later.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] unless it is above 0 and finite.
    pub fn new(beta: f64) -> Result<Self, ConfigError> {
        if beta > 0.0 && beta.is_finite() {
            Ok(Self { beta })
        } else {
            Err(ConfigError::new("beta", beta, "above 0 and finite"))
        }
    }

    /// The factor.
    pub const fn beta(self) -> f64 {
        self.beta
    }

    /// The chance of renewal with `left` to live, for a load that takes `delta`.
    ///
    /// Complexity: O(1).
    pub fn probability(self, left: Duration, delta: Duration) -> f64 {
        if left.is_zero() {
            return 1.0;
        }
        // A load that takes no time is never worth doing early: exp(-∞).
        (-left.as_secs_f64() / (self.beta * delta.as_secs_f64())).exp()
    }

    /// Rolls the dice: whether this reader renews the value.
    ///
    /// Complexity: O(1), and without a logarithm where the end is too far away for any roll.
    #[inline]
    pub fn is_due(self, left: Duration, delta: Duration, random: &mut Random) -> bool {
        if left.is_zero() {
            return true;
        }
        let scale = self.beta * delta.as_secs_f64();
        let left = left.as_secs_f64();
        // The smallest `u` is 2^-53, and -ln(2^-53) is 36.74.
        left <= 36.75 * scale && scale * -(1.0 - random.fraction()).ln() >= left
    }
}

/// `beta` 1, the paper's.
impl Default for XFetch {
    fn default() -> Self {
        Self { beta: 1.0 }
    }
}
