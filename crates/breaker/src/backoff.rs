//! How long to wait between attempts. Pure: a [`Backoff`] is a description, its [`Delays`] an
//! iterator that knows neither a clock nor the work that is repeated.

mod delays;
mod error;
#[cfg(feature = "serde")]
mod serde;
mod text;

use core::time::Duration;

use voussoir_core::{ConfigError, Nanos, Random};

pub use delays::Delays;
pub use error::{BackoffError, BackoffErrorKind};

/// How long to wait before each further attempt: a curve, its cap and its jitter.
///
/// Without jitter, clients that failed together come back together, again and again; the curve only
/// makes the pauses longer. With [`full_jitter`](Self::full_jitter) they spread over the whole pause.
///
/// | jitter | a delay of the curve `v` becomes | take it |
/// |---|---|---|
/// | none | `v` | when nobody else waits for the same thing |
/// | full | `0 ..= v` | by default: the fewest calls, the earliest end |
/// | equal | `v/2 ..= v` | when an early attempt is sure to be wasted |
/// | around | `v ± share` | when the pause itself is to be kept; it spreads little |
/// | [`decorrelated`](Self::decorrelated) | `base ..= 3 × the last` | the widest spread at first, but later a fifth of the delays are the cap itself |
///
#[doc = include_str!("../docs/herd.svg")]
///
/// The names and formulas are those of M. Brooker, "Exponential backoff and jitter" (AWS
/// Architecture Blog, 2015); the figures are our simulations' of it.
///
/// The cap comes last, after the jitter: no delay is ever longer. Arithmetic saturates, however
/// many attempts there are.
///
/// As text: `exponential 100ms factor 1.5 cap 20s full jitter`. The curve and its first delay come
/// first; `factor`, `cap` and the jitter (`full jitter`, `equal jitter`, `jitter 20%`) follow in any
/// order.
///
/// ```
/// use std::time::Duration;
/// use voussoir_breaker::Backoff;
/// use voussoir_core::Random;
///
/// let backoff = Backoff::exponential(Duration::from_secs(1)).cap(Duration::from_secs(5));
/// let delays: Vec<_> = backoff.delays(Random::seeded(7)).map(|d| d.as_secs()).take(5).collect();
/// assert_eq!(delays, [1, 2, 4, 5, 5]);
///
/// assert_eq!("exponential 1s cap 5s".parse(), Ok(backoff));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Backoff {
    curve: Curve,
    /// The first delay of the curve, in nanoseconds.
    base: u64,
    /// No delay is longer, in nanoseconds.
    cap: u64,
    jitter: Jitter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Curve {
    Fixed,
    Linear,
    /// With its factor, in millionths.
    Exponential(u32),
    Fibonacci,
    Decorrelated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Jitter {
    None,
    Full,
    Equal,
    /// By how much up or down, in thousandths of the delay.
    Around(u16),
}

/// A factor of one.
const MILLION: u32 = 1_000_000;
const DOUBLING: u32 = 2 * MILLION;
/// A factor beyond it leaves the range of its field.
const MAX_FACTOR: u32 = 1_000;
/// The whole of a delay.
const THOUSAND: u16 = 1_000;

impl Backoff {
    /// The same delay each time.
    pub const fn fixed(delay: Duration) -> Self {
        Self::new(Curve::Fixed, delay)
    }

    /// `base`, `2 × base`, `3 × base` and so on.
    pub const fn linear(base: Duration) -> Self {
        Self::new(Curve::Linear, base)
    }

    /// `base`, `2 × base`, `4 × base` and so on; see [`factor`](Self::factor).
    pub const fn exponential(base: Duration) -> Self {
        Self::new(Curve::Exponential(DOUBLING), base)
    }

    /// `base`, `base`, `2 × base`, `3 × base`, `5 × base` and so on: between linear and doubling.
    pub const fn fibonacci(base: Duration) -> Self {
        Self::new(Curve::Fibonacci, base)
    }

    /// Each delay drawn from `base ..= 3 × the last`. It is jitter by itself; a jitter on top of it
    /// applies to what is drawn.
    pub const fn decorrelated(base: Duration) -> Self {
        Self::new(Curve::Decorrelated, base)
    }

    const fn new(curve: Curve, base: Duration) -> Self {
        let base = Nanos::from_duration(base).as_nanos();
        Self { curve, base, cap: u64::MAX, jitter: Jitter::None }
    }

    /// No delay is longer than this. Without it, the curve grows to 584 years.
    pub const fn cap(self, cap: Duration) -> Self {
        Self { cap: Nanos::from_duration(cap).as_nanos(), ..self }
    }

    /// Draws each delay from zero to what the curve says.
    pub const fn full_jitter(self) -> Self {
        Self { jitter: Jitter::Full, ..self }
    }

    /// Draws each delay from half of what the curve says to all of it.
    pub const fn equal_jitter(self) -> Self {
        Self { jitter: Jitter::Equal, ..self }
    }

    /// Draws each delay from what the curve says, give or take `share` of it.
    ///
    /// # Errors
    ///
    /// When `share` is not in `0.0..=1.0`. It is resolved to a thousandth.
    pub fn jitter_around(self, share: f64) -> Result<Self, ConfigError> {
        #[expect(clippy::cast_sign_loss, reason = "only what lies in 0.0..=1.0 is used")]
        let thousandths = (share * f64::from(THOUSAND) + 0.5) as u16;
        if !(0.0..=1.0).contains(&share) {
            return Err(ConfigError::new("jitter_around", share, "0 to 1"));
        }
        Ok(Self { jitter: Jitter::Around(thousandths), ..self })
    }

    /// By what an exponential delay grows, instead of 2. Resolved to a millionth.
    ///
    /// # Errors
    ///
    /// When the factor is not in `1.0..=1000.0`, or the curve has none.
    pub fn factor(self, factor: f64) -> Result<Self, ConfigError> {
        if !(1.0..=f64::from(MAX_FACTOR)).contains(&factor) {
            return Err(ConfigError::new("factor", factor, "1 to 1000"));
        }
        if !matches!(self.curve, Curve::Exponential(_)) {
            return Err(ConfigError::new("factor", factor, "only with an exponential backoff"));
        }
        #[expect(clippy::cast_sign_loss, reason = "at least 1")]
        let millionths = (factor * f64::from(MILLION) + 0.5) as u32;
        Ok(Self { curve: Curve::Exponential(millionths), ..self })
    }

    /// The delays, drawn with `random`. Endless: who repeats decides when to stop.
    #[inline]
    pub const fn delays(self, random: Random) -> Delays {
        Delays::new(self, random)
    }

    /// The longest delay there can be.
    pub const fn longest(self) -> Duration {
        let longest = match self.curve {
            Curve::Fixed if self.base < self.cap => self.base,
            _ => self.cap,
        };
        let longest = match self.jitter {
            Jitter::Around(share) if matches!(self.curve, Curve::Fixed) => {
                let widened = longest.saturating_add(delays::part(longest, share));
                if widened < self.cap { widened } else { self.cap }
            }
            _ => longest,
        };
        Duration::from_nanos(longest)
    }
}
