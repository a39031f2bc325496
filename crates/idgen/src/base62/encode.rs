use super::tables::{PAIRS, Tables};
use super::{WIDTH, WIDTH_U128};

const PAIR: u64 = PAIRS as u64;
const SIX_DIGITS: u64 = PAIR * PAIR * PAIR;
const TEN_DIGITS: u64 = PAIR * PAIR * PAIR * PAIR * PAIR;

impl Tables {
    /// Writes all 11 digits. The number is cut in two first, so that the processor divides both at
    /// once instead of waiting for one remainder after the other.
    #[inline]
    pub(super) fn write(&self, number: u64, digits: &mut [u8; WIDTH]) {
        let (high, low) = (number / SIX_DIGITS, number % SIX_DIGITS);
        // 2^64 / 62^6 < 62^5, so that the highest pair is one digit behind a zero.
        digits[0] = self.pair(high / (PAIR * PAIR))[1];
        let pairs = [
            self.pair(high / PAIR % PAIR),
            self.pair(high % PAIR),
            self.pair(low / (PAIR * PAIR)),
            self.pair(low / PAIR % PAIR),
            self.pair(low % PAIR),
        ];
        digits[1..].copy_from_slice(pairs.as_flattened());
    }

    /// Writes all 22 digits.
    pub(super) fn write_u128(&self, number: u128, digits: &mut [u8; WIDTH_U128]) {
        const TEN: u128 = TEN_DIGITS as u128;
        // Below 62^20 there are two words of ten digits; 2^128 / 62^20 < 62^2 remain above.
        let (high, low) = (number / TEN, (number % TEN) as u64);
        let (high, middle) = ((high / TEN) as u64, (high % TEN) as u64);
        digits[..2].copy_from_slice(&self.pair(high));
        for (number, at) in [(middle, 2), (low, 12)] {
            let mut eleven = [0; WIDTH];
            self.write(number, &mut eleven);
            digits[at..at + 10].copy_from_slice(&eleven[1..]);
        }
    }

    #[inline]
    fn pair(&self, number: u64) -> [u8; 2] {
        self.pairs[number as usize]
    }
}

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
