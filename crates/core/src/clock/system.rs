#[cfg(feature = "std")]
use std::sync::OnceLock;
#[cfg(feature = "std")]
use std::time::Instant;

#[cfg(feature = "std")]
use super::Clock;
#[cfg(feature = "std")]
use crate::Nanos;

/// The monotonic clock of the operating system, the default everywhere.
///
/// Its origin is the first reading in the process, so it says how long the process has run, not
/// what time of day it is; see `WallClock` for that.
///
/// A reading costs one [`Instant::now`](https://doc.rust-lang.org/std/time/struct.Instant.html) and
/// a subtraction, some 25 ns on Linux.
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

#[cfg(feature = "std")]
impl Clock for SystemClock {
    #[inline]
    fn now(&self) -> Nanos {
        since_origin(Instant::now())
    }
}

/// Places `instant` on the time line that all monotonic clocks of the process share.
#[cfg(feature = "std")]
#[inline]
pub(super) fn since_origin(instant: Instant) -> Nanos {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    let origin = *ORIGIN.get_or_init(|| instant);
    Nanos::from_duration(instant.saturating_duration_since(origin))
}
