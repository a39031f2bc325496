use core::fmt;
use core::time::Duration;

use voussoir_core::{ConfigError, Nanos, duration};

use crate::algorithm::{Algorithm, sealed};
use crate::decision::{Decision, Facts, Figures, Outcome};
use crate::snapshot::{Snapshot, Use};
use crate::verdict::Verdict;
use crate::windows::Windows;
use crate::{limit, rate};

/// Lets through `limit` requests in each window of a fixed length; all are free again when the next
/// begins.
///
/// The cheapest to explain ("1000 a day, reset at midnight") and the roughest: **a client that
/// spends one window's limit at its end and the next one's at its beginning gets twice the limit
/// within a moment**. Take a [`SlidingWindowCounter`](crate::SlidingWindowCounter) where that
/// hurts. Refused requests count for nothing, so that a client that keeps asking is not locked out.
///
/// ```
/// use std::time::Duration;
/// use voussoir_core::Nanos;
/// use voussoir_ratelimit::{FixedWindow, Limiter};
///
/// let limiter = Limiter::builder(FixedWindow::per_minute(2)).build()?;
/// let now = Nanos::from_secs(50);
/// assert!(limiter.check_n_at(now, 2).is_allowed());
/// assert_eq!(limiter.check_at(now).retry_after(), Some(Duration::from_secs(10)));
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
///
/// # When windows begin
///
/// * By default at whole periods of the clock. With a [`WallClock`](voussoir_core::Clock) that is
///   the calendar's: minutes, hours and days in UTC.
/// * [`starting_at`](Self::starting_at) moves them: midnight in Berlin in winter is
///   `Nanos::from_secs(23 * 3600)` on that clock.
/// * [`anchored`](Self::anchored) begins one for each key with its first request after the last one
///   ended. Keys then reset at different moments, instead of all coming back at once.
/// * [`spread`](Self::spread) gives each key of a [`KeyedLimiter`](crate::KeyedLimiter) a phase of its
///   own, by its hash: keys that all begin at one moment, as after a restart, reset at different ones
///   too.
///
/// # Saving up
///
/// [`burst`](Self::burst) lets a client keep what it did not use: each window then *adds* `limit`,
/// all of it at once when it begins, up to `burst`. That is a bucket refilled in intervals.
///
/// # Exactness
///
/// At most `limit` in each window, hence at most twice that in any time of its length (with a burst,
/// at most `burst` and `limit` for each window that begins in that time). The state is
/// one `u64`, window and count; anchored and spread windows last up to `limit` nanoseconds longer than
/// asked for, since the beginning is kept in so many bits as the count leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedWindow {
    limit: u32,
    period: Duration,
    /// Of [`Begins::ByTheClock`] these; otherwise the ticks that they are made of.
    windows: Windows,
    begins: Begins,
    /// How many slots a window lasts: one, or so many ticks.
    slots: u64,
    burst: u32,
    /// Bits of the count: as many as the burst has.
    bits: u32,
}

/// When windows begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begins {
    ByTheClock,
    /// With the first request after the last one ended.
    WithARequest,
    /// One after the other, the first where the key was [placed](FixedWindow::place).
    ByTheKey,
}

impl FixedWindow {
    /// `limit` in each window of `period`.
    pub const fn new(limit: u32, period: Duration) -> Self {
        Self {
            limit,
            period,
            windows: Windows::new(period, Nanos::ZERO),
            begins: Begins::ByTheClock,
            slots: 1,
            burst: limit,
            bits: bits(limit),
        }
    }

    /// Lets up to `burst` be saved up, instead of as many as a window brings. Not of anchored
    /// windows, of which there is only ever one, nor of spread ones.
    pub const fn burst(self, burst: u32) -> Self {
        Self { burst, bits: bits(burst), ..self }
    }

