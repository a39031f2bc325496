use core::time::Duration;

use voussoir_core::{ConfigError, duration};

use super::{Bucket, RetryBudget, SCALE, Window};

/// Options of [`RetryBudget::ratio`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct RetryRatioBuilder {
    ratio: f64,
    per_second: u32,
    ttl: Duration,
}

/// Finagle's reserve, so that a client of few calls can retry at all.
pub(super) const PER_SECOND: u32 = 10;
/// Finagle's: what was earned in a quiet hour is not spent on an outage.
pub(super) const TTL: Duration = Duration::from_secs(10);
/// Finagle's largest.
const MAX_RATIO: f64 = 1_000.0;

impl RetryRatioBuilder {
    pub(super) const fn new(ratio: f64) -> Self {
        Self { ratio, per_second: PER_SECOND, ttl: TTL }
    }

    /// So many retries a second beside the ratio. By default 10.
    pub const fn per_second(self, per_second: u32) -> Self {
        Self { per_second, ..self }
    }

    /// How long a token is good for, to a sixteenth of this. By default 10 s.
    pub const fn ttl(self, ttl: Duration) -> Self {
        Self { ttl, ..self }
    }

    /// The budget. Retries in any time `T` number at most `ratio × calls + per_second × (T + ttl)`.
    ///
    /// # Errors
    ///
    /// When the ratio is not in `0.0..=1000.0` (it is resolved to a thousandth, rounded), or the
    /// time not in 100 ms to 1 h.
    pub fn build(self) -> Result<RetryBudget, ConfigError> {
        if !(0.0..=MAX_RATIO).contains(&self.ratio) {
            return Err(ConfigError::new("ratio", self.ratio, "0 to 1000"));
        }
        if !(Duration::from_millis(100)..=Duration::from_hours(1)).contains(&self.ttl) {
            return Err(ConfigError::new("ttl", duration::text(self.ttl), "100ms to 1h"));
        }
        let deposit = thousandths(self.ratio);
        Ok(RetryBudget::of_window(Window::new(deposit, self.per_second, self.ttl)))
    }
}

/// Options of [`RetryBudget::bucket`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct RetryBucketBuilder {
    capacity: u32,
    costs: [u32; 3],
    income: f64,
    per_second: f64,
}

impl RetryBucketBuilder {
    pub(super) const fn new(capacity: u32) -> Self {
        Self { capacity, costs: [1; 3], income: 1.0, per_second: 0.0 }
    }

    /// What a retry costs, whatever the cause. By default 1. With 0 there is no limit.
    pub const fn cost(self, cost: u32) -> Self {
        Self { costs: [cost; 3], ..self }
    }

    /// What a retry costs after a timeout.
    pub const fn timeout_cost(self, cost: u32) -> Self {
        let [transient, _, throttled] = self.costs;
        Self { costs: [transient, cost, throttled], ..self }
    }

    /// What a retry costs after the callee throttled.
    pub const fn throttled_cost(self, cost: u32) -> Self {
        let [transient, timed_out, _] = self.costs;
        Self { costs: [transient, timed_out, cost], ..self }
    }

    /// What a first attempt that succeeds brings. By default 1.
    pub const fn per_success(self, tokens: f64) -> Self {
        Self { income: tokens, ..self }
    }

    /// What a second brings. By default nothing.
    pub const fn per_second(self, tokens: f64) -> Self {
        Self { per_second: tokens, ..self }
    }

    /// The budget, its bucket full.
    ///
    /// # Errors
    ///
    /// When the capacity is 0 or above 4,294,967, or an income not in `0.0..=1000.0`.
    pub fn build(self) -> Result<RetryBudget, ConfigError> {
        check_capacity("bucket", self.capacity)?;
        for (option, given) in [("per_success", self.income), ("per_second", self.per_second)] {
            if !(0.0..=MAX_RATIO).contains(&given) {
                return Err(ConfigError::new(option, given, "0 to 1000"));
            }
        }
        let (income, per_second) = (thousandths(self.income), thousandths(self.per_second));
        let bucket = Bucket::new(self.capacity, self.costs, income, per_second, None);
        Ok(RetryBudget::of_bucket(bucket))
    }
}

pub(super) fn grpc(max_tokens: u32, token_ratio: f64) -> Result<RetryBudget, ConfigError> {
    if !(1..=1_000).contains(&max_tokens) {
        return Err(ConfigError::new("max_tokens", max_tokens, "1 to 1000"));
    }
    if !(0.001..=MAX_RATIO).contains(&token_ratio) {
        return Err(ConfigError::new("token_ratio", token_ratio, "0.001 to 1000"));
    }
    let threshold = max_tokens * SCALE / 2;
    let bucket = Bucket::new(max_tokens, [0; 3], thousandths(token_ratio), 0, Some(threshold));
    Ok(RetryBudget::of_bucket(bucket))
}

fn check_capacity(option: &'static str, capacity: u32) -> Result<(), ConfigError> {
    if (1..=Bucket::MAX).contains(&capacity) {
        return Ok(());
    }
    Err(ConfigError::new(option, capacity, "1 to 4294967 tokens"))
}

/// `tokens` is 0 to 1000.
#[expect(clippy::cast_sign_loss, reason = "its callers have looked")]
fn thousandths(tokens: f64) -> u32 {
    (tokens * f64::from(SCALE) + 0.5) as u32
}

/// A budget as a configuration says it: `{ "ratio": 0.2, "per_second": 10, "ttl": "10s" }`,
/// `"aws"`, `"aws2025"` or `{ "grpc": { "max_tokens": 10, "token_ratio": 0.1 } }`.
#[cfg(feature = "serde")]
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RetryBudgetConfig {
    /// [`RetryBudget::aws`].
    Aws,
    /// [`RetryBudget::aws_2025`].
    Aws2025,
    /// [`RetryBudget::grpc`].
    Grpc {
        /// The tokens at first.
        max_tokens: u32,
        /// What a success brings.
        token_ratio: f64,
    },
    /// [`RetryBudget::ratio`].
    #[serde(untagged)]
    Ratio {
        /// The share of the calls that may be retried.
        ratio: f64,
        /// So many retries a second beside.
        per_second: u32,
        /// How long a token is good for.
        #[serde(with = "voussoir_core::duration")]
        ttl: Duration,
    },
}

#[cfg(feature = "serde")]
impl RetryBudgetConfig {
    /// The budget that this describes.
    ///
    /// # Errors
    ///
    /// As the builder or preset that it names.
    pub fn build(self) -> Result<RetryBudget, ConfigError> {
        match self {
            Self::Aws => Ok(RetryBudget::aws()),
            Self::Aws2025 => Ok(RetryBudget::aws_2025()),
            Self::Grpc { max_tokens, token_ratio } => RetryBudget::grpc(max_tokens, token_ratio),
            Self::Ratio { ratio, per_second, ttl } => {
                RetryBudget::ratio(ratio).per_second(per_second).ttl(ttl).build()
            }
        }
    }
}
