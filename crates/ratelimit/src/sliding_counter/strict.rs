use alloc::boxed::Box;
use alloc::vec;
use core::fmt;
use core::time::Duration;

use voussoir_core::{ConfigError, Nanos};

use crate::algorithm::{Algorithm, sealed};
use crate::cell::Locked;
use crate::decision::{Decision, Facts, Figures, Outcome};
use crate::snapshot::{Snapshot, Use};
use crate::verdict::Verdict;
use crate::windows::Windows;
use crate::{limit, rate};

/// Never lets more than `limit` requests through in any time of one period, by counts.
///
/// The period is cut into parts, each with a count, and the part that is about to leave the period
/// counts in full. What it refuses without need shrinks as the parts grow in number: offered 1.1
/// times the limit at random, it lets 53 % of what an exact log would through with 1 part, 92 %
/// with 8 and 99 % with 60 (a simulation of ours, limit 100).
///
/// ```
/// use voussoir_core::Nanos;
/// use voussoir_ratelimit::{Limiter, SlidingWindowCounter};
///
/// let strict = SlidingWindowCounter::per_minute(100).strict(10);
/// assert_eq!(strict.to_string(), "sliding 100/min strict 10");
///
/// let limiter = Limiter::builder(strict).build()?;
/// assert!(limiter.check_n_at(Nanos::from_secs(59), 100).is_allowed());
/// assert!(!limiter.check_at(Nanos::from_secs(119)).is_allowed());
/// assert!(limiter.check_at(Nanos::from_secs(120)).is_allowed());
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
///
/// # Memory
///
/// 32 bytes a key, and once it has been seen 4 × (parts + 1) on the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StrictWindowCounter {
    limit: u32,
    period: Duration,
    parts: u32,
    windows: Windows,
}

/// What a [`StrictWindowCounter`] remembers of one key: the counts of the parts `newest − parts` to
/// `newest`, each at its index modulo their number. Empty of a key never seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StrictCounts {
    newest: u64,
    /// The place of `newest` among the counts, where a division would find it again.
    newest_at: u32,
    sum: u32,
    counts: Box<[u32]>,
}

/// More parts than this are a log that is not exact.
const MAX_PARTS: u32 = 10_000;

impl StrictWindowCounter {
    pub(super) const fn new(limit: u32, period: Duration, parts: u32) -> Self {
        // Rounded up, so that the parts together are no shorter than the period. Of a number that
        // is not allowed, which `validate` refuses, any length does.
        let part = period.as_nanos().div_ceil(if parts == 0 { 1 } else { parts as u128 });
        let part = if part > u64::MAX as u128 { u64::MAX } else { part as u64 };
        let windows = Windows::new(Duration::from_nanos(part), Nanos::ZERO);
        Self { limit, period, parts, windows }
    }

    /// Requests that one period lets through.
    pub const fn limit(&self) -> u32 {
        self.limit
    }

    /// The time in which no more pass.
    pub const fn period(&self) -> Duration {
        self.period
    }

    /// Into how many parts the period is cut.
    pub const fn parts(&self) -> u32 {
        self.parts
    }

    /// What still counts in the part `index`.
    fn live(&self, state: &StrictCounts, index: u64) -> u32 {
        let gone = index.saturating_sub(state.newest).min(u64::from(self.parts) + 1);
        if gone == 0 || state.sum == 0 {
            return state.sum;
        }
        let kept = (gone..=u64::from(self.parts)).map(|back| state.newest.checked_sub(back - gone));
        kept.flatten().map(|part| state.count(part)).sum()
    }

    fn decide_in_another_part(&self, state: &mut StrictCounts, now: Nanos, n: u32) -> Verdict {
        let verdict = self.foresee(state, now, n);
        if n > 0 && verdict.is_allowed() {
            self.advance(state, self.windows.at(now).0);
            state.counts[state.newest_at as usize] += n;
            state.sum += n;
        }
        verdict
    }

    /// In which part so much has left that `freed` is free again.
    fn free_at(&self, state: &StrictCounts, index: u64, freed: u32) -> u64 {
        let oldest = index.max(state.newest).saturating_sub(u64::from(self.parts));
        let mut left = 0;
        (oldest..=state.newest)
            .find(|part| {
                left += state.count(*part);
                left >= freed
            })
            .map_or(index, |part| self.leaves_at(part))
    }

    /// The part at whose beginning `part` has left the period.
    fn leaves_at(&self, part: u64) -> u64 {
        part.saturating_add(u64::from(self.parts) + 1)
    }

    /// Forgets what has left the period at the part `index`, and counts there from now on.
    fn advance(&self, state: &mut StrictCounts, index: u64) {
        if state.counts.is_empty() {
            state.counts = vec![0; self.parts.min(MAX_PARTS) as usize + 1].into_boxed_slice();
            state.newest = index;
        }
        let gone = index.saturating_sub(state.newest).min(u64::from(self.parts) + 1);
        for part in index - gone.min(index)..index {
            let place = state.place(part + 1);
            state.sum -= core::mem::take(&mut state.counts[place]);
        }
        state.newest = state.newest.max(index);
        state.newest_at = state.place(state.newest) as u32;
    }

