use crate::{Open, State, Stats};

/// Told what a breaker does, after it has done it, by the thread that did it and outside of every
/// lock. Calls that pass are not told of: a healthy breaker says nothing and pays nothing.
///
/// With the feature `std` a panic in here is swallowed: it would strike a call that has nothing to
/// do with it.
pub trait BreakerObserver: Send + Sync {
    /// The state has changed. Called exactly once for each change, and by different threads perhaps
    /// in another order than that of [`Transition::generation`].
    fn changed(&self, transition: &Transition) {
        let _ = transition;
    }

    /// A call was refused.
    fn refused(&self, open: &Open) {
        let _ = open;
    }

    /// A metrics-only breaker would have opened. Called once until it is reset.
    fn would_open(&self, stats: &Stats) {
        let _ = stats;
    }
}

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Transition {
    /// The state before.
    pub from: State,
    /// The state since.
    pub to: State,
    /// The generation of the state since, which orders the changes.
    pub generation: u32,
}
