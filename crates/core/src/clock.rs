//! Time is read in one place. Every state machine of the suite takes `now` as an argument; a clock
//! stands only in the shells around them, so that tests move time by hand and a service that reads
//! the clock once can serve a limiter, a breaker and a cache with that one reading.

#[cfg(target_has_atomic = "64")]
mod manual;
#[cfg(feature = "quanta")]
mod quanta;
mod system;
#[cfg(feature = "tokio")]
mod tokio;
#[cfg(feature = "std")]
mod wall;

use alloc::boxed::Box;
#[cfg(target_has_atomic = "ptr")]
use alloc::sync::Arc;

use crate::Nanos;
#[cfg(target_has_atomic = "64")]
pub use manual::ManualClock;
#[cfg(feature = "quanta")]
pub use quanta::QuantaClock;
pub use system::SystemClock;
#[cfg(feature = "tokio")]
pub use tokio::TokioClock;
#[cfg(feature = "std")]
pub use wall::WallClock;

/// Something that tells the time in nanoseconds since an origin of its own.
///
/// Readings should not go backwards, but nothing in voussoir relies on it: all arithmetic saturates.
///
/// ```
/// use voussoir_core::{Clock, Nanos};
///
/// /// Seconds from an interrupt, on a board without an operating system.
/// struct Ticks;
///
/// impl Clock for Ticks {
///     fn now(&self) -> Nanos {
///         Nanos::from_secs(7)
///     }
/// }
///
/// assert_eq!(Ticks.now(), Nanos::from_secs(7));
/// ```
pub trait Clock {
    /// The present.
    fn now(&self) -> Nanos;
}

impl<C: Clock + ?Sized> Clock for &C {
    #[inline]
    fn now(&self) -> Nanos {
        (**self).now()
    }
}

impl<C: Clock + ?Sized> Clock for Box<C> {
    #[inline]
    fn now(&self) -> Nanos {
        (**self).now()
    }
}

#[cfg(target_has_atomic = "ptr")]
impl<C: Clock + ?Sized> Clock for Arc<C> {
    #[inline]
    fn now(&self) -> Nanos {
        (**self).now()
    }
}
