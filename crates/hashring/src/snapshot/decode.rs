use alloc::vec::Vec;

use super::encode::{MAGIC, VERSION};
use super::{Fingerprint, RingSnapshot, SnapshotError};
use crate::{HashFunction, Layout, Node};

impl RingSnapshot {
    /// Reads what [`to_bytes`](Self::to_bytes) wrote, and nothing else: every snapshot has one form.
    ///
    /// It allocates no more than the bytes can name; [`restore`](Self::restore) makes the points.
    /// Complexity: O(bytes).
    ///
    /// # Errors
    ///
    /// Where and why the bytes are no snapshot.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut reader = Reader { bytes, at: 0 };
        if reader.take::<4>() != Ok(MAGIC) {
            return Err(SnapshotError::NoSnapshot);
        }
        let version = reader.byte()?;
        if version != VERSION {
            return Err(SnapshotError::Version { version });
        }
        let layout = match reader.byte()? {
            0 => Layout::Absolute,
            1 => Layout::Ketama,
            2 => Layout::Nginx,
            found => return Err(reader.refuse(found, "0 to 2, a layout")),
        };
        let function = reader.byte()?;
        let seed = u64::from_le_bytes(reader.take()?);
        let hash = match (function, u32::try_from(seed)) {
            (0, _) => HashFunction::Xxh3 { seed },
            (1, Ok(seed)) => HashFunction::Murmur3 { seed },
            (2, Ok(0)) => HashFunction::Md5Ketama,
            (3, Ok(0)) => HashFunction::Crc32Nginx,
            _ => {
                let at = reader.at - 9;
                let allowed = "0 to 3, a hash function, with a seed that it can have";
                return Err(SnapshotError::Byte { at, found: function, allowed });
            }
        };
        let vnodes = u32::from_le_bytes(reader.take()?);
        let fingerprint = Fingerprint(u64::from_le_bytes(reader.take()?));
        let count = u32::from_le_bytes(reader.take()?);
        let mut nodes: Vec<Node> = Vec::new();
        for _ in 0..count {
            let at = reader.at;
            let node = reader.node()?;
            if nodes.last().is_some_and(|last| last.id() >= node.id()) {
                return Err(SnapshotError::Order { at });
            }
            nodes.push(node);
        }
        match bytes.len() - reader.at {
            0 => Ok(Self { layout, hash, vnodes, fingerprint, nodes }),
            more => Err(SnapshotError::Trailing { more }),
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn slice(&mut self, length: usize) -> Result<&'a [u8], SnapshotError> {
        let left = &self.bytes[self.at..];
        let slice = left.get(..length).ok_or(SnapshotError::Truncated { at: self.bytes.len() })?;
        self.at += length;
        Ok(slice)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.slice(N)?);
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8, SnapshotError> {
        self.take::<1>().map(|[byte]| byte)
    }

    /// Of the byte that was read last.
    fn refuse(&self, found: u8, allowed: &'static str) -> SnapshotError {
        SnapshotError::Byte { at: self.at - 1, found, allowed }
    }

    fn text(&mut self) -> Result<&'a str, SnapshotError> {
        let length = u16::from_le_bytes(self.take()?);
        let at = self.at;
        let bytes = self.slice(usize::from(length))?;
        core::str::from_utf8(bytes).map_err(|_| SnapshotError::Text { at })
    }

    fn node(&mut self) -> Result<Node, SnapshotError> {
        let weight = u32::from_le_bytes(self.take()?);
        let flags = self.byte()?;
        if flags > 3 {
            return Err(self.refuse(flags, "0 to 3, whether zone and label follow"));
        }
        let mut node = Node::new(self.text()?).weight(weight);
        if flags & 1 != 0 {
            node = node.zone(self.text()?);
        }
        if flags & 2 != 0 {
            node = node.label(self.text()?);
        }
        Ok(node)
    }
}
