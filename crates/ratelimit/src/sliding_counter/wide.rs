use core::fmt;

use voussoir_core::{ConfigError, Nanos};

use super::SlidingWindowCounter;
use super::slide::Slide;
use crate::algorithm::{Algorithm, sealed};
use crate::cell::Locked;
use crate::decision::Decision;
use crate::snapshot::{Snapshot, Use};
use crate::verdict::Verdict;

/// A [`SlidingWindowCounter`] of any limit: 16 bytes instead of 8, and a lock instead of a
/// compare-and-swap.
///
/// ```
/// use voussoir_ratelimit::{Limiter, SlidingWindowCounter};
///
/// let many = SlidingWindowCounter::per_second(50_000_000);
/// assert!(Limiter::builder(many).build().is_err());
/// assert!(Limiter::builder(many.wide()).build().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WideWindowCounter {
    counter: SlidingWindowCounter,
}

/// What a [`WideWindowCounter`] remembers of one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WideCount {
    slide: Slide,
}

impl WideWindowCounter {
    pub(super) const fn new(counter: SlidingWindowCounter) -> Self {
        Self { counter }
    }

    /// The counter that this one is, but for the size of its state.
    pub const fn counter(&self) -> &SlidingWindowCounter {
        &self.counter
    }

    fn at(&self, now: Nanos) -> (u64, u64) {
        self.counter.windows.at(now)
    }
}

impl sealed::Sealed for WideWindowCounter {}
impl sealed::Single for WideWindowCounter {}

impl Algorithm for WideWindowCounter {
    type State = WideCount;
    type Cell = Locked<WideCount>;

    fn validate(&self) -> Result<(), ConfigError> {
        self.counter.validate_rate()
    }

    #[inline]
    fn decide(&self, state: &mut WideCount, now: Nanos, n: u32) -> Verdict {
        self.counter.decide_slide(&mut state.slide, self.at(now), n)
    }

    #[inline]
    fn decision(&self, verdict: Verdict, now: Nanos, n: u32) -> Decision {
        self.counter.decision_slide(verdict, self.at(now), n)
    }

    fn refund(&self, state: &mut WideCount, now: Nanos, n: u32) {
        self.counter.refund_slide(&mut state.slide, self.at(now), n);
    }

    fn is_fresh(&self, state: &WideCount, now: Nanos) -> bool {
        self.counter.estimate(state.slide, self.at(now)).is_nothing()
    }

    fn used_up(&self, now: Nanos) -> WideCount {
        WideCount { slide: self.counter.used_up_slide(self.at(now)) }
    }

    fn mend(&self, state: &mut WideCount, now: Nanos) {
        self.counter.mend_slide(&mut state.slide, self.at(now));
    }

    fn save(&self, state: &WideCount, now: Nanos) -> Snapshot {
        Snapshot::new(Use::all_of(self.peek(state, now, 0)))
    }

    fn load(&self, snapshot: &Snapshot, now: Nanos) -> WideCount {
        WideCount { slide: self.counter.load_slide(snapshot, self.at(now)) }
    }
}

/// As [`Limit`](crate::Limit) reads it, which chooses the width itself: `sliding 50000000/s`.
impl fmt::Display for WideWindowCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.counter.fmt(f)
    }
}
