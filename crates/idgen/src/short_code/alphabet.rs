use crate::{Base62, CodeError, CodeErrorKind, Encoded};

/// The characters of a [`ShortCode`](crate::ShortCode).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CodeAlphabet {
    /// `0-9A-Za-z`: the shortest codes.
    Base62,
    /// `256789` and the consonants without `Y`, in both cases: 46 characters that spell no word, as
    /// there is no vowel and no digit that is read as one (`0`, `1`, `3`, `4`). Abbreviations remain.
    NoVowels,
}

/// Codes of one length as digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Digits {
    alphabet: CodeAlphabet,
    length: u8,
    capacity: u64,
}

const NO_VOWELS: &[u8; 46] = b"256789BCDFGHJKLMNPQRSTVWXZbcdfghjklmnpqrstvwxz";
const NO_VOWELS_NAME: &str = "2, 5-9 and consonants without Y";

impl Digits {
    /// `length` is 1 to 10: 62^10 is below 2^60.
    pub(super) fn new(alphabet: CodeAlphabet, length: u32) -> Self {
        let radix: u64 = match alphabet {
            CodeAlphabet::Base62 => 62,
            CodeAlphabet::NoVowels => NO_VOWELS.len() as u64,
        };
        Self { alphabet, length: length as u8, capacity: radix.pow(length) }
    }

    pub(super) const fn capacity(&self) -> u64 {
        self.capacity
    }

    #[inline]
    pub(super) fn write(&self, number: u64) -> Encoded {
        let length = usize::from(self.length);
        match self.alphabet {
            CodeAlphabet::Base62 => Base62::SORTABLE.encode_fixed(number).last(length),
            CodeAlphabet::NoVowels => Encoded::written(|bytes| {
                let mut rest = number;
                for byte in bytes.iter_mut().rev().take(length) {
                    *byte = NO_VOWELS[(rest % NO_VOWELS.len() as u64) as usize];
                    rest /= NO_VOWELS.len() as u64;
                }
                length
            }),
        }
    }

    /// Reads exactly `length` digits; every such text is below the capacity.
    #[inline]
    pub(super) fn read(&self, text: &[u8]) -> Result<u64, CodeError> {
        let length = usize::from(self.length);
        CodeError::check_length(text.len(), length, length)?;
        match self.alphabet {
            CodeAlphabet::Base62 => Base62::SORTABLE.decode_digits(text),
            CodeAlphabet::NoVowels => (1..).zip(text).try_fold(0, |number, (column, &found)| {
                let digit = NO_VOWELS.binary_search(&found).map_err(|_| {
                    let alphabet = NO_VOWELS_NAME;
                    CodeError::new(column, CodeErrorKind::Digit { found, alphabet })
                })?;
                Ok(number * NO_VOWELS.len() as u64 + digit as u64)
            }),
        }
    }
}
