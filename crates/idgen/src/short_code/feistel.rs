use super::cipher::key_schedule;

const ROUNDS: usize = 8;

/// A permutation of the numbers below a capacity.
///
/// ```text
///   half bits              half bits
/// ┌──────────┐           ┌──────────┐
/// │   left   │           │  right   │      each round: (left, right) becomes
/// └────┬─────┘           └────┬─────┘      (right, left ⊕ F(right, key of the round))
///      └───── ⊕ ◄── F ◄───────┤
/// ```
///
/// That permutes the numbers of `2 × half` bits. Those from the capacity on are permuted again until
/// one below it comes out; going back does the same in the other direction and so meets the same
/// numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Feistel {
    keys: [u64; ROUNDS],
    capacity: u64,
    /// Bits of a half: the fewest with which both hold every number below the capacity.
    half: u32,
}

impl Feistel {
    pub(super) fn new(capacity: u64, key: u128) -> Self {
        let mut keys = [0; ROUNDS];
        keys.iter_mut().zip(key_schedule(key)).for_each(|(round, key)| *round = key);
        let bits = u64::BITS - (capacity - 1).leading_zeros();
        Self { keys, capacity, half: bits.div_ceil(2) }
    }

    #[inline]
    pub(super) fn scramble(&self, number: u64) -> u64 {
        self.walk(number, |number| {
            let (left, right) = self.halves(number);
            let (left, right) = self
                .keys
                .iter()
                .fold((left, right), |(left, right), &key| (right, left ^ self.round(right, key)));
            left << self.half | right
        })
    }

    #[inline]
    pub(super) fn unscramble(&self, number: u64) -> u64 {
        self.walk(number, |number| {
            let (left, right) = self.halves(number);
            let (left, right) =
                self.keys.iter().rev().fold((left, right), |(left, right), &key| {
                    (right ^ self.round(left, key), left)
                });
            left << self.half | right
        })
    }

    /// Ends, since a permutation leads back into the range from which it came.
    #[inline]
    fn walk(&self, number: u64, permute: impl Fn(u64) -> u64) -> u64 {
        let mut next = permute(number);
        while next >= self.capacity {
            next = permute(next);
        }
        next
    }

    #[inline]
    fn halves(&self, number: u64) -> (u64, u64) {
        (number >> self.half, number & ((1 << self.half) - 1))
    }

    /// Both factors are odd, from `SplitMix64`; the highest bits of a product depend on all bits of
    /// its factors.
    #[inline]
    fn round(&self, half: u64, key: u64) -> u64 {
        let mixed = (half ^ key).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 32).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed >> (u64::BITS - self.half)
    }
}
