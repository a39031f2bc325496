use core::time::Duration;

use crate::Decision;

/// Requests taken now for a later moment, by [`Limiter::reserve`](crate::Limiter::reserve) and
/// [`KeyedLimiter::reserve`](crate::KeyedLimiter::reserve).
///
/// It stands until it is given to `cancel`; dropping it leaves it standing. It holds two states of
/// the limiter, nothing else, so it may be kept and sent.
#[derive(Clone, Debug)]
#[must_use = "wait for its delay before you act, or give it to `cancel`"]
pub struct Reservation<S> {
    decision: Decision,
    before: S,
    after: S,
}

impl<S: Clone + PartialEq> Reservation<S> {
    pub(crate) fn new(decision: Decision, before: S, after: S) -> Self {
        Self { decision, before, after }
    }

    /// How long after the reservation its requests may be made.
    pub fn delay(&self) -> Duration {
        self.decision.delay()
    }

    /// The decision that granted it.
    pub fn decision(&self) -> Decision {
        self.decision
    }

    /// Puts the state back as it was if nothing has changed it since. Whether it did.
    pub(crate) fn undo(&self, state: &mut S) -> bool {
        let is_last = *state == self.after;
        if is_last {
            state.clone_from(&self.before);
        }
        is_last
    }
}
