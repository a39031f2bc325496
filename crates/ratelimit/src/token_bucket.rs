use core::fmt;
use core::time::Duration;

use voussoir_core::{ConfigError, Nanos};

use crate::algorithm::{Algorithm, sealed};
use crate::decision::{Decision, Facts};
use crate::gcra::Gcra;
use crate::limit;
use crate::snapshot::{Snapshot, Use};
use crate::verdict::Verdict;

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
/// clock, chosen so that a token is a whole number of ticks and a tick is at most half a
/// nanosecond, about a quarter at rates below 10^9 a second (coarser only where a burst of many slow tokens would not fit: the full bucket is
/// 2^62 ticks at most). Hence
///
/// * the long-run rate is never above the one asked for, and below it by less than 10^-9 of it;
/// * in any time L at most `burst + ⌊(L + ½ ns) × rate⌋` are admitted, and exactly
///   `burst + ⌊L × rate⌋` where a nanosecond is a whole number of ticks, as for every rate that
///   divides 10^9 a second;
/// * nothing overflows: the extremes of all parameters are allowed or refused when built, and time
///   stands still for the bucket 109 years after its clock's origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenBucket {
    gcra: Gcra,
}

impl TokenBucket {
    /// `tokens` every `period`, and as many at once.
    pub const fn new(tokens: u32, period: Duration) -> Self {
        Self { gcra: Gcra::new(tokens, period, tokens, 0) }
    }

    /// `burst` tokens at once, instead of as many as a period brings.
    pub const fn burst(self, burst: u32) -> Self {
        let Gcra { tokens, period, debt, .. } = self.gcra;
        Self { gcra: Gcra::new(tokens, period, burst, debt) }
    }

    /// Lets the bucket be overdrawn by up to `debt` tokens, 0 by default: by
    /// [`charge`](crate::Limiter::charge) for a cost that is known only afterwards, and by
    /// [`reserve`](crate::Limiter::reserve) for tokens that are still to come. A check is never
    /// let through on credit.
    pub const fn debt(self, debt: u32) -> Self {
        let Gcra { tokens, period, burst, .. } = self.gcra;
        Self { gcra: Gcra::new(tokens, period, burst, debt) }
    }

    /// Tokens that a period brings.
    pub const fn tokens(&self) -> u32 {
        self.gcra.tokens
    }

    /// The period in which [`tokens`](Self::tokens) come.
    pub const fn period(&self) -> Duration {
        self.gcra.period
    }

    /// Tokens that a full bucket holds.
    pub const fn capacity(&self) -> u32 {
        self.gcra.burst
    }
}

crate::rate::constructors!(TokenBucket, tokens, "and as many at once");

impl sealed::Sealed for TokenBucket {}
#[cfg(all(feature = "std", target_has_atomic = "64"))]
impl sealed::Single for TokenBucket {}

impl Algorithm for TokenBucket {
    /// The tick at which the bucket will be full; 0 of a key never seen.
    type State = u64;
    #[cfg(target_has_atomic = "64")]
    type Cell = crate::sync::AtomicU64;

    fn validate(&self) -> Result<(), ConfigError> {
        self.gcra.validate()
    }

    #[inline]
    fn decide(&self, full_at: &mut u64, now: Nanos, n: u32) -> Verdict {
        self.gcra.decide(full_at, now, n)
    }

    #[inline]
    fn decision(&self, verdict: Verdict, now: Nanos, n: u32) -> Decision {
        Decision::new(verdict, Facts::Bucket(self.gcra.level(verdict, now, n)))
    }

    fn reserve(&self, full_at: &mut u64, now: Nanos, n: u32) -> Decision {
        self.decision(self.gcra.reserve(full_at, now, n), now, n)
    }

    fn charge(&self, full_at: &mut u64, now: Nanos, n: u32) {
        self.gcra.charge(full_at, now, n);
    }

    fn refund(&self, full_at: &mut u64, now: Nanos, n: u32) {
        self.gcra.refund(full_at, now, n);
    }

    #[inline]
    fn is_fresh(&self, full_at: &u64, now: Nanos) -> bool {
        self.gcra.is_fresh(*full_at, now)
    }

    fn used_up(&self, now: Nanos) -> u64 {
        self.gcra.used_up(now)
    }

    fn mend(&self, full_at: &mut u64, now: Nanos) {
        self.gcra.mend(full_at, now);
    }

    fn save(&self, state: &u64, now: Nanos) -> Snapshot {
        Snapshot::new(Use::all_of(self.peek(state, now, 0)))
    }

    fn load(&self, snapshot: &Snapshot, now: Nanos) -> u64 {
        self.gcra.full_after(snapshot.counts_for(), now)
    }
}

/// As [`Limit`](crate::Limit) reads it: `100/min burst 20`.
impl fmt::Display for TokenBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Gcra { tokens, period, burst, debt, .. } = self.gcra;
        limit::write_rate(f, tokens, period)?;
        if burst != tokens {
            write!(f, " burst {burst}")?;
        }
        if debt != 0 {
            write!(f, " debt {debt}")?;
        }
        Ok(())
    }
}
