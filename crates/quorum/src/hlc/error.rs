use core::time::Duration;

use thiserror::Error;
use voussoir_core::duration;

use super::HlcTime;

/// A hybrid clock refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HlcError {
    /// A reading from elsewhere lies too far ahead. Refuse the value that came with it, too: had the
    /// clock taken it, every clock it talks to would run ahead for ever.
    #[error(
        "{remote} is {} ahead of the wall clock; allowed: at most {}",
        duration::text(*ahead),
        duration::text(*allowed)
    )]
    DriftExceeded {
        /// What came.
        remote: HlcTime,
        /// By how much it is ahead.
        ahead: Duration,
        /// By how much it may be.
        allowed: Duration,
    },
    /// There is no later reading: the year 10889 has come, or a reading that pretends so.
    #[error("the clock is at its end, {}", HlcTime::MAX)]
    Exhausted,
}

/// A text is no reading of a hybrid clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "not a hybrid time; expected milliseconds since 1970, a full stop, a count up to 65535, both without leading zeros: 1735689600000.7"
)]
pub struct HlcTimeError;
