use std::sync::OnceLock;
use std::time::Instant;

use super::Clock;
use crate::Nanos;

/// The monotonic clock of the operating system, the default everywhere.
///
/// Its origin is the first reading in the process, so it says how long the process has run, not
/// what time of day it is; see [`WallClock`](crate::WallClock) for that.
///
/// A reading costs one [`Instant::now`] and a subtraction, some 25 ns on Linux.
///
/// ```
/// use voussoir_core::{Clock, SystemClock};
///
/// let earlier = SystemClock.now();
/// assert!(SystemClock.now() >= earlier);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[inline]
    fn now(&self) -> Nanos {
        since_origin(Instant::now())
    }
}

/// Places `instant` on the time line that all monotonic clocks of the process share.
#[inline]
pub(super) fn since_origin(instant: Instant) -> Nanos {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    let origin = *ORIGIN.get_or_init(|| instant);
    Nanos::from_duration(instant.saturating_duration_since(origin))
}
