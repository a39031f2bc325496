use core::mem;

use voussoir_core::{Guard, Nanos, Outcome, SystemClock};

use super::{AdaptiveThrottle, ThrottleError};

/// Leave to make one call. Say whether the callee took it: [`accepted`](Self::accepted) or
/// [`refused`](Self::refused).
///
/// Dropped without that the call was cancelled, and it is as if it had not been asked for; dropped
/// by a panic, it was refused (with the feature `std`, which can tell).
#[derive(Debug)]
#[must_use = "a permit that is dropped is a cancelled call; say whether it was accepted"]
pub struct ThrottlePermit<'a, C = SystemClock> {
    throttle: &'a AdaptiveThrottle<C>,
    slot: u32,
}

impl<'a, C> ThrottlePermit<'a, C> {
    pub(super) fn new(throttle: &'a AdaptiveThrottle<C>, slot: u32) -> Self {
        Self { throttle, slot }
    }

    /// The callee did the work, or tried to.
    pub fn accepted(self) {
        // In the slot of its request, so that both are forgotten together.
        self.throttle.accepts.add(self.slot, 1);
        mem::forget(self);
    }

    /// The callee refused, or gave no answer.
    pub fn refused(self) {
        mem::forget(self);
    }

    pub(super) fn conclude<T, E>(self, result: Result<T, E>) -> Result<T, ThrottleError<E>> {
        match &result {
            Ok(_) => self.accepted(),
            Err(_) => self.refused(),
        }
        result.map_err(ThrottleError::Inner)
    }
}

impl<C> Guard for ThrottlePermit<'_, C> {
    fn finish_at(self, outcome: Outcome, _: Nanos) {
        match outcome {
            Outcome::Success => self.accepted(),
            Outcome::Failure => self.refused(),
            Outcome::Ignore => drop(self),
        }
    }
}

impl<C> Drop for ThrottlePermit<'_, C> {
    fn drop(&mut self) {
        #[cfg(feature = "std")]
        if std::thread::panicking() {
            return;
        }
        self.throttle.requests.remove(self.slot, 1);
    }
}
