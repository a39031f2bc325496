use std::time::{SystemTime, UNIX_EPOCH};

use super::Clock;
use crate::Nanos;

/// The calendar's clock: nanoseconds since 1970-01-01 00:00 UTC, until the year 2554.
///
/// For what must mean the same to another process or after a restart: ids, hybrid clocks, windows
/// aligned to the minute. It is set by hand and by NTP, so it may jump in either direction; use
/// [`SystemClock`](crate::SystemClock) for everything else.
///
/// ```
/// use voussoir_core::{Clock, Nanos, WallClock};
///
/// let new_year_2025 = Nanos::from_secs(1_735_689_600);
/// assert!(WallClock.now() > new_year_2025);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock;

impl Clock for WallClock {
    #[inline]
    fn now(&self) -> Nanos {
        // A clock set before 1970 reads as 1970.
        Nanos::from_duration(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }
}
