use super::feistel::Feistel;
use super::linear::Linear;

/// How a [`ShortCode`](crate::ShortCode) mixes its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scramble {
    /// Eight rounds of a Feistel network (Luby and Rackoff, 1988, need four with perfect rounds),
    /// walked along its cycles until it meets a number that is in range (Black and Rogaway, 2002).
    /// No relation between numbers is seen in their codes.
    Feistel,
    /// Multiplication and addition modulo the capacity. **Linear**: who knows three numbers with
    /// their codes knows the key, and equal distances of numbers are equal distances of codes. For
    /// codes that need only look mixed.
    Linear,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Cipher {
    Feistel(Feistel),
    Linear(Linear),
}

impl Cipher {
    pub(super) fn new(scramble: Scramble, capacity: u64, key: u128) -> Self {
        match scramble {
            Scramble::Feistel => Self::Feistel(Feistel::new(capacity, key)),
            Scramble::Linear => Self::Linear(Linear::new(capacity, key)),
        }
    }

    #[inline]
    pub(super) fn scramble(&self, number: u64) -> u64 {
        match self {
            Self::Feistel(feistel) => feistel.scramble(number),
            Self::Linear(linear) => linear.scramble(number),
        }
    }

    #[inline]
    pub(super) fn unscramble(&self, number: u64) -> u64 {
        match self {
            Self::Feistel(feistel) => feistel.unscramble(number),
            Self::Linear(linear) => linear.unscramble(number),
        }
    }
}

/// As many numbers from a key as are needed: `SplitMix64` (Steele, Lea and Flood, 2014), once for each
/// half of the key, so that every bit of it counts in each.
pub(super) fn key_schedule(key: u128) -> impl Iterator<Item = u64> {
    const GOLDEN_RATIO: u64 = 0x9E37_79B9_7F4A_7C15;
    let (mut low, high) = (key as u64, mix((key >> 64) as u64 ^ GOLDEN_RATIO));
    core::iter::repeat_with(move || {
        low = low.wrapping_add(GOLDEN_RATIO);
        mix(mix(low) ^ high)
    })
}

/// The finalizer of `SplitMix64`: Stafford's variant 13.
const fn mix(mut x: u64) -> u64 {
    x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ x >> 31
}
