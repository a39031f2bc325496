//! A second try while the first is still running, against the slow ones among many calls.

mod builder;
mod latencies;
mod race;
#[cfg(feature = "serde")]
mod serde;

use alloc::sync::Arc;
use core::time::Duration;

use voussoir_core::{Clock, Nanos, SystemClock};

use self::latencies::Latencies;
pub(crate) use self::race::Race;
use crate::sync::{AtomicU64, Ordering};
use crate::{Attempt, Deadline, RetryBudget, Sleep};

pub use builder::{HedgeBuilder, HedgeDelay};
#[cfg(feature = "serde")]
pub use serde::HedgeConfig;

/// Starts a call again while it is still running, and takes the first answer.
///
/// The few slowest of many calls are mostly slow by bad luck: a full queue, a pause, a bad host. A
/// second call after a while is likely faster than the rest of the first. Dean and Barroso ("The
/// tail at scale", 2013) cut a 99.9th percentile from 1,800 to 74 ms with 2 % more requests.
///
/// Only for work that may be done twice, since it often is. A budget keeps the extra load in bounds
/// when *all* calls are slow: then hedging would double the load of a service that drowns. The first
/// success wins and the others are dropped; a failure waits for the others and is returned only when
/// it was the last.
///
/// Allocates only when it hedges. Shared by reference; not a cheap clone.
///
/// ```
/// # use std::time::Duration;
/// use voussoir_breaker::{Hedge, HedgeDelay};
///
/// # async fn fetch() -> Result<u32, std::io::Error> { Ok(7) }
/// # async fn example(sleep: impl voussoir_breaker::Sleep) -> Result<(), Box<dyn std::error::Error>> {
/// let hedge = Hedge::builder(HedgeDelay::quantile(0.95)).build()?;
/// let answer = hedge.call_async(sleep, |_attempt| fetch()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Hedge<C = SystemClock> {
    delay: HedgeDelay,
    max_hedges: u32,
    budget: Option<Arc<RetryBudget>>,
    latencies: Latencies,
    hedges: AtomicU64,
    wins: AtomicU64,
    clock: C,
}

/// How often a [`Hedge`] did what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[non_exhaustive]
pub struct HedgeStats {
    /// Calls started again.
    pub hedges: u64,
    /// How many of those answered first.
    pub wins: u64,
}

impl Hedge {
    /// Starts with a delay and these defaults:
    ///
    /// | option | default | why |
    /// |---|---|---|
    /// | `max_hedges` | 1 | the second slow answer in a row is seldom bad luck |
    /// | `budget` | a ratio of 0.1, and none beside | at most 1.1 times the load, whatever happens |
    pub const fn builder(delay: HedgeDelay) -> HedgeBuilder {
        HedgeBuilder::new(delay)
    }
}

impl<C> Hedge<C> {
    /// After how long a call that begins now would be started again; `None` while too few calls are
    /// known to tell.
    pub fn delay(&self) -> Option<Duration> {
        match self.delay {
            HedgeDelay::Fixed(delay) => Some(delay),
            HedgeDelay::Quantile { .. } => self.latencies.quantile(),
        }
    }

    /// How often it did what, since the beginning.
    pub fn stats(&self) -> HedgeStats {
        HedgeStats {
            hedges: self.hedges.load(Ordering::Relaxed),
            wins: self.wins.load(Ordering::Relaxed),
        }
    }

    /// A call that began at `begun` has its answer, from the hedge of this number (1 is the call
    /// itself).
    pub(crate) fn won(&self, begun: Nanos, now: Nanos, number: u32) {
        if number > 1 {
            self.wins.fetch_add(1, Ordering::Relaxed);
        }
        if matches!(self.delay, HedgeDelay::Quantile { .. }) {
            // When another was faster, the first took at least so long.
            self.latencies.record(now.saturating_duration_since(begun));
        }
    }

    /// Whether the budget allows for one more.
    pub(crate) fn may_start(&self, now: Nanos) -> bool {
        let allowed = self
            .budget
            .as_ref()
            .is_none_or(|budget| budget.try_withdraw_at(now, crate::Verdict::TimedOut).is_some());
        if allowed {
            self.hedges.fetch_add(1, Ordering::Relaxed);
        }
        allowed
    }
}

impl<C: Clock> Hedge<C> {
    /// Awaits the first success of `work` and of the same once more if that takes long.
    ///
    /// `work` gets the number of the attempt, from 1. The future is `Send` if those of `work` and
    /// `sleep` are; dropping it drops everything that is in flight.
    ///
    /// # Errors
    ///
    /// When all that were started failed: the failure that came last.
    pub async fn call_async<T, E, F>(
        &self,
        sleep: impl Sleep,
        work: impl FnMut(Attempt) -> F,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.call_async_until(Deadline::NEVER, sleep, work).await
    }

    /// As [`call_async`](Self::call_async), on behalf of a call that has until `deadline`: the
    /// attempts are told, and none is started later.
    ///
    /// # Errors
    ///
    /// As [`call_async`](Self::call_async).
    pub async fn call_async_until<T, E, F>(
        &self,
        deadline: Deadline,
        sleep: impl Sleep,
        work: impl FnMut(Attempt) -> F,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        Race { hedge: self, clock: &self.clock, deadline, sleep: &sleep }.run(work).await
    }
}
