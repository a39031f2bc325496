use core::time::Duration;

use super::Stop;
use crate::Verdict;

/// Is told what a [`Retry`](crate::Retry) does: for counters and logs. Called by the thread that
/// makes the call, between attempts; it should not block.
///
/// With the feature `std` a panic in here is swallowed: the call has nothing to do with it.
pub trait RetryObserver: Send + Sync {
    /// An attempt failed, and another follows.
    fn retrying(&self, event: Retrying) {
        let _ = event;
    }

    /// The last of so many attempts failed.
    fn stopped(&self, attempts: u32, stop: Stop) {
        let _ = (attempts, stop);
    }

    /// The last of so many attempts succeeded.
    fn succeeded(&self, attempts: u32) {
        let _ = attempts;
    }
}

/// A retry that is about to be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retrying {
    /// The attempt that failed, from 1.
    pub attempt: u32,
    /// What its error said.
    pub verdict: Verdict,
    /// How long until the next.
    pub delay: Duration,
}
