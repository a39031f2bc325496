//! What to evict: the policies, by type or by name.

mod adaptive;
mod any;
mod climber;
mod fifo;
mod ghost;
mod lfu;
pub(crate) mod list;
mod lru;
mod random;
mod regions;
mod s3fifo;
mod shadow;
mod sketch;
mod tuner;

use alloc::sync::Arc;
use core::fmt;

pub use adaptive::Adaptive;
pub use any::Any;
pub use fifo::Fifo;
pub use lfu::Lfu;
pub use lru::Lru;
pub use random::Random;
pub use s3fifo::S3Fifo;

use list::{Link, Links, Region};
use sketch::Sketch;
pub use tuner::Tuner;

/// What a cache evicts when it is full, chosen at run time. Each is a type of this module too, for
/// [`policy_type`](crate::CacheBuilder::policy_type), which saves the choice in every call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Policy {
    /// [`Adaptive`]: recency and frequency in the mixture that suits the requests. The best hit
    /// ratio of all on most traces, and bad on none that we know.
    #[default]
    Adaptive,
    /// [`Lru`]: what was not used for the longest time. For sessions and the like; one large scan
    /// empties it.
    Lru,
    /// [`Lfu`]: what was used least often, with ageing. For popularity that changes slowly.
    Lfu,
    /// [`Fifo`]: what was inserted first. Where all that counts is the age.
    Fifo,
    /// [`S3Fifo`]: three queues. Nearly as good as `Adaptive`, and the fastest on hits from many
    /// threads.
    #[cfg_attr(feature = "serde", serde(rename = "s3-fifo"))]
    S3Fifo,
    /// [`Random`]: any. What no pattern of requests can defeat, nor please.
    Random,
}

impl Policy {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Adaptive, Self::Lru, Self::Lfu, Self::Fifo, Self::S3Fifo, Self::Random];

    /// Its name, as configurations write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Adaptive => "adaptive",
            Self::Lru => "lru",
            Self::Lfu => "lfu",
            Self::Fifo => "fifo",
            Self::S3Fifo => "s3-fifo",
            Self::Random => "random",
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The name is none of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a policy; there are adaptive, lru, lfu, fifo, s3-fifo and random")]
pub struct UnknownPolicy;

impl core::str::FromStr for Policy {
    type Err = UnknownPolicy;

    fn from_str(name: &str) -> Result<Self, UnknownPolicy> {
        Self::ALL.into_iter().find(|policy| policy.name() == name).ok_or(UnknownPolicy)
    }
}

/// What a policy is built from.
#[derive(Debug)]
pub struct Setup {
    /// The most that all entries may weigh.
    pub capacity: u64,
    /// Whether each entry weighs one.
    pub unit: bool,
    /// For what is left to chance.
    pub seed: u64,
    /// Who chooses the window of `Adaptive`, if it is not to climb.
    pub tuner: Option<Arc<Tuner>>,
}

/// From how many entries on shadows choose the window. Below, they would be as large as the cache.
const SHADOWED: u64 = 1024;

impl Setup {
    /// For one shard of a cache. The shards of an adaptive cache share one tuner, made for `whole`.
    pub(crate) fn tuner(whole: u64, unit: bool, seed: u64) -> Option<Arc<Tuner>> {
        (unit && whole >= SHADOWED).then(|| Arc::new(Tuner::new(whole, seed)))
    }
}

/// A type that says what to evict: one of [`Adaptive`], [`Lru`], [`Lfu`], [`Fifo`], [`S3Fifo`],
/// [`Random`] and [`Any`], which is any of them. It cannot be implemented elsewhere: a policy links
/// entries of the cache's own slab.
pub trait Eviction: Evict {}

impl<P: Evict> Eviction for P {}

/// The operations of a policy. An entry is in the policy from `admit` or `recall` to `removed`.
pub trait Evict: fmt::Debug + Send + Sync + Sized + 'static {
    /// An empty policy. The choice matters to `Any` alone.
    fn new(choice: Policy, setup: &Setup) -> Self;
    /// Which one it is.
    fn kind(&self) -> Policy;
    /// The cache may hold this weight from here on.
    fn resize(&mut self, capacity: u64);
    /// The cache holds so many entries, told now and then when entries are weighted.
    fn entries(&mut self, _entries: u64) {}
    /// A hit under a shared lock. Whether `hit` must be called later too.
    fn touch(&self, link: &Link) -> bool;
    /// A hit.
    fn hit<L: Links>(&mut self, links: &mut L, slot: u32);
    /// A newcomer.
    fn admit<L: Links>(&mut self, links: &mut L, slot: u32);
    /// What to evict for something that weighs `incoming`.
    fn victim<L: Links>(&mut self, links: &mut L, incoming: u64) -> Option<u32>;
    /// Takes a victim out, and remembers it where the policy does.
    #[inline]
    fn evicted<L: Links>(&mut self, links: &mut L, slot: u32) {
        self.removed(links, slot);
    }
    /// Takes an entry out.
    fn removed<L: Links>(&mut self, links: &mut L, slot: u32);
    /// An entry's weight has changed; `Links::weight` tells the new one.
    fn reweighed<L: Links>(&mut self, links: &mut L, slot: u32, old: u64, new: u64);
    /// Visits every entry, hottest first.
    fn visit<L: Links>(&self, links: &L, visit: &mut dyn FnMut(u32));
    /// How hot an entry is: for `recall`, and to compare it with entries of other shards.
    fn heat<L: Links>(&self, links: &L, slot: u32) -> (u8, u8) {
        (links.link(slot).heat(), 0)
    }
    /// Takes in what a snapshot holds: the coldest first.
    fn recall<L: Links>(&mut self, links: &mut L, slot: u32, region: Region, heat: u8);
    /// Bytes on the heap.
    fn bytes(&self) -> usize {
        0
    }
}

/// 64 bits for an index from the 32 that are kept: good ones at both ends, whatever the hasher.
#[inline]
pub(crate) const fn index_hash(hash: u32) -> u64 {
    let spread = (hash as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    spread ^ (spread >> 32)
}

/// The frequency from which a loser may win by chance.
const WARM: u8 = 6;

/// Whether `newer` may take the place of `older`.
///
/// The more frequent wins. A warm loser wins once in 128 times nevertheless, so that nobody who
/// knows the hash of one hot key can keep all others out (the protection of Caffeine).
#[inline]
fn contest(sketch: &Sketch, newer: u32, older: u32, chance: u32) -> bool {
    let (asked, held) = (sketch.estimate(newer), sketch.estimate(older));
    asked > held || (asked >= WARM && chance & 127 == 0)
}
