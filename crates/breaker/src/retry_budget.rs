//! What keeps retries from becoming the outage: a share of the calls, counted in tokens.

mod bucket;
mod builder;
mod reserve;
#[cfg(feature = "serde")]
mod serde;
mod window;

use voussoir_core::Nanos;

use self::bucket::Bucket;
use self::window::Window;
use crate::Verdict;

#[cfg(feature = "serde")]
pub use builder::RetryBudgetConfig;
pub use builder::{RetryBucketBuilder, RetryRatioBuilder};

/// How many retries there may be, all callers together.
///
/// Retries multiply the load just when the callee can bear the least: four attempts a call are four
/// times the load, and three services in a row that do so are 64 times. A budget bounds the *sum*:
/// with a ratio of 0.2 a total outage sees at most 1.2 times the calls, whatever fails and however
/// fast. (A limit on retries *at the same time* does not: when calls fail at once it is never
/// reached.)
///
/// | model | a retry costs | tokens come from | take it |
/// |---|---|---|---|
/// | [`ratio`](Self::ratio) | 1 | each call, `ratio`; `per_second`; gone after `ttl` | by default |
/// | [`bucket`](Self::bucket), [`aws`](Self::aws) | by cause | successes, up to a capacity | to behave as the AWS SDKs |
/// | [`grpc`](Self::grpc) | nothing | successes; failures take 1 each | to behave as gRPC clients |
///
/// A ratio spends the oldest tokens first, and what was earned while all went well lasts for `ttl`: an
/// outage begins with a few seconds of retries, then sees its share and no more.
///
#[doc = include_str!("../docs/outage.svg")]
///
/// Lock-free; put it into an `Arc` and share it among all that call the same callee. It holds no
/// clock: [`Retry`](crate::Retry) hands it the time of its own. Tokens are counted in thousandths,
/// so that a ratio of 0.6 is not rounded to one retry a call, nor 0.3 to one in four.
///
/// ```
/// use voussoir_breaker::{RetryBudget, Verdict};
/// use voussoir_core::Nanos;
///
/// let budget = RetryBudget::ratio(0.2).per_second(0).build()?;
/// let now = Nanos::ZERO;
/// (0..10).for_each(|_| budget.call_at(now));
///
/// assert!(budget.try_withdraw_at(now, Verdict::Transient).is_some());
/// assert!(budget.try_withdraw_at(now, Verdict::Transient).is_some());
/// assert!(budget.try_withdraw_at(now, Verdict::Transient).is_none());
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct RetryBudget {
    model: Model,
}

#[derive(Debug)]
enum Model {
    Ratio(Window),
    Bucket(Bucket),
}

/// Tokens paid for a retry. A retry that succeeds hands it back to
/// [`success_at`](RetryBudget::success_at), which may return the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the tokens of a retry that succeeds may come back; hand this to `success_at`"]
pub struct Withdrawal {
    /// In thousandths of a token.
    cost: u32,
}

/// Thousandths of a token in a token: the scale of Finagle's budget.
const SCALE: u32 = 1_000;

impl RetryBudget {
    /// Retries up to a share of the calls, as Finagle's: by default with 10 a second beside, so that
    /// few calls can be retried too, and tokens that are gone after 10 s.
    pub fn ratio(ratio: f64) -> RetryRatioBuilder {
        RetryRatioBuilder::new(ratio)
    }

    /// A bucket of so many tokens, full at first.
    pub fn bucket(capacity: u32) -> RetryBucketBuilder {
        RetryBucketBuilder::new(capacity)
    }

    /// The bucket of the AWS SDKs from November 2026: 500 tokens; a retry costs 14, or 5 when the
    /// callee throttled; a retry that succeeds returns its cost, a first attempt that does brings 1.
    pub fn aws() -> Self {
        Self::of_bucket(Bucket::new(500, [14, 14, 5], 1_000, 0, None))
    }

    /// The bucket of the AWS SDKs before: a retry costs 5, or 10 after a timeout.
    pub fn aws_2025() -> Self {
        Self::of_bucket(Bucket::new(500, [5, 10, 5], 1_000, 0, None))
    }

    /// The throttle of gRPC clients (proposal A6): `max_tokens` at first, each failure takes 1, each
    /// success brings `token_ratio`, and retries need more than half.
    ///
    /// # Errors
    ///
    /// When `max_tokens` is not in `1..=1000` or `token_ratio` not in `0.001..=1000`.
    pub fn grpc(max_tokens: u32, token_ratio: f64) -> Result<Self, voussoir_core::ConfigError> {
        builder::grpc(max_tokens, token_ratio)
    }

    fn of_bucket(bucket: Bucket) -> Self {
        Self { model: Model::Bucket(bucket) }
    }

    fn of_window(window: Window) -> Self {
        Self { model: Model::Ratio(window) }
    }

    /// A call begins: its first attempt, not its retries. Complexity: O(1), no allocation.
    #[inline]
    pub fn call_at(&self, now: Nanos) {
        if let Model::Ratio(window) = &self.model {
            window.deposit_at(now);
        }
    }

    /// An attempt failed, whether it will be retried or not.
    #[inline]
    pub fn failure_at(&self, now: Nanos) {
        if let Model::Bucket(bucket) = &self.model {
            bucket.failure_at(now);
        }
    }

    /// Takes what a retry costs after such a failure; `None`, and nothing is taken, when that is not
    /// there. Threads that ask at once never get more than there is.
    ///
    /// Complexity: O(1), two words for each of 16 slots at most; no allocation.
    #[must_use = "without a withdrawal there must be no retry"]
    pub fn try_withdraw_at(&self, now: Nanos, why: Verdict) -> Option<Withdrawal> {
        let cost = match &self.model {
            Model::Ratio(window) => window.try_withdraw_at(now).then_some(SCALE)?,
            Model::Bucket(bucket) => bucket.try_withdraw_at(now, why)?,
        };
        Some(Withdrawal { cost })
    }

    /// A call succeeded: at once, or by a retry, which was paid with `paid`.
    #[inline]
    pub fn success_at(&self, now: Nanos, paid: Option<Withdrawal>) {
        if let Model::Bucket(bucket) = &self.model {
            bucket.success_at(now, paid.map(|paid| paid.cost));
        }
    }

    /// The tokens that are there. Changes under the reader's hand when shared.
    pub fn tokens_at(&self, now: Nanos) -> f64 {
        let thousandths = match &self.model {
            Model::Ratio(window) => window.balance_at(now),
            Model::Bucket(bucket) => u64::from(bucket.balance_at(now)),
        };
        thousandths as f64 / f64::from(SCALE)
    }
}
