use core::fmt;
use core::time::Duration;

use crate::duration;

/// A point in time: nanoseconds since the origin of the [`Clock`](crate::Clock) that was read.
///
/// One `u64`, so that it fits an atomic word. It covers 584 years from the origin, and every
/// operation saturates: a clock that goes backwards or runs to the end yields a wrong answer at
/// worst, never a panic and never a wrap.
///
/// Points of different clocks do not compare, unless the clocks say so: `SystemClock`,
/// `QuantaClock` and `TokioClock` share one origin.
///
/// ```
/// use std::time::Duration;
/// use voussoir_core::Nanos;
///
/// let start = Nanos::from_secs(10);
/// let end = start.saturating_add(Duration::from_millis(1500));
/// assert_eq!(end.saturating_duration_since(start), Duration::from_millis(1500));
/// assert_eq!(start.saturating_duration_since(end), Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(u64);

impl Nanos {
    /// The origin of the clock.
    pub const ZERO: Self = Self(0);
    /// The last point there is, 584 years after the origin.
    pub const MAX: Self = Self(u64::MAX);

    /// The point `nanos` nanoseconds after the origin.
    #[inline]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The point `millis` milliseconds after the origin, or [`Nanos::MAX`].
    #[inline]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// The point `secs` seconds after the origin, or [`Nanos::MAX`].
    #[inline]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// The point `since_origin` after the origin, or [`Nanos::MAX`].
    #[inline]
    pub const fn from_duration(since_origin: Duration) -> Self {
        // In 64 bits: `Duration::as_nanos` takes 128, which costs as much as a limiter's decision.
        let whole = since_origin.as_secs().saturating_mul(1_000_000_000);
        Self(whole.saturating_add(since_origin.subsec_nanos() as u64))
    }

    /// Nanoseconds since the origin.
    #[inline]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Time since the origin.
    #[inline]
    pub const fn as_duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// The point `later` after this one, or [`Nanos::MAX`].
    #[inline]
    pub const fn saturating_add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(Self::from_duration(later).0))
    }

    /// The point `earlier` before this one, or [`Nanos::ZERO`].
    #[inline]
    pub const fn saturating_sub(self, earlier: Duration) -> Self {
        Self(self.0.saturating_sub(Self::from_duration(earlier).0))
    }

    /// How long ago `earlier` was; zero when it lies ahead, as after a step backwards.
    #[inline]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Time since the origin, as [`duration::text`] writes it: `1h30m`.
impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        duration::text(self.as_duration()).fmt(f)
    }
}
