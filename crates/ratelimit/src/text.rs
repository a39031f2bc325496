//! What configurations say as text, serde reads and writes as that text.

use core::fmt;

use serde_core::de::{Deserialize, Deserializer, Error, Visitor};
use serde_core::ser::{Serialize, Serializer};

macro_rules! as_text {
    ($($(#[$on:meta])? $type:ty: $example:literal;)*) => {$(
        $(#[$on])?
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        $(#[$on])?
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl Visitor<'_> for Text {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($example)
                    }

                    fn visit_str<E: Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Text)
            }
        }
    )*};
}

as_text! {
    crate::Limit: "a limit such as \"100/min burst 20\"";
    crate::client_key::Network: "a network such as \"10.0.0.0/8\"";
    #[cfg(all(feature = "std", target_has_atomic = "64"))]
    crate::rules::PathPattern: "a pattern of paths such as \"/users/{id}\"";
    #[cfg(all(feature = "std", target_has_atomic = "64"))]
    crate::rules::RuleKey: "a key such as \"client\"";
    #[cfg(feature = "http")]
    crate::http::HeaderStyle: "a style of fields such as \"draft-11\"";
}
