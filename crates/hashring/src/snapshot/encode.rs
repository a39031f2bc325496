use alloc::vec::Vec;

use super::RingSnapshot;
use crate::{HashFunction, Layout};

/// What a snapshot begins with.
pub(super) const MAGIC: [u8; 4] = *b"VRNG";

/// The version of the format below.
pub(super) const VERSION: u8 = 1;

impl RingSnapshot {
    /// The snapshot in bytes, the same for the same ring. All numbers little end first:
    ///
    /// ```text
    /// 4  "VRNG"
    /// 1  version, 1
    /// 1  layout: 0 absolute, 1 ketama, 2 nginx
    /// 1  hash function: 0 xxh3, 1 murmur3, 2 md5-ketama, 3 crc32-nginx
    /// 8  seed
    /// 4  points for a weight of 1
    /// 8  fingerprint
    /// 4  how many nodes, in the order of their ids, each:
    ///    4  weight
    ///    1  1 if a zone follows, plus 2 if a label follows
    ///    2  length of the id, and the id
    ///    2  length of the zone, and the zone, if it has one
    ///    2  length of the label, and the label, if it has one
    /// ```
    ///
    /// Complexity: O(nodes).
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(MAGIC);
        bytes.push(VERSION);
        bytes.push(match self.layout {
            Layout::Absolute => 0,
            Layout::Ketama => 1,
            Layout::Nginx => 2,
        });
        let (function, seed) = match self.hash {
            HashFunction::Xxh3 { seed } => (0, seed),
            HashFunction::Murmur3 { seed } => (1, u64::from(seed)),
            HashFunction::Md5Ketama => (2, 0),
            HashFunction::Crc32Nginx => (3, 0),
        };
        bytes.push(function);
        bytes.extend(seed.to_le_bytes());
        bytes.extend(self.vnodes.to_le_bytes());
        bytes.extend(self.fingerprint.0.to_le_bytes());
        bytes.extend((self.nodes.len() as u32).to_le_bytes());
        for node in &self.nodes {
            let (zone, label) = (node.zone_name(), node.own_label());
            bytes.extend(node.weight_units().to_le_bytes());
            bytes.push(u8::from(zone.is_some()) | u8::from(label.is_some()) << 1);
            for text in [Some(node.id()), zone, label].into_iter().flatten() {
                bytes.extend((text.len() as u16).to_le_bytes());
                bytes.extend(text.as_bytes());
            }
        }
        bytes
    }
}
