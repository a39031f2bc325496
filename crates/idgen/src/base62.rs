mod decode;
mod encode;
mod tables;

use alloc::string::String;
use core::fmt;

use crate::{CodeError, Encoded};
use tables::{LOWER_FIRST, SORTABLE, Tables};

/// Numbers as digits and letters: 11 of them for a `u64`, 22 for a `u128`.
///
/// | form | text of 42, of 0 | reads and writes |
/// |---|---|---|
/// | [`encode`](Self::encode), [`decode`](Self::decode) | `g`, `0` | as short as it gets, without leading zeros |
/// | [`encode_fixed`](Self::encode_fixed), [`decode_fixed`](Self::decode_fixed) | `0000000000g`, `00000000000` | always as long as the longest |
///
/// Reading is strict: it takes exactly the texts that writing makes, so that a number has one text in
/// each form. What is wrong else is told with its column: a length, a byte that is no digit, a
/// leading zero, a number that is too large.
///
/// Digits are made two at a time from a table of 7.5 KiB, and read in two halves at once.
///
/// ```
/// use voussoir_idgen::{Base62, CodeErrorKind};
///
/// assert_eq!(Base62::SORTABLE.encode(u64::MAX), "LygHa16AHYF");
/// assert_eq!(Base62::LOWER_FIRST.encode(u64::MAX), "lYGhA16ahyf");
/// assert_eq!(Base62::SORTABLE.decode("LygHa16AHYF"), Ok(u64::MAX));
///
/// let error = Base62::SORTABLE.decode("LygHa16AHYG").unwrap_err();
/// assert_eq!((error.column(), error.kind()), (11, CodeErrorKind::Overflow));
/// let error = Base62::SORTABLE.decode("007").unwrap_err();
/// assert_eq!((error.column(), error.kind()), (1, CodeErrorKind::LeadingZero));
/// ```
///
/// Complexity of all: O(length), no allocation but that of a `String`.
#[derive(Clone, Copy)]
pub struct Base62 {
    tables: &'static Tables,
}

/// Digits of the largest `u64`.
const WIDTH: usize = 11;
/// Digits of the largest `u128`.
const WIDTH_U128: usize = 22;

impl Base62 {
    /// `0-9A-Za-z`, in the order of ASCII: texts of fixed width sort as their numbers do.
    pub const SORTABLE: Self = Self { tables: &SORTABLE };

    /// `0-9a-zA-Z`, as many shorteners have it. Texts do not sort as their numbers.
    pub const LOWER_FIRST: Self = Self { tables: &LOWER_FIRST };

    /// Writes a number without leading zeros.
    #[inline]
    pub fn encode(self, number: u64) -> Encoded {
        Encoded::written(|bytes| {
            self.tables.write(number, last_of(bytes));
            encode::len(number)
        })
    }

    /// Writes a number in 11 digits.
    #[inline]
    pub fn encode_fixed(self, number: u64) -> Encoded {
        Encoded::written(|bytes| {
            self.tables.write(number, last_of(bytes));
            WIDTH
        })
    }

    /// Writes a number without leading zeros to the end of `buffer`, and returns that end.
    ///
    /// ```
    /// use voussoir_idgen::Base62;
    ///
    /// let mut buffer = [0; 11];
    /// assert_eq!(Base62::SORTABLE.encode_into(123_456_789, &mut buffer), b"8M0kX");
    /// ```
    #[inline]
    pub fn encode_into(self, number: u64, buffer: &mut [u8; 11]) -> &[u8] {
        self.tables.write(number, buffer);
        &buffer[WIDTH - encode::len(number)..]
    }

    /// Writes a number without leading zeros into a new `String`.
    pub fn encode_string(self, number: u64) -> String {
        let (first, last) = self.tables.digits(number);
        let digits = u128::from(first) | u128::from(last) << 32;
        // 12 digits, of which those in front are shifted out. All 16 bytes are ASCII; a whole number of
        // words is copied, and found to be so, faster than 11 bytes.
        let len = encode::len(number);
        let bytes = (digits >> (8 * (WIDTH + 1 - len))).to_le_bytes();
        // Only ASCII is ever written, so that the default is never taken.
        let mut text = String::from_utf8(bytes.to_vec()).unwrap_or_default();
        text.truncate(len);
        text
    }

    /// Reads a number without leading zeros.
    ///
    /// # Errors
    ///
    /// Where and why the text is none.
    #[inline]
    pub fn decode(self, text: impl AsRef<[u8]>) -> Result<u64, CodeError> {
        self.tables.read(text.as_ref(), false)
    }

    /// Reads a number of 11 digits.
    ///
    /// # Errors
    ///
    /// Where and why the text is none.
    #[inline]
    pub fn decode_fixed(self, text: impl AsRef<[u8]>) -> Result<u64, CodeError> {
        self.tables.read(text.as_ref(), true)
    }

    /// Writes a large number without leading zeros.
    pub fn encode_u128(self, number: u128) -> Encoded {
        Encoded::written(|bytes| {
            self.tables.write_u128(number, bytes);
            bytes[..WIDTH_U128 - 1]
                .iter()
                .position(|&digit| digit != b'0')
                .map_or(1, |zeros| WIDTH_U128 - zeros)
        })
    }

    /// Writes a large number in 22 digits.
    pub fn encode_fixed_u128(self, number: u128) -> Encoded {
        Encoded::written(|bytes| {
            self.tables.write_u128(number, bytes);
            WIDTH_U128
        })
    }

    /// Reads a large number without leading zeros.
    ///
    /// # Errors
    ///
    /// Where and why the text is none.
    pub fn decode_u128(self, text: impl AsRef<[u8]>) -> Result<u128, CodeError> {
        self.tables.read_u128(text.as_ref(), false)
    }

    /// Reads a large number of 22 digits.
    ///
    /// # Errors
    ///
    /// Where and why the text is none.
    pub fn decode_fixed_u128(self, text: impl AsRef<[u8]>) -> Result<u128, CodeError> {
        self.tables.read_u128(text.as_ref(), true)
    }

    /// Reads a number of any width up to 10, whose zeros in front are digits like the others.
    #[inline]
    pub(crate) fn decode_digits(self, text: &[u8]) -> Result<u64, CodeError> {
        self.tables.read_any(text)
    }

    /// Where the number, whose digits are all right, becomes larger than `most`.
    pub(crate) fn column_above(self, text: &[u8], most: u64) -> usize {
        self.tables.column_above(text, most.into())
    }
}

/// The last bytes of a buffer.
#[inline]
fn last_of(bytes: &mut [u8; Encoded::CAPACITY]) -> &mut [u8; WIDTH] {
    const { assert!(Encoded::CAPACITY == 2 * WIDTH && Encoded::CAPACITY == WIDTH_U128) };
    let [_, last] = bytes.as_chunks_mut().0 else { unreachable!("two halves") };
    last
}

/// The default is [`Base62::SORTABLE`].
impl Default for Base62 {
    fn default() -> Self {
        Self::SORTABLE
    }
}

impl fmt::Debug for Base62 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Base62({})", self.tables.name)
    }
}
