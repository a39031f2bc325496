use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use thiserror::Error;

use super::HashFunction;

impl fmt::Display for HashFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Xxh3 { seed: 0 } => f.write_str("xxh3"),
            Self::Xxh3 { seed } => write!(f, "xxh3 seed {seed}"),
            Self::Murmur3 { seed: 0 } => f.write_str("murmur3"),
            Self::Murmur3 { seed } => write!(f, "murmur3 seed {seed}"),
            Self::Md5Ketama => f.write_str("md5-ketama"),
            Self::Crc32Nginx => f.write_str("crc32-nginx"),
        }
    }
}

/// The text names no hash function.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{given}` is no hash function; allowed: xxh3 or murmur3, with or without a seed as in \
     \"xxh3 seed 42\", md5-ketama, crc32-nginx"
)]
pub struct HashFunctionError {
    given: String,
}

impl FromStr for HashFunction {
    type Err = HashFunctionError;

    fn from_str(text: &str) -> Result<Self, HashFunctionError> {
        let refused = || HashFunctionError { given: text.into() };
        let (name, seed) = match text.split_once(" seed ") {
            Some((name, seed)) => (name, Some(seed)),
            None => (text, None),
        };
        match (name, seed) {
            ("xxh3", seed) => parse(seed).map(|seed| Self::Xxh3 { seed }),
            ("murmur3", seed) => parse(seed).map(|seed| Self::Murmur3 { seed }),
            ("md5-ketama", None) => Some(Self::Md5Ketama),
            ("crc32-nginx", None) => Some(Self::Crc32Nginx),
            _ => None,
        }
        .ok_or_else(refused)
    }
}

/// The seed, or 0 where none is given. Digits only: `FromStr` of integers takes a sign too.
fn parse<N: FromStr + Default>(seed: Option<&str>) -> Option<N> {
    match seed {
        None => Some(N::default()),
        Some(digits) if digits.starts_with('+') => None,
        Some(digits) => digits.parse().ok(),
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for HashFunction {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for HashFunction {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <alloc::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn what_is_shown_is_read_back_and_nothing_else_is_read() {
        for function in [
            HashFunction::XXH3,
            HashFunction::Xxh3 { seed: u64::MAX },
            HashFunction::MURMUR3,
            HashFunction::Murmur3 { seed: 7 },
            HashFunction::Md5Ketama,
            HashFunction::Crc32Nginx,
        ] {
            assert_eq!(function.to_string().parse(), Ok(function));
        }
        for text in ["", "XXH3", "xxh3 seed ", "xxh3 seed +1", "xxh3 seed -1", "md5-ketama seed 1"]
        {
            assert!(text.parse::<HashFunction>().is_err(), "{text}");
        }
        assert!("murmur3 seed 4294967296".parse::<HashFunction>().is_err());
    }
}
