//! The constructors that every algorithm has, so that a rate reads the same everywhere and
//! `per_second(n)` can only mean n a second.

use core::time::Duration;

use voussoir_core::{ConfigError, duration};

const MAX_PERIOD: Duration = Duration::from_hours(24 * 10_000);

pub(crate) const fn allows_period(period: Duration) -> bool {
    !period.is_zero() && period.as_nanos() <= MAX_PERIOD.as_nanos()
}

pub(crate) fn validate_period(period: Duration) -> Result<(), ConfigError> {
    if allows_period(period) {
        return Ok(());
    }
    Err(ConfigError::new("period", duration::text(period), "1ns to 10000d"))
}

/// The error of a limit of 0, given as `option`.
pub(crate) fn nothing(option: &'static str) -> ConfigError {
    ConfigError::new(option, 0, "1 or more; what refuses everything is `blocked`, `Limit::Blocked`")
}

/// `per_second` to `per_day`, by way of `new`.
macro_rules! constructors {
    ($algorithm:ident, $count:ident, $note:literal) => {
        impl $algorithm {
            #[doc = concat!("`", stringify!($count), "` every second, ", $note, ".")]
            pub const fn per_second($count: u32) -> Self {
                Self::new($count, Duration::from_secs(1))
            }

            #[doc = concat!("`", stringify!($count), "` every minute, ", $note, ".")]
            pub const fn per_minute($count: u32) -> Self {
                Self::new($count, Duration::from_mins(1))
            }

            #[doc = concat!("`", stringify!($count), "` every hour, ", $note, ".")]
            pub const fn per_hour($count: u32) -> Self {
                Self::new($count, Duration::from_hours(1))
            }

            #[doc = concat!("`", stringify!($count), "` every 24 hours, ", $note, ".")]
            pub const fn per_day($count: u32) -> Self {
                Self::new($count, Duration::from_hours(24))
            }
        }
    };
}

pub(crate) use constructors;