    /// Lets a window begin at `origin` of the clock, and one every period before and after.
    pub const fn starting_at(self, origin: Nanos) -> Self {
        let windows = Windows::new(self.period, origin);
        Self { windows, begins: Begins::ByTheClock, slots: 1, ..self }
    }

    /// Lets a key's window begin with the first request after the last one ended.
    pub const fn anchored(self) -> Self {
        self.in_ticks(Begins::WithARequest)
    }

    /// Lets the windows of a key follow each other from a moment that its hash names, so that those of
    /// a [`KeyedLimiter`](crate::KeyedLimiter) do not all end at once. Of a
    /// [`Limiter`](crate::Limiter), which has no key, and of a key for which there is no room, they
    /// follow each other from the first request.
    pub const fn spread(self) -> Self {
        self.in_ticks(Begins::ByTheKey)
    }

    const fn in_ticks(self, begins: Begins) -> Self {
        // As many nanoseconds a tick as leave bits enough for all of time. A window then takes a
        // tick more than it has, since its beginning was rounded down to one.
        let shift = self.tick_shift();
        let ticks = Nanos::from_duration(self.period).as_nanos().div_ceil(1 << shift);
        // With ticks of a nanosecond nothing was rounded.
        let slots = ticks.saturating_add((shift > 0) as u64);
        let windows = Windows::new(Duration::from_nanos(1 << shift), Nanos::ZERO);
        Self { windows, begins, slots: if slots == 0 { 1 } else { slots }, ..self }
    }

    /// Requests that a window brings.
    pub const fn limit(&self) -> u32 {
        self.limit
    }

    /// Requests that can pass at once.
    pub const fn capacity(&self) -> u32 {
        self.burst
    }

    /// The length of a window.
    pub const fn period(&self) -> Duration {
        self.period
    }

    /// Whether a window begins with a key's first request.
    pub const fn is_anchored(&self) -> bool {
        matches!(self.begins, Begins::WithARequest)
    }

    /// Whether each key's windows have a phase of their own.
    pub const fn is_spread(&self) -> bool {
        matches!(self.begins, Begins::ByTheKey)
    }

    const fn is_by_the_clock(&self) -> bool {
        matches!(self.begins, Begins::ByTheClock)
    }

    const fn tick_shift(&self) -> u32 {
        self.bits.saturating_sub(2)
    }

    /// The slot of `now`: a window, or a tick.
    #[inline]
    fn slot(&self, now: Nanos) -> u64 {
        let slot = if self.is_by_the_clock() {
            self.windows.at(now).0
        } else {
            (now.as_nanos() >> self.tick_shift()).saturating_add(self.lead())
        };
        slot.min(u64::MAX >> self.bits)
    }

    /// By how much slots are ahead of the ticks: of spread windows one window, so that the first, which
    /// was under way at the origin of time, has a beginning too.
    #[inline]
    fn lead(&self) -> u64 {
        if self.is_spread() { self.slots } else { 0 }
    }

    /// The window that a request at `slot` falls into and the count there: the stored one while it
    /// lasts, and also when it lies ahead, since a late reading of the clock must bring nothing back.
    #[inline]
    fn current(&self, state: u64, slot: u64) -> (u64, u32) {
        let (began, count) = self.unpack(state);
        if count > 0 && slot < began.saturating_add(self.slots) {
            return (began, count);
        }
        if self.is_spread() {
            return (self.turn(state, slot, began), 0);
        }
        // A window without a request in it has not begun. Each that has brings the limit.
        let brought = (slot - began.min(slot)).saturating_mul(u64::from(self.limit));
        match u32::try_from(brought) {
            Ok(brought) if self.is_by_the_clock() => (slot, count.saturating_sub(brought)),
            _ => (slot, 0),
        }
    }

    /// Where of spread windows the one of `slot` begins. Apart, so that all that the other windows run
    /// through is short.
    #[cold]
    fn turn(&self, state: u64, slot: u64, began: u64) -> u64 {
        if state == 0 { slot } else { self.began(slot, began) }
    }

