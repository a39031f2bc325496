use core::fmt;

use serde_core::de::{Deserialize, Deserializer, Error, Visitor};
use serde_core::ser::{Serialize, Serializer};

use super::SnowflakeId;

/// Decimal text where people may look, since a browser reads numbers only to 2^53; the number in
/// binary formats.
impl Serialize for SnowflakeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_u64(self.to_u64())
        }
    }
}

/// Where people may look, takes the text as well as the number that others write.
impl<'de> Deserialize<'de> for SnowflakeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(Decimal)
        } else {
            deserializer.deserialize_u64(Decimal)
        }
    }
}

struct Decimal;

impl Visitor<'_> for Decimal {
    type Value = SnowflakeId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id below 2^63, as text such as \"42\" or as a number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SnowflakeId, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<SnowflakeId, E> {
        SnowflakeId::new(number).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<SnowflakeId, E> {
        SnowflakeId::try_from(number).map_err(E::custom)
    }
}

/// An id as a number everywhere. For `#[serde(with = "voussoir_idgen::as_number")]`.
pub mod as_number {
    use super::{Decimal, Deserializer, Serializer, SnowflakeId};

    /// Writes the number.
    ///
    /// # Errors
    ///
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(id: &SnowflakeId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(id.to_u64())
    }

    /// Reads the number.
    ///
    /// # Errors
    ///
    /// What is no number below 2^63.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SnowflakeId, D::Error> {
        deserializer.deserialize_u64(Decimal)
    }
}

/// An id as 11 digits of Base62. For `#[serde(with = "voussoir_idgen::as_base62")]`.
pub mod as_base62 {
    use core::fmt;

    use super::{Deserializer, Error, Serializer, SnowflakeId, Visitor};

    /// Writes the text.
    ///
    /// # Errors
    ///
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(id: &SnowflakeId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(id.to_base62().as_str())
    }

    /// Reads the text.
    ///
    /// # Errors
    ///
    /// What [`SnowflakeId::from_base62`] refuses.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SnowflakeId, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = SnowflakeId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id as 11 digits of Base62")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<SnowflakeId, E> {
                SnowflakeId::from_base62(text).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}
