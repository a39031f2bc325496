//! Trying again: when, how often, at whose expense, and when not.

mod attempts;
mod builder;
mod error;
mod observer;
mod run;
#[cfg(feature = "serde")]
mod serde;

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use voussoir_core::{Clock, Nanos, SystemClock};

use crate::dice::Dice;
use crate::watch::Watch;
use crate::{Backoff, Deadline, EveryError, RetryBudget, Sleep};

pub use attempts::{Attempt, Attempts};
pub use builder::RetryBuilder;
pub use error::{RetryError, Stop};
pub use observer::{RetryObserver, Retrying};
pub use run::RetryRun;
#[cfg(feature = "serde")]
pub use serde::RetryConfig;

pub(crate) use builder::Options;

/// Tries a call again when it fails.
///
/// Nothing is done twice unless you say that it may be: without
/// [`idempotent`](RetryBuilder::idempotent), only what certainly was not done is tried again, which
/// is what never reached the callee and what the callee refused (see [`Verdict`](crate::Verdict)).
///
/// The clock is read only where a limit of time or a budget asks for it.
///
/// Shared by reference between threads; not a cheap clone, put it into an `Arc`, or into a
/// [`Policy`](crate::Policy). It sleeps by what you give it: `std::thread::sleep`, or a
/// [`Sleep`] of your runtime.
///
/// ```
/// use std::time::Duration;
/// use voussoir_breaker::{Backoff, Retry};
///
/// let retry = Retry::builder(Backoff::exponential(Duration::from_micros(50)).full_jitter())
///     .max_attempts(4)
///     .idempotent()
///     .build()?;
///
/// let mut answers = [Err("no"), Err("no"), Ok(42)].into_iter();
/// let answer = retry.call(std::thread::sleep, |_attempt| answers.next().unwrap());
/// assert_eq!(answer, Ok(42));
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
pub struct Retry<C = SystemClock> {
    options: Options,
    budget: Option<Arc<RetryBudget>>,
    watch: Watch<dyn RetryObserver>,
    dice: Dice,
    clock: C,
}

impl Retry {
    /// Starts with a backoff and these defaults:
    ///
    /// | option | default | why |
    /// |---|---|---|
    /// | `max_attempts` | 3 | of the AWS SDKs and the SRE book: what two retries do not mend, more rarely do |
    /// | `max_elapsed` | none | the deadline of a policy is the better place |
    /// | `attempt_timeout` | none | nobody else knows how long the work takes |
    /// | `max_retry_after` | 20 s | the cap of the AWS SDKs: who is told to wait longer gives up at once |
    /// | `idempotent` | no | doing a payment twice is worse than not doing it |
    /// | `budget` | none | it has to be shared by all that call the same callee |
    pub const fn builder(backoff: Backoff) -> RetryBuilder {
        RetryBuilder::new(backoff)
    }
}

impl<C> Retry<C> {
    /// The state of one call: for loops of your own, whatever they wait with.
    #[inline]
    pub fn attempts_at(&self, now: Nanos) -> Attempts<'_> {
        Attempts::new(self.view(), self.options.idempotent, Deadline::NEVER, now)
    }

    /// One call with settings of its own.
    pub const fn run(&self) -> RetryRun<'_, C> {
        RetryRun::new(self, self.options.idempotent, EveryError)
    }

    /// One call whose errors are judged by `judge`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use voussoir_breaker::{Backoff, Retry, Stop, Verdict};
    /// # let retry = Retry::builder(Backoff::fixed(Duration::ZERO)).idempotent().build()?;
    /// let error = retry
    ///     .when(|status: &u16| match status {
    ///         429 => Verdict::Throttled { retry_after: Duration::from_millis(1) },
    ///         400..500 => Verdict::Permanent,
    ///         _ => Verdict::Transient,
    ///     })
    ///     .call(std::thread::sleep, |_| Err::<(), _>(404));
    /// let error = error.unwrap_err();
    /// assert_eq!((error.stop, error.attempts), (Stop::Permanent, 1));
    /// # Ok::<(), voussoir_core::ConfigError>(())
    /// ```
    pub const fn when<J>(&self, judge: J) -> RetryRun<'_, C, J> {
        RetryRun::new(self, self.options.idempotent, judge)
    }

    pub(crate) fn view(&self) -> View<'_> {
        View {
            options: &self.options,
            budget: self.budget.as_deref(),
            watch: &self.watch,
            dice: &self.dice,
        }
    }
}

impl<C: Clock> Retry<C> {
    /// Calls `work` until it succeeds or there is a reason to stop, waiting with `sleep` in between.
    ///
    /// # Errors
    ///
    /// The last error, with the reason and the number of attempts.
    ///
    /// # Panics
    ///
    /// When `work` does: a panic is not retried.
    pub fn call<T, E>(
        &self,
        sleep: impl FnMut(Duration),
        work: impl FnMut(Attempt) -> Result<T, E>,
    ) -> Result<T, RetryError<E>> {
        self.run().call(sleep, work)
    }

    /// Awaits `work` until it succeeds or there is a reason to stop. The future is `Send` if those
    /// of `work` and `sleep` are. Dropping it stops at once, between attempts as within one.
    ///
    /// A closure that changes what it has captured needs [`call_local`](Self::call_local).
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn call_async<T, E, F>(
        &self,
        sleep: impl Sleep,
        work: impl FnMut(Attempt) -> F,
    ) -> Result<T, RetryError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.run().call_async(sleep, work).await
    }

    /// As [`call_async`](Self::call_async), for async closures that borrow from what they capture.
    /// Its future cannot be shown to be `Send` in generic code.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn call_local<T, E>(
        &self,
        sleep: impl Sleep,
        work: impl AsyncFnMut(Attempt) -> Result<T, E>,
    ) -> Result<T, RetryError<E>> {
        self.run().call_local(sleep, work).await
    }
}

impl<C: fmt::Debug> fmt::Debug for Retry<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("options", &self.options)
            .field("budget", &self.budget)
            .field("watch", &self.watch)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

/// A [`Retry`] without its clock.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) options: &'a Options,
    pub(crate) budget: Option<&'a RetryBudget>,
    pub(crate) watch: &'a Watch<dyn RetryObserver>,
    pub(crate) dice: &'a Dice,
}

impl View<'_> {
    /// Whether it matters what time it is.
    pub(crate) fn asks_time(&self) -> bool {
        let Options { max_elapsed, attempt_timeout, .. } = self.options;
        max_elapsed.is_some() || attempt_timeout.is_some() || self.budget.is_some()
    }
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("options", self.options).finish_non_exhaustive()
    }
}
