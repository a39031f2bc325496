use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use super::Clock;
use crate::Nanos;

/// A clock that stands still until it is told to move, also backwards. For tests and simulations.
///
/// A cheap clone: all clones show, and move, the same time.
///
/// ```
/// use std::time::Duration;
/// use voussoir_core::{Clock, ManualClock, Nanos};
///
/// let clock = ManualClock::new();
/// let same = clock.clone();
///
/// clock.advance(Duration::from_secs(2));
/// assert_eq!(same.now(), Nanos::from_secs(2));
///
/// same.rewind(Duration::from_secs(1));
/// assert_eq!(clock.now(), Nanos::from_secs(1));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ManualClock {
    nanos: Arc<AtomicU64>,
}

impl ManualClock {
    /// A clock that shows [`Nanos::ZERO`].
    pub fn new() -> Self {
        Self::default()
    }

    /// A clock that shows `now`.
    pub fn at(now: Nanos) -> Self {
        let clock = Self::new();
        clock.set(now);
        clock
    }

    /// Shows `now` from here on.
    pub fn set(&self, now: Nanos) {
        self.nanos.store(now.as_nanos(), Ordering::SeqCst);
    }

    /// Moves forward by `by`, at most to [`Nanos::MAX`].
    pub fn advance(&self, by: Duration) {
        self.step(|now| now.saturating_add(by));
    }

    /// Moves backwards by `by`, at most to [`Nanos::ZERO`], as a faulty clock may.
    pub fn rewind(&self, by: Duration) {
        self.step(|now| now.saturating_sub(by));
    }

    fn step(&self, to: impl Fn(Nanos) -> Nanos) {
        self.nanos.update(Ordering::SeqCst, Ordering::SeqCst, |nanos| {
            to(Nanos::from_nanos(nanos)).as_nanos()
        });
    }
}

impl Clock for ManualClock {
    #[inline]
    fn now(&self) -> Nanos {
        Nanos::from_nanos(self.nanos.load(Ordering::SeqCst))
    }
}
