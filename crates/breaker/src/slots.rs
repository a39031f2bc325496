//! Counts over a sliding span of time, in sixteen slots, for many threads and without a lock.

use core::array;
use core::time::Duration;

use voussoir_core::Nanos;

use crate::sync::{AtomicU64, Ordering};

/// How many slots a span has. A power of two, so that the numbers may wrap.
pub(crate) const SLOTS: u32 = 16;

/// By how many slots a thread may be late and still be told from one of before the numbers wrapped.
const LATE: i32 = -65_536;

/// Who reads a time so much earlier than others was held up; who reads one earlier still reads a
/// clock that was set back. Taken for that, a thread held up would make time run on twice.
pub(crate) const HELD_UP: Duration = Duration::from_mins(1);

/// Turns time into numbers of slots that never go back.
///
/// The number counted out stands beside the number read from the clock, so that a clock set back
/// goes on from where it was: nothing expires twice, and nobody waits more than a minute until it has
/// caught up.
#[derive(Debug)]
pub(crate) struct Timeline {
    /// 2^64 slots a nanosecond, rounded up: a multiplication instead of a division. It makes a slot
    /// shorter by its own square over 2^64, which for a slot of a minute is 196 ns.
    rate: u64,
    /// No slot is shorter, in nanoseconds.
    shortest: u64,
    /// The slot on the clock (upper half) and the slot counted out (lower half), both modulo 2^32.
    at: AtomicU64,
    /// Where the slot on the clock ends, or ended; 0 where that is not known. Within its time, none of
    /// the multiplications is needed. Written after `at` and read before it.
    until: AtomicU64,
}

impl Timeline {
    /// For a span that the sixteen slots cover together, of 16 ns or more.
    pub(crate) fn new(span: Duration) -> Self {
        let nanos = Nanos::from_duration(span).as_nanos();
        let slot = nanos.div_ceil(u64::from(SLOTS)).max(1);
        let rate = (u64::MAX / slot).saturating_add(1);
        let shortest = u64::MAX / rate;
        Self { rate, shortest, at: AtomicU64::new(0), until: AtomicU64::new(0) }
    }

    /// The slot of `now`, or a later one that another thread has reached.
    #[inline]
    pub(crate) fn slot(&self, now: Nanos) -> u32 {
        let until = self.until.load(Ordering::Acquire);
        let at = self.at.load(Ordering::Acquire);
        if now.as_nanos() < until && until - now.as_nanos() <= self.shortest {
            return at as u32;
        }
        self.find(now, until, at)
    }

    #[inline(never)]
    fn find(&self, now: Nanos, until: u64, mut at: u64) -> u32 {
        let read = self.times(now.as_nanos());
        // So far ahead that the difference of the numbers says it was behind, or here.
        let ahead = if until == 0 { 0 } else { now.as_nanos().saturating_sub(until) };
        let is_far = self.times(ahead) >= 1 << 30;
        loop {
            let (last, counted) = ((at >> 32) as u32, at as u32);
            let moved = (read as u32).wrapping_sub(last).cast_signed();
            let steps = match moved {
                _ if is_far => SLOTS,
                0 => {
                    self.until.store(self.end(read), Ordering::Release);
                    return counted;
                }
                // More would forget no more, and bring the day nearer when the numbers wrap.
                1.. => moved.cast_unsigned().min(SLOTS),
                // A thread that was held up, or a clock a little back.
                _ if u64::from(moved.unsigned_abs()) < self.late() => return counted,
                _ => 0,
            };
            let next = counted.wrapping_add(steps);
            let to = u64::from(read as u32) << 32 | u64::from(next);
            match self.at.compare_exchange(at, to, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => {
                    self.until.store(self.end(read), Ordering::Release);
                    return next;
                }
                Err(other) => at = other,
            }
        }
    }

    /// How many slots are in so many nanoseconds.
    fn times(&self, nanos: u64) -> u64 {
        ((u128::from(nanos) * u128::from(self.rate)) >> 64) as u64
    }

    /// The first nanosecond after a slot, or 0 beyond the end of time.
    fn end(&self, slot: u64) -> u64 {
        let end = ((u128::from(slot) + 1) << 64).div_ceil(u128::from(self.rate));
        u64::try_from(end).unwrap_or(0)
    }

    /// From how many slots back on the clock was set back.
    #[cold]
    fn late(&self) -> u64 {
        self.times(Nanos::from_duration(HELD_UP).as_nanos()).max(u64::from(SLOTS))
    }

    /// Counts sixteen slots out at once, so that everything counted so far is forgotten, and what
    /// is yet to be added to one of its slots as well.
    pub(crate) fn forget(&self) {
        let forget =
            |at: u64| at & !u64::from(u32::MAX) | u64::from((at as u32).wrapping_add(SLOTS));
        let mut at = self.at.load(Ordering::Acquire);
        while let Err(other) =
            self.at.compare_exchange(at, forget(at), Ordering::AcqRel, Ordering::Acquire)
        {
            at = other;
        }
    }
}

/// A number for each of the last sixteen slots.
#[derive(Debug)]
pub(crate) struct Slots {
    /// The slot's number (upper half) and what is counted in it (lower half).
    words: [AtomicU64; SLOTS as usize],
}

impl Slots {
    pub(crate) fn new() -> Self {
        Self { words: array::from_fn(|_| AtomicU64::new(0)) }
    }

