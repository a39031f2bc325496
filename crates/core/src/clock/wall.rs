#[cfg(all(feature = "std", not(target_os = "linux")))]
use std::time::{SystemTime, UNIX_EPOCH};

#[cfg(feature = "std")]
use super::Clock;
#[cfg(feature = "std")]
use crate::Nanos;

/// The calendar's clock: nanoseconds since 1970-01-01 00:00 UTC, until the year 2554.
///
/// For what must mean the same to another process or after a restart: ids, hybrid clocks, windows
/// aligned to the minute. It is set by hand and by NTP, so it may jump in either direction; use
/// [`SystemClock`](crate::SystemClock) for everything else.
///
/// Without the feature `std` it is, like `SystemClock`, a name that can be the default of other
/// types, but no [`Clock`](crate::Clock).
///
/// ```
/// use voussoir_core::{Clock, Nanos, WallClock};
///
/// let new_year_2025 = Nanos::from_secs(1_735_689_600);
/// assert!(WallClock.now() > new_year_2025);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock;

#[cfg(all(feature = "std", target_os = "linux"))]
impl Clock for WallClock {
    /// The kernel's clock itself: `SystemTime` reads the same one, but takes longer to tell how far it
    /// is from another `SystemTime`.
    #[inline]
    fn now(&self) -> Nanos {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
        // A clock set before 1970 reads as 1970.
        let Ok(seconds) = u64::try_from(time.tv_sec) else { return Nanos::ZERO };
        let nanos = seconds.saturating_mul(1_000_000_000);
        Nanos::from_nanos(nanos.saturating_add(time.tv_nsec.cast_unsigned()))
    }
}

#[cfg(all(feature = "std", not(target_os = "linux")))]
impl Clock for WallClock {
    #[inline]
    fn now(&self) -> Nanos {
        // A clock set before 1970 reads as 1970.
        Nanos::from_duration(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }
}
