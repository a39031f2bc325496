//! Reads budgets by hand: of an untagged enum serde only says that no variant fits, and takes any
//! field that none of them has.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_core::de::value::MapAccessDeserializer;
use serde_core::de::{Error, MapAccess, Unexpected, Visitor};

use super::RetryBudgetConfig;
use super::builder::{PER_SECOND, TTL};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Fields {
    ratio: Option<f64>,
    per_second: Option<u32>,
    #[serde(with = "crate::optional")]
    ttl: Option<Duration>,
    grpc: Option<Grpc>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grpc {
    max_tokens: u32,
    token_ratio: f64,
}

impl<'de> Deserialize<'de> for RetryBudgetConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Budget)
    }
}

struct Budget;

impl<'de> Visitor<'de> for Budget {
    type Value = RetryBudgetConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a `ratio` with its fields, `grpc` with its fields, \"aws\" or \"aws2025\"")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<RetryBudgetConfig, E> {
        match name {
            "aws" => Ok(RetryBudgetConfig::Aws),
            "aws2025" => Ok(RetryBudgetConfig::Aws2025),
            other => Err(E::invalid_value(Unexpected::Str(other), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RetryBudgetConfig, A::Error> {
        match Fields::deserialize(MapAccessDeserializer::new(map))? {
            Fields { ratio: Some(ratio), per_second, ttl, grpc: None } => {
                let per_second = per_second.unwrap_or(PER_SECOND);
                Ok(RetryBudgetConfig::Ratio { ratio, per_second, ttl: ttl.unwrap_or(TTL) })
            }
            Fields { ratio: None, per_second: None, ttl: None, grpc: Some(grpc) } => {
                let Grpc { max_tokens, token_ratio } = grpc;
                Ok(RetryBudgetConfig::Grpc { max_tokens, token_ratio })
            }
            Fields { grpc: Some(_), .. } => Err(A::Error::custom("`grpc` stands alone")),
            Fields { ratio: None, .. } => Err(A::Error::missing_field("ratio")),
        }
    }
}
