//! Keys that were evicted of late, as marks of 32 bits.

use alloc::boxed::Box;
use alloc::vec;

/// Marks in a bucket: 32 bytes, so that a question touches one line of the processor's cache.
const WAYS: usize = 8;

/// In how many steps the window of memory is divided. The age of a mark is known to one of them.
const STEPS: u64 = 1 << 13;

/// Remembers the last so many keys that were evicted, without the keys.
///
/// A mark is 16 bits of the key's hash and the time of the eviction in steps, also 16 bits. A bucket
/// of eight has its latest mark first and loses its last when it is full; with 5/3 as much room as
/// marks on average, that is seldom. A foreign key is taken for a remembered one in at most 8 / 2^16
/// questions. An exact set costs three times the memory and two cache misses more an eviction.
#[derive(Debug)]
pub(super) struct Ghost {
    buckets: Box<[[u32; WAYS]]>,
    /// How many evictions ago a key is forgotten.
    window: u64,
    /// Evictions a step.
    pace: u64,
    /// Evictions until the next step.
    left: u64,
    /// The step of now: never 0.
    step: u16,
}

impl Ghost {
    pub(super) fn new(window: u64) -> Self {
        let pace = window.div_ceil(STEPS).max(1);
        Self { buckets: Box::default(), window, pace, left: pace, step: 1 }
    }

    /// Forgets everything and remembers `window` evictions from here on.
    pub(super) fn resize(&mut self, window: u64) {
        if window != self.window {
            *self = Self::new(window);
        }
    }

    fn room_for(window: u64) -> usize {
        // At most 2^28 buckets; a window that is larger is remembered in part.
        let marks = window.saturating_mul(5) / 3;
        (marks / WAYS as u64).clamp(1, 1 << 28) as usize
    }

    #[inline]
    fn tick(&mut self) {
        self.left -= 1;
        if self.left == 0 {
            self.left = self.pace;
            self.step = self.step.checked_add(1).unwrap_or(1);
        }
    }

    #[inline]
    fn place(&self, hash: u32) -> (usize, u16) {
        let mixed = u64::from(hash).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let place = (u128::from(mixed) * self.buckets.len() as u128) >> 64;
        // No mark is 0, for that is a free place.
        (place as usize, (mixed as u16).max(1))
    }

    #[inline]
    fn age(&self, held: u32) -> u16 {
        let then = (held >> 16) as u16;
        if self.step >= then { self.step - then } else { u16::MAX - then + self.step }
    }

    #[cold]
    fn make(&mut self) {
        if self.window > 0 {
            self.buckets = vec![[0; WAYS]; Self::room_for(self.window)].into_boxed_slice();
        }
    }

    /// Remembers that a key was evicted.
    #[inline]
    pub(super) fn remember(&mut self, hash: u32) {
        if self.buckets.is_empty() {
            self.make();
        }
        self.tick();
        let (place, mark) = self.place(hash);
        if let Some(bucket) = self.buckets.get_mut(place) {
            bucket.copy_within(..WAYS - 1, 1);
            bucket[0] = u32::from(self.step) << 16 | u32::from(mark);
        }
    }

    /// Whether a key was evicted of late; then it is forgotten.
    #[inline]
    pub(super) fn recall(&mut self, hash: u32) -> bool {
        let (place, mark) = self.place(hash);
        let Some(bucket) = self.buckets.get(place) else { return false };
        // All eight at once, without a branch for each.
        let mut same = 0;
        for (way, &held) in bucket.iter().enumerate() {
            same |= u32::from(held as u16 == mark) << way;
        }
        same != 0 && self.forget(place, same.trailing_zeros() as usize)
    }

    #[cold]
    fn forget(&mut self, place: usize, way: usize) -> bool {
        let fresh = u64::from(self.age(self.buckets[place][way])) * self.pace <= self.window;
        let bucket = &mut self.buckets[place];
        bucket.copy_within(way + 1.., way);
        bucket[WAYS - 1] = 0;
        fresh
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.buckets)
    }
}

#[cfg(test)]
mod tests {
    use super::Ghost;

    #[test]
    fn what_was_evicted_within_the_window_is_known_and_what_was_before_is_not() {
        let mut ghost = Ghost::new(1000);
        for hash in 0..5000_u32 {
            ghost.remember(hash.wrapping_mul(2_654_435_761));
        }
        let known = |ghost: &mut Ghost, range: core::ops::Range<u32>| {
            range.filter(|hash| ghost.recall(hash.wrapping_mul(2_654_435_761))).count()
        };
        assert_eq!(known(&mut ghost, 0..3900), 0);
        assert!(known(&mut ghost, 4010..5000) > 960, "few marks are lost to full buckets");
        assert_eq!(known(&mut ghost, 4010..5000), 0, "asked once, forgotten");
    }
}
