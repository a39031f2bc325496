/// A bulkhead at one moment. Refusals are not counted, so that a refusal writes nothing: a
/// [`BulkheadObserver`](crate::BulkheadObserver) hears of each.
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
}
