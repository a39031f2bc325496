use core::time::Duration;

use voussoir_core::{ConfigError, Nanos};

#[cfg(target_has_atomic = "64")]
use crate::cell::Cell;
use crate::verdict::Verdict;
use crate::{Carry, Decision, Denied, Snapshot};

/// A rule that decides, as a pure function of what it remembers, the time and the cost.
///
/// The shells put the state somewhere: [`Limiter`](crate::Limiter) into one shared cell,
/// [`KeyedLimiter`](crate::KeyedLimiter) into a map. Call the algorithm yourself to keep the state
/// elsewhere:
///
/// ```
/// use voussoir_core::Nanos;
/// use voussoir_ratelimit::{Algorithm, TokenBucket};
///
/// let bucket = TokenBucket::per_second(2);
/// let mut state = Default::default();
/// let now = Nanos::from_secs(1);
/// let admitted = (0..5).filter(|_| bucket.check(&mut state, now, 1).is_allowed()).count();
/// assert_eq!(admitted, 2);
/// ```
///
/// Implemented by the algorithms of this crate only.
pub trait Algorithm: Copy + sealed::Sealed {
    /// What is remembered of one key. Its default is a key never seen.
    type State: Clone + Default + PartialEq;

    /// Where a state lives that several threads share: an atomic word when it fits one.
    #[doc(hidden)]
    #[cfg(target_has_atomic = "64")]
    type Cell: Cell<Self::State>;

    /// An empty place for the state. Its own only where the configuration decides what is empty.
    #[doc(hidden)]
    #[cfg(target_has_atomic = "64")]
    fn cell(&self) -> Self::Cell {
        Self::Cell::default()
    }

    /// Whether the configuration can be meant.
    ///
    /// # Errors
    ///
    /// Which option was wrong and what is allowed. The shells call this when they are built.
    fn validate(&self) -> Result<(), ConfigError>;

    /// The part of [`check`](Self::check) that touches the state.
    #[doc(hidden)]
    fn decide(&self, state: &mut Self::State, now: Nanos, n: u32) -> Verdict;

    /// What [`decide`](Self::decide) would find.
    #[doc(hidden)]
    fn foresee(&self, state: &Self::State, now: Nanos, n: u32) -> Verdict {
        self.decide(&mut state.clone(), now, n)
    }

    /// The part of [`check`](Self::check) that does not touch the state.
    #[doc(hidden)]
    fn decision(&self, verdict: Verdict, now: Nanos, n: u32) -> Decision;

    /// [`decide`](Self::decide), on a state that threads share.
    #[doc(hidden)]
    #[cfg(target_has_atomic = "64")]
    #[inline]
    fn decide_shared(&self, cell: &Self::Cell, now: Nanos, n: u32) -> Verdict {
        cell.update(|state| self.decide(state, now, n))
    }

    /// Decides on a request of cost `n` at `now` and, if it is allowed, remembers it. A refusal
    /// leaves the state as it was. A cost of 0 is always allowed and changes nothing.
    #[inline]
    fn check(&self, state: &mut Self::State, now: Nanos, n: u32) -> Decision {
        self.decision(self.decide(state, now, n), now, n)
    }

    /// The decision that [`check`](Self::check) would take, without taking it.
    fn peek(&self, state: &Self::State, now: Nanos, n: u32) -> Decision {
        self.decision(self.foresee(state, now, n), now, n)
    }

    /// As [`check`](Self::check), but where the algorithm has a debt, such as
    /// [`TokenBucket::debt`](crate::TokenBucket::debt), it may be drawn on: the decision's
    /// [`delay`](Decision::delay) then says how long to hold the request.
    fn reserve(&self, state: &mut Self::State, now: Nanos, n: u32) -> Decision {
        self.check(state, now, n)
    }

    /// Takes `n`, or as much of it as there is, for a cost that is known only after the fact.
    /// Where the algorithm has a debt it goes that far below nothing.
    fn charge(&self, state: &mut Self::State, now: Nanos, n: u32) {
        let there = self.peek(state, now, 0).remaining();
        let _ = self.check(state, now, n.min(there));
    }

    /// Takes up to `n`, as many as there are, and tells how many.
    ///
    /// # Errors
    ///
    /// The refusal of a request of cost 1, when nothing is there.
    fn consume_up_to(&self, state: &mut Self::State, now: Nanos, n: u32) -> Result<u32, Denied> {
        let there = self.peek(state, now, 0).remaining();
        let taken = if n == 0 { 0 } else { n.min(there).max(1) };
        self.check(state, now, taken).into_result().map(|decision| decision.cost())
    }

    /// Gives `n` back, taken to be of the newest requests; never more than was taken. Right after
    /// a check of cost `n` it undoes it.
    fn refund(&self, state: &mut Self::State, now: Nanos, n: u32);

    /// Whether `state` decides everything from `now` on as a key never seen would, so that it need
    /// not be kept.
    fn is_fresh(&self, state: &Self::State, now: Nanos) -> bool;

    /// Moves what a key of this hash begins with, or what it was given under another limit, to where
    /// its windows are.
    #[doc(hidden)]
    fn place(&self, state: &mut Self::State, hash: impl FnOnce() -> u64) {
        let _ = (state, hash);
    }

    /// The state of a key that has spent all it had at `now`.
    fn used_up(&self, now: Nanos) -> Self::State;

    /// The state that a key with `state` under the limit `from` has under this one.
    fn carry(&self, from: &Self, state: &Self::State, now: Nanos, carry: Carry) -> Self::State {
        carry.state(from, state, self, now)
    }

    /// In what time a key that spent all it had has it all again, where that was asked for and is kept
    /// to a tick only.
    #[doc(hidden)]
    fn refills_in(&self) -> Option<Duration> {
        None
    }

    /// What `state` says at `now`, in terms that another process understands.
    fn save(&self, state: &Self::State, now: Nanos) -> Snapshot;

    /// The state at `now` of which [`save`](Self::save) made `snapshot`.
    fn load(&self, snapshot: &Snapshot, now: Nanos) -> Self::State;

    /// Brings back a state that lies further ahead of `now` than any request could have put it,
    /// which shows that the clock was set back; after it the key is as if just used up, instead of
    /// locked out until the clock has caught up.
    ///
    /// `now` must have been read *after* the state: an older reading, as of a thread that was held
    /// up between the two, would grant what was already spent.
    fn mend(&self, state: &mut Self::State, now: Nanos);
}

pub(crate) mod sealed {
    /// Keeps [`Algorithm`](super::Algorithm) to this crate, since a decision's inside is private.
    pub trait Sealed {}

    #[cfg(all(feature = "std", target_has_atomic = "64"))]
    /// One limit, of which [`AllOf`](crate::AllOf) makes several. To have all of several of them is to
    /// have all of them.
    pub trait Single: Sealed {}
}
