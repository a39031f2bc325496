//! What a decision of the limiter says to the client: `RateLimit`, `RateLimit-Policy` of
//! draft-ietf-httpapi-ratelimit-headers-11, and `Retry-After`.

use std::io::Write;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use voussoir::ratelimit::{Decision, TokenBucket};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Room for the longest `RateLimit` field: a name of 64 bytes and two numbers.
const LONGEST_FIELD: usize = 64 + 2 * 20 + 16;

/// The two fields, the constant one made once.
#[derive(Debug)]
pub(crate) struct LimitFields {
    /// `"default"` with its quotes, ready to be followed by parameters.
    item: String,
    policy: HeaderValue,
}

impl LimitFields {
    /// The fields of the policy `name`. Its quota is the burst, its window the time in which an
    /// empty bucket fills.
    pub(crate) fn new(name: &str, bucket: &TokenBucket) -> Self {
        let quota = bucket.capacity();
        let window = bucket.period() * quota / bucket.tokens();
        let item = format!("\"{name}\"");
        let policy = format!("{item};q={quota};w={}", whole_seconds(window));
        let policy = HeaderValue::from_str(&policy)
            .unwrap_or_else(|_| HeaderValue::from_static("\"default\";q=0"));
        Self { item, policy }
    }

    /// Adds both to an answer. `t` is when there is more quota for one who has none, and when the
    /// quota is whole for one who has some.
    pub(crate) fn add(&self, headers: &mut HeaderMap, decision: &Decision) {
        let reset = decision.retry_after().unwrap_or_else(|| decision.reset_after());
        let mut field = [0; LONGEST_FIELD];
        let mut room = &mut field[..];
        let t = reset.as_nanos().div_ceil(1_000_000_000);
        let fits = write!(room, "{};r={};t={t}", self.item, decision.remaining()).is_ok();
        let length = LONGEST_FIELD - room.len();
        if fits && let Ok(value) = HeaderValue::from_bytes(&field[..length]) {
            headers.insert(RATE_LIMIT, value);
        }
        headers.insert(RATE_LIMIT_POLICY, self.policy.clone());
    }
}

/// Seconds for `Retry-After`: rounded up, since a client that comes a moment early is refused
/// again, and at least 1, since 0 says "at once".
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_nanos().div_ceil(1_000_000_000)).unwrap_or(u64::MAX).max(1)
}
