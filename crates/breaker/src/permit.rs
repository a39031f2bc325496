use core::mem;

use voussoir_core::{Clock, Nanos, SystemClock};

use crate::CircuitBreaker;

/// Leave to make one call. Say how it ended: [`success`](Self::success),
/// [`failure`](Self::failure), or [`ignore`](Self::ignore) for what says nothing about the callee,
/// such as a bad request.
///
/// Dropped without that, the call was cancelled, which counts as ignored; dropped by a panic, it
/// counts as a failure (with the feature `std`). An outcome that comes after the breaker has
/// changed its state counts nowhere.
#[derive(Debug)]
#[must_use = "a permit that is dropped is a cancelled call; say how the call ended"]
pub struct Permit<'a, C = SystemClock> {
    breaker: &'a CircuitBreaker<C>,
    generation: u32,
}

impl<'a, C> Permit<'a, C> {
    #[inline]
    pub(crate) fn new(breaker: &'a CircuitBreaker<C>, generation: u32) -> Self {
        Self { breaker, generation }
    }

    /// The call succeeded, at `now`.
    #[inline]
    pub fn success_at(self, now: Nanos) {
        self.finish(false, || now);
    }

    /// The call failed, at `now`.
    #[inline]
    pub fn failure_at(self, now: Nanos) {
        self.finish(true, || now);
    }

    /// The call ended in a way that says nothing about the callee.
    #[inline]
    pub fn ignore(self) {
        let Self { breaker, generation } = self;
        mem::forget(self);
        breaker.give_back(generation);
    }

    #[inline]
    fn finish(self, failed: bool, now: impl Fn() -> Nanos) {
        let Self { breaker, generation } = self;
        mem::forget(self);
        breaker.record(generation, failed, now);
    }
}

impl<C: Clock> Permit<'_, C> {
    /// The call succeeded.
    #[inline]
    pub fn success(self) {
        let breaker = self.breaker;
        self.finish(false, || breaker.clock().now());
    }

    /// The call failed.
    #[inline]
    pub fn failure(self) {
        let breaker = self.breaker;
        self.finish(true, || breaker.clock().now());
    }
}

impl<C> Drop for Permit<'_, C> {
    fn drop(&mut self) {
        #[cfg(feature = "std")]
        if std::thread::panicking() {
            // No clock can be read here without demanding one of every breaker. Should this trip
            // it, the next call refused sets the date.
            return self.breaker.record(self.generation, true, || Nanos::MAX);
        }
        self.breaker.give_back(self.generation);
    }
}
