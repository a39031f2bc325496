#[cfg(feature = "serde")]
mod serde;

use core::fmt;
use core::str::FromStr;

use thiserror::Error;

use crate::{Base62, CodeError, Encoded, crockford, decimal, hex};
#[cfg(feature = "serde")]
pub use serde::{as_base62, as_number};

/// An id of 63 bits: a positive number in every language and database, in order of time.
///
/// | as | text of `42` | for |
/// |---|---|---|
/// | [`Display`](fmt::Display), [`FromStr`] | `42` | people, logs, and JSON, whose numbers end at 2^53 in a browser |
/// | [`to_base62`](Self::to_base62) | `0000000000g` | addresses and keys; sorts like the id |
/// | [`to_crockford`](Self::to_crockford) | `000000000001A` | what is read aloud or typed; sorts like the id |
/// | [`to_hex`](Self::to_hex) | `000000000000002a` | dumps; sorts like the id |
/// | [`to_u64`](Self::to_u64), [`to_i64`](Self::to_i64) | | storage; the `i64` is never negative |
///
/// Reading is strict everywhere: one text, and only one, is read as an id.
///
/// ```
/// use voussoir_idgen::SnowflakeId;
///
/// let id = SnowflakeId::new(1_541_815_603_606_036_480)?;
/// assert_eq!(id.to_base62(), "1ptWyK4WgZU");
/// assert_eq!(SnowflakeId::from_base62("1ptWyK4WgZU")?, id);
/// assert_eq!(id.to_string().parse(), Ok(id));
/// assert!(SnowflakeId::from_base62("1ptWyK4WgZ").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Complexity of all conversions: O(1), no allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnowflakeId(u64);

impl SnowflakeId {
    /// The id with this number.
    ///
    /// # Errors
    ///
    /// When the number is 2^63 or more.
    pub const fn new(number: u64) -> Result<Self, IdRangeError> {
        if number > i64::MAX as u64 {
            return Err(IdRangeError { number: number as i128 });
        }
        Ok(Self(number))
    }

    /// Below 2^63 by the layout's construction.
    #[inline]
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The id as a number below 2^63.
    #[inline]
    pub const fn to_u64(self) -> u64 {
        self.0
    }

    /// The id as a number that is not negative.
    #[inline]
    pub const fn to_i64(self) -> i64 {
        self.0.cast_signed()
    }

    /// 11 digits of [`Base62::SORTABLE`].
    pub fn to_base62(self) -> Encoded {
        Base62::SORTABLE.encode_fixed(self.0)
    }

    /// Reads what [`to_base62`](Self::to_base62) writes.
    ///
    /// # Errors
    ///
    /// Where and why the text is no such id.
    pub fn from_base62(text: impl AsRef<[u8]>) -> Result<Self, CodeError> {
        let text = text.as_ref();
        within(Base62::SORTABLE.decode_fixed(text)?, || Base62::SORTABLE.column_above(text, MAX))
    }

    /// 16 digits, lower case.
    pub fn to_hex(self) -> Encoded {
        hex::encode(self.0)
    }

    /// Reads what [`to_hex`](Self::to_hex) writes.
    ///
    /// # Errors
    ///
    /// Where and why the text is no such id.
    pub fn from_hex(text: impl AsRef<[u8]>) -> Result<Self, CodeError> {
        // The first digit holds the bit that is too much.
        within(hex::decode(text.as_ref())?, || 1)
    }

    /// 13 digits of Crockford's base 32, upper case, without its check digit.
    ///
    /// Source: Douglas Crockford, "Base 32", whose alphabet leaves out I, L, O and U.
    pub fn to_crockford(self) -> Encoded {
        crockford::encode(self.0)
    }

    /// Reads what [`to_crockford`](Self::to_crockford) writes. What Crockford's page lets a reader
    /// take for the same, such as lower case or `O` for `0`, is refused: it would make a second text
    /// of one id.
    ///
    /// # Errors
    ///
    /// Where and why the text is no such id.
    pub fn from_crockford(text: impl AsRef<[u8]>) -> Result<Self, CodeError> {
        crockford::decode(text.as_ref()).map(Self)
    }
}

const MAX: u64 = i64::MAX as u64;

fn within(number: u64, column: impl FnOnce() -> usize) -> Result<SnowflakeId, CodeError> {
    SnowflakeId::new(number).map_err(|_| CodeError::overflow(column()))
}

/// Decimal, as databases and JSON have it.
impl fmt::Display for SnowflakeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::LowerHex for SnowflakeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerHex::fmt(&self.0, f)
    }
}

impl fmt::UpperHex for SnowflakeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::UpperHex::fmt(&self.0, f)
    }
}

impl FromStr for SnowflakeId {
    type Err = CodeError;

    /// Reads decimal digits, without sign and leading zeros.
    ///
    /// # Errors
    ///
    /// Where and why the text is no such id.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        decimal::decode(text.as_bytes()).map(Self)
    }
}

impl From<SnowflakeId> for u64 {
    fn from(id: SnowflakeId) -> Self {
        id.to_u64()
    }
}

impl From<SnowflakeId> for i64 {
    fn from(id: SnowflakeId) -> Self {
        id.to_i64()
    }
}

impl TryFrom<u64> for SnowflakeId {
    type Error = IdRangeError;

    fn try_from(number: u64) -> Result<Self, IdRangeError> {
        Self::new(number)
    }
}

impl TryFrom<i64> for SnowflakeId {
    type Error = IdRangeError;

    fn try_from(number: i64) -> Result<Self, IdRangeError> {
        u64::try_from(number).map(Self).map_err(|_| IdRangeError { number: number.into() })
    }
}

/// A number that is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{number} is no id; allowed: 0 to 2^63 - 1")]
pub struct IdRangeError {
    number: i128,
}
