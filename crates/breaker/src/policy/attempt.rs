//! One attempt: what it passes on its way in, and what each of them is told on its way out.

use core::time::Duration;

use voussoir_core::{Clock, Guard, Nanos, Outcome};

use super::{Cause, Parts};
use crate::bulkhead::{BulkheadPermit, Claim};
use crate::race;
use crate::throttle::ThrottlePermit;
use crate::{Attempt, Deadline, Judge, Permit, Sleep, Verdict};

/// What an attempt holds while it runs. Dropped, the attempt was cancelled, or panicked.
struct Passed<'a, C> {
    throttle: Option<ThrottlePermit<'a, C>>,
    breaker: Option<Permit<'a, C>>,
}

/// The place of an attempt that runs, and when that began.
struct Running<'a, C> {
    passed: Passed<'a, C>,
    place: Option<BulkheadPermit<'a, C>>,
    begun: Nanos,
    attempt: Attempt,
}

impl<C: Clock> Parts<C> {
    /// Makes one attempt.
    pub(super) fn attempt<T, E>(
        &self,
        now: Nanos,
        number: u32,
        whole: Deadline,
        judge: &impl Judge<E>,
        work: impl FnOnce(Attempt) -> Result<T, E>,
    ) -> Result<T, Cause<E>> {
        let left = whole.check_at(now)?;
        let passed = self.pass(now)?;
        // Time passes only in line.
        let (place, begun) = match self.claim(whole, left) {
            None => (Ok(None), now),
            Some(claim) => match claim.take_at_once(now) {
                Some(place) => (Ok(Some(place)), now),
                None => (claim.acquire().map(Some), self.clock.now()),
            },
        };
        let running = self.begin(begun, number, whole, passed, place)?;
        let result = work(running.attempt);
        let result = result.map_err(Cause::Inner);
        running.end(self, judge, result)
    }

    /// Makes one attempt that can be interrupted.
    pub(super) async fn attempt_async<T, E, F>(
        &self,
        now: Nanos,
        number: u32,
        whole: Deadline,
        judge: &impl Judge<E>,
        sleep: &impl Sleep,
        work: impl FnOnce(Attempt) -> F,
    ) -> Result<T, Cause<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let left = whole.check_at(now)?;
        let passed = self.pass(now)?;
        let (place, begun) = match self.claim(whole, left) {
            None => (Ok(None), now),
            Some(claim) => match claim.take_at_once(now) {
                Some(place) => (Ok(Some(place)), now),
                None => (claim.acquire_async(sleep).await.map(Some), self.clock.now()),
            },
        };
        let running = self.begin(begun, number, whole, passed, place)?;
        let deadline = running.attempt.deadline;
        let result = race::until(deadline, &self.clock, sleep, work(running.attempt)).await;
        let result = match result {
            Ok(result) => result.map_err(Cause::Inner),
            Err(timed_out) => Err(Cause::TimedOut(timed_out)),
        };
        running.end(self, judge, result)
    }

    /// Asks throttle and breaker. What is asked first counts nothing if the second refuses.
    fn pass<E>(&self, now: Nanos) -> Result<Passed<'_, C>, Cause<E>> {
        let throttle = self.throttle.as_ref().map(|throttle| throttle.try_acquire_at(now));
        let throttle = throttle.transpose()?;
        let breaker = self.breaker.as_ref().map(|breaker| breaker.try_acquire_at(now));
        Ok(Passed { throttle, breaker: breaker.transpose()? })
    }

    /// What is asked of the bulkhead: to wait no longer than there is time.
    fn claim(&self, whole: Deadline, left: Duration) -> Option<Claim<'_, C>> {
        let claim = self.bulkhead.as_ref()?.claim();
        Some(if whole.is_set() { claim.no_longer_than(left) } else { claim })
    }

    fn begin<'a, E>(
        &'a self,
        begun: Nanos,
        number: u32,
        whole: Deadline,
        passed: Passed<'a, C>,
        place: Result<Option<BulkheadPermit<'a, C>>, crate::BulkheadError>,
    ) -> Result<Running<'a, C>, Cause<E>> {
        let place = match place {
            Ok(place) => place,
            Err(full) => {
                // It says nothing about the callee.
                passed.finish(Outcome::Ignore, begun);
                return Err(Cause::Full(full));
            }
        };
        let own =
            self.attempt_timeout.map_or(Deadline::NEVER, |limit| Deadline::after(begun, limit));
        let attempt = Attempt { number, deadline: own.earlier(whole) };
        Ok(Running { passed, place, begun, attempt })
    }

    /// Whether an attempt that ran for so long had all the time that it is meant to have.
    fn is_all_its_time(&self, ran: Duration) -> bool {
        let limit = self.attempt_timeout.or(self.timeout);
        limit.is_some_and(|limit| ran >= limit)
    }
}

impl<C> Running<'_, C> {
    /// Tells everything that was passed how the attempt ended.
    fn end<T, E>(
        self,
        parts: &Parts<C>,
        judge: &impl Judge<E>,
        result: Result<T, Cause<E>>,
    ) -> Result<T, Cause<E>>
    where
        C: Clock,
    {
        let now = parts.clock.now();
        let outcome = match &result {
            Ok(_) => Outcome::Success,
            Err(Cause::Inner(error)) => match judge.verdict(error) {
                // The callee answered; that the question was wrong is not its fault.
                Verdict::Permanent => Outcome::Ignore,
                _ => Outcome::Failure,
            },
            Err(_) if parts.is_all_its_time(now.saturating_duration_since(self.begun)) => {
                Outcome::Failure
            }
            Err(_) => Outcome::Ignore,
        };
        if let Some(place) = self.place {
            place.finish_at(outcome, now);
        }
        self.passed.finish(outcome, now);
        result
    }
}

impl<C> Passed<'_, C> {
    fn finish(self, outcome: Outcome, now: Nanos) {
        if let Some(permit) = self.breaker {
            permit.finish_at(outcome, now);
        }
        if let Some(permit) = self.throttle {
            permit.finish_at(outcome, now);
        }
    }
}
