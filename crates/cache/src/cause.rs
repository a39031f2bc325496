/// Why an entry left the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Cause {
    /// The room was needed for others.
    Capacity,
    /// Its time was over.
    Expired,
    /// Another value was inserted for the key.
    Replaced,
    /// It was removed by key.
    Removed,
    /// It was removed by tag, by predicate, by a new version, or with everything else.
    Invalidated,
    /// It never came in: it weighs more than fits, or all that is there is pinned, or its time to
    /// live is zero.
    Rejected,
}

impl Cause {
    /// Whether the cache decided, and not the caller.
    pub const fn is_eviction(self) -> bool {
        matches!(self, Self::Capacity | Self::Expired)
    }
}
