use alloc::sync::Arc;
use core::time::Duration;

use voussoir_core::ConfigError;

use super::{Options, Retry, RetryBuilder};
use crate::Backoff;
use crate::retry_budget::RetryBudgetConfig;

/// A [`Retry`] as a configuration says it. What is left out has its default.
///
/// ```
/// use voussoir_breaker::RetryConfig;
///
/// let config: RetryConfig = serde_json::from_str(
///     r#"{
///         "backoff": "exponential 100ms cap 20s full jitter",
///         "max_attempts": 4,
///         "attempt_timeout": "2s",
///         "idempotent": true,
///         "budget": { "ratio": 0.2 }
///     }"#,
/// )?;
/// let retry = config.builder()?.build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RetryConfig {
    /// How long to wait between attempts.
    pub backoff: Backoff,
    /// See [`RetryBuilder::max_attempts`]; `null` for any number.
    #[serde(default = "max_attempts")]
    pub max_attempts: Option<u32>,
    /// See [`RetryBuilder::max_elapsed`].
    #[serde(default, with = "crate::optional", skip_serializing_if = "Option::is_none")]
    pub max_elapsed: Option<Duration>,
    /// See [`RetryBuilder::attempt_timeout`].
    #[serde(default, with = "crate::optional", skip_serializing_if = "Option::is_none")]
    pub attempt_timeout: Option<Duration>,
    /// See [`RetryBuilder::max_retry_after`].
    #[serde(default = "max_retry_after", with = "voussoir_core::duration")]
    pub max_retry_after: Duration,
    /// See [`RetryBuilder::idempotent`].
    #[serde(default)]
    pub idempotent: bool,
    /// See [`RetryBuilder::budget`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<RetryBudgetConfig>,
}

impl RetryConfig {
    /// The defaults, with this backoff.
    pub const fn new(backoff: Backoff) -> Self {
        let options = Options::new(backoff);
        Self {
            backoff,
            max_attempts: options.max_attempts,
            max_elapsed: options.max_elapsed,
            attempt_timeout: options.attempt_timeout,
            max_retry_after: options.max_retry_after,
            idempotent: options.idempotent,
            budget: None,
        }
    }

    /// A builder with these options, to add a clock, an observer, or a budget that is shared.
    ///
    /// # Errors
    ///
    /// When the budget is refused.
    pub fn builder(self) -> Result<RetryBuilder, ConfigError> {
        let builder = Retry::builder(self.backoff).options(Options {
            backoff: self.backoff,
            max_attempts: self.max_attempts,
            max_elapsed: self.max_elapsed,
            attempt_timeout: self.attempt_timeout,
            max_retry_after: self.max_retry_after,
            idempotent: self.idempotent,
        });
        Ok(match self.budget {
            Some(budget) => builder.budget(Arc::new(budget.build()?)),
            None => builder,
        })
    }
}

fn max_attempts() -> Option<u32> {
    RetryConfig::new(Backoff::fixed(Duration::ZERO)).max_attempts
}

fn max_retry_after() -> Duration {
    RetryConfig::new(Backoff::fixed(Duration::ZERO)).max_retry_after
}