    fn decide_in_another_window(&self, state: &mut u64, slot: u64, n: u32) -> Verdict {
        let (began, count) = self.current(*state, slot);
        let (outcome, taken) = match n {
            n if n <= self.burst.saturating_sub(count) => (Outcome::Allowed, n),
            n if n <= self.burst => (Outcome::Denied.unless_behind(slot < began), 0),
            _ => (Outcome::ExceedsCapacity, 0),
        };
        if taken > 0 {
            *state = self.pack(began, count + taken);
        }
        Verdict::new(outcome, count + taken, began, 0)
    }

    /// Where of windows that follow each other, one of which begins at `one`, that of `slot` begins.
    fn began(&self, slot: u64, one: u64) -> u64 {
        let slots = self.slots;
        let into =
            if slot >= one { (slot - one) % slots } else { slots - 1 - (one - slot - 1) % slots };
        slot.saturating_sub(into)
    }

    #[inline]
    fn unpack(&self, state: u64) -> (u64, u32) {
        (state >> self.bits, (state & ((1 << self.bits) - 1)) as u32)
    }

    #[inline]
    fn pack(&self, began: u64, count: u32) -> u64 {
        (began << self.bits) | u64::from(count)
    }

    /// Nanoseconds from `now` until so much of what was used since the slot `began` is `freed`.
    #[inline]
    fn until_free(&self, now: Nanos, began: u64, freed: u32) -> u64 {
        // One window where nothing is saved up. A limit of 0 is refused by `validate`.
        let windows = u64::from(freed.div_ceil(self.limit.max(1)));
        let free_at = began.saturating_add(self.slots.saturating_mul(windows));
        self.windows.until(now, free_at.saturating_sub(self.lead()))
    }
}

crate::rate::constructors!(FixedWindow, limit, "in windows that begin at whole ones of the clock");

/// How many bits hold `limit`, at least 1.
const fn bits(limit: u32) -> u32 {
    let bits = u32::BITS - limit.leading_zeros();
    if bits == 0 { 1 } else { bits }
}

impl sealed::Sealed for FixedWindow {}
#[cfg(all(feature = "std", target_has_atomic = "64"))]
impl sealed::Single for FixedWindow {}

impl Algorithm for FixedWindow {
    /// `[slot | count]`: the count in as many low bits as the limit has, above it the window's
    /// index (of anchored and spread windows the tick at which it began, of 2^(bits − 2) ns). A slot
    /// is a quarter of 2^bits nanoseconds or longer, so that they last for 146 years and then stand
    /// still. 0 of a key never seen; of spread windows also a slot at which one begins, with a count
    /// of 0.
    type State = u64;
    #[cfg(target_has_atomic = "64")]
    type Cell = crate::sync::AtomicU64;

    fn validate(&self) -> Result<(), ConfigError> {
        if self.limit == 0 {
            return Err(rate::nothing("limit"));
        }
        if self.burst < self.limit {
            let allowed =
                alloc::format!("{} or more, the requests that a window brings", self.limit);
            return Err(ConfigError::new("burst", self.burst, allowed));
        }
        if !self.is_by_the_clock() && self.burst > self.limit {
            let allowed = "the limit, of windows that are anchored or spread";
            return Err(ConfigError::new("burst", self.burst, allowed));
        }
        rate::validate_period(self.period)?;
        if self.period.as_nanos() < 1 << self.tick_shift() {
            let most = (4 << self.period.as_nanos().ilog2()) - 1_u64;
            let allowed = alloc::format!("up to {most} in {}", duration::text(self.period));
            let option = if self.burst > self.limit { "burst" } else { "limit" };
            return Err(ConfigError::new(option, self.burst, allowed));
        }
        Ok(())
    }

