use alloc::sync::Arc;
use core::time::Duration;

use serde::{Deserialize, Serialize};
use voussoir_core::{Clock, ConfigError, SystemClock};

use super::PolicyBuilder;
use crate::{BreakerConfig, BulkheadConfig, HedgeConfig, RetryConfig, ThrottleConfig};

/// A [`Policy`](crate::Policy) as a configuration says it. What is left out is not there.
///
/// ```
/// use voussoir_breaker::PolicyConfig;
///
/// let config: PolicyConfig = toml::from_str(
///     r#"
///     timeout = "5s"
///     attempt_timeout = "2s"
///
///     [retry]
///     backoff = "exponential 50ms cap 2s full jitter"
///     max_attempts = 3
///     idempotent = true
///     budget = { ratio = 0.2 }
///
///     [breaker]
///     failure_rate = 0.5
///     open_for = "30s"
///
///     [bulkhead]
///     limit = 16
///     queue = 32
///     "#,
/// )?;
/// let policy = config.builder()?.build()?;
/// assert_eq!(policy.call(std::thread::sleep, |_attempt| "42".parse::<u32>()), Ok(42));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Each part is made anew for each policy. Where two share one, as a breaker for the same callee, leave
/// it out here and give it to the builder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct PolicyConfig {
    /// See [`PolicyBuilder::timeout`].
    #[serde(with = "crate::optional", skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// See [`PolicyBuilder::attempt_timeout`].
    #[serde(with = "crate::optional", skip_serializing_if = "Option::is_none")]
    pub attempt_timeout: Option<Duration>,
    /// See [`PolicyBuilder::idempotent`].
    pub idempotent: bool,
    /// See [`PolicyBuilder::retry_refused`].
    pub retry_refused: bool,
    /// See [`PolicyBuilder::retry`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryConfig>,
    /// See [`PolicyBuilder::hedge`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hedge: Option<HedgeConfig>,
    /// See [`PolicyBuilder::throttle`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttle: Option<ThrottleConfig>,
    /// See [`PolicyBuilder::breaker`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaker: Option<BreakerConfig>,
    /// See [`PolicyBuilder::bulkhead`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bulkhead: Option<BulkheadConfig>,
}

impl PolicyConfig {
    /// A builder with these parts.
    ///
    /// # Errors
    ///
    /// The first option of a part that is out of its range.
    pub fn builder(&self) -> Result<PolicyBuilder, ConfigError> {
        self.builder_on(SystemClock)
    }

    /// As [`builder`](Self::builder), on another clock.
    ///
    /// # Errors
    ///
    /// As [`builder`](Self::builder).
    pub fn builder_on<C: Clock + Clone>(&self, clock: C) -> Result<PolicyBuilder<C>, ConfigError> {
        let mut builder = PolicyBuilder::on(clock.clone());
        if let Some(timeout) = self.timeout {
            builder = builder.timeout(timeout);
        }
        if let Some(attempt_timeout) = self.attempt_timeout {
            builder = builder.attempt_timeout(attempt_timeout);
        }
        if self.idempotent {
            builder = builder.idempotent();
        }
        if self.retry_refused {
            builder = builder.retry_refused();
        }
        if let Some(retry) = self.retry {
            builder = builder.retry(retry.builder()?.clock(clock.clone()).build()?);
        }
        if let Some(hedge) = self.hedge {
            builder = builder.hedge(Arc::new(hedge.builder()?.clock(clock.clone()).build()?));
        }
        if let Some(throttle) = self.throttle {
            builder = builder.throttle(Arc::new(throttle.builder().clock(clock.clone()).build()?));
        }
        if let Some(breaker) = self.breaker {
            builder = builder.breaker(Arc::new(breaker.builder()?.clock(clock.clone()).build()?));
        }
        if let Some(bulkhead) = &self.bulkhead {
            builder = builder.bulkhead(Arc::new(bulkhead.builder().clock(clock).build()?));
        }
        Ok(builder)
    }
}
