mod events;

use core::fmt;
use core::time::Duration;

use voussoir_core::{ConfigError, Nanos};

use crate::algorithm::{Algorithm, sealed};
use crate::cell::Locked;
use crate::decision::{Decision, Facts, Figures, Outcome};
use crate::snapshot::{Snapshot, Use};
use crate::verdict::Verdict;
use crate::{limit, rate};
pub use events::Events;
use events::{Expired, Packing};

/// Lets through `limit` requests in any time of one period, exactly, by remembering each.
///
/// For limits that a contract states, and for small ones: its memory grows with what it lets
/// through.
///
/// ```
/// use std::time::Duration;
/// use voussoir_core::Nanos;
/// use voussoir_ratelimit::{Limiter, SlidingWindowLog};
///
/// let limiter = Limiter::builder(SlidingWindowLog::per_hour(2)).build()?;
/// assert!(limiter.check_at(Nanos::from_secs(0)).is_allowed());
/// assert!(limiter.check_at(Nanos::from_secs(600)).is_allowed());
/// let refused = limiter.check_at(Nanos::from_secs(900));
/// assert_eq!(refused.retry_after(), Some(Duration::from_mins(45)));
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
///
/// # Exactness
///
/// A request at t counts in the time (t − period, t], so that one exactly a period old is out. At
/// most `limit` pass in each such time, and nothing is refused without need, to the nanosecond
/// while `limit × period` is below some 2^61 ns (1,000 in 26 days); beyond that a request counts up
/// to 2^-30 of the period longer.
///
/// # Memory
///
/// 48 bytes a key, and 8 on the heap for each request that passed within the last period, whatever
/// its cost; at most `8 × limit`. Requests of the same nanosecond share an entry. A check costs O(1)
/// amortized, a refusal of cost `n` looks at the up to `n` oldest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlidingWindowLog {
    limit: u32,
    period: Duration,
    packing: Packing,
}

impl SlidingWindowLog {
    /// `limit` in any time of `period`.
    pub const fn new(limit: u32, period: Duration) -> Self {
        Self { limit, period, packing: Packing::new(limit, period) }
    }

    /// Requests that one period lets through.
    pub const fn limit(&self) -> u32 {
        self.limit
    }

    /// The time in which no more pass.
    pub const fn period(&self) -> Duration {
        self.period
    }

    /// What is left; the retry after a refusal is `at`, and all is free `until`, both in nanoseconds
    /// from now.
    #[inline]
    fn answer(&self, state: &Events, expired: Expired, now: Nanos, n: u32) -> Verdict {
        let tick = self.packing.tick(now);
        let live = state.live(expired);
        let left = self.limit.saturating_sub(live);
        let wait = |tick| self.packing.until(now, tick);
        let free = |newest| wait(self.packing.expires_at(newest));
        let reset = if live == 0 { 0 } else { free(state.newest()) };
        match n {
            0 => Verdict::new(Outcome::Allowed, left, 0, reset),
            n if n <= left => {
                Verdict::new(Outcome::Allowed, left - n, 0, free(tick.max(state.newest())))
            }
            n if n <= self.limit => {
                let outcome = Outcome::Denied.unless_behind(tick < state.newest());
                let free_at = state.free_at(self.packing, tick, n - left);
                Verdict::new(outcome, left, wait(free_at), reset)
            }
            _ => Verdict::new(Outcome::ExceedsCapacity, left, 0, reset),
        }
    }
}

crate::rate::constructors!(SlidingWindowLog, limit, "in any second, minute, hour or day");

impl sealed::Sealed for SlidingWindowLog {}
impl sealed::Single for SlidingWindowLog {}

impl Algorithm for SlidingWindowLog {
    type State = Events;
    type Cell = Locked<Events>;

    fn validate(&self) -> Result<(), ConfigError> {
        if self.limit == 0 {
            return Err(rate::nothing("limit"));
        }
        rate::validate_period(self.period)
    }

    fn decide(&self, state: &mut Events, now: Nanos, n: u32) -> Verdict {
        let tick = self.packing.tick(now);
        let expired = state.expired(self.packing, tick);
        let verdict = self.answer(state, expired, now, n);
        if n > 0 && verdict.is_allowed() {
            state.forget(expired);
            state.push(self.packing, tick, n, self.limit);
        }
        verdict
    }

    fn foresee(&self, state: &Events, now: Nanos, n: u32) -> Verdict {
        self.answer(state, state.expired(self.packing, self.packing.tick(now)), now, n)
    }

    #[inline]
    fn decision(&self, verdict: Verdict, _: Nanos, n: u32) -> Decision {
        Decision::new(verdict, Facts::Known(Figures::of(verdict, self.limit, n)))
    }

    fn refund(&self, state: &mut Events, now: Nanos, n: u32) {
        state.forget(state.expired(self.packing, self.packing.tick(now)));
        state.take_back(self.packing, n);
    }

    fn is_fresh(&self, state: &Events, now: Nanos) -> bool {
        state.live(state.expired(self.packing, self.packing.tick(now))) == 0
    }

    fn used_up(&self, now: Nanos) -> Events {
        let mut state = Events::default();
        state.push(self.packing, self.packing.tick(now), self.limit, self.limit);
        state
    }

    fn mend(&self, state: &mut Events, now: Nanos) {
        if state.newest() > self.packing.tick(now) {
            *state = self.used_up(now);
        }
    }

    fn save(&self, state: &Events, now: Nanos) -> Snapshot {
        let uses = state.live_requests(self.packing, self.packing.tick(now)).map(|(at, cost)| {
            Use { cost, counts_for: self.packing.until(now, self.packing.expires_at(at)) }
        });
        Snapshot::new(uses.collect())
    }

    fn load(&self, snapshot: &Snapshot, now: Nanos) -> Events {
        let mut state = Events::default();
        let mut left = self.limit;
        for used in snapshot.uses() {
            // The first tick that expires no sooner than it did.
            let expires = now.saturating_add(Duration::from_nanos(used.counts_for));
            let at = self.packing.passed_at(expires).min(self.packing.tick(now));
            let cost = used.cost.min(left);
            left -= cost;
            if cost > 0 {
                state.push(self.packing, at, cost, self.limit);
            }
        }
        state
    }
}

/// As [`Limit`](crate::Limit) reads it: `log 100/h`.
impl fmt::Display for SlidingWindowLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("log ")?;
        limit::write_rate(f, self.limit, self.period)
    }
}
