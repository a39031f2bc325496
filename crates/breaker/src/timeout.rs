use core::time::Duration;

use thiserror::Error;
use voussoir_core::{Clock, ConfigError, SystemClock, duration};

use crate::{Deadline, Sleep, TimedOut, race};

/// Limits how long a call may take.
///
/// A future that is late is dropped, which is how asynchronous work is cancelled. Work on a thread
/// cannot be stopped from outside: it gets the [`Deadline`] and asks it between its steps.
///
/// `Copy` with the default clock: sixteen bytes.
///
/// ```
/// use std::time::Duration;
/// use voussoir_breaker::{Timeout, TimeoutError};
///
/// let timeout = Timeout::new(Duration::from_secs(2))?;
/// let sum = timeout.call(|deadline| {
///     let mut sum = 0;
///     for part in 1..=4 {
///         deadline.check()?;
///         sum += part;
///     }
///     Ok::<_, TimeoutError<String>>(sum)
/// });
/// assert_eq!(sum, Ok(10));
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Timeout<C = SystemClock> {
    limit: Duration,
    clock: C,
}

impl Timeout {
    /// A limit for each call.
    ///
    /// # Errors
    ///
    /// When the limit is zero, in which no call could be made.
    pub fn new(limit: Duration) -> Result<Self, ConfigError> {
        Ok(Self { limit: checked("timeout", limit)?, clock: SystemClock })
    }
}

impl<C> Timeout<C> {
    /// The clock that calls read.
    pub fn clock<D>(self, clock: D) -> Timeout<D> {
        Timeout { limit: self.limit, clock }
    }

    /// The limit.
    pub const fn limit(&self) -> Duration {
        self.limit
    }

    /// The deadline of a call that begins at `now` on behalf of one that has until `outer`.
    pub fn deadline_at(&self, now: voussoir_core::Nanos, outer: Deadline) -> Deadline {
        Deadline::after(now, self.limit).earlier(outer)
    }
}

impl<C: Clock> Timeout<C> {
    /// Calls `work` with its deadline, which `work` should ask. What it returns late is returned.
    pub fn call<T>(&self, work: impl FnOnce(Deadline) -> T) -> T {
        work(self.deadline_at(self.clock.now(), Deadline::NEVER))
    }

    /// Awaits `work`, and drops it when the time is up.
    ///
    /// # Errors
    ///
    /// [`TimeoutError::TimedOut`] when the time was up, else what the work returned.
    pub async fn call_async<T, E, F>(
        &self,
        sleep: impl Sleep,
        work: impl FnOnce(Deadline) -> F,
    ) -> Result<T, TimeoutError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.call_async_until(Deadline::NEVER, sleep, work).await
    }

    /// As [`call_async`](Self::call_async), on behalf of a call that itself has until `outer`.
    ///
    /// # Errors
    ///
    /// As [`call_async`](Self::call_async). When `outer` has passed, the work is not begun.
    pub async fn call_async_until<T, E, F>(
        &self,
        outer: Deadline,
        sleep: impl Sleep,
        work: impl FnOnce(Deadline) -> F,
    ) -> Result<T, TimeoutError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let now = self.clock.now();
        outer.check_at(now)?;
        let deadline = self.deadline_at(now, outer);
        let work = work(deadline);
        let result = race::until(deadline, &self.clock, &sleep, work).await?;
        result.map_err(TimeoutError::Inner)
    }
}

/// Why a call with a limit brought no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TimeoutError<E> {
    /// It took too long.
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
    /// It failed in time.
    #[error("{0}")]
    Inner(#[source] E),
}

impl<E> TimeoutError<E> {
    /// Whether it took too long.
    pub const fn is_timed_out(&self) -> bool {
        matches!(self, Self::TimedOut(_))
    }

    /// What the call returned, if it returned.
    pub fn into_inner(self) -> Option<E> {
        match self {
            Self::TimedOut(_) => None,
            Self::Inner(error) => Some(error),
        }
    }
}

pub(crate) fn checked(option: &'static str, limit: Duration) -> Result<Duration, ConfigError> {
    if limit.is_zero() {
        return Err(ConfigError::new(option, duration::text(limit), "1ns or more"));
    }
    Ok(limit)
}
