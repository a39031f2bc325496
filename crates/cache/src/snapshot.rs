use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use crate::engine::Kept;
use crate::{Policy, Terms};

/// The content of a cache, to be kept and restored: entries in the order of their policy, with the
/// time they have left. With feature `serde` it can be written anywhere; times are durations, so a
/// snapshot that is restored later gives each entry what it had left.
///
/// The restored cache evicts what the old one would have evicted, and goes on so for ever under
/// `Lru`, `Fifo` and `Lfu`. What the others know beside their entries is not part of it: the ghost of
/// `S3Fifo` and the counts of `Adaptive` are of keys that are gone, kept as hashes, which mean nothing
/// in a process that hashes otherwise; `Adaptive` keeps its window but watches the requests anew. How
/// long loads took is not kept either: early refreshes begin with the next load.
///
/// ```
/// use voussoir_cache::{Cache, Policy};
///
/// let cache = Cache::<u32, u32>::builder(2).policy(Policy::Lru).build()?;
/// cache.insert(1, 10);
/// cache.insert(2, 20);
/// cache.get(&1);
///
/// let again = Cache::<u32, u32>::builder(2).policy(Policy::Lru).build()?;
/// again.restore(cache.snapshot());
/// again.insert(3, 30); // 2 was used longer ago
/// assert_eq!((again.get(&1), again.get(&2)), (Some(10), None));
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Snapshot<K, V> {
    /// The policy of the cache it was taken of. Another policy takes the order and leaves the rest.
    pub policy: Policy,
    /// The window of `Adaptive` in percent of the capacity, 0 where there is none.
    #[cfg_attr(feature = "serde", serde(default))]
    pub window: u32,
    /// The entries, hottest first.
    pub entries: Vec<SnapshotEntry<K, V>>,
}

/// An entry of a [`Snapshot`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SnapshotEntry<K, V> {
    /// The key.
    pub key: K,
    /// The value.
    pub value: V,
    /// How long it is good from the restoration on; none for ever.
    #[cfg_attr(feature = "serde", serde(default))]
    pub ttl: Option<Duration>,
    /// How long it may be left alone; zero for ever.
    #[cfg_attr(feature = "serde", serde(default))]
    pub tti: Duration,
    /// Its tags.
    #[cfg_attr(feature = "serde", serde(default))]
    pub tags: Vec<Box<str>>,
    /// In which of its policy's lists it stands.
    #[cfg_attr(feature = "serde", serde(default))]
    pub region: u8,
    /// How often it was used, as far as the policy counts.
    #[cfg_attr(feature = "serde", serde(default))]
    pub heat: u8,
    /// Whether it is pinned.
    #[cfg_attr(feature = "serde", serde(default))]
    pub pinned: bool,
}

impl<K: Clone, V: Clone> SnapshotEntry<K, V> {
    pub(crate) fn of(kept: Kept<'_, K, V>) -> Self {
        Self {
            key: kept.key.clone(),
            value: kept.value.clone(),
            ttl: kept.ttl,
            tti: kept.tti,
            tags: kept.tags,
            region: kept.region,
            heat: kept.heat,
            pinned: kept.pinned,
        }
    }
}

impl<K, V> SnapshotEntry<K, V> {
    pub(crate) fn into_parts(self) -> ((K, V), (u8, u8), Terms) {
        let terms =
            Terms { ttl: self.ttl, tti: Some(self.tti), tags: self.tags, pinned: self.pinned };
        ((self.key, self.value), (self.region, self.heat), terms)
    }
}
