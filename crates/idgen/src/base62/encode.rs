use super::tables::{PAIRS, Tables};
use super::{WIDTH, WIDTH_U128};

const PAIR: u64 = PAIRS as u64;
const SIX_DIGITS: u64 = PAIR * PAIR * PAIR;
const TEN_DIGITS: u64 = PAIR * PAIR * PAIR * PAIR * PAIR;

impl Tables {
    /// Writes all 11 digits.
    #[inline]
    pub(super) fn write(&self, number: u64, digits: &mut [u8; WIDTH]) {
        let (first, last) = self.digits(number);
        digits[..3].copy_from_slice(&first.to_le_bytes()[1..]);
        digits[3..].copy_from_slice(&last.to_le_bytes());
    }

    /// The first 4 of 12 digits and the last 8, the first digit in the lowest byte. The number is cut
    /// in two at once, so that the processor divides both parts side by side; and digits are put
    /// together in registers, since a text that is stored by two bytes and then read by eight makes
    /// it wait.
    #[inline]
    pub(super) fn digits(&self, number: u64) -> (u32, u64) {
        let low = number % SIX_DIGITS;
        let middle = (low / PAIR) as u32;
        let [first, second, third] = five_digits(number / SIX_DIGITS);
        let first = u32::from(self.pair(first)) | u32::from(self.pair(second)) << 16;
        let last = u64::from(self.pair(third))
            | u64::from(self.pair(middle / PAIRS as u32)) << 16
            | u64::from(self.pair(middle % PAIRS as u32)) << 32
            | u64::from(self.pair((low % PAIR) as u32)) << 48;
        (first, last)
    }

    /// Writes all 22 digits.
    pub(super) fn write_u128(&self, number: u128, digits: &mut [u8; WIDTH_U128]) {
        const TEN: u128 = TEN_DIGITS as u128;
        // Below 62^20 there are two words of ten digits; 2^128 / 62^20 < 62^2 remain above.
        let (high, low) = (number / TEN, (number % TEN) as u64);
        let (high, middle) = ((high / TEN) as u64, (high % TEN) as u64);
        digits[..2].copy_from_slice(&self.pair(high as u32).to_le_bytes());
        for (number, at) in [(middle, 2), (low, 12)] {
            let mut eleven = [0; WIDTH];
            self.write(number, &mut eleven);
            digits[at..at + 10].copy_from_slice(&eleven[1..]);
        }
    }

    #[inline]
    fn pair(&self, number: u32) -> u16 {
        self.pairs[number as usize]
    }
}

/// What remains of a `u64` above six digits, as a digit and two pairs.
///
/// Multiplications are what the processor has the fewest of, and the remainder of a division costs a
/// second one. So the number is made a fraction once, of [`FRACTION`] bits behind the point, from which
/// each further multiplication brings a pair in front of the point.
#[inline]
const fn five_digits(number: u64) -> [u32; 3] {
    const MASK: u64 = (1 << FRACTION) - 1;
    let first = number * PART_OF_FOUR_DIGITS;
    let second = (first & MASK) * PAIR;
    let third = (second & MASK) * PAIR;
    [(first >> FRACTION) as u32, (second >> FRACTION) as u32, (third >> FRACTION) as u32]
}

const FRACTION: u32 = 52;
const FOUR_DIGITS: u64 = PAIR * PAIR;
/// 62^-4, rounded up.
const PART_OF_FOUR_DIGITS: u64 = (1 << FRACTION) / FOUR_DIGITS + 1;

/// What is rounded up must not add up to one in the last digit, and nothing overflow.
const _: () = {
    let most = u64::MAX / SIX_DIGITS;
    let rounded = PART_OF_FOUR_DIGITS * FOUR_DIGITS - (1 << FRACTION);
    assert!(rounded * most < 1 << FRACTION);
    assert!(most.checked_mul(PART_OF_FOUR_DIGITS).is_some());
    assert!(((1_u64 << FRACTION) - 1).checked_mul(PAIR).is_some());
};

/// How many digits a number has; 1 for 0.
#[inline]
pub(super) fn len(number: u64) -> usize {
    // What a power of two has, plus one where a power of 62 lies between it and the number.
    let digits = usize::from(LEN_OF_POWER[(number | 1).ilog2() as usize]);
    digits + usize::from(number > LAST_OF_LEN[digits])
}

/// The digits of each power of two.
static LEN_OF_POWER: [u8; 64] = {
    let mut lens = [0; 64];
    let mut power = 0;
    while power < 64 {
        lens[power] = (1_u64 << power).ilog(62) as u8 + 1;
        power += 1;
    }
    lens
};

/// The largest number of so many digits.
static LAST_OF_LEN: [u64; WIDTH + 1] = {
    let mut last = [u64::MAX; WIDTH + 1];
    let mut len = 0;
    while len < WIDTH {
        last[len] = 62_u64.pow(len as u32) - 1;
        len += 1;
    }
    last
};
