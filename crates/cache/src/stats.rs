use core::ops::AddAssign;

use crate::engine::Counts;

/// What a cache has done since it was built. Exact: counted where it happens.
///
/// Every insertion is accounted for: `inserted` is the entries that are there plus `replaced`,
/// `evicted`, `expired`, `removed` and `invalidated`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct Stats {
    /// Uses that found an entry.
    pub hits: u64,
    /// Uses that found none.
    pub misses: u64,
    /// Values that came in.
    pub inserted: u64,
    /// Values that left because another came for their key.
    pub replaced: u64,
    /// Values that left to make room.
    pub evicted: u64,
    /// Values that left because their time was over.
    pub expired: u64,
    /// Values that left by their key.
    pub removed: u64,
    /// Values that left by tag, predicate, version or with all others.
    pub invalidated: u64,
    /// Values that did not come in.
    pub rejected: u64,
    /// Listeners that panicked.
    pub listener_panics: u64,
}

impl Stats {
    /// The share of uses that found an entry; 0 before the first.
    ///
    /// ```
    /// use voussoir_cache::Cache;
    ///
    /// let cache = Cache::<u8, u8>::builder(10).build()?;
    /// cache.insert(1, 1);
    /// cache.get(&1);
    /// cache.get(&2);
    /// assert_eq!(cache.stats().hit_ratio(), 0.5);
    /// # Ok::<(), voussoir_core::ConfigError>(())
    /// ```
    pub fn hit_ratio(&self) -> f64 {
        match self.hits.saturating_add(self.misses) {
            0 => 0.0,
            uses => self.hits as f64 / uses as f64,
        }
    }
}

impl AddAssign<Counts> for Stats {
    fn add_assign(&mut self, counts: Counts) {
        self.hits += counts.hits;
        self.misses += counts.misses;
        self.inserted += counts.inserted;
        self.replaced += counts.replaced;
        self.evicted += counts.evicted;
        self.expired += counts.expired;
        self.removed += counts.removed;
        self.invalidated += counts.invalidated;
        self.rejected += counts.rejected;
    }
}
