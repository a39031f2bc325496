//! The pure core of every generator: which words may be taken, at which time.
//!
//! A generator's whole state is one word, the first that is still free:
//!
//! ```text
//!  63                        sequence bits            0
//! ┌───┬──────────────────────────────┬─────────────────┐
//! │ 0 │ timestamp                    │ sequence        │
//! └───┴──────────────────────────────┴─────────────────┘
//! ```
//!
//! It only grows, and who moves it from `a` to `b` owns the ids of the words from `a` to below `b`.
//! So ids are unique and increasing by construction, whatever the clock does; the clock can only
//! push the word forward, and the policies only say how far ahead of the clock it may run. A
//! sequence that overflows carries into the timestamp: that is what borrowing is. At most 63 bits
//! are used, so that the word after the last still is a word and nothing wraps.

use core::time::Duration;

use voussoir_core::Nanos;

use crate::layout::Shape;
use crate::{Layout, NextError, Policy};

/// What a generator may do. See the module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) layout: Layout,
    /// How a word becomes an id.
    pub(crate) shape: Shape,
    when_exhausted: Policy,
    when_behind: Policy,
    /// Steps that ids may be ahead of the clock: when the sequence is used up, …
    exhausted_lead: u64,
    /// … and when the last id is further ahead than that, so that the clock must have gone back.
    behind_lead: u64,
    /// How many words from the clock's on may be taken: those of its step and of the lead.
    words_ahead: u64,
    /// Nanoseconds of a step that a window covers. See [`Window`].
    window: u64,
}

/// A step of time in which words may be taken without a division and without a look at anything but
/// a limit: while the clock stays in it, the first free word is of this step or later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// Its start in nanoseconds, made even: the lowest bit [closes](Self::close) it, so that a
    /// window stays closed while windows only grow.
    pub(crate) start: u64,
    /// The first word that may not be taken in it. It grows with the window.
    pub(crate) limit: u64,
}

impl Window {
    /// No time at all.
    pub(crate) const NONE: Self = Self { start: 1, limit: 0 };

    /// The same start, never open again.
    pub(crate) const fn close(start: u64) -> u64 {
        start | 1
    }
}

/// Words below a limit from which on threads look before they take one. Those that do not look, of
/// which there are as many as threads at most, then still get words below the limit, but for the
/// rare one that was held up for long in between. 2^16 words are 16 ms of Twitter's layout.
pub(crate) const MARGIN: u64 = 1 << 16;

impl Rules {
    pub(crate) fn new(layout: Layout, worker: u64, exhausted: Policy, behind: Policy) -> Self {
        let exhausted_lead = layout.ticks_in(exhausted.longest_lead());
        // At most 2^62, so that its sum with a word does not overflow.
        let words = u128::from(layout.sequences()) * (u128::from(exhausted_lead) + 1);
        let words = words.min(1 << 62) as u64;
        Self {
            layout,
            shape: layout.shape(worker),
            when_exhausted: exhausted,
            when_behind: behind,
            exhausted_lead,
            behind_lead: layout.ticks_in(behind.longest_lead()).max(exhausted_lead),
            words_ahead: words,
            window: layout.step().as_nanos() as u64 - 1,
        }
    }

    /// The word after the layout's last.
    pub(crate) const fn end(&self) -> u64 {
        1 << (self.layout.timestamp_bits() + self.layout.sequence_bits())
    }

    /// The first word whose time is `instant` or later, at most the [`end`](Self::end).
    pub(crate) const fn word_from(&self, instant: Nanos) -> u64 {
        self.word_of(self.layout.tick_from(instant))
    }

    /// The first word that a lease until `instant` does not cover, at most the [`end`](Self::end).
    pub(crate) const fn word_until(&self, instant: Nanos) -> u64 {
        match self.layout.tick(instant) {
            Some(tick) => self.word_of(tick),
            None => 0,
        }
    }

    /// The first instant that no taken word carries.
    pub(crate) const fn high_water(&self, free: u64) -> Nanos {
        self.layout.instant(free.div_ceil(self.layout.sequences()))
    }

    /// The first instant that no word carries which may be taken until `instant`.
    pub(crate) const fn high_water_at(&self, instant: Nanos) -> Nanos {
        let tick = match self.layout.tick(instant) {
            Some(tick) => tick,
            None => 0,
        };
        self.layout.instant(tick.saturating_add(self.behind_lead).saturating_add(1))
    }

    /// The window of the step that holds `now`, if words from `free` on may be taken in it and
    /// `margin` of them stay untouched below every limit.
    pub(crate) fn window(&self, free: u64, end: u64, now: Nanos, margin: u64) -> Option<Window> {
        let tick = self.layout.tick(now)?;
        let first = self.word_of(tick);
        let limit = first.saturating_add(self.words_ahead).min(end).saturating_sub(margin);
        if !(first..limit).contains(&free) {
            return None;
        }
        let start = self.layout.instant(tick).as_nanos().checked_next_multiple_of(2)?;
        Some(Window { start, limit })
    }

    /// Whether the window that starts there is open and holds `now`.
    #[inline]
    pub(crate) const fn is_open(&self, start: u64, now: Nanos) -> bool {
        start & 1 == 0 && now.as_nanos().wrapping_sub(start) < self.window
    }

