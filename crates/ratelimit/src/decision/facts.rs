use core::time::Duration;

use crate::gcra::Level;
use crate::sliding_counter::Estimate;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
use crate::verdict::Verdict;

/// What a decision's figures are computed from: as little as each algorithm has at hand when it
/// decides, so that nothing is divided for an answer that nobody asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Facts {
    /// Of a bucket, which may be in debt.
    Bucket(Level),
    /// Of a queue that spaces evenly.
    Queue(Level),
    /// Of two counts.
    Sliding(Estimate),
    /// Of algorithms to which the figures are known anyway.
    Known(Figures),
}

/// The figures themselves, times in nanoseconds from the decision on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) limit: u32,
    pub(crate) cost: u32,
    pub(crate) remaining: u32,
    pub(crate) retry_after: u64,
    pub(crate) reset_after: u64,
}

impl Figures {
    /// Of a verdict that says what is left, when to retry `at`, and how long `until` all is free.
    #[cfg(all(feature = "std", target_has_atomic = "64"))]
    #[inline]
    pub(crate) fn of(verdict: Verdict, limit: u32, cost: u32) -> Self {
        let Verdict { count, at, until, .. } = verdict;
        Self { limit, cost, remaining: count, retry_after: at, reset_after: until }
    }
}

impl Facts {
    pub(crate) fn limit(&self) -> u32 {
        match self {
            Self::Bucket(level) | Self::Queue(level) => level.limit(),
            Self::Sliding(estimate) => estimate.limit(),
            Self::Known(figures) => figures.limit,
        }
    }

    pub(crate) fn cost(&self) -> u32 {
        match self {
            Self::Bucket(level) | Self::Queue(level) => level.cost(),
            Self::Sliding(estimate) => estimate.cost(),
            Self::Known(figures) => figures.cost,
        }
    }

    pub(crate) fn remaining(&self) -> u32 {
        match self {
            Self::Bucket(level) | Self::Queue(level) => level.remaining(),
            Self::Sliding(estimate) => estimate.remaining(),
            Self::Known(figures) => figures.remaining,
        }
    }

    pub(crate) fn retry_after(&self) -> Duration {
        match self {
            Self::Bucket(level) | Self::Queue(level) => level.retry_after(),
            Self::Sliding(estimate) => Duration::from_nanos(estimate.retry_after()),
            Self::Known(figures) => Duration::from_nanos(figures.retry_after),
        }
    }

    pub(crate) fn reset_after(&self) -> Duration {
        match self {
            Self::Bucket(level) | Self::Queue(level) => level.reset_after(),
            Self::Sliding(estimate) => Duration::from_nanos(estimate.reset_after()),
            Self::Known(figures) => Duration::from_nanos(figures.reset_after),
        }
    }

    pub(crate) fn delay(&self) -> Duration {
        match self {
            Self::Bucket(level) => level.paid_after(),
            Self::Queue(level) => level.turn_after(),
            Self::Sliding(_) | Self::Known(_) => Duration::ZERO,
        }
    }
}
