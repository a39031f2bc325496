use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use voussoir_core::{ConfigError, SystemClock};

use super::{Retry, RetryObserver};
use crate::dice::Dice;
use crate::timeout::checked;
use crate::watch::Watch;
use crate::{Backoff, RetryBudget};

/// Options of a [`Retry`]; [`Retry::builder`] lists the defaults.
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct RetryBuilder<C = SystemClock> {
    options: Options,
    budget: Option<Arc<RetryBudget>>,
    watch: Watch<dyn RetryObserver>,
    seed: Option<u64>,
    clock: C,
}

/// What decides about the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) backoff: Backoff,
    /// `None` for any number.
    pub(crate) max_attempts: Option<u32>,
    pub(crate) max_elapsed: Option<Duration>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) max_retry_after: Duration,
    pub(crate) idempotent: bool,
}

impl Options {
    /// See the table at [`Retry::builder`].
    pub(crate) const fn new(backoff: Backoff) -> Self {
        Self {
            backoff,
            max_attempts: Some(3),
            max_elapsed: None,
            attempt_timeout: None,
            max_retry_after: Duration::from_secs(20),
            idempotent: false,
        }
    }
}

impl RetryBuilder {
    pub(super) const fn new(backoff: Backoff) -> Self {
        let options = Options::new(backoff);
        Self { options, budget: None, watch: Watch::NOBODY, seed: None, clock: SystemClock }
    }
}

impl<C> RetryBuilder<C> {
    /// So many attempts at most, the first included.
    pub const fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.options.max_attempts = Some(max_attempts);
        self
    }

    /// Any number of attempts. Something else should bound them: time, a budget, a deadline.
    pub const fn unlimited_attempts(mut self) -> Self {
        self.options.max_attempts = None;
        self
    }

    /// No attempt begins later than this after the first. The last delay is cut to fit.
    ///
    /// It does not interrupt an attempt: see [`attempt_timeout`](Self::attempt_timeout), and the
    /// total deadline of a [`Policy`](crate::Policy).
    pub const fn max_elapsed(mut self, max_elapsed: Duration) -> Self {
        self.options.max_elapsed = Some(max_elapsed);
        self
    }

    /// How long an attempt may take. A future is then dropped and the attempt counts as timed out;
    /// other work finds the deadline in its [`Attempt`](super::Attempt).
    pub const fn attempt_timeout(mut self, attempt_timeout: Duration) -> Self {
        self.options.attempt_timeout = Some(attempt_timeout);
        self
    }

    /// Gives up when the callee asks to come back later than this.
    pub const fn max_retry_after(mut self, max_retry_after: Duration) -> Self {
        self.options.max_retry_after = max_retry_after;
        self
    }

    /// The work may be done twice. Without this, only what certainly was not done is tried again.
    pub const fn idempotent(mut self) -> Self {
        self.options.idempotent = true;
        self
    }

    /// Asks this budget before each retry. Share one among all that call the same callee.
    pub fn budget(self, budget: Arc<RetryBudget>) -> Self {
        Self { budget: Some(budget), ..self }
    }

    /// Tells this observer of retries and ends.
    pub fn observer(self, observer: Arc<dyn RetryObserver>) -> Self {
        Self { watch: Watch::new(observer), ..self }
    }

    /// The seed of the jitter, so that tests replay. Without the feature `std` there is no other
    /// source of chance: give one that differs from device to device.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// The clock that calls without a given time read.
    pub fn clock<D>(self, clock: D) -> RetryBuilder<D> {
        let Self { options, budget, watch, seed, .. } = self;
        RetryBuilder { options, budget, watch, seed, clock }
    }

    /// The retry.
    ///
    /// # Errors
    ///
    /// When there are no attempts, or an attempt has no time.
    pub fn build(self) -> Result<Retry<C>, ConfigError> {
        let Self { options, budget, watch, seed, clock } = self;
        if options.max_attempts == Some(0) {
            return Err(ConfigError::new("max_attempts", 0, "1 or more"));
        }
        if let Some(limit) = options.attempt_timeout {
            checked("attempt_timeout", limit)?;
        }
        Ok(Retry { options, budget, watch, dice: Dice::seeded(seed), clock })
    }

    #[cfg(feature = "serde")]
    pub(super) fn options(self, options: Options) -> Self {
        Self { options, ..self }
    }
}

impl<C: fmt::Debug> fmt::Debug for RetryBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryBuilder")
            .field("options", &self.options)
            .field("budget", &self.budget)
            .field("watch", &self.watch)
            .field("seed", &self.seed)
            .field("clock", &self.clock)
            .finish()
    }
}
