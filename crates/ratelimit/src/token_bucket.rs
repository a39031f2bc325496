mod level;
mod timeline;

use core::fmt;
use core::time::Duration;

use voussoir_core::{ConfigError, Nanos};

use crate::algorithm::{Algorithm, sealed};
use crate::decision::{Decision, Outcome};
use crate::limit;
pub(crate) use level::Level;
use timeline::Timeline;

/// Lets through `burst` requests at once and `tokens` a period on average, evenly spaced.
///
/// A full bucket of `burst` tokens refills continuously, one token every `period / tokens`; a
/// request of cost `n` takes `n` of them or is refused. Copy, and `const` to construct; what it
/// says is checked when a limiter is built from it.
///
/// ```
/// use voussoir_ratelimit::TokenBucket;
///
/// const LOGIN: TokenBucket = TokenBucket::per_minute(6).burst(3);
/// assert_eq!(LOGIN.to_string(), "6/min burst 3");
/// ```
///
/// # Exactness
///
/// The state is one `u64`, the *theoretical arrival time* of the generic cell rate algorithm (ITU-T
/// I.371, 1996): the moment at which the bucket will be full. It counts ticks of the bucket's own
/// clock, chosen so that a token is a whole number of ticks and a tick is at most a quarter of a
/// nanosecond (coarser only where a burst of many slow tokens would not fit: the full bucket is
/// 2^62 ticks at most). Hence
///
/// * the long-run rate is never above the one asked for, and below it by less than 10^-9 of it;
/// * in any time L at most `burst + ⌊(L + ¼ ns) × rate⌋` are admitted, and exactly
///   `burst + ⌊L × rate⌋` where a nanosecond is a whole number of ticks, as for every rate that
///   divides 10^9 a second;
/// * nothing overflows: the extremes of all parameters are allowed or refused when built, and time
///   stands still for the bucket 109 years after its clock's origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenBucket {
    tokens: u32,
    period: Duration,
    burst: u32,
    timeline: Timeline,
}

impl TokenBucket {
    /// `tokens` every `period`, and as many at once.
    pub const fn new(tokens: u32, period: Duration) -> Self {
        Self { tokens, period, burst: tokens, timeline: Timeline::of(tokens, period, tokens) }
    }

    /// `tokens` every second, and as many at once.
    pub const fn per_second(tokens: u32) -> Self {
        Self::new(tokens, Duration::from_secs(1))
    }

    /// `tokens` every minute, and as many at once.
    pub const fn per_minute(tokens: u32) -> Self {
        Self::new(tokens, Duration::from_mins(1))
    }

    /// `tokens` every hour, and as many at once.
    pub const fn per_hour(tokens: u32) -> Self {
        Self::new(tokens, Duration::from_hours(1))
    }

    /// `tokens` every 24 hours, and as many at once.
    pub const fn per_day(tokens: u32) -> Self {
        Self::new(tokens, Duration::from_hours(24))
    }

    /// `burst` tokens at once, instead of as many as a period brings.
    pub const fn burst(self, burst: u32) -> Self {
        Self { burst, timeline: Timeline::of(self.tokens, self.period, burst), ..self }
    }

    /// Tokens that a period brings.
    pub const fn tokens(&self) -> u32 {
        self.tokens
    }

    /// The period in which [`tokens`](Self::tokens) come.
    pub const fn period(&self) -> Duration {
        self.period
    }

    /// Tokens that a full bucket holds.
    pub const fn capacity(&self) -> u32 {
        self.burst
    }
}

impl sealed::Sealed for TokenBucket {}

impl Algorithm for TokenBucket {
    /// The tick at which the bucket will be full; 0 of a key never seen.
    type State = u64;
    #[cfg(target_has_atomic = "64")]
    type Cell = crate::sync::AtomicU64;

    fn validate(&self) -> Result<(), ConfigError> {
        if self.tokens == 0 {
            let allowed = "1 or more; to refuse everything, do not ask a limiter";
            return Err(ConfigError::new("tokens", self.tokens, allowed));
        }
        if self.burst == 0 {
            return Err(ConfigError::new("burst", self.burst, "1 or more"));
        }
        if !Timeline::allows_period(self.period) {
            let period = voussoir_core::duration::text(self.period);
            return Err(ConfigError::new("period", period, "1ns to 10000d"));
        }
        if !Timeline::allows_rate(self.tokens, self.period) {
            return Err(ConfigError::new("tokens", self.tokens, "at most 4 a nanosecond"));
        }
        Ok(())
    }

    #[inline]
    fn check(&self, full_at: &mut u64, now: Nanos, n: u32) -> Decision {
        let tick = self.timeline.tick(now);
        let before = (*full_at).max(tick);
        // Beyond the burst the sum may saturate; it is above the capacity all the same.
        let after = before.saturating_add(self.timeline.per_token.saturating_mul(u64::from(n)));
        let (outcome, stands_at) = if after - tick <= self.timeline.capacity || n == 0 {
            if n > 0 {
                *full_at = after;
            }
            (Outcome::Allowed, after)
        } else if n > self.burst {
            (Outcome::ExceedsCapacity, before)
        } else {
            (Outcome::Denied, before)
        };
        Decision::new(outcome, Level::new(self.timeline, self.burst, n, now, stands_at))
    }

    #[inline]
    fn is_fresh(&self, full_at: &u64, now: Nanos) -> bool {
        *full_at <= self.timeline.tick(now)
    }

    fn used_up(&self, now: Nanos) -> u64 {
        self.timeline.tick(now) + self.timeline.capacity
    }

    fn mend(&self, full_at: &mut u64, now: Nanos) {
        *full_at = (*full_at).min(self.used_up(now));
    }
}

/// As [`Limit`](crate::Limit) reads it: `100/min burst 20`.
impl fmt::Display for TokenBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        limit::write_rate(f, self.tokens, self.period)?;
        if self.burst == self.tokens { Ok(()) } else { write!(f, " burst {}", self.burst) }
    }
}
