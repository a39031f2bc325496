//! Everything that stands between a caller and what it calls, in one value and in one order.

mod attempt;
mod builder;
mod error;
mod run;
#[cfg(feature = "serde")]
mod serde;

use alloc::sync::Arc;
use core::time::Duration;

use voussoir_core::{Clock, SystemClock};

use crate::{AdaptiveThrottle, Attempt, Bulkhead, CircuitBreaker, EveryError, Hedge, Retry, Sleep};

pub use builder::PolicyBuilder;
pub use error::{Cause, PolicyError};
pub use run::{NoFallback, PolicyRun, Substitute};
#[cfg(feature = "serde")]
pub use serde::PolicyConfig;

/// How a callee is called: with which patience, how often, and when not.
///
/// The parts stand in this order, the outermost first, in whatever order the builder is told them:
///
/// ```text
/// fallback ─► deadline ─► retry, budget ─► hedge ─► throttle ─► breaker ─► bulkhead ─► timeout ─► call
/// ```
///
/// * The *fallback* is outermost: it answers what nothing else could.
/// * The *deadline* bounds everything, the pauses between attempts and the wait in line as well. No
///   attempt is waited for that could not begin in time.
/// * *Retry* is outside the breaker, which so sees every attempt, and outside the bulkhead, whose
///   place is not held while nothing is done.
/// * The *hedge* is outside the breaker, which sees each of its attempts; the losers are cancelled
///   and count nowhere.
/// * The *breaker* is outside the bulkhead, but a bulkhead that is full says nothing about the
///   callee: the breaker ignores it.
/// * The attempt's *timeout* is innermost, so that a wait in line is not counted as the callee's, and
///   a callee that hangs is counted as failed.
///
/// What is refused here without a call, by breaker or throttle, is not tried again: it would only be
/// refused again. What finds the bulkhead full is, as something that was certainly not done.
///
/// An attempt that ran for its own timeout (without one: for the whole timeout of the policy) is a
/// failure of the callee. One that was cut short by a deadline, because it began late or the caller
/// had little time, is not: the breaker ignores it.
///
/// A cheap clone: an `Arc` inside. It can be stored in any struct: its one type parameter, the clock,
/// has a default.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use voussoir_breaker::{Backoff, Bulkhead, CircuitBreaker, Policy, Retry};
///
/// struct Client {
///     policy: Policy,
/// }
///
/// let retry = Retry::builder(Backoff::exponential(Duration::from_millis(50)).full_jitter());
/// let policy = Policy::builder()
///     .timeout(Duration::from_secs(5))
///     .retry(retry.max_attempts(3).idempotent().build()?)
///     .breaker(Arc::new(CircuitBreaker::builder().build()?))
///     .bulkhead(Arc::new(Bulkhead::builder(16).build()?))
///     .attempt_timeout(Duration::from_secs(2))
///     .build()?;
/// let client = Client { policy };
///
/// let answer = client.policy.call(std::thread::sleep, |_attempt| "42".parse::<u32>());
/// assert_eq!(answer, Ok(42));
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct Policy<C = SystemClock> {
    parts: Arc<Parts<C>>,
}

#[derive(Debug)]
struct Parts<C> {
    timeout: Option<Duration>,
    retry: Option<Retry<C>>,
    hedge: Option<Arc<Hedge<C>>>,
    throttle: Option<Arc<AdaptiveThrottle<C>>>,
    breaker: Option<Arc<CircuitBreaker<C>>>,
    bulkhead: Option<Arc<Bulkhead<C>>>,
    attempt_timeout: Option<Duration>,
    idempotent: bool,
    retry_refused: bool,
    clock: C,
}

impl Policy {
    /// Starts with nothing: a call is made once, and waited for.
    pub const fn builder() -> PolicyBuilder {
        PolicyBuilder::on(SystemClock)
    }
}

impl<C> Policy<C> {
    /// As [`Policy::builder`], on another clock. All parts have to be on it.
    pub const fn builder_on(clock: C) -> PolicyBuilder<C> {
        PolicyBuilder::on(clock)
    }

    /// One call with settings of its own.
    pub fn run(&self) -> PolicyRun<'_, C> {
        PolicyRun::new(self, EveryError)
    }

    /// One call whose errors are judged by `judge`, for retry, breaker and throttle alike:
    ///
    /// | verdict | retried | breaker | throttle |
    /// |---|---|---|---|
    /// | `Ok` | | success | accepted |
    /// | [`Transient`](crate::Verdict::Transient), [`TimedOut`](crate::Verdict::TimedOut) | if idempotent | failure | refused |
    /// | [`Throttled`](crate::Verdict::Throttled), [`Unsent`](crate::Verdict::Unsent) | yes | failure | refused |
    /// | [`Permanent`](crate::Verdict::Permanent) | no | ignored | ignored |
    pub fn when<J>(&self, judge: J) -> PolicyRun<'_, C, J> {
        PolicyRun::new(self, judge)
    }
}

impl<C: Clock> Policy<C> {
    /// Calls `work` as the policy says, waiting with `sleep` between attempts.
    ///
    /// Work on a thread cannot be interrupted: it finds its deadline in the [`Attempt`]. It is not
    /// hedged.
    ///
    /// # Errors
    ///
    /// [`PolicyError`]: the last cause, the number of attempts, and why there was no other.
    ///
    /// # Panics
    ///
    /// When `work` does. The breaker counts that as a failure, and the place in the bulkhead is
    /// free again.
    pub fn call<T, E>(
        &self,
        sleep: impl FnMut(Duration),
        work: impl FnMut(Attempt) -> Result<T, E>,
    ) -> Result<T, PolicyError<E>> {
        self.run().call(sleep, work)
    }

    /// Awaits `work` as the policy says. Takes `|_| async { … }` as well as `async |_| { … }`.
    ///
    /// `work` is a `Fn`, since hedges run side by side. The future is `Send` if those of `work` and
    /// `sleep` are, and what `work` captures is `Sync`. Dropping it cancels everything in flight,
    /// which counts nowhere.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn call_async<T, E, F>(
        &self,
        sleep: impl Sleep,
        work: impl Fn(Attempt) -> F,
    ) -> Result<T, PolicyError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.run().call_async(sleep, work).await
    }
}

impl<C> Clone for Policy<C> {
    fn clone(&self) -> Self {
        Self { parts: Arc::clone(&self.parts) }
    }
}
