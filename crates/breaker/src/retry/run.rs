use core::time::Duration;

use voussoir_core::{Clock, Nanos, SystemClock};

use super::{Attempt, Attempts, Retry, RetryError};
use crate::{Deadline, EveryError, Judge, Sleep, TimeoutError, Verdict, race};

/// One call through a [`Retry`], with settings of its own.
///
/// ```
/// # use std::time::Duration;
/// # use voussoir_breaker::{Backoff, Deadline, Retry, Stop};
/// # let retry = Retry::builder(Backoff::fixed(Duration::from_secs(60))).build()?;
/// let caller = Deadline::within(Duration::from_secs(1));
/// let error = retry.run().idempotent(true).until(caller).call(std::thread::sleep, |_| Err::<(), _>("no"));
/// assert_eq!(error.unwrap_err().stop, Stop::Deadline);
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is called until `call`, `call_async` or `call_local` is"]
pub struct RetryRun<'a, C = SystemClock, J = EveryError> {
    retry: &'a Retry<C>,
    idempotent: bool,
    deadline: Deadline,
    judge: J,
}

impl<'a, C, J> RetryRun<'a, C, J> {
    pub(super) const fn new(retry: &'a Retry<C>, idempotent: bool, judge: J) -> Self {
        Self { retry, idempotent, deadline: Deadline::NEVER, judge }
    }

    /// Whether this work may be done twice.
    pub const fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent;
        self
    }

    /// On behalf of a call that has until `deadline`: attempts end there, and none is waited for
    /// that would begin later.
    pub const fn until(mut self, deadline: Deadline) -> Self {
        self.deadline = deadline;
        self
    }

    /// What the errors say about trying again.
    pub fn when<K>(self, judge: K) -> RetryRun<'a, C, K> {
        RetryRun { retry: self.retry, idempotent: self.idempotent, deadline: self.deadline, judge }
    }
}

impl<C: Clock, J> RetryRun<'_, C, J> {
    /// As [`Retry::call`].
    ///
    /// # Errors
    ///
    /// As [`Retry::call`].
    pub fn call<T, E>(
        self,
        mut sleep: impl FnMut(Duration),
        mut work: impl FnMut(Attempt) -> Result<T, E>,
    ) -> Result<T, RetryError<E>>
    where
        J: Judge<E>,
    {
        let mut attempts = self.begin();
        loop {
            let now = self.now();
            let result = match self.deadline.check_at(now) {
                Ok(_) => work(attempts.attempt_at(now)).map_err(TimeoutError::Inner),
                Err(timed_out) => Err(timed_out.into()),
            };
            match self.next(attempts, result)? {
                Step::Done(value) => return Ok(value),
                Step::Wait(delay, next) => {
                    sleep(delay);
                    attempts = next;
                }
            }
        }
    }

    /// As [`Retry::call_async`].
    ///
    /// # Errors
    ///
    /// As [`Retry::call`].
    pub async fn call_async<T, E, F>(
        self,
        sleep: impl Sleep,
        mut work: impl FnMut(Attempt) -> F,
    ) -> Result<T, RetryError<E>>
    where
        F: Future<Output = Result<T, E>>,
        J: Judge<E>,
    {
        let mut attempts = self.begin();
        loop {
            let now = self.now();
            let attempt = attempts.attempt_at(now);
            let result = match self.deadline.check_at(now) {
                Ok(_) => self.in_time(attempt, &sleep, work(attempt)).await,
                Err(timed_out) => Err(timed_out.into()),
            };
            match self.next(attempts, result)? {
                Step::Done(value) => return Ok(value),
                Step::Wait(delay, next) => {
                    attempts = next;
                    sleep.sleep(delay).await;
                }
            }
        }
    }

    /// As [`Retry::call_local`].
    ///
    /// # Errors
    ///
    /// As [`Retry::call`].
    pub async fn call_local<T, E>(
        self,
        sleep: impl Sleep,
        mut work: impl AsyncFnMut(Attempt) -> Result<T, E>,
    ) -> Result<T, RetryError<E>>
    where
        J: Judge<E>,
    {
        let mut attempts = self.begin();
        loop {
            let now = self.now();
            let attempt = attempts.attempt_at(now);
            let result = match self.deadline.check_at(now) {
                Ok(_) => self.in_time(attempt, &sleep, work(attempt)).await,
                Err(timed_out) => Err(timed_out.into()),
            };
            match self.next(attempts, result)? {
                Step::Done(value) => return Ok(value),
                Step::Wait(delay, next) => {
                    attempts = next;
                    sleep.sleep(delay).await;
                }
            }
        }
    }

    /// The time, where somebody will ask for it.
    fn now(&self) -> Nanos {
        let asked = self.deadline.is_set() || self.retry.view().asks_time();
        if asked { self.retry.clock.now() } else { Nanos::ZERO }
    }

    fn begin(&self) -> Attempts<'_> {
        Attempts::new(self.retry.view(), self.idempotent, self.deadline, self.now())
    }

    async fn in_time<T, E>(
        &self,
        attempt: Attempt,
        sleep: &impl Sleep,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, TimeoutError<E>> {
        let result = race::until(attempt.deadline, &self.retry.clock, sleep, work).await?;
        result.map_err(TimeoutError::Inner)
    }

    /// What follows from how an attempt ended.
    fn next<'b, T, E>(
        &self,
        mut attempts: Attempts<'b>,
        result: Result<T, TimeoutError<E>>,
    ) -> Result<Step<'b, T>, RetryError<E>>
    where
        J: Judge<E>,
    {
        let error = match result {
            Ok(value) => {
                attempts.succeeded_at(self.now());
                return Ok(Step::Done(value));
            }
            Err(error) => error,
        };
        let verdict = match &error {
            TimeoutError::TimedOut(_) => Verdict::TimedOut,
            TimeoutError::Inner(error) => self.judge.verdict(error),
        };
        match attempts.failed_at(self.now(), verdict) {
            Ok(delay) => Ok(Step::Wait(delay, attempts)),
            Err(stop) => Err(RetryError::new(stop, attempts.number(), error)),
        }
    }
}

enum Step<'a, T> {
    Done(T),
    Wait(Duration, Attempts<'a>),
}
