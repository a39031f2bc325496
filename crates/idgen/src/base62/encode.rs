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
        // 2^64 / 62^6 is below 2^29, and 62^4 below 2^24: 32 bits do for the rest.
        let (high, middle) = ((number / SIX_DIGITS) as u32, (low / PAIR) as u32);
        let first = self.pair(high / (PAIRS as u32).pow(2));
        let first =
            u32::from(first) | u32::from(self.pair(high / PAIRS as u32 % PAIRS as u32)) << 16;
        let last = u64::from(self.pair(high % PAIRS as u32))
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
