use core::time::Duration;

use crate::Nanos;

/// Seedable pseudo-random numbers, for jitter, sampling and choices among equals: never for secrets.
///
/// `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): one
/// word of state, any seed is a good one, and the same seed gives the same numbers on every
/// platform. Every state machine that rolls dice takes one of these, so that its tests replay.
///
/// ```
/// use voussoir_core::Random;
///
/// let mut dice = Random::seeded(7);
/// let rolls: Vec<u32> = (0..5).map(|_| 1 + dice.below(6)).collect();
/// assert!(rolls.iter().all(|roll| (1..=6).contains(roll)));
/// assert_eq!(Random::seeded(7).next_u64(), Random::seeded(7).next_u64());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The sequence that this seed names.
    pub const fn seeded(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A sequence that differs from process to process and from call to call, seeded as the
    /// standard library seeds its hash maps.
    #[cfg(feature = "std")]
    pub fn from_entropy() -> Self {
        use core::hash::{BuildHasher, Hasher};
        use std::hash::RandomState;

        Self::seeded(RandomState::new().build_hasher().finish())
    }

    /// The next 64 bits. Complexity: O(1), no allocation.
    #[inline]
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number in `0..bound`, by one multiplication (Lemire, "Fast random integer generation in an
    /// interval", 2019, without its rejection step: no value is favoured by more than `bound / 2^64`).
    /// 0 for a bound of 0.
    #[inline]
    pub const fn below(&mut self, bound: u32) -> u32 {
        ((self.next_u64() as u128 * bound as u128) >> 64) as u32
    }

    /// As [`below`](Self::below), for 64 bits.
    #[inline]
    pub const fn below_u64(&mut self, bound: u64) -> u64 {
        ((self.next_u64() as u128 * bound as u128) >> 64) as u64
    }

    /// A number in `0.0..1.0`, one of 2^53 equally likely.
    #[inline]
    pub fn fraction(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A duration in `0..=bound`, to the nanosecond. A bound beyond 584 years counts as that.
    #[inline]
    pub const fn up_to(&mut self, bound: Duration) -> Duration {
        let bound = Nanos::from_duration(bound).as_nanos();
        Duration::from_nanos(self.below_u64(bound.saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    /// The first outputs of the authors' reference program for this seed.
    #[test]
    fn the_sequence_is_that_of_the_reference() {
        let mut random = Random::seeded(1_234_567);
        let first: [u64; 3] = core::array::from_fn(|_| random.next_u64());
        assert_eq!(
            first,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn every_value_below_the_bound_comes_about_as_often() {
        let mut random = Random::seeded(1);
        let mut seen = [0_u32; 10];
        for _ in 0..100_000 {
            seen[random.below(10) as usize] += 1;
        }
        // Five standard deviations of a binomial with n = 100,000 and p = 0.1.
        assert!(seen.iter().all(|&count| count.abs_diff(10_000) < 475), "{seen:?}");
    }
}
