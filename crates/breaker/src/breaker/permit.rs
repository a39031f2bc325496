#[cfg(feature = "std")]
mod owned;

use core::mem;

use voussoir_core::{Clock, Guard, Nanos, Outcome, SystemClock};

#[cfg(feature = "std")]
pub use self::owned::OwnedPermit;
use crate::CircuitBreaker;

/// Leave to make one call. Say how it ended: [`success`](Self::success),
/// [`failure`](Self::failure), or [`ignore`](Self::ignore) for what says nothing about the callee,
/// such as a bad request.
///
/// Dropped without that, the call was cancelled, which counts as ignored; dropped by a panic, it
/// counts as a failure (with the feature `std`); the builder can say otherwise of both. An outcome
/// that comes after the breaker has changed its state counts nowhere.
#[derive(Debug)]
#[must_use = "a permit that is dropped is a cancelled call; say how the call ended"]
pub struct Permit<'a, C = SystemClock> {
    breaker: &'a CircuitBreaker<C>,
    ticket: Ticket,
}

/// What a permit remembers of how it was given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    pub(crate) generation: u32,
    /// Where calls are not timed, any time.
    pub(crate) start: Nanos,
}

impl<'a, C> Permit<'a, C> {
    #[inline]
    pub(crate) fn new(breaker: &'a CircuitBreaker<C>, ticket: Ticket) -> Self {
        Self { breaker, ticket }
    }

    /// The call succeeded, at `now`.
    #[inline]
    pub fn success_at(self, now: Nanos) {
        let (breaker, ticket) = self.into_parts();
        breaker.record(ticket, false, || now);
    }

    /// The call failed, at `now`.
    #[inline]
    pub fn failure_at(self, now: Nanos) {
        let (breaker, ticket) = self.into_parts();
        breaker.record(ticket, true, || now);
    }

    /// The call ended in a way that says nothing about the callee.
    #[inline]
    pub fn ignore(self) {
        let (breaker, ticket) = self.into_parts();
        breaker.give_back(ticket);
    }

    #[cfg(all(test, voussoir_loom))]
    pub(crate) fn ticket(&self) -> Ticket {
        self.ticket
    }

    fn into_parts(self) -> (&'a CircuitBreaker<C>, Ticket) {
        let Self { breaker, ticket } = self;
        mem::forget(self);
        (breaker, ticket)
    }
}

impl<C: Clock> Permit<'_, C> {
    /// The call succeeded.
    #[inline]
    pub fn success(self) {
        let (breaker, ticket) = self.into_parts();
        breaker.record(ticket, false, || breaker.clock().now());
    }

    /// The call failed.
    #[inline]
    pub fn failure(self) {
        let (breaker, ticket) = self.into_parts();
        breaker.record(ticket, true, || breaker.clock().now());
    }

    /// The call ended so.
    #[inline]
    pub fn finish(self, outcome: Outcome) {
        let (breaker, ticket) = self.into_parts();
        breaker.finish(ticket, outcome, || breaker.clock().now());
    }
}

impl<C> Guard for Permit<'_, C> {
    #[inline]
    fn finish_at(self, outcome: Outcome, now: Nanos) {
        let (breaker, ticket) = self.into_parts();
        breaker.finish(ticket, outcome, || now);
    }
}

impl<C> Drop for Permit<'_, C> {
    fn drop(&mut self) {
        abandon(self.breaker, self.ticket);
    }
}

/// The call ended and nobody said how.
#[cold]
fn abandon<C>(breaker: &CircuitBreaker<C>, ticket: Ticket) {
    #[cfg(feature = "std")]
    let panicking = std::thread::panicking();
    #[cfg(not(feature = "std"))]
    let panicking = false;
    let config = breaker.config();
    let outcome = if panicking { config.panicked } else { config.cancelled };
    breaker.finish(ticket, outcome, || breaker.now());
}
