use super::Tally;

/// The outcomes of the last calls, one bit each, the latest lowest, 1 for a failure; above them one
/// more 1, which marks where they end:
///
/// ```text
/// 0 0 … 0 1 0 0 1 0      four calls, the last but one failed
///         ▲
/// ```
///
/// Where slow calls count, the lower half is such a register, and the upper half has, at the same
/// places, 1 for a slow call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcomes(pub(crate) u64);

const HALF: u32 = 32;
const LOWER: u64 = u32::MAX as u64;

impl Outcomes {
    pub(crate) const NONE: Self = Self(1);

    pub(crate) const fn max_calls(with_slow: bool) -> u32 {
        if with_slow { HALF - 1 } else { u64::BITS - 1 }
    }

    pub(crate) const fn tally(self, with_slow: bool) -> Tally {
        if with_slow {
            let register = self.0 & LOWER;
            let slow = (self.0 >> HALF).count_ones();
            return Tally { calls: register.ilog2(), failures: register.count_ones() - 1, slow };
        }
        Tally { calls: self.0.ilog2(), failures: self.0.count_ones() - 1, slow: 0 }
    }

    /// With one more outcome; beyond `size` the oldest is forgotten.
    ///
    /// A success pushed into a full window of successes changes nothing, which is why a healthy
    /// breaker writes nothing and scales with its threads.
    #[inline]
    pub(crate) const fn push(self, failed: bool, size: u32) -> Self {
        let pushed = self.0 << 1 | failed as u64;
        let end = 1 << size;
        // `pushed` has lost its mark when the window was full at 63 calls.
        if self.0 >= end { Self(pushed & (end - 1) | end) } else { Self(pushed) }
    }

    /// A success pushed into a full window, of which `full` is the mark.
    #[inline]
    pub(crate) const fn push_in_full(self, full: u64) -> Self {
        Self(self.0 << 1 & (full - 1) | full)
    }

    /// As [`push`](Self::push), where slow calls count, for a `size` of at most 31.
    #[inline]
    pub(crate) const fn push_timed(self, failed: bool, slow: bool, size: u32) -> Self {
        let register = Self(self.0 & LOWER).push(failed, size).0;
        let slowness = (self.0 >> HALF << 1 | slow as u64) & ((1 << size) - 1);
        Self(slowness << HALF | register)
    }

    /// The outcomes from the oldest to the latest: whether it failed, and whether it was slow.
    pub(crate) fn iter(self, with_slow: bool) -> impl Iterator<Item = (bool, bool)> {
        (0..self.tally(with_slow).calls).rev().map(move |at| {
            let slow = with_slow && self.0 >> HALF >> at & 1 == 1;
            (self.0 >> at & 1 == 1, slow)
        })
    }
}
