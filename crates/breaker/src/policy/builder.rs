use alloc::sync::Arc;
use core::time::Duration;

use voussoir_core::{ConfigError, SystemClock};

use super::{Parts, Policy};
use crate::timeout::checked;
use crate::{AdaptiveThrottle, Bulkhead, CircuitBreaker, Hedge, Retry};

/// Parts of a [`Policy`]. Their order there is always the same, whatever the order here.
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct PolicyBuilder<C = SystemClock> {
    parts: Parts<C>,
}

impl<C> PolicyBuilder<C> {
    pub(super) const fn on(clock: C) -> Self {
        Self {
            parts: Parts {
                timeout: None,
                retry: None,
                hedge: None,
                throttle: None,
                breaker: None,
                bulkhead: None,
                attempt_timeout: None,
                idempotent: false,
                retry_refused: false,
                clock,
            },
        }
    }

    /// How long the whole call may take, all its attempts and pauses together.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.parts.timeout = Some(timeout);
        self
    }

    /// Tries again as this says. When it is idempotent, so is the policy.
    pub fn retry(mut self, retry: Retry<C>) -> Self {
        self.parts.retry = Some(retry);
        self
    }

    /// Starts slow attempts again while they run, if the work may be done twice.
    pub fn hedge(mut self, hedge: Arc<Hedge<C>>) -> Self {
        self.parts.hedge = Some(hedge);
        self
    }

    /// Refuses attempts with the probability with which the callee would.
    pub fn throttle(mut self, throttle: Arc<AdaptiveThrottle<C>>) -> Self {
        self.parts.throttle = Some(throttle);
        self
    }

    /// Refuses attempts while the callee fails.
    pub fn breaker(mut self, breaker: Arc<CircuitBreaker<C>>) -> Self {
        self.parts.breaker = Some(breaker);
        self
    }

    /// Bounds how many attempts are in flight.
    pub fn bulkhead(mut self, bulkhead: Arc<Bulkhead<C>>) -> Self {
        self.parts.bulkhead = Some(bulkhead);
        self
    }

    /// How long one attempt may take, without its wait for the bulkhead.
    pub fn attempt_timeout(mut self, attempt_timeout: Duration) -> Self {
        self.parts.attempt_timeout = Some(attempt_timeout);
        self
    }

    /// The work may be done twice: it is retried after any error that may go away, and hedged.
    pub fn idempotent(mut self) -> Self {
        self.parts.idempotent = true;
        self
    }

    /// Tries also again what breaker and throttle refused here, an open breaker not before it wants
    /// to be asked again. By default such a call ends at once.
    pub fn retry_refused(mut self) -> Self {
        self.parts.retry_refused = true;
        self
    }

    /// The policy.
    ///
    /// # Errors
    ///
    /// When a timeout is zero.
    pub fn build(self) -> Result<Policy<C>, ConfigError> {
        let Self { mut parts } = self;
        for (option, limit) in
            [("timeout", parts.timeout), ("attempt_timeout", parts.attempt_timeout)]
        {
            limit.map(|limit| checked(option, limit)).transpose()?;
        }
        if let Some(retry) = &parts.retry {
            parts.idempotent |= retry.view().options.idempotent;
            // The shorter of the two holds.
            let own = retry.view().options.attempt_timeout;
            parts.attempt_timeout = match (parts.attempt_timeout, own) {
                (Some(ours), Some(own)) => Some(ours.min(own)),
                (ours, own) => ours.or(own),
            };
        }
        Ok(Policy { parts: Arc::new(parts) })
    }
}
