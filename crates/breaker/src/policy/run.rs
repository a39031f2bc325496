use core::time::Duration;

use voussoir_core::{Clock, Nanos, SystemClock};

use super::{Cause, Policy, PolicyError};
use crate::hedge::Race;
use crate::retry::Attempts;
use crate::{Attempt, BulkheadError, Deadline, EveryError, Fallback, Judge, Sleep, Verdict};

/// One call through a [`Policy`], with settings of its own.
///
/// ```
/// # use std::time::Duration;
/// # use voussoir_breaker::{Backoff, Deadline, Policy, Retry, Verdict};
/// # let retry = Retry::builder(Backoff::fixed(Duration::ZERO)).build()?;
/// # let policy = Policy::builder().retry(retry).build()?;
/// let caller = Deadline::within(Duration::from_secs(1));
/// let answer = policy
///     .when(|status: &u16| if *status < 500 { Verdict::Permanent } else { Verdict::Transient })
///     .idempotent(true)
///     .until(caller)
///     .fallback(|_| Ok("an older page"))
///     .call(std::thread::sleep, |_attempt| Err(503));
/// assert_eq!(answer, Ok("an older page"));
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is called until `call` or `call_async` is"]
pub struct PolicyRun<'a, C = SystemClock, J = EveryError, B = NoFallback> {
    policy: &'a Policy<C>,
    idempotent: bool,
    deadline: Deadline,
    judge: J,
    fallback: B,
}

/// What to answer when a call failed: every `FnOnce(PolicyError<E>) -> Result<T, PolicyError<E>>`
/// does, and every reference to a [`Fallback`].
pub trait Substitute<T, E> {
    /// An answer in place of the error, or the error.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    fn substitute(self, error: PolicyError<E>) -> Result<T, PolicyError<E>>;
}

impl<T, E, F: FnOnce(PolicyError<E>) -> Result<T, PolicyError<E>>> Substitute<T, E> for F {
    fn substitute(self, error: PolicyError<E>) -> Result<T, PolicyError<E>> {
        self(error)
    }
}

impl<T, E> Substitute<T, E> for &Fallback<T, PolicyError<E>> {
    fn substitute(self, error: PolicyError<E>) -> Result<T, PolicyError<E>> {
        self.apply(Err(error))
    }
}

/// The fallback of who names none: the error stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFallback;

impl<T, E> Substitute<T, E> for NoFallback {
    fn substitute(self, error: PolicyError<E>) -> Result<T, PolicyError<E>> {
        Err(error)
    }
}

impl<'a, C, J> PolicyRun<'a, C, J> {
    pub(super) fn new(policy: &'a Policy<C>, judge: J) -> Self {
        let (idempotent, deadline) = (policy.parts.idempotent, Deadline::NEVER);
        Self { policy, idempotent, deadline, judge, fallback: NoFallback }
    }
}

impl<'a, C, J, B> PolicyRun<'a, C, J, B> {
    /// Whether this work may be done twice, and so be retried after any error and hedged.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent;
        self
    }

    /// On behalf of a call that has until `deadline`; the earlier of it and the policy's own holds.
    pub fn until(mut self, deadline: Deadline) -> Self {
        self.deadline = deadline;
        self
    }

    /// What the errors say about trying again, and about the callee. See [`Policy::when`].
    pub fn when<K>(self, judge: K) -> PolicyRun<'a, C, K, B> {
        let Self { policy, idempotent, deadline, fallback, .. } = self;
        PolicyRun { policy, idempotent, deadline, judge, fallback }
    }

    /// What to answer when everything else failed.
    pub fn fallback<D>(self, fallback: D) -> PolicyRun<'a, C, J, D> {
        let Self { policy, idempotent, deadline, judge, .. } = self;
        PolicyRun { policy, idempotent, deadline, judge, fallback }
    }
}

