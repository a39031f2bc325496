/// An alphabet, both ways.
pub(super) struct Tables {
    /// As people write it.
    pub(super) name: &'static str,
    /// Two digits at a time, the first in the lower byte.
    pub(super) pairs: [u16; PAIRS],
    /// The digit that a byte stands for, or [`NO_DIGIT`].
    pub(super) values: [u8; 256],
}

pub(super) const RADIX: usize = 62;
pub(super) const PAIRS: usize = RADIX * RADIX;
/// Above every digit, also when or-ed with others.
pub(super) const NO_DIGIT: u8 = u8::MAX;

pub(super) static SORTABLE: Tables =
    Tables::of(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "0-9, A-Z, a-z");
pub(super) static LOWER_FIRST: Tables =
    Tables::of(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "0-9, a-z, A-Z");

impl Tables {
    const fn of(alphabet: &[u8; RADIX], name: &'static str) -> Self {
        let mut pairs = [0; PAIRS];
        let mut pair = 0;
        while pair < PAIRS {
            pairs[pair] = u16::from_le_bytes([alphabet[pair / RADIX], alphabet[pair % RADIX]]);
            pair += 1;
        }
        let mut values = [NO_DIGIT; 256];
        let mut digit = 0;
        while digit < RADIX {
            values[alphabet[digit] as usize] = digit as u8;
            digit += 1;
        }
        Self { name, pairs, values }
    }
}
