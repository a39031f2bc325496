use core::fmt;
use core::time::Duration;

use serde_core::de::{Deserializer, Error, Visitor};
use serde_core::ser::Serializer;

/// Writes a duration as text. For `#[serde(with = "voussoir_core::duration")]`.
///
/// # Errors
///
/// Those of the serializer.
pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&super::text(*duration))
}

/// Reads a duration from text. For `#[serde(with = "voussoir_core::duration")]`.
///
/// # Errors
///
/// What [`parse`](super::parse) refuses. A bare number is refused too, since it names no unit.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    struct Text;

    impl Visitor<'_> for Text {
        type Value = Duration;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a duration with its unit, such as \"30s\" or \"1h30m\"")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
            super::parse(text).map_err(E::custom)
        }
    }

    deserializer.deserialize_str(Text)
}
