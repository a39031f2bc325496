use alloc::borrow::Cow;
use alloc::vec::Vec;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use voussoir_core::ConfigError;

use super::{Fingerprint, RingSnapshot};
use crate::members::Members;
use crate::{HashFunction, Layout, Node};

/// A snapshot in a file, whose nodes may stand in any order.
#[derive(Deserialize)]
#[serde(rename = "RingSnapshot", deny_unknown_fields)]
pub(super) struct Plain {
    layout: Layout,
    hash: HashFunction,
    vnodes: u32,
    fingerprint: Fingerprint,
    nodes: Vec<Node>,
}

impl TryFrom<Plain> for RingSnapshot {
    type Error = ConfigError;

    fn try_from(plain: Plain) -> Result<Self, ConfigError> {
        let Plain { layout, hash, vnodes, fingerprint, nodes } = plain;
        let nodes = Members::sorted(nodes)?.nodes().to_vec();
        Ok(Self { layout, hash, vnodes, fingerprint, nodes })
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        let is_canonical =
            text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = if is_canonical { u64::from_str_radix(&text, 16).ok() } else { None };
        let wrong = || Error::custom("a fingerprint has 16 digits, 0-9 and a-f");
        number.map(Self).ok_or_else(wrong)
    }
}
