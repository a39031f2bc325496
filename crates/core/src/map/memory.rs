use core::ops::Add;

/// What a map takes, without what its keys and values own on the heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryUse {
    /// Entries held.
    pub entries: usize,
    /// Entries that fit before a table grows.
    pub capacity: usize,
    /// Bytes of tables, shards and the map itself.
    pub bytes: usize,
}

impl MemoryUse {
    pub(crate) fn fixed(bytes: usize) -> Self {
        Self { bytes, ..Self::default() }
    }

    /// Bytes an entry, or `None` of an empty map.
    pub fn bytes_per_entry(&self) -> Option<f64> {
        (self.entries > 0).then(|| self.bytes as f64 / self.entries as f64)
    }
}

impl Add for MemoryUse {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            entries: self.entries + other.entries,
            capacity: self.capacity + other.capacity,
            bytes: self.bytes + other.bytes,
        }
    }
}
