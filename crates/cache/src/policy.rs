//! What to evict: the policies, by type or by name.

mod adaptive;
mod any;
mod climber;
mod evict;
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

use core::fmt;

pub use adaptive::Adaptive;
pub use any::Any;
pub use fifo::Fifo;
pub use lfu::Lfu;
pub use lru::Lru;
pub use random::Random;
pub use s3fifo::S3Fifo;

pub(crate) use evict::{Evict, Setup};
pub(crate) use tuner::Tuner;

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

/// A type that says what to evict: one of [`Adaptive`], [`Lru`], [`Lfu`], [`Fifo`], [`S3Fifo`],
/// [`Random`] and [`Any`], which is any of them. It cannot be implemented elsewhere: a policy links
/// entries of the cache's own slab.
pub trait Eviction: Evict {}

impl<P: Evict> Eviction for P {}

/// 64 bits for an index from the 32 that are kept: it takes the place from the low end and the mark
/// from the high one. In a table of up to 2^25 places they share no bit.
#[inline]
pub(crate) const fn index_hash(hash: u32) -> u64 {
    (hash as u64) << 32 | hash as u64
}

/// The frequency from which a loser may win by chance.
const WARM: u8 = 6;

/// Whether what was asked for `asked` times may take the place of what was `held` times.
///
/// The more frequent wins. A warm loser wins once in 128 times nevertheless, so that nobody who
/// knows the hash of one hot key can keep all others out (the protection of Caffeine).
#[inline]
const fn contest(asked: u8, held: u8, chance: u32) -> bool {
    asked > held || (asked >= WARM && chance.is_multiple_of(128))
}
