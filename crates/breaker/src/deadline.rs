use core::time::Duration;

use thiserror::Error;
#[cfg(feature = "std")]
use voussoir_core::{Clock, SystemClock};
use voussoir_core::{Nanos, duration};

/// A point in time after which nobody waits for the answer any more.
///
/// Work that cannot be interrupted asks it between its steps and stops by itself. Handed on to what
/// the work calls, it keeps a whole tree of calls within the time of the first: see
/// [`earlier`](Self::earlier). To another process send what [`remains`](Self::remaining_at), since
/// points of two clocks do not compare.
///
/// The forms without a time read [`SystemClock`](voussoir_core::SystemClock), whose time line
/// `QuantaClock` and `TokioClock` share.
///
/// ```
/// use std::time::Duration;
/// use voussoir_breaker::Deadline;
/// use voussoir_core::Nanos;
///
/// let deadline = Deadline::after(Nanos::ZERO, Duration::from_secs(5));
/// for step in 0..10 {
///     let now = Nanos::from_secs(step);
///     if deadline.check_at(now).is_err() {
///         assert_eq!(step, 5);
///         break;
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[must_use = "a deadline that nobody asks stops nothing"]
pub struct Deadline(Nanos);

impl Deadline {
    /// No deadline.
    pub const NEVER: Self = Self(Nanos::MAX);

    /// At this point in time.
    pub const fn at(at: Nanos) -> Self {
        Self(at)
    }

    /// So long after `now`. Beyond the end of the clock it never comes.
    pub const fn after(now: Nanos, limit: Duration) -> Self {
        Self(now.saturating_add(limit))
    }

    /// When it is; [`Nanos::MAX`] for never.
    pub const fn as_nanos(self) -> Nanos {
        self.0
    }

    /// Whether there is one.
    pub fn is_set(self) -> bool {
        self != Self::NEVER
    }

    /// The earlier of the two: what is called keeps its own limit and the caller's.
    pub fn earlier(self, other: Self) -> Self {
        self.min(other)
    }

    /// How much time is left at `now`: zero when it has passed.
    pub const fn remaining_at(self, now: Nanos) -> Duration {
        self.0.saturating_duration_since(now)
    }

    /// Whether it has passed at `now`: the point itself is too late.
    pub fn has_passed_at(self, now: Nanos) -> bool {
        self.is_set() && now >= self.0
    }

    /// How much time is left at `now`, or that there is none.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] when it has passed.
    pub fn check_at(self, now: Nanos) -> Result<Duration, TimedOut> {
        if self.has_passed_at(now) {
            return Err(TimedOut { overdue: now.saturating_duration_since(self.0) });
        }
        Ok(self.remaining_at(now))
    }
}

#[cfg(feature = "std")]
impl Deadline {
    /// So long from now.
    pub fn within(limit: Duration) -> Self {
        Self::after(SystemClock.now(), limit)
    }

    /// How much time is left: zero when it has passed.
    pub fn remaining(self) -> Duration {
        self.remaining_at(SystemClock.now())
    }

    /// Whether it has passed.
    pub fn has_passed(self) -> bool {
        self.has_passed_at(SystemClock.now())
    }

    /// How much time is left, or that there is none: `deadline.check()?` between two steps.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] when it has passed.
    pub fn check(self) -> Result<Duration, TimedOut> {
        self.check_at(SystemClock.now())
    }
}

/// No deadline.
impl Default for Deadline {
    fn default() -> Self {
        Self::NEVER
    }
}

/// A deadline passed before there was an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("timed out, {} after the deadline", duration::text(*overdue))]
pub struct TimedOut {
    overdue: Duration,
}

impl TimedOut {
    pub(crate) const fn at(deadline: Deadline, now: Nanos) -> Self {
        Self { overdue: now.saturating_duration_since(deadline.0) }
    }

    /// How long ago the deadline was when it was noticed.
    pub const fn overdue(&self) -> Duration {
        self.overdue
    }
}
