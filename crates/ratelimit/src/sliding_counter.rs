mod slide;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
mod strict;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
mod wide;

use core::fmt;
use core::time::Duration;

use voussoir_core::{ConfigError, Nanos};

use crate::algorithm::{Algorithm, sealed};
use crate::decision::{Decision, Facts, Outcome};
use crate::snapshot::{Snapshot, Use};
use crate::verdict::Verdict;
use crate::windows::Windows;
use crate::{limit, rate};
pub(crate) use slide::Estimate;
use slide::Slide;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
pub use strict::{StrictCounts, StrictWindowCounter};
#[cfg(all(feature = "std", target_has_atomic = "64"))]
pub use wide::{WideCount, WideWindowCounter};

/// Lets through about `limit` requests in any time of one period, by two counts.
///
/// It counts in fixed windows and takes the last window's requests to be spread evenly over it: with
/// a quarter of this window gone, three quarters of the last one's still count. No burst at a
/// window's edge, one word a key, and a wrong answer only where the traffic was not even.
///
/// ```
/// use voussoir_core::Nanos;
/// use voussoir_ratelimit::{Limiter, SlidingWindowCounter};
///
/// let limiter = Limiter::builder(SlidingWindowCounter::per_minute(100)).build()?;
/// assert!(limiter.check_n_at(Nanos::from_secs(59), 100).is_allowed());
/// // Half a minute later half of them still count.
/// assert_eq!(limiter.peek_n_at(Nanos::from_secs(90), 0).remaining(), 50);
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
///
/// # Exactness
///
/// The estimate is exact integer arithmetic, `last × (period − elapsed) + count × period`, and a
/// request passes when it and its cost are within the limit. **Less than twice the limit** passes in
/// any time of one period, in the worst case of a burst at the end of a window and a trickle after
/// it; at most [`limit`](Self::limit) in each whole window. [`strict`](Self::strict) never lets more
/// than the limit through, and more than it need not.
///
/// A 64-bit word holds the window's index and both counts, so the limit is at most some
/// 10,000 a second; [`wide`](Self::wide) holds more, under a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlidingWindowCounter {
    limit: u32,
    period: Duration,
    windows: Windows,
    /// Bits of each of the two counts: as many as the limit has.
    bits: u32,
}

impl SlidingWindowCounter {
    /// About `limit` in any time of `period`.
    pub const fn new(limit: u32, period: Duration) -> Self {
        let bits = u32::BITS - limit.leading_zeros();
        let windows = Windows::new(period, Nanos::ZERO);
        Self { limit, period, windows, bits: if bits == 0 { 1 } else { bits } }
    }

    /// Never more than `limit` in any time of one period: the period is cut into `parts`, and the
    /// oldest counts in full. The more parts, the less is refused without need.
    #[cfg(all(feature = "std", target_has_atomic = "64"))]
    pub const fn strict(self, parts: u32) -> StrictWindowCounter {
        StrictWindowCounter::new(self.limit, self.period, parts)
    }

    /// The same for limits whose counts do not fit one word: 16 bytes, and a lock.
    #[cfg(all(feature = "std", target_has_atomic = "64"))]
    pub const fn wide(self) -> WideWindowCounter {
        WideWindowCounter::new(self)
    }

    /// Requests that one period lets through.
    pub const fn limit(&self) -> u32 {
        self.limit
    }

    /// The length of a window.
    pub const fn period(&self) -> Duration {
        self.period
    }

    /// Whether the window's index and both counts fit one word: when the indices then last for 146
    /// years at least, 2^62 nanoseconds, since they must never come round again.
    pub(crate) const fn fits_one_word(&self) -> bool {
        let index_bits = u64::BITS.saturating_sub(2 * self.bits);
        self.windows.length() >= (1 << 62_u32.saturating_sub(index_bits))
    }

    pub(crate) fn validate_rate(&self) -> Result<(), ConfigError> {
        if self.limit == 0 {
            return Err(rate::nothing("limit"));
        }
        rate::validate_period(self.period)
    }

    /// The window of `now` and how much of it is gone. After the last index that fits a word time
    /// stands still rather than begin anew.
    #[inline]
    fn at(&self, now: Nanos) -> (u64, u64) {
        let (index, elapsed) = self.windows.at(now);
        let last = u64::MAX.checked_shr(2 * self.bits).unwrap_or(0);
        if index > last { (last, 0) } else { (index, elapsed) }
    }

    /// The state as it counts at a window and the time gone of it.
    #[inline]
    fn estimate(&self, state: Slide, at: (u64, u64)) -> Estimate {
        Estimate::new(state, at, self.windows.length(), self.limit)
    }

    #[inline]
    fn decide_slide(&self, state: &mut Slide, at: (u64, u64), n: u32) -> Verdict {
        let (outcome, slide) = self.estimate(*state, at).ask(n);
        if n > 0 && outcome == Outcome::Allowed {
            *state = slide;
        }
        Verdict::new(outcome, slide.count, slide.index, u64::from(slide.last))
    }

