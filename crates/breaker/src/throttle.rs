//! A client that stops itself from sending what would be refused anyway.

mod builder;
mod permit;
#[cfg(feature = "serde")]
mod serde;

use core::time::Duration;

use thiserror::Error;
use voussoir_core::{Clock, Gate, Nanos, Rejected, SystemClock};

use crate::dice::Dice;
use crate::slots::{Slots, Timeline};

pub use builder::AdaptiveThrottleBuilder;
pub use permit::ThrottlePermit;
#[cfg(feature = "serde")]
pub use serde::ThrottleConfig;

/// Refuses calls on the client's side with the probability with which the callee would.
///
/// Refusing a call costs an overloaded service almost as much as answering it. Each client that
/// counts what it asked and what was accepted can spare it that, without any talk between them:
/// *Site Reliability Engineering*, ch. 21, "Client-side throttling".
///
/// The formula is [`rejection_probability`]; `k` says how many requests there may be for each that
/// is accepted: 2 lets the callee see twice what it accepts and notices a recovery soon, 1.1 spares
/// it more. Counts are of the last two minutes. In a total outage about one request in `window` goes
/// through, whatever the rate; [`max_rejection`](AdaptiveThrottleBuilder::max_rejection) lets more.
///
/// Lock-free, shared by reference; not a cheap clone. A healthy call costs two counters.
///
/// ```
/// use voussoir_breaker::AdaptiveThrottle;
///
/// let throttle = AdaptiveThrottle::builder().seed(7).build()?;
/// let mut sent = 0;
/// for _ in 0..1_000 {
///     if let Ok(permit) = throttle.try_acquire() {
///         sent += 1;
///         permit.refused();
///     }
/// }
/// assert!(sent < 30, "the callee refuses all, so it sees few: {sent}");
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct AdaptiveThrottle<C = SystemClock> {
    k: f64,
    max_rejection: f64,
    min_calls: u64,
    timeline: Timeline,
    requests: Slots,
    accepts: Slots,
    dice: Dice,
    clock: C,
}

/// The probability with which the next call is to be refused, after so many `requests` (those that
/// were refused here included) of which so many were accepted: `max(0, (requests − k × accepts) /
/// (requests + 1))`.
///
/// The 1 lets every first request through and keeps the probability below 1, so that a recovery is
/// noticed.
pub fn rejection_probability(requests: u64, accepts: u64, k: f64) -> f64 {
    let excess = requests as f64 - k * accepts as f64;
    (excess / (requests as f64 + 1.0)).max(0.0)
}

impl AdaptiveThrottle {
    /// Starts with these defaults:
    ///
    /// | option | default | why |
    /// |---|---|---|
    /// | `k` | 2 | the book's |
    /// | `window` | 2 min | the book's |
    /// | `min_calls` | 0 | the formula alone lets the first ones through |
    /// | `max_rejection` | 1 | the formula alone never reaches it |
    pub const fn builder() -> AdaptiveThrottleBuilder {
        AdaptiveThrottleBuilder::new()
    }
}

impl<C> AdaptiveThrottle<C> {
    /// Asks for leave to make a call at `now`. Complexity: O(1), two words for each of 16 slots.
    ///
    /// # Errors
    ///
    /// [`Throttled`], with the probability that it was refused with.
    pub fn try_acquire_at(&self, now: Nanos) -> Result<ThrottlePermit<'_, C>, Throttled> {
        let slot = self.timeline.slot(now);
        let probability = self.probability(slot);
        // Counted before the call and also when it is refused here, as the formula asks.
        self.requests.add(slot, 1);
        if probability > 0.0 && self.dice.fraction() < probability {
            return Err(Throttled { probability });
        }
        Ok(ThrottlePermit::new(self, slot))
    }

    /// With what probability a call at `now` would be refused.
    pub fn rejection_probability_at(&self, now: Nanos) -> f64 {
        self.probability(self.timeline.slot(now))
    }

    /// The requests and the accepted ones of the window that ends at `now`.
    pub fn counts_at(&self, now: Nanos) -> (u64, u64) {
        let slot = self.timeline.slot(now);
        (self.requests.sum(slot), self.accepts.sum(slot))
    }

    fn probability(&self, slot: u32) -> f64 {
        // In this order: an acceptance that comes in between has its request counted, too, or not.
        let accepts = self.accepts.sum(slot);
        let requests = self.requests.sum(slot);
        if requests < self.min_calls {
            return 0.0;
        }
        rejection_probability(requests, accepts, self.k).min(self.max_rejection)
    }
}

impl<C: Clock> AdaptiveThrottle<C> {
    /// Asks for leave to make a call.
    ///
    /// # Errors
    ///
    /// As [`try_acquire_at`](Self::try_acquire_at).
    pub fn try_acquire(&self) -> Result<ThrottlePermit<'_, C>, Throttled> {
        self.try_acquire_at(self.clock.now())
    }

    /// Makes a call, unless it is refused here: `Ok` was accepted, `Err` was not.
    ///
    /// # Errors
    ///
    /// [`ThrottleError::Throttled`] when the call was not made, else what it returned.
    pub fn call<T, E>(&self, call: impl FnOnce() -> Result<T, E>) -> Result<T, ThrottleError<E>> {
        let permit = self.try_acquire()?;
        permit.conclude(call())
    }

    /// Awaits a call, unless it is refused here: `Ok` was accepted, `Err` was not. Dropping the
    /// future takes the request back.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn call_async<T, E, F>(&self, call: impl FnOnce() -> F) -> Result<T, ThrottleError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let permit = self.try_acquire()?;
        permit.conclude(call().await)
    }
}

impl<C> Gate for AdaptiveThrottle<C> {
    type Guard<'a>
        = ThrottlePermit<'a, C>
    where
        Self: 'a;

    fn try_pass_at(&self, now: Nanos) -> Result<Self::Guard<'_>, Rejected> {
        // Dice have no date.
        self.try_acquire_at(now).map_err(|_| Rejected::indefinitely())
    }
}

/// A call was refused before it was made, since most are refused by the callee.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[error("throttled: {:.1} % of calls are refused before they are made", probability * 100.0)]
pub struct Throttled {
    probability: f64,
}

impl Throttled {
    /// With what probability it was refused.
    pub const fn probability(&self) -> f64 {
        self.probability
    }
}

/// Why a throttled call brought no value.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum ThrottleError<E> {
    /// It was refused and never made.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// It was made and failed.
    #[error("{0}")]
    Inner(#[source] E),
}

/// The book's.
const K: f64 = 2.0;
/// The book's.
const WINDOW: Duration = Duration::from_mins(2);
