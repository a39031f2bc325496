use core::time::Duration;

use voussoir_core::{ConfigError, Nanos};

#[cfg(target_has_atomic = "64")]
use super::state::LimitCell;
use super::{Limit, LimitState};
use crate::algorithm::{Algorithm, sealed};
#[cfg(target_has_atomic = "64")]
use crate::cell::Cell;
use crate::decision::Outcome;
use crate::verdict::Verdict;
use crate::{Decision, Snapshot};

/// Calls the algorithm that the limit is, or answers for those that remember nothing.
macro_rules! dispatch {
    ($limit:expr, $algorithm:ident => $call:expr, unlimited => $unlimited:expr, blocked => $blocked:expr) => {
        match $limit {
            Limit::TokenBucket($algorithm) => $call,
            Limit::LeakyBucket($algorithm) => $call,
            Limit::FixedWindow($algorithm) => $call,
            Limit::SlidingWindowCounter($algorithm) => $call,
            #[cfg(all(feature = "std", target_has_atomic = "64"))]
            Limit::WideWindowCounter($algorithm) => $call,
            #[cfg(all(feature = "std", target_has_atomic = "64"))]
            Limit::StrictWindowCounter($algorithm) => $call,
            #[cfg(all(feature = "std", target_has_atomic = "64"))]
            Limit::SlidingWindowLog($algorithm) => $call,
            Limit::Unlimited => $unlimited,
            Limit::Blocked => $blocked,
        }
    };
}
pub(super) use dispatch;

const UNLIMITED: Verdict = Verdict::new(Outcome::Allowed, 0, 0, 0);

const fn blocked(n: u32) -> Verdict {
    let outcome = if n == 0 { Outcome::Allowed } else { Outcome::ExceedsCapacity };
    Verdict::new(outcome, 0, 0, 0)
}

impl sealed::Sealed for Limit {}
#[cfg(all(feature = "std", target_has_atomic = "64"))]
impl sealed::Single for Limit {}

impl Algorithm for Limit {
    type State = LimitState;
    #[cfg(target_has_atomic = "64")]
    type Cell = LimitCell;

    #[cfg(target_has_atomic = "64")]
    fn cell(&self) -> Self::Cell {
        match self {
            #[cfg(feature = "std")]
            Self::WideWindowCounter(_)
            | Self::StrictWindowCounter(_)
            | Self::SlidingWindowLog(_) => LimitCell::More(crate::cell::Locked::default()),
            _ => LimitCell::default(),
        }
    }

    fn validate(&self) -> Result<(), ConfigError> {
        dispatch!(self, algorithm => algorithm.validate(), unlimited => Ok(()), blocked => Ok(()))
    }

    #[inline]
    fn decide(&self, state: &mut LimitState, now: Nanos, n: u32) -> Verdict {
        dispatch!(
            self,
            algorithm => state.change(|state| algorithm.decide(state, now, n)),
            unlimited => UNLIMITED,
            blocked => blocked(n)
        )
    }

    fn foresee(&self, state: &LimitState, now: Nanos, n: u32) -> Verdict {
        dispatch!(
            self,
            algorithm => state.look(|state| algorithm.foresee(state, now, n)),
            unlimited => UNLIMITED,
            blocked => blocked(n)
        )
    }

    #[inline]
    fn decision(&self, verdict: Verdict, now: Nanos, n: u32) -> Decision {
        dispatch!(
            self,
            algorithm => algorithm.decision(verdict, now, n),
            unlimited => Decision::unlimited(verdict, n),
            blocked => Decision::blocked(verdict, n)
        )
    }

    #[cfg(target_has_atomic = "64")]
    #[inline]
    fn decide_shared(&self, cell: &LimitCell, now: Nanos, n: u32) -> Verdict {
        // Asked which algorithm it is before the word is read, not in the loop around it.
        match (self, cell) {
            (Self::TokenBucket(bucket), LimitCell::Word(word)) => {
                bucket.decide_shared(word, now, n)
            }
            (Self::LeakyBucket(bucket), LimitCell::Word(word)) => {
                bucket.decide_shared(word, now, n)
            }
            (Self::FixedWindow(window), LimitCell::Word(word)) => {
                window.decide_shared(word, now, n)
            }
            (Self::SlidingWindowCounter(counter), LimitCell::Word(word)) => {
                counter.decide_shared(word, now, n)
            }
            _ => cell.update(|state| self.decide(state, now, n)),
        }
    }

    fn reserve(&self, state: &mut LimitState, now: Nanos, n: u32) -> Decision {
        dispatch!(
            self,
            algorithm => state.change(|state| algorithm.reserve(state, now, n)),
            unlimited => Decision::unlimited(UNLIMITED, n),
            blocked => Decision::blocked(blocked(n), n)
        )
    }

    fn charge(&self, state: &mut LimitState, now: Nanos, n: u32) {
        dispatch!(
            self,
            algorithm => state.change(|state| algorithm.charge(state, now, n)),
            unlimited => (),
            blocked => ()
        );
    }

    fn refund(&self, state: &mut LimitState, now: Nanos, n: u32) {
        dispatch!(
            self,
            algorithm => state.change(|state| algorithm.refund(state, now, n)),
            unlimited => (),
            blocked => ()
        );
    }

    #[inline]
    fn is_fresh(&self, state: &LimitState, now: Nanos) -> bool {
        dispatch!(
            self,
            algorithm => state.look(|state| algorithm.is_fresh(state, now)),
            unlimited => true,
            blocked => true
        )
    }

    fn place(&self, state: &mut LimitState, hash: impl FnOnce() -> u64) {
        dispatch!(
            self,
            algorithm => state.change(|state| algorithm.place(state, hash)),
            unlimited => (),
            blocked => ()
        );
    }

    fn used_up(&self, now: Nanos) -> LimitState {
        let mut state = LimitState::default();
        dispatch!(
            self,
            algorithm => state.change(|state| *state = algorithm.used_up(now)),
            unlimited => (),
            blocked => ()
        );
        state
    }

    fn refills_in(&self) -> Option<Duration> {
        dispatch!(self, algorithm => algorithm.refills_in(), unlimited => None, blocked => None)
    }

    fn save(&self, state: &LimitState, now: Nanos) -> Snapshot {
        dispatch!(
            self,
            algorithm => state.look(|state| algorithm.save(state, now)),
            unlimited => Snapshot::default(),
            blocked => Snapshot::default()
        )
    }

    fn load(&self, snapshot: &Snapshot, now: Nanos) -> LimitState {
        let mut state = LimitState::default();
        dispatch!(
            self,
            algorithm => state.change(|state| *state = algorithm.load(snapshot, now)),
            unlimited => (),
            blocked => ()
        );
        state
    }

    fn mend(&self, state: &mut LimitState, now: Nanos) {
        dispatch!(
            self,
            algorithm => state.change(|state| algorithm.mend(state, now)),
            unlimited => (),
            blocked => ()
        );
    }
}