    #[inline]
    fn decision_slide(&self, verdict: Verdict, at: (u64, u64), n: u32) -> Decision {
        let slide = Slide { index: verdict.at, last: verdict.until as u32, count: verdict.count };
        Decision::new(verdict, Facts::Sliding(self.estimate(slide, at).of_cost(n)))
    }

    fn refund_slide(&self, state: &mut Slide, at: (u64, u64), n: u32) {
        let slide = self.estimate(*state, at).slide();
        let from_last = n.saturating_sub(slide.count);
        *state = Slide {
            count: slide.count.saturating_sub(n),
            last: slide.last.saturating_sub(from_last),
            ..slide
        };
    }

    fn used_up_slide(&self, (index, _): (u64, u64)) -> Slide {
        Slide { index, last: 0, count: self.limit }
    }

    fn mend_slide(&self, state: &mut Slide, at: (u64, u64)) {
        if state.index > at.0 {
            *state = self.used_up_slide(at);
        }
    }

    fn load_slide(&self, snapshot: &Snapshot, (index, _): (u64, u64)) -> Slide {
        // What counted counts in full in this window, wherever that one's ended.
        let count = snapshot.uses().first().map_or(0, |used| used.cost.min(self.limit));
        Slide { index, last: 0, count }
    }

    #[inline]
    fn unpack(&self, state: u64) -> Slide {
        let mask = (1 << self.bits) - 1;
        let last = ((state >> self.bits) & mask) as u32;
        // Of a limit that does not fit, which `validate` refuses, the shift may be all 64 bits.
        let index = state.checked_shr(2 * self.bits).unwrap_or(0);
        Slide { index, last, count: (state & mask) as u32 }
    }

    #[inline]
    fn pack(&self, slide: Slide) -> u64 {
        let index = slide.index.checked_shl(2 * self.bits).unwrap_or(0);
        index | (u64::from(slide.last) << self.bits) | u64::from(slide.count)
    }
}

crate::rate::constructors!(SlidingWindowCounter, limit, "in any second, minute, hour or day");

impl sealed::Sealed for SlidingWindowCounter {}
#[cfg(all(feature = "std", target_has_atomic = "64"))]
impl sealed::Single for SlidingWindowCounter {}

impl Algorithm for SlidingWindowCounter {
    /// `[index | last | count]`: the requests of the window `index` and of the one before it, in as
    /// many bits each as the limit has, and the index in the rest. 0 of a key never seen.
    type State = u64;
    #[cfg(target_has_atomic = "64")]
    type Cell = crate::sync::AtomicU64;

    fn validate(&self) -> Result<(), ConfigError> {
        self.validate_rate()?;
        if self.fits_one_word() {
            return Ok(());
        }
        let index_bits = 62 - self.windows.length().ilog2().min(62);
        let most = (1_u64 << ((u64::BITS - index_bits) / 2).min(32)) - 1;
        let period = voussoir_core::duration::text(self.period);
        let allowed = alloc::format!("up to {most} in {period}, or `wide()`");
        Err(ConfigError::new("limit", self.limit, allowed))
    }

    #[inline]
    fn decide(&self, state: &mut u64, now: Nanos, n: u32) -> Verdict {
        let before = self.unpack(*state);
        let mut slide = before;
        let verdict = self.decide_slide(&mut slide, self.at(now), n);
        if n > 0 && verdict.is_allowed() {
            // Within a window the count alone changes, and it is the lowest: the next request, which
            // waits for this word, then waits for an addition only.
            let same = slide.index == before.index;
            *state = if same { *state + u64::from(n) } else { self.pack(slide) };
        }
        verdict
    }

    #[inline]
    fn decision(&self, verdict: Verdict, now: Nanos, n: u32) -> Decision {
        self.decision_slide(verdict, self.at(now), n)
    }

    fn refund(&self, state: &mut u64, now: Nanos, n: u32) {
        let mut slide = self.unpack(*state);
        self.refund_slide(&mut slide, self.at(now), n);
        *state = self.pack(slide);
    }

    #[inline]
    fn is_fresh(&self, state: &u64, now: Nanos) -> bool {
        self.estimate(self.unpack(*state), self.at(now)).is_nothing()
    }

    fn used_up(&self, now: Nanos) -> u64 {
        self.pack(self.used_up_slide(self.at(now)))
    }

    fn mend(&self, state: &mut u64, now: Nanos) {
        let mut slide = self.unpack(*state);
        self.mend_slide(&mut slide, self.at(now));
        *state = self.pack(slide);
    }

    fn save(&self, state: &u64, now: Nanos) -> Snapshot {
        Snapshot::new(Use::all_of(self.peek(state, now, 0)))
    }

    fn load(&self, snapshot: &Snapshot, now: Nanos) -> u64 {
        self.pack(self.load_slide(snapshot, self.at(now)))
    }
}

/// As [`Limit`](crate::Limit) reads it: `sliding 100/min`.
impl fmt::Display for SlidingWindowCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sliding ")?;
        limit::write_rate(f, self.limit, self.period)
    }
}