impl<C: Clock, J, B> PolicyRun<'_, C, J, B> {
    /// As [`Policy::call`].
    ///
    /// # Errors
    ///
    /// As [`Policy::call`], if the fallback has no answer.
    pub fn call<T, E>(
        self,
        mut sleep: impl FnMut(Duration),
        mut work: impl FnMut(Attempt) -> Result<T, E>,
    ) -> Result<T, PolicyError<E>>
    where
        J: Judge<E>,
        B: Substitute<T, E>,
    {
        let mut now = self.policy.parts.clock.now();
        let whole = self.whole(now);
        let mut attempts = self.begin(whole, now);
        loop {
            let number = number(attempts.as_ref());
            let result = self.policy.parts.attempt(now, number, whole, &self.judge, &mut work);
            match self.next(&mut attempts, result) {
                Step::Wait(delay) => {
                    sleep(delay);
                    now = self.policy.parts.clock.now();
                }
                Step::Done(Ok(value)) => return Ok(value),
                Step::Done(Err(error)) => return self.fallback.substitute(error),
            }
        }
    }

    /// As [`Policy::call_async`].
    ///
    /// # Errors
    ///
    /// As [`Policy::call_async`], if the fallback has no answer.
    pub async fn call_async<T, E, F>(
        self,
        sleep: impl Sleep,
        work: impl Fn(Attempt) -> F,
    ) -> Result<T, PolicyError<E>>
    where
        F: Future<Output = Result<T, E>>,
        J: Judge<E>,
        B: Substitute<T, E>,
    {
        let mut now = self.policy.parts.clock.now();
        let whole = self.whole(now);
        let mut attempts = self.begin(whole, now);
        loop {
            let number = number(attempts.as_ref());
            let result = self.hedged(now, number, whole, &sleep, &work).await;
            match self.next(&mut attempts, result) {
                Step::Wait(delay) => {
                    sleep.sleep(delay).await;
                    now = self.policy.parts.clock.now();
                }
                Step::Done(Ok(value)) => return Ok(value),
                Step::Done(Err(error)) => return self.fallback.substitute(error),
            }
        }
    }

    /// One attempt and its hedges.
    async fn hedged<T, E, F>(
        &self,
        now: Nanos,
        number: u32,
        whole: Deadline,
        sleep: &impl Sleep,
        work: &impl Fn(Attempt) -> F,
    ) -> Result<T, Cause<E>>
    where
        F: Future<Output = Result<T, E>>,
        J: Judge<E>,
    {
        let parts = &*self.policy.parts;
        let (judge, clock) = (&self.judge, &parts.clock);
        match &parts.hedge {
            Some(hedge) if self.idempotent => {
                // Hedges have the number of the attempt that they double.
                let one = |_| parts.attempt_async(clock.now(), number, whole, judge, sleep, work);
                Race { hedge, clock, deadline: whole, sleep }.run(one).await
            }
            _ => parts.attempt_async(now, number, whole, judge, sleep, work).await,
        }
    }

    /// The deadline of the whole call.
    fn whole(&self, now: Nanos) -> Deadline {
        let own = self.policy.parts.timeout.map(|limit| Deadline::after(now, limit));
        own.map_or(self.deadline, |own| own.earlier(self.deadline))
    }

    fn begin(&self, whole: Deadline, now: Nanos) -> Option<Attempts<'_>> {
        let retry = self.policy.parts.retry.as_ref()?;
        Some(Attempts::new(retry.view(), self.idempotent, whole, now))
    }

    /// What follows from how an attempt ended.
    fn next<T, E>(
        &self,
        attempts: &mut Option<Attempts<'_>>,
        result: Result<T, Cause<E>>,
    ) -> Step<T, E>
    where
        J: Judge<E>,
    {
        let parts = &self.policy.parts;
        let cause = match result {
            Ok(value) => {
                if let Some(attempts) = attempts.take() {
                    attempts.succeeded(|| parts.clock.now());
                }
                return Step::Done(Ok(value));
            }
            Err(cause) => cause,
        };
        let Some(attempts) = attempts else {
            return Step::Done(Err(PolicyError { cause, attempts: 1, stop: None }));
        };
        let number = attempts.number();
        let verdict = match &cause {
            Cause::Inner(error) => Some(self.judge.verdict(error)),
            Cause::TimedOut(_) => Some(Verdict::TimedOut),
            // However long one waits, there are too few permits.
            Cause::Full(BulkheadError::TooHeavy { .. }) => None,
            Cause::Full(_) => Some(Verdict::Unsent),
            Cause::Throttled(_) => parts.retry_refused.then_some(Verdict::Unsent),
            Cause::Open(open) => parts
                .retry_refused
                .then(|| open.retry_after())
                .flatten()
                .map(|retry_after| Verdict::Throttled { retry_after }),
        };
        let decided = match verdict {
            Some(verdict) => attempts.failed_at(parts.clock.now(), verdict),
            None => Err(attempts.refused()),
        };
        match decided {
            Ok(delay) => Step::Wait(delay),
            Err(stop) => Step::Done(Err(PolicyError { cause, attempts: number, stop: Some(stop) })),
        }
    }
}

fn number(attempts: Option<&Attempts<'_>>) -> u32 {
    attempts.map_or(1, Attempts::number)
}

enum Step<T, E> {
    Done(Result<T, PolicyError<E>>),
    Wait(Duration),
}