    /// The count after it, and the slot `at` which the window began.
    #[inline]
    fn decide(&self, state: &mut u64, now: Nanos, n: u32) -> Verdict {
        let slot = self.slot(now);
        // Within a window the count alone changes, and it is the lowest: the next request, which
        // waits for this word, then waits for an addition only.
        let (began, count) = self.unpack(*state);
        let lasts = count > 0 && slot < began.saturating_add(self.slots);
        if lasts && n > 0 && n <= self.burst.saturating_sub(count) {
            *state += u64::from(n);
            return Verdict::new(Outcome::Allowed, count + n, began, 0);
        }
        self.decide_in_another_window(state, slot, n)
    }

    #[inline]
    fn decision(&self, verdict: Verdict, now: Nanos, n: u32) -> Decision {
        let count = verdict.count;
        let left = self.burst.saturating_sub(count);
        let figures = Figures {
            limit: self.burst,
            cost: n,
            remaining: left,
            retry_after: self.until_free(now, verdict.at, n.saturating_sub(left).min(count)),
            reset_after: self.until_free(now, verdict.at, count),
        };
        Decision::new(verdict, Facts::Known(figures))
    }

    fn refund(&self, state: &mut u64, now: Nanos, n: u32) {
        let (began, count) = self.current(*state, self.slot(now));
        if count > 0 {
            *state = self.pack(began, count.saturating_sub(n));
        }
    }

    #[inline]
    fn is_fresh(&self, state: &u64, now: Nanos) -> bool {
        self.current(*state, self.slot(now)).1 == 0
    }

    fn place(&self, state: &mut u64, hash: impl FnOnce() -> u64) {
        if !self.is_spread() {
            return;
        }
        // 1 to all slots of a window, since a state of 0 has no place.
        let phase = 1 + ((u128::from(hash()) * u128::from(self.slots)) >> 64) as u64;
        let (began, count) = self.unpack(*state);
        *state = self.pack(if count > 0 { self.began(began, phase) } else { phase }, count);
    }

    fn used_up(&self, now: Nanos) -> u64 {
        self.pack(self.slot(now), self.burst)
    }

    fn mend(&self, state: &mut u64, now: Nanos) {
        let (slot, (began, _)) = (self.slot(now), self.unpack(*state));
        if self.current(*state, slot).0 > slot {
            let began = if self.is_spread() { self.began(slot, began) } else { slot };
            *state = self.pack(began, self.burst);
        }
    }

    fn refills_in(&self) -> Option<Duration> {
        self.period.checked_mul(self.burst.div_ceil(self.limit.max(1)))
    }

    fn save(&self, state: &u64, now: Nanos) -> Snapshot {
        Snapshot::new(Use::all_of(self.peek(state, now, 0)))
    }

    fn load(&self, snapshot: &Snapshot, now: Nanos) -> u64 {
        let [used] = snapshot.uses() else { return 0 };
        let mut began = self.slot(now);
        if !self.is_by_the_clock() {
            // The first slot that ends no sooner than it did.
            let ends = self.slot(now.saturating_add(Duration::from_nanos(used.counts_for)));
            began = began.min((ends + 1).saturating_sub(self.slots));
        }
        self.pack(began, used.cost.min(self.burst))
    }
}

/// As [`Limit`](crate::Limit) reads it: `fixed 100/min`, `fixed 100/min anchored`,
/// `fixed 100/min spread`, `fixed 1000/day burst 3000 start 23h`.
impl fmt::Display for FixedWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fixed ")?;
        limit::write_rate(f, self.limit, self.period)?;
        match self.begins {
            Begins::ByTheClock => {}
            Begins::WithARequest => f.write_str(" anchored")?,
            Begins::ByTheKey => f.write_str(" spread")?,
        }
        if self.burst != self.limit {
            write!(f, " burst {}", self.burst)?;
        }
        match self.windows.phase() {
            _ if !self.is_by_the_clock() => Ok(()),
            0 => Ok(()),
            phase => write!(f, " start {}", duration::text(Duration::from_nanos(phase))),
        }
    }
}