    /// Adds to a slot, at most to 2^32 − 1. A slot that has been reused since gets nothing.
    #[inline]
    pub(crate) fn add(&self, slot: u32, count: u32) {
        let word = self.word(slot);
        let mut current = word.load(Ordering::Relaxed);
        loop {
            let counted = match age(slot, current) {
                0 => current as u32,
                // One with nothing in it may be taken back, as every one that was never used.
                LATE..0 if current as u32 > 0 => return,
                // Older, or of before the numbers wrapped.
                _ => 0,
            };
            let to = pack(slot, counted.saturating_add(count));
            match word.compare_exchange_weak(current, to, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return,
                Err(other) => current = other,
            }
        }
    }

    /// Takes from a slot, if it is still in use.
    pub(crate) fn remove(&self, slot: u32, count: u32) {
        let word = self.word(slot);
        let mut current = word.load(Ordering::Relaxed);
        while age(slot, current) == 0 {
            let to = pack(slot, (current as u32).saturating_sub(count));
            match word.compare_exchange_weak(current, to, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return,
                Err(other) => current = other,
            }
        }
    }

    /// The sum over the sixteen slots that end with `slot`.
    #[inline]
    pub(crate) fn sum(&self, slot: u32) -> u64 {
        let words = self.words.iter().map(|word| word.load(Ordering::Acquire));
        words.filter(|&word| is_live(slot, word)).map(|word| u64::from(word as u32)).sum()
    }

    /// The number of one slot, 0 if it is not in use.
    pub(crate) fn at(&self, slot: u32) -> u32 {
        let word = self.word(slot).load(Ordering::Acquire);
        if age(slot, word) == 0 { word as u32 } else { 0 }
    }

    #[inline]
    fn word(&self, slot: u32) -> &AtomicU64 {
        &self.words[(slot % SLOTS) as usize]
    }
}

#[inline]
fn pack(slot: u32, count: u32) -> u64 {
    u64::from(slot) << 32 | u64::from(count)
}

/// By how many slots `word` is older than `slot`.
#[inline]
fn age(slot: u32, word: u64) -> i32 {
    slot.wrapping_sub((word >> 32) as u32).cast_signed()
}

#[inline]
fn is_live(slot: u32, word: u64) -> bool {
    (0..SLOTS.cast_signed()).contains(&age(slot, word))
}

#[cfg(all(test, not(any(voussoir_loom, voussoir_shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn slots_are_counted_out_in_order_and_never_back() {
        let timeline = Timeline::new(Duration::from_secs(16));
        assert_eq!(timeline.slot(Nanos::from_millis(999)), 0);
        assert_eq!(timeline.slot(Nanos::from_secs(1)), 1);
        assert_eq!(timeline.slot(Nanos::from_millis(3)), 1, "a late thread joins the others");
        assert_eq!(timeline.slot(Nanos::from_secs(100)), 17, "far enough to forget all");
        assert_eq!(timeline.slot(Nanos::from_secs(41)), 17, "and so does a very late one");
        assert_eq!(timeline.slot(Nanos::from_secs(101)), 18, "which moves nothing");
        assert_eq!(timeline.slot(Nanos::from_secs(20)), 18, "a clock set back goes on");
        assert_eq!(timeline.slot(Nanos::from_secs(22)), 20);
    }

    /// The numbers of slots wrap at 2^32; whatever the clock does, time that has passed has passed.
    #[test]
    fn a_clock_that_leaps_beyond_all_numbers_moves_on() {
        let timeline = Timeline::new(Duration::from_millis(16));
        let mut now = Nanos::from_millis(5);
        let mut slot = timeline.slot(now);
        for slots in [1 << 31, (1 << 31) + 1, (1 << 32) - 1, 1 << 32, (1 << 32) + 3, 1 << 40] {
            now = now.saturating_add(Duration::from_millis(slots));
            let next = timeline.slot(now);
            assert_eq!(next, slot + SLOTS, "{slots} slots later");
            slot = next;
        }
    }

    /// Where a slot ends by division is where it ends by multiplication.
    #[test]
    fn slots_end_to_the_nanosecond() {
        for nanos in [16, 17, 1_000, 48_611, 1_600_000_007, 10_000_000_000, u64::MAX / 3, u64::MAX]
        {
            let timeline = Timeline::new(Duration::from_nanos(nanos));
            for from in [0, 1, 999, nanos, 86_400_000_000_000, 31_536_000_000_000_000] {
                let slot = timeline.times(from);
                let end = timeline.end(slot);
                if end == 0 {
                    continue;
                }
                assert_eq!((timeline.times(end - 1), timeline.times(end)), (slot, slot + 1));
                assert_eq!(timeline.times(end - timeline.shortest), slot, "{nanos} from {from}");
            }
        }
    }

    #[test]
    fn a_slot_is_forgotten_after_sixteen() {
        let slots = Slots::new();
        slots.add(5, 7);
        slots.add(6, 1);
        assert_eq!((slots.sum(6), slots.sum(20), slots.sum(21), slots.sum(22)), (8, 8, 1, 0));
    }

    #[test]
    fn numbers_may_wrap() {
        let slots = Slots::new();
        slots.add(u32::MAX, 3);
        slots.add(0, 4);
        assert_eq!(slots.sum(1), 7);
        slots.add(0, u32::MAX);
        assert_eq!(slots.sum(15), u64::from(u32::MAX));
    }

    #[test]
    fn a_slot_in_use_is_not_written_for_one_long_past() {
        let slots = Slots::new();
        slots.add(16, 1);
        slots.add(0, 9);
        assert_eq!(slots.sum(16), 1);
    }
}
