mod error;
#[cfg(feature = "serde")]
mod serde;
mod text;

use core::fmt;
use core::str::FromStr;

use voussoir_core::{ConfigError, Nanos};

use crate::algorithm::{Algorithm, sealed};
use crate::{Decision, TokenBucket};
pub use error::{LimitError, LimitErrorKind};
pub(crate) use text::write_rate;

/// A limit chosen at run time, as a configuration says it.
///
/// | text | meaning |
/// |---|---|
/// | `10/s` | 10 every second, 10 at once |
/// | `100/min burst 20` | 100 every minute, 20 at once |
/// | `1000/h` | 1000 every hour, 1000 at once |
/// | `5/30s` | 5 every 30 seconds, 5 at once |
///
/// A period is a unit or a [duration](voussoir_core::duration): `s`, `min`, `h`, `day`, `500ms`,
/// `1h30m`. With the feature `serde` a limit is written and read as this text.
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
}

impl From<TokenBucket> for Limit {
    fn from(bucket: TokenBucket) -> Self {
        Self::TokenBucket(bucket)
    }
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
        match self {
            Self::TokenBucket(bucket) => bucket.fmt(f),
        }
    }
}

impl sealed::Sealed for Limit {}

impl Algorithm for Limit {
    type State = u64;
    #[cfg(target_has_atomic = "64")]
    type Cell = crate::sync::AtomicU64;

    fn validate(&self) -> Result<(), ConfigError> {
        match self {
            Self::TokenBucket(bucket) => bucket.validate(),
        }
    }

    #[inline]
    fn check(&self, state: &mut u64, now: Nanos, n: u32) -> Decision {
        match self {
            Self::TokenBucket(bucket) => bucket.check(state, now, n),
        }
    }

    #[inline]
    fn is_fresh(&self, state: &u64, now: Nanos) -> bool {
        match self {
            Self::TokenBucket(bucket) => bucket.is_fresh(state, now),
        }
    }

    fn used_up(&self, now: Nanos) -> u64 {
        match self {
            Self::TokenBucket(bucket) => bucket.used_up(now),
        }
    }

    fn refund(&self, state: &mut u64, now: Nanos, n: u32) {
        match self {
            Self::TokenBucket(bucket) => bucket.refund(state, now, n),
        }
    }

    fn mend(&self, state: &mut u64, now: Nanos) {
        match self {
            Self::TokenBucket(bucket) => bucket.mend(state, now),
        }
    }
}
