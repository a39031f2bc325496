use alloc::sync::Arc;

use voussoir_core::{Clock, Guard, Nanos, Outcome, SystemClock};

use super::{Ticket, abandon};
use crate::CircuitBreaker;

/// A [`Permit`](crate::Permit) that holds its breaker by `Arc`, for calls that end in another task.
#[derive(Debug)]
#[must_use = "a permit that is dropped is a cancelled call; say how the call ended"]
pub struct OwnedPermit<C = SystemClock> {
    breaker: Arc<CircuitBreaker<C>>,
    /// `None` once the outcome is known.
    ticket: Option<Ticket>,
}

impl<C> OwnedPermit<C> {
    #[inline]
    pub(crate) fn new(breaker: Arc<CircuitBreaker<C>>, ticket: Ticket) -> Self {
        Self { breaker, ticket: Some(ticket) }
    }

    /// The breaker that gave it.
    pub fn breaker(&self) -> &Arc<CircuitBreaker<C>> {
        &self.breaker
    }

    /// The call succeeded, at `now`.
    pub fn success_at(self, now: Nanos) {
        self.finish_at(Outcome::Success, now);
    }

    /// The call failed, at `now`.
    pub fn failure_at(self, now: Nanos) {
        self.finish_at(Outcome::Failure, now);
    }

    /// The call ended in a way that says nothing about the callee.
    pub fn ignore(self) {
        self.end(Outcome::Ignore, |_| Nanos::ZERO);
    }

    fn end(mut self, outcome: Outcome, now: impl Fn(&CircuitBreaker<C>) -> Nanos) {
        if let Some(ticket) = self.ticket.take() {
            self.breaker.finish(ticket, outcome, || now(&self.breaker));
        }
    }
}

impl<C: Clock> OwnedPermit<C> {
    /// The call succeeded.
    pub fn success(self) {
        self.finish(Outcome::Success);
    }

    /// The call failed.
    pub fn failure(self) {
        self.finish(Outcome::Failure);
    }

    /// The call ended so.
    pub fn finish(self, outcome: Outcome) {
        self.end(outcome, |breaker| breaker.clock().now());
    }
}

impl<C> Guard for OwnedPermit<C> {
    fn finish_at(self, outcome: Outcome, now: Nanos) {
        self.end(outcome, |_| now);
    }
}

impl<C> Drop for OwnedPermit<C> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            abandon(&self.breaker, ticket);
        }
    }
}
