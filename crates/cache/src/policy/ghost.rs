//! Keys that were evicted of late, as marks of 16 bits.

use alloc::boxed::Box;
use alloc::vec;

/// Marks in a bucket: 32 bytes, so that a question touches one line of the processor's cache.
const WAYS: usize = 16;

/// Remembers about so many keys that were evicted last, without the keys: two bytes each.
///
/// A mark is 16 bits of the key's hash. A bucket has its latest mark first, and a new one pushes the
/// last one out: so a key is forgotten after as many evictions as there are marks, give or take a
/// quarter, since hashes do not fall evenly. A foreign key is taken for a remembered one in at most
/// 16 / 2^16 questions. An exact set costs many times the memory and more misses of the cache.
#[derive(Debug)]
pub(super) struct Ghost {
    /// None until the first eviction.
    buckets: Box<[[u16; WAYS]]>,
    /// How many evictions ago a key is forgotten.
    window: u64,
}

impl Ghost {
    pub(super) fn new(window: u64) -> Self {
        Self { buckets: Box::default(), window }
    }

    /// Forgets everything and remembers `window` evictions from here on.
    pub(super) fn resize(&mut self, window: u64) {
        if window != self.window {
            *self = Self::new(window);
        }
    }

    /// At most 2^28 buckets; a window that is larger is remembered in part.
    #[cold]
    fn make(&mut self) {
        if self.window > 0 {
            let buckets = self.window.div_ceil(WAYS as u64).min(1 << 28);
            self.buckets = vec![[0; WAYS]; buckets as usize].into_boxed_slice();
        }
    }

    /// No mark is 0, for that is a free place.
    #[inline]
    fn place(&self, hash: u32) -> (usize, u16) {
        let mixed = u64::from(hash).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let place = (u128::from(mixed) * self.buckets.len() as u128) >> 64;
        (place as usize, (mixed as u16).max(1))
    }

    /// Remembers that a key was evicted.
    #[inline]
    pub(super) fn remember(&mut self, hash: u32) {
        if self.buckets.is_empty() {
            self.make();
        }
        let (place, mark) = self.place(hash);
        if let Some(bucket) = self.buckets.get_mut(place) {
            bucket.copy_within(..WAYS - 1, 1);
            bucket[0] = mark;
        }
    }

    /// Whether a key was evicted of late; then it is forgotten.
    #[inline]
    pub(super) fn recall(&mut self, hash: u32) -> bool {
        let (place, mark) = self.place(hash);
        let Some(bucket) = self.buckets.get_mut(place) else { return false };
        // All are looked at, without a branch for each.
        if bucket.iter().fold(0, |found, &held| found | u8::from(held == mark)) > 0 {
            Self::forget(bucket, mark);
            return true;
        }
        false
    }

    fn forget(bucket: &mut [u16; WAYS], mark: u16) {
        if let Some(way) = bucket.iter().position(|&held| held == mark) {
            bucket.copy_within(way + 1.., way);
            bucket[WAYS - 1] = 0;
        }
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.buckets)
    }
}

#[cfg(test)]
mod tests {
    use super::Ghost;

    #[test]
    fn what_was_evicted_within_the_window_is_known_and_what_was_long_before_is_not() {
        let mut ghost = Ghost::new(1000);
        for hash in 0..5000_u32 {
            ghost.remember(hash.wrapping_mul(2_654_435_761));
        }
        let known = |ghost: &mut Ghost, range: core::ops::Range<u32>| {
            range.filter(|hash| ghost.recall(hash.wrapping_mul(2_654_435_761))).count()
        };
        assert!(known(&mut ghost, 0..3000) < 10, "what was evicted two windows ago is forgotten");
        assert!(known(&mut ghost, 4500..5000) > 480, "what was evicted half a window ago is known");
        assert_eq!(known(&mut ghost, 4500..5000), 0, "asked once, forgotten");
    }

    #[test]
    fn a_ghost_of_nothing_remembers_nothing() {
        let mut ghost = Ghost::new(0);
        ghost.remember(7);
        assert!(!ghost.recall(7));
        ghost.resize(1);
        ghost.remember(7);
        assert!(ghost.recall(7));
    }
}
