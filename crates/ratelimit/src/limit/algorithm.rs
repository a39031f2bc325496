use voussoir_core::{ConfigError, Nanos};

use super::{Limit, LimitState};
use crate::algorithm::{Algorithm, sealed};
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

impl sealed::Sealed for Limit {}

impl Algorithm for Limit {
    type State = LimitState;
    #[cfg(target_has_atomic = "64")]
    type Cell = super::state::LimitCell;
    type Verdict = Decision;

    #[cfg(target_has_atomic = "64")]
    fn cell(&self) -> Self::Cell {
        match self {
            #[cfg(feature = "std")]
            Self::WideWindowCounter(_)
            | Self::StrictWindowCounter(_)
            | Self::SlidingWindowLog(_) => {
                super::state::LimitCell::More(crate::cell::Locked::default())
            }
            _ => super::state::LimitCell::default(),
        }
    }

    fn validate(&self) -> Result<(), ConfigError> {
        dispatch!(self, algorithm => algorithm.validate(), unlimited => Ok(()), blocked => Ok(()))
    }

    #[inline]
    fn decide(&self, state: &mut LimitState, now: Nanos, n: u32) -> Decision {
        dispatch!(
            self,
            algorithm => state.change(|state| algorithm.check(state, now, n)),
            unlimited => Decision::unlimited(n),
            blocked => Decision::blocked(n)
        )
    }

    #[inline]
    fn decision(&self, verdict: Decision, _: Nanos, _: u32) -> Decision {
        verdict
    }

    #[inline]
    fn is_behind(verdict: &Decision) -> bool {
        verdict.is_behind()
    }

    #[inline]
    fn peek(&self, state: &LimitState, now: Nanos, n: u32) -> Decision {
        dispatch!(
            self,
            algorithm => state.look(|state| algorithm.peek(state, now, n)),
            unlimited => Decision::unlimited(n),
            blocked => Decision::blocked(n)
        )
    }

    fn reserve(&self, state: &mut LimitState, now: Nanos, n: u32) -> Decision {
        dispatch!(
            self,
            algorithm => state.change(|state| algorithm.reserve(state, now, n)),
            unlimited => Decision::unlimited(n),
            blocked => Decision::blocked(n)
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