    /// Whether a word of the clock's step or later, already taken, is within every limit.
    #[cold]
    pub(crate) fn permits(&self, word: u64, end: u64, now: Nanos) -> bool {
        let latest = |tick: u64| tick.saturating_add(self.exhausted_lead);
        let step = word >> self.layout.sequence_bits();
        word < end && self.layout.tick(now).is_some_and(|tick| step <= latest(tick))
    }

    /// The first of `n` words that may be taken at `now`, when `free` is the first free one and
    /// `end` the first that is out of bounds. `n` is 1 or more.
    #[inline]
    pub(crate) fn claim(&self, free: u64, end: u64, now: Nanos, n: u32) -> Result<u64, NextError> {
        let sequence_bits = self.layout.sequence_bits();
        let Some(tick) = self.layout.tick(now) else { return Err(self.before_epoch(now)) };
        if tick >= 1 << self.layout.timestamp_bits() {
            return Err(self.out_of_bounds(self.end()));
        }
        let first = free.max(tick << sequence_bits);
        let last = first + u64::from(n - 1);
        // What may be borrowed anyway; a clock that was set back may be granted more.
        let is_near =
            last < end && last >> sequence_bits <= tick.saturating_add(self.exhausted_lead);
        if is_near && (n == 1 || u64::from(n) <= self.largest_batch()) {
            return Ok(first);
        }
        self.claim_far(free, end, now, tick, n)
    }

    /// How long the policy allows to wait before a call that was refused is repeated.
    pub(crate) fn longest_wait(&self, refused: &NextError) -> Option<Duration> {
        let policy = match refused {
            NextError::Exhausted { .. } => self.when_exhausted,
            NextError::ClockBehind { .. } => self.when_behind,
            _ => return None,
        };
        policy.longest_wait().filter(|longest| refused.retry_after() <= Some(*longest))
    }

    const fn word_of(&self, tick: u64) -> u64 {
        if tick >= 1 << self.layout.timestamp_bits() {
            return self.end();
        }
        tick << self.layout.sequence_bits()
    }

    /// The time of the last word taken; 0 if there is none.
    const fn last_tick(&self, free: u64) -> u64 {
        free.saturating_sub(1) >> self.layout.sequence_bits()
    }

    /// How many steps ahead of `tick` may be taken.
    #[inline]
    const fn lead(&self, free: u64, tick: u64) -> u64 {
        if self.is_behind(free, tick) { self.behind_lead } else { self.exhausted_lead }
    }

    /// Whether the last word taken is further ahead than borrowing explains.
    #[inline]
    const fn is_behind(&self, free: u64, tick: u64) -> bool {
        self.last_tick(free) > tick.saturating_add(self.exhausted_lead)
    }

    const fn largest_batch(&self) -> u64 {
        self.layout.sequences().saturating_mul(self.exhausted_lead.saturating_add(1))
    }

    /// What is more than may be borrowed: granted to a clock that was set back, or refused.
    #[cold]
    fn claim_far(
        &self,
        free: u64,
        end: u64,
        now: Nanos,
        tick: u64,
        n: u32,
    ) -> Result<u64, NextError> {
        let sequence_bits = self.layout.sequence_bits();
        let first = free.max(tick << sequence_bits);
        let last = first + u64::from(n - 1);
        let latest = tick.saturating_add(self.lead(free, tick));
        let fits = last < end && last >> sequence_bits <= latest;
        if fits && u64::from(n) <= self.largest_batch() {
            return Ok(first);
        }
        Err(self.refusal(free, end, now, tick, n))
    }

    fn refusal(&self, free: u64, end: u64, now: Nanos, tick: u64, n: u32) -> NextError {
        if u64::from(n) > self.largest_batch() {
            return NextError::BatchTooLarge { asked: n, most: self.largest_batch() };
        }
        let sequence_bits = self.layout.sequence_bits();
        let last = free.max(tick << sequence_bits) + u64::from(n - 1);
        if last >= end {
            return self.out_of_bounds(end);
        }
        let is_behind = self.is_behind(free, tick);
        let target = last >> sequence_bits;
        let caught_up = target.saturating_sub(self.exhausted_lead);
        let tolerated = target.saturating_sub(self.behind_lead);
        // What is tolerated of a clock set back ends where borrowing explains the distance again.
        let at = if is_behind && self.is_behind(free, tolerated) { tolerated } else { caught_up };
        let retry_after = self.layout.instant(at).saturating_duration_since(now);
        if is_behind {
            let last_taken = self.layout.instant(self.last_tick(free));
            NextError::ClockBehind { by: last_taken.saturating_duration_since(now), retry_after }
        } else {
            NextError::Exhausted { retry_after }
        }
    }

    #[cold]
    fn before_epoch(&self, now: Nanos) -> NextError {
        NextError::BeforeEpoch { by: self.layout.instant(0).saturating_duration_since(now) }
    }

    #[cold]
    fn out_of_bounds(&self, end: u64) -> NextError {
        if end >= self.end() {
            return NextError::EndOfTime { end: self.layout.end() };
        }
        NextError::LeaseExpired { until: self.layout.instant(end >> self.layout.sequence_bits()) }
    }
}
