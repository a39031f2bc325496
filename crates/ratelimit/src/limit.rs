mod algorithm;
mod error;
mod state;
mod text;

use core::fmt;
use core::str::FromStr;

use crate::{FixedWindow, LeakyBucket, SlidingWindowCounter, TokenBucket};
#[cfg(all(feature = "std", target_has_atomic = "64"))]
use crate::{SlidingWindowLog, StrictWindowCounter, WideWindowCounter};
use algorithm::dispatch;
pub use error::{LimitError, LimitErrorKind};
pub use state::LimitState;
pub(crate) use text::write_rate;

/// A limit chosen at run time, as a configuration says it.
///
/// | text | meaning |
/// |---|---|
/// | `10/s` | 10 every second, 10 at once |
/// | `100/min burst 20` | 100 every minute, 20 at once |
/// | `1000/h` | 1000 every hour, 1000 at once |
/// | `5/30s` | 5 every 30 seconds, 5 at once |
/// | `1000/min debt 5000` | a [`TokenBucket`] that may be [overdrawn](TokenBucket::debt) |
/// | `leaky 5/s` | a [`LeakyBucket`]: one every 200 ms |
/// | `leaky 5/s burst 10` | the same as a meter: 10 at once |
/// | `leaky 5/s queue 50` | the same as a queue: up to 50 are held until their turn |
/// | `fixed 100/min` | a [`FixedWindow`]: 100 in each minute of the clock |
/// | `fixed 100/min anchored` | 100 in a minute that begins with a key's first request |
/// | `fixed 100/min spread` | 100 in each minute of a key's own, by its hash |
/// | `fixed 100/min burst 300` | 100 more with each minute of the clock, up to 300 saved up |
/// | `fixed 1000/day start 23h` | 1000 in each day that begins at 23:00 of the clock |
/// | `sliding 100/min` | a [`SlidingWindowCounter`]: about 100 in any minute |
/// | `sliding 100/min strict 10` | never more than 100 in any minute, counted in 10 parts |
/// | `log 100/h` | exactly at most 100 in any hour (`SlidingWindowLog`) |
/// | `unlimited`, `blocked` | everything, nothing |
///
/// Those with `strict`, `log` and limits too large for one word need the feature `std`.
/// A period is a unit or a [duration](voussoir_core::duration): `s`, `min`, `h`, `day`, `500ms`,
/// `1h30m`. With the feature `serde` a limit is written and read as this text.
///
/// With how much a limiter begins is no part of it, since that is about one moment and not about a
/// rate: see `initial` of the builders, and of `rules::Rule` for configurations.
///
/// ```
/// use voussoir_ratelimit::{Limit, TokenBucket};
///
/// let limit: Limit = "100/min burst 20".parse()?;
/// assert_eq!(limit, Limit::TokenBucket(TokenBucket::per_minute(100).burst(20)));
/// assert_eq!(limit.to_string(), "100/min burst 20");
///
/// let error = "100/mn".parse::<Limit>().unwrap_err();
/// assert_eq!(error.to_string(), "unknown period at column 5; allowed: s, min, h, day, or a duration such as 30s");
/// # Ok::<(), voussoir_ratelimit::LimitError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// An average rate with a burst.
    TokenBucket(TokenBucket),
    /// An even rate, as a meter or as a queue.
    LeakyBucket(LeakyBucket),
    /// So many in each window.
    FixedWindow(FixedWindow),
    /// About so many in any window.
    SlidingWindowCounter(SlidingWindowCounter),
    /// The same, of a limit that does not fit one word.
    #[cfg(all(feature = "std", target_has_atomic = "64"))]
    WideWindowCounter(WideWindowCounter),
    /// Never more than so many in any window, by counts.
    #[cfg(all(feature = "std", target_has_atomic = "64"))]
    StrictWindowCounter(StrictWindowCounter),
    /// Exactly so many in any window.
    #[cfg(all(feature = "std", target_has_atomic = "64"))]
    SlidingWindowLog(SlidingWindowLog),
    /// Everything passes.
    Unlimited,
    /// Nothing passes, however long it waits.
    Blocked,
}

macro_rules! from {
    ($($(#[$on:meta])? $algorithm:ident),* $(,)?) => {$(
        $(#[$on])?
        impl From<$algorithm> for Limit {
            fn from(algorithm: $algorithm) -> Self {
                Self::$algorithm(algorithm)
            }
        }
    )*};
}

from! {
    TokenBucket,
    LeakyBucket,
    FixedWindow,
    SlidingWindowCounter,
    #[cfg(all(feature = "std", target_has_atomic = "64"))]
    WideWindowCounter,
    #[cfg(all(feature = "std", target_has_atomic = "64"))]
    StrictWindowCounter,
    #[cfg(all(feature = "std", target_has_atomic = "64"))]
    SlidingWindowLog,
}

impl FromStr for Limit {
    type Err = LimitError;

    /// # Errors
    ///
    /// The column, what was wrong there, and what is allowed.
    fn from_str(text: &str) -> Result<Self, LimitError> {
        text::parse(text)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        dispatch!(
            self,
            algorithm => algorithm.fmt(f),
            unlimited => f.write_str("unlimited"),
            blocked => f.write_str("blocked")
        )
    }
}