    /// What is free `until`, once it has passed the part `index`, counted in nanoseconds from now.
    fn passed(&self, state: &StrictCounts, now: Nanos, index: u64, left: u32) -> Verdict {
        // Right after it passed the newest part is this one.
        let last = self.leaves_at(index.max(state.newest));
        Verdict::new(Outcome::Allowed, left, 0, self.windows.until(now, last))
    }
}

impl StrictCounts {
    fn place(&self, part: u64) -> usize {
        (part % self.counts.len() as u64) as usize
    }

    fn count(&self, part: u64) -> u32 {
        if self.counts.is_empty() { 0 } else { self.counts[self.place(part)] }
    }
}

impl sealed::Sealed for StrictWindowCounter {}
impl sealed::Single for StrictWindowCounter {}

impl Algorithm for StrictWindowCounter {
    type State = StrictCounts;
    type Cell = Locked<StrictCounts>;

    fn validate(&self) -> Result<(), ConfigError> {
        if self.limit == 0 {
            return Err(rate::nothing("limit"));
        }
        if self.parts == 0 || self.parts > MAX_PARTS {
            return Err(ConfigError::new("strict", self.parts, "1 to 10000"));
        }
        rate::validate_period(self.period)
    }

    #[inline]
    fn decide(&self, state: &mut StrictCounts, now: Nanos, n: u32) -> Verdict {
        let index = self.windows.at(now).0;
        // Most requests find the part that the one before them was in: nothing has left.
        let fits = n > 0 && n <= self.limit.saturating_sub(state.sum);
        if index == state.newest
            && fits
            && let Some(count) = state.counts.get_mut(state.newest_at as usize)
        {
            *count += n;
            state.sum += n;
            return self.passed(state, now, index, self.limit - state.sum);
        }
        self.decide_in_another_part(state, now, n)
    }

    /// What is left; the retry after a refusal is `at`, and all is free `until`, both in nanoseconds
    /// from now.
    fn foresee(&self, state: &StrictCounts, now: Nanos, n: u32) -> Verdict {
        let index = self.windows.at(now).0;
        let live = self.live(state, index);
        let left = self.limit.saturating_sub(live);
        let part = |freed| self.windows.until(now, self.free_at(state, index, freed));
        match n {
            0 if live == 0 => Verdict::new(Outcome::Allowed, left, 0, 0),
            0 => Verdict::new(Outcome::Allowed, left, 0, part(live)),
            n if n <= left => self.passed(state, now, index, left - n),
            n if n <= self.limit => {
                let outcome = Outcome::Denied.unless_behind(index < state.newest);
                Verdict::new(outcome, left, part(n - left), part(live))
            }
            _ if live == 0 => Verdict::new(Outcome::ExceedsCapacity, left, 0, 0),
            _ => Verdict::new(Outcome::ExceedsCapacity, left, 0, part(live)),
        }
    }

    #[inline]
    fn decision(&self, verdict: Verdict, _: Nanos, n: u32) -> Decision {
        Decision::new(verdict, Facts::Known(Figures::of(verdict, self.limit, n)))
    }

    fn refund(&self, state: &mut StrictCounts, now: Nanos, mut n: u32) {
        if state.counts.is_empty() {
            return;
        }
        self.advance(state, self.windows.at(now).0);
        for part in (state.newest.saturating_sub(u64::from(self.parts))..=state.newest).rev() {
            let place = state.place(part);
            let given = n.min(state.counts[place]);
            state.counts[place] -= given;
            state.sum -= given;
            n -= given;
        }
    }

    fn is_fresh(&self, state: &StrictCounts, now: Nanos) -> bool {
        self.live(state, self.windows.at(now).0) == 0
    }

    fn used_up(&self, now: Nanos) -> StrictCounts {
        let mut state = StrictCounts::default();
        let _ = self.check(&mut state, now, self.limit);
        state
    }

    fn mend(&self, state: &mut StrictCounts, now: Nanos) {
        if state.newest > self.windows.at(now).0 {
            *state = self.used_up(now);
        }
    }

    fn save(&self, state: &StrictCounts, now: Nanos) -> Snapshot {
        let index = self.windows.at(now).0;
        let oldest = index.max(state.newest).saturating_sub(u64::from(self.parts));
        let uses = (oldest..=state.newest).map(|part| Use {
            cost: state.count(part),
            counts_for: self.windows.until(now, self.leaves_at(part)),
        });
        Snapshot::new(uses.filter(|used| used.cost > 0).collect())
    }

    fn load(&self, snapshot: &Snapshot, now: Nanos) -> StrictCounts {
        let mut state = StrictCounts::default();
        let index = self.windows.at(now).0;
        for used in snapshot.uses() {
            // The first part that leaves no sooner than it did.
            let (ends, into) =
                self.windows.at(now.saturating_add(Duration::from_nanos(used.counts_for)));
            let part = (ends + u64::from(into > 0)).saturating_sub(u64::from(self.parts) + 1);
            self.advance(&mut state, part.min(index));
            let cost = used.cost.min(self.limit - state.sum);
            state.counts[state.newest_at as usize] += cost;
            state.sum += cost;
        }
        state
    }
}

/// As [`Limit`](crate::Limit) reads it: `sliding 100/min strict 10`.
impl fmt::Display for StrictWindowCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sliding ")?;
        limit::write_rate(f, self.limit, self.period)?;
        write!(f, " strict {}", self.parts)
    }
}
