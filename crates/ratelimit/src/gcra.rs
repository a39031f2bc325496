mod level;
mod timeline;

use core::time::Duration;

use voussoir_core::{ConfigError, Nanos};

use crate::decision::Outcome;
use crate::rate;
use crate::verdict::Verdict;
pub(crate) use level::Level;
use timeline::Timeline;

/// The generic cell rate algorithm, which the token bucket and both leaky buckets are: one word,
/// the tick at which everything will be available again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gcra {
    pub(crate) tokens: u32,
    pub(crate) period: Duration,
    pub(crate) burst: u32,
    pub(crate) debt: u32,
    timeline: Timeline,
}

impl Gcra {
    pub(crate) const fn new(tokens: u32, period: Duration, burst: u32, debt: u32) -> Self {
        Self { tokens, period, burst, debt, timeline: Timeline::of(tokens, period, burst, debt) }
    }

    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        if self.tokens == 0 {
            return Err(rate::nothing("tokens"));
        }
        if self.burst == 0 {
            return Err(ConfigError::new("burst", self.burst, "1 or more"));
        }
        rate::validate_period(self.period)?;
        if !Timeline::allows_rate(self.tokens, self.period) {
            return Err(ConfigError::new("tokens", self.tokens, "at most 4 a nanosecond"));
        }
        Ok(())
    }

    /// Decides. The verdict is `at` the tick at which all is available again after that.
    #[inline]
    pub(crate) fn decide(&self, full_at: &mut u64, now: Nanos, n: u32) -> Verdict {
        self.take(full_at, now, n, self.timeline.capacity)
    }

    /// What the figures of a decision are computed from.
    #[inline]
    pub(crate) fn level(&self, verdict: Verdict, now: Nanos, n: u32) -> Level {
        Level::new(self.timeline, self.burst, n, now, verdict.at)
    }

    /// As [`decide`](Self::decide), but may draw on the debt.
    pub(crate) fn reserve(&self, full_at: &mut u64, now: Nanos, n: u32) -> Verdict {
        let depth = if n > self.burst { self.timeline.capacity } else { self.timeline.depth };
        self.take(full_at, now, n, depth)
    }

    /// Takes `n` without asking, down to the deepest debt.
    pub(crate) fn charge(&self, full_at: &mut u64, now: Nanos, n: u32) {
        let tick = self.timeline.tick(now);
        let charged = (*full_at).max(tick).saturating_add(self.cost(n));
        // A state ahead of its clock stays there; it is for `mend` to judge.
        *full_at = charged.min(tick + self.timeline.depth).max(*full_at);
    }

    pub(crate) fn refund(&self, full_at: &mut u64, now: Nanos, n: u32) {
        let tick = self.timeline.tick(now);
        if *full_at > tick {
            *full_at = full_at.saturating_sub(self.cost(n)).max(tick);
        }
    }

    #[inline]
    pub(crate) fn is_fresh(&self, full_at: u64, now: Nanos) -> bool {
        full_at <= self.timeline.tick(now)
    }

    pub(crate) fn used_up(&self, now: Nanos) -> u64 {
        self.timeline.tick(now) + self.timeline.capacity
    }

    pub(crate) fn mend(&self, full_at: &mut u64, now: Nanos) {
        if *full_at > self.timeline.tick(now) + self.timeline.depth {
            *full_at = self.used_up(now);
        }
    }

    /// The state from which all is available `after` from `now`, no deeper than the debt allows.
    pub(crate) fn full_after(&self, after: Duration, now: Nanos) -> u64 {
        let depth = self.timeline.tick(now) + self.timeline.depth;
        let full_at = self.timeline.tick_up(now.saturating_add(after));
        if after.is_zero() { 0 } else { full_at.min(depth) }
    }

    #[inline]
    fn take(&self, full_at: &mut u64, now: Nanos, n: u32, depth: u64) -> Verdict {
        let tick = self.timeline.tick(now);
        let missing = full_at.saturating_sub(tick);
        let cost = self.cost(n);
        // Compared this way round, all but one subtraction is done before the time is known.
        if (cost <= depth && missing <= depth - cost) || n == 0 {
            let after = tick + missing + cost;
            if n > 0 {
                *full_at = after;
            }
            return Verdict::new(Outcome::Allowed, 0, after, 0);
        }
        let before = tick + missing;
        if n > self.burst {
            Verdict::new(Outcome::ExceedsCapacity, 0, before, 0)
        } else if missing > self.timeline.depth {
            Verdict::new(Outcome::Behind, 0, before, 0)
        } else {
            Verdict::new(Outcome::Denied, 0, before, 0)
        }
    }

    #[inline]
    fn cost(&self, n: u32) -> u64 {
        self.timeline.per_token.saturating_mul(u64::from(n))
    }
}
