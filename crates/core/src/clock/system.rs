#[cfg(any(feature = "tokio", all(feature = "std", not(target_os = "linux"))))]
use std::time::Instant;

#[cfg(feature = "std")]
use super::Clock;
#[cfg(feature = "std")]
use crate::Nanos;

/// The monotonic clock of the operating system, the default everywhere.
///
/// Its origin is some moment in the past, on Linux when the machine started, so it does not say what
/// time of day it is; see `WallClock` for that. A reading costs some 25 ns on Linux.
///
/// Without the feature `std` there is no operating system to ask: the type is there, so that it can
/// be the default of others, but it is no [`Clock`](crate::Clock). Give those types a clock of your
/// own, or the time with each call.
///
/// ```
/// use voussoir_core::{Clock, SystemClock};
///
/// let earlier = SystemClock.now();
/// assert!(SystemClock.now() >= earlier);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[cfg(all(feature = "std", target_os = "linux"))]
impl Clock for SystemClock {
    /// The kernel's clock itself: `Instant` reads the same one, but takes 6 ns more to tell how far
    /// it is from another `Instant`.
    #[inline]
    fn now(&self) -> Nanos {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        // The kernel counts nanoseconds since boot in 63 bits and divided them a moment ago: what it
        // divided can be put together again.
        let nanos = time.tv_sec.cast_unsigned().wrapping_mul(1_000_000_000);
        Nanos::from_nanos(nanos.wrapping_add(time.tv_nsec.cast_unsigned()))
    }
}

#[cfg(all(feature = "std", not(target_os = "linux")))]
impl Clock for SystemClock {
    #[inline]
    fn now(&self) -> Nanos {
        static ORIGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        let origin = *ORIGIN.get_or_init(Instant::now);
        Nanos::from_duration(Instant::now().saturating_duration_since(origin))
    }
}

/// Places `instant` on the time line that all monotonic clocks of the process share.
#[cfg(feature = "tokio")]
pub(super) fn place(instant: Instant) -> Nanos {
    static KNOWN: std::sync::OnceLock<(Instant, Nanos)> = std::sync::OnceLock::new();
    let (known, nanos) = *KNOWN.get_or_init(|| (Instant::now(), SystemClock.now()));
    match instant.checked_duration_since(known) {
        Some(later) => nanos.saturating_add(later),
        None => nanos.saturating_sub(known.saturating_duration_since(instant)),
    }
}
