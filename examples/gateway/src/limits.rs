//! What a decision of the limiter says to the client.

use std::time::Duration;

use http::HeaderMap;
use voussoir::ratelimit::http::{HeaderStyle, Policy};
use voussoir::ratelimit::{Decision, TokenBucket};

/// `RateLimit`, `RateLimit-Policy` and `Retry-After`.
#[derive(Debug)]
pub(crate) struct LimitFields {
    /// None of a name that no field can hold, which the configuration refuses.
    policy: Option<Policy>,
}

impl LimitFields {
    /// The fields of the policy `name`.
    pub(crate) fn new(name: &str, bucket: &TokenBucket) -> Self {
        Self { policy: Policy::of(name, bucket).ok() }
    }

    /// Adds them to an answer.
    pub(crate) fn add(&self, headers: &mut HeaderMap, decision: &Decision) {
        if let Some(policy) = &self.policy {
            HeaderStyle::default().write(headers, &[(policy, *decision)]);
        }
    }
}

/// Seconds for `Retry-After`: rounded up, since a client that comes a moment early is refused
/// again, and at least 1, since 0 says "at once".
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_nanos().div_ceil(1_000_000_000)).unwrap_or(u64::MAX).max(1)
}
