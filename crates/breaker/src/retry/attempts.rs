use core::time::Duration;

use voussoir_core::Nanos;

use super::{Retrying, Stop, View};
use crate::backoff::Delays;
use crate::retry_budget::Withdrawal;
use crate::{Deadline, Verdict};

/// One attempt, as the work sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// 1 for the first.
    pub number: u32,
    /// When it will be given up.
    pub deadline: Deadline,
}

/// The attempts of one call: a state machine that knows neither a clock nor the work, and says after
/// each failure how long to wait, or why to stop.
///
/// ```
/// use std::time::Duration;
/// use voussoir_breaker::{Backoff, Retry, Stop, Verdict};
/// use voussoir_core::Nanos;
///
/// let backoff = Backoff::exponential(Duration::from_secs(1));
/// let retry = Retry::builder(backoff).idempotent().max_attempts(3).build()?;
///
/// let mut attempts = retry.attempts_at(Nanos::ZERO);
/// assert_eq!(attempts.failed_at(Nanos::ZERO, Verdict::Transient), Ok(Duration::from_secs(1)));
/// assert_eq!(attempts.failed_at(Nanos::from_secs(1), Verdict::Transient), Ok(Duration::from_secs(2)));
/// assert_eq!(attempts.failed_at(Nanos::from_secs(3), Verdict::Transient), Err(Stop::Attempts));
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
#[derive(Debug)]
#[must_use = "it decides nothing until it is told how an attempt ended"]
pub struct Attempts<'a> {
    retry: View<'a>,
    idempotent: bool,
    deadline: Deadline,
    begun: Nanos,
    number: u32,
    /// Made with the first retry: most calls need none.
    delays: Option<Delays>,
    paid: Option<Withdrawal>,
}

impl<'a> Attempts<'a> {
    #[inline]
    pub(crate) fn new(retry: View<'a>, idempotent: bool, deadline: Deadline, now: Nanos) -> Self {
        if let Some(budget) = retry.budget {
            budget.call_at(now);
        }
        Self { retry, idempotent, deadline, begun: now, number: 1, delays: None, paid: None }
    }

    /// The number of the attempt that is being made or waited for, from 1.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// The attempt that begins at `now`.
    #[inline]
    pub fn attempt_at(&self, now: Nanos) -> Attempt {
        let limit = self.retry.options.attempt_timeout;
        let own = limit.map_or(Deadline::NEVER, |limit| Deadline::after(now, limit));
        Attempt { number: self.number, deadline: own.earlier(self.deadline) }
    }

    /// The attempt failed at `now`: how long to wait before the next, or why there is none.
    ///
    /// Complexity: O(1), no allocation.
    ///
    /// # Errors
    ///
    /// The first reason to stop, in the order in which [`Stop`] lists them.
    pub fn failed_at(&mut self, now: Nanos, verdict: Verdict) -> Result<Duration, Stop> {
        let decision = self.decide(now, verdict);
        match decision {
            Ok(delay) => {
                let event = Retrying { attempt: self.number, verdict, delay };
                self.number = self.number.saturating_add(1);
                self.retry.watch.tell(|observer| observer.retrying(event));
            }
            Err(stop) => {
                self.retry.watch.tell(|observer| observer.stopped(self.number, stop));
            }
        }
        decision
    }

    /// The attempt was refused on this side and is not to be tried again.
    #[cfg(feature = "std")]
    pub(crate) fn refused(&self) -> Stop {
        self.retry.watch.tell(|observer| observer.stopped(self.number, Stop::Refused));
        Stop::Refused
    }

    /// The call succeeded.
    #[inline]
    pub fn succeeded_at(self, now: Nanos) {
        self.succeeded(|| now);
    }

    /// As [`succeeded_at`](Self::succeeded_at), where only a budget asks for the time.
    #[inline]
    pub(crate) fn succeeded(self, now: impl FnOnce() -> Nanos) {
        if let Some(budget) = self.retry.budget {
            budget.success_at(now(), self.paid);
        }
        self.retry.watch.tell(|observer| observer.succeeded(self.number));
    }

    fn decide(&mut self, now: Nanos, verdict: Verdict) -> Result<Duration, Stop> {
        let View { options, budget, dice, .. } = self.retry;
        if verdict == Verdict::Permanent {
            return Err(Stop::Permanent);
        }
        if let Some(budget) = budget {
            budget.failure_at(now);
        }
        if !self.idempotent && !verdict.is_undone() {
            return Err(Stop::NotIdempotent);
        }
        if options.max_attempts.is_some_and(|max| self.number >= max) {
            return Err(Stop::Attempts);
        }
        let left = match options.max_elapsed {
            Some(max) => max.saturating_sub(now.saturating_duration_since(self.begun)),
            None => Duration::MAX,
        };
        let asked = match verdict {
            Verdict::Throttled { retry_after } => retry_after,
            _ => Duration::ZERO,
        };
        if left.is_zero() || asked > left {
            return Err(Stop::Elapsed);
        }
        if asked > options.max_retry_after {
            return Err(Stop::RetryAfter);
        }
        let delays = self.delays.get_or_insert_with(|| options.backoff.delays(dice.random()));
        let drawn = delays.next().unwrap_or(Duration::ZERO);
        // What is asked for comes first and the jitter on top, or all who were told the same time
        // would come back together.
        let delay = asked.saturating_add(drawn).min(left);
        if self.deadline.has_passed_at(now.saturating_add(delay)) {
            return Err(Stop::Deadline);
        }
        if let Some(budget) = budget {
            self.paid = Some(budget.try_withdraw_at(now, verdict).ok_or(Stop::Budget)?);
        }
        Ok(delay)
    }
}
