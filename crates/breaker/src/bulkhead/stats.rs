/// A bulkhead at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct BulkheadStats {
    /// The permits there are.
    pub limit: u32,
    /// The permits that are out.
    pub in_use: u32,
    /// Those who wait in line.
    pub waiting: u32,
    /// Work refused since the bulkhead was built: at once, after waiting, or pushed out of the line.
    pub refused: u64,
}
