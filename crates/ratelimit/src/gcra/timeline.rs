use core::time::Duration;

use voussoir_core::Nanos;

use crate::rate;

/// A bucket's own clock: how it turns nanoseconds into ticks, and how many ticks make a token.
///
/// Nanoseconds alone would do for the rates whose tokens are whole nanoseconds apart. For the
/// others a limiter that rounds the distance is wrong by up to 10 % at 300 million a second, and
/// usually in the direction that lets too much through. So the distance is exact by choice of the
/// tick, and it is the reading of the clock that is rounded, once, always down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timeline {
    /// Ticks a nanosecond: the whole part, at most 4, and the fraction in 2^-64.
    whole: u64,
    fraction: u64,
    /// The last nanosecond with a tick of its own; after it the clock stands still.
    last_nano: u64,
    /// Ticks from one token to the next.
    pub(super) per_token: u64,
    /// Ticks from empty to full: burst × `per_token`.
    pub(super) capacity: u64,
    /// Ticks from the deepest debt to full: (burst + debt) × `per_token`, at most 2^62.
    pub(super) depth: u64,
}

/// Leaves room above every tick of [`Timeline::tick`] for the deepest debt, so that sums of the two
/// never overflow.
const MAX_DEPTH: u64 = 1 << 62;
const LAST_TICK: u64 = u64::MAX - MAX_DEPTH;
/// With 4 ticks a nanosecond, the ticks last for 3/4 × 2^64 / 4 ns: 109 years.
const MAX_TICKS_PER_NANO: u64 = 4;

impl Timeline {
    /// Of a configuration that is not allowed: no tick ever passes and nothing fits.
    const STOPPED: Self =
        Self { whole: 0, fraction: 0, last_nano: 0, per_token: 1, capacity: 0, depth: 0 };

    pub(super) const fn allows_rate(tokens: u32, period: Duration) -> bool {
        tokens as u128 <= MAX_TICKS_PER_NANO as u128 * period.as_nanos()
    }

    pub(super) const fn of(tokens: u32, period: Duration, burst: u32, debt: u32) -> Self {
        if tokens == 0
            || burst == 0
            || !rate::allows_period(period)
            || !Self::allows_rate(tokens, period)
        {
            return Self::STOPPED;
        }
        let (tokens, period, burst) = (tokens as u64, period.as_nanos() as u64, burst as u64);
        let deepest = burst + debt as u64;

        // The rate in lowest terms gives ticks that are exact: `a` of them a nanosecond.
        let divisor = greatest_common_divisor(tokens, period);
        let (a, b) = (tokens / divisor, period / divisor);
        if a <= MAX_TICKS_PER_NANO && b <= MAX_DEPTH / deepest {
            let (capacity, depth, last_nano) = (b * burst, b * deepest, LAST_TICK / a);
            return Self { whole: a, fraction: 0, last_nano, per_token: b, capacity, depth };
        }

        // Else the finest ticks that fit; at least 1, since tokens <= 4 × period and deepest < 2^33.
        let finest = MAX_TICKS_PER_NANO * period / tokens;
        let coarsest_needed = MAX_DEPTH / deepest;
        let per_token = if finest < coarsest_needed { finest } else { coarsest_needed };
        // tokens × per_token <= 4 × period < 2^62, so the shift by 64 stays within 128 bits.
        let per_nano = ((tokens as u128 * per_token as u128) << 64) / period as u128;
        let last_nano = ((LAST_TICK as u128) << 64) / per_nano;
        Self {
            whole: (per_nano >> 64) as u64,
            fraction: per_nano as u64,
            last_nano: if last_nano > u64::MAX as u128 { u64::MAX } else { last_nano as u64 },
            per_token,
            capacity: per_token * burst,
            depth: per_token * deepest,
        }
    }

    /// The last tick at or before `now`. Stands still at the end of time rather than wrap.
    #[inline]
    pub(super) const fn tick(&self, now: Nanos) -> u64 {
        let nanos = now.as_nanos();
        if nanos <= self.last_nano { self.tick_of(nanos) } else { self.last_tick() }
    }

    /// A branch never taken costs nothing, where the smaller of two is waited for.
    #[cold]
    const fn last_tick(&self) -> u64 {
        self.tick_of(self.last_nano)
    }

    #[inline]
    const fn tick_of(&self, nanos: u64) -> u64 {
        nanos * self.whole + ((nanos as u128 * self.fraction as u128) >> 64) as u64
    }

    /// A tick that is not before any that `now` can stand for: where ticks are no whole number a
    /// nanosecond, the next one.
    pub(super) const fn tick_up(&self, now: Nanos) -> u64 {
        self.tick(now).saturating_add((self.fraction > 0) as u64)
    }

    /// How long after the tick `now` the clock shows the tick `then`, in nanoseconds rounded so
    /// that the answer, added to any reading that gave `now`, reaches it.
    pub(super) fn wait(&self, now: Nanos, then: u64) -> Duration {
        if then <= self.tick(now) {
            return Duration::ZERO;
        }
        let per_nano = (u128::from(self.whole) << 64) | u128::from(self.fraction);
        if per_nano == 0 {
            return Duration::MAX;
        }
        // The first nanosecond t with floor(t × per_nano / 2^64) >= then.
        let reached = (u128::from(then) << 64).div_ceil(per_nano);
        let reached = u64::try_from(reached).unwrap_or(u64::MAX);
        Nanos::from_nanos(reached).saturating_duration_since(now)
    }
}

const fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
