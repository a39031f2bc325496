/// Bytes held, and by how many strings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MemoryUse {
    /// The bytes asked of the allocator, without what it adds.
    pub bytes: usize,
    /// The strings.
    pub strings: usize,
}

impl MemoryUse {
    /// Bytes a string; 0 if there are none.
    pub fn per_string(self) -> f64 {
        if self.strings == 0 { 0.0 } else { self.bytes as f64 / self.strings as f64 }
    }
}
