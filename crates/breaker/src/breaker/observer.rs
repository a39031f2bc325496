use alloc::sync::Arc;
use core::fmt;

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

/// Who is told, if anybody.
#[derive(Clone, Default)]
pub(crate) struct Watch(Option<Arc<dyn BreakerObserver>>);

impl Watch {
    pub(crate) fn new(observer: Arc<dyn BreakerObserver>) -> Self {
        Self(Some(observer))
    }

    #[inline]
    pub(crate) fn tell(&self, what: impl FnOnce(&dyn BreakerObserver)) {
        if let Some(observer) = &self.0 {
            tell(&**observer, what);
        }
    }
}

#[cold]
fn tell(observer: &dyn BreakerObserver, what: impl FnOnce(&dyn BreakerObserver)) {
    #[cfg(feature = "std")]
    {
        use core::panic::AssertUnwindSafe;
        // The panic was reported by the hook already, and nothing of ours is in an unfinished state.
        let _ = std::panic::catch_unwind(AssertUnwindSafe(|| what(observer)));
    }
    #[cfg(not(feature = "std"))]
    what(observer);
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "observed" } else { "unobserved" })
    }
}
