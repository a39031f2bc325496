//! What a policy is to a cache. Not public: a policy links entries of the cache's own slab.

use alloc::sync::Arc;
use core::fmt;

use super::list::{Links, Mark};
use super::{Policy, Tuner};

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

/// From how many entries on shadows choose the window. Below, the smallest would hold nothing.
const SHADOWED: u64 = 16;

impl Setup {
    /// For one shard of a cache. The shards of an adaptive cache share one tuner, made for `whole`.
    pub(crate) fn tuner(whole: u64, unit: bool, seed: u64) -> Option<Arc<Tuner>> {
        (unit && whole >= SHADOWED).then(|| Arc::new(Tuner::new(whole, seed)))
    }
}

/// The operations of a policy. An entry is in the policy from `admit` or `recall` to `removed`.
pub trait Evict: fmt::Debug + Send + Sync + Sized + 'static {
    /// Whether a hit changes more than the mark, and is not to be told of an entry that is pinned.
    const MOVES: bool = true;
    /// An empty policy. The choice matters to `Any` alone.
    fn new(choice: Policy, setup: &Setup) -> Self;
    /// Whether it follows a tuner, should `choice` be its.
    fn follows(_choice: Policy) -> bool {
        false
    }
    /// Which one it is.
    fn kind(&self) -> Policy;
    /// The cache may hold this weight from here on.
    fn resize(&mut self, capacity: u64);
    /// The cache holds so many entries, told now and then when entries are weighted.
    fn entries(&mut self, _entries: u64) {}
    /// A hit.
    #[inline]
    fn hit<L: Links>(&mut self, links: &mut L, slot: u32) {
        Self::warm(links.mark_mut(slot));
    }
    /// A hit, of a policy that does not move.
    #[inline]
    fn warm(_mark: &mut Mark) {}
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
        (links.mark(slot).heat, 0)
    }
    /// Where an entry stands, for `recall`.
    fn region<L: Links>(&self, links: &L, slot: u32) -> u8 {
        links.mark(slot).region.code()
    }
    /// Takes in what a snapshot holds: the coldest first.
    fn recall<L: Links>(&mut self, links: &mut L, slot: u32, region: u8, heat: u8);
    /// The window of `Adaptive` in percent of the capacity, for a snapshot; 0 where there is none.
    fn window(&self) -> u32 {
        0
    }
    /// Starts from what a snapshot says of it.
    fn set_window(&mut self, _percent: u32) {}
    /// Bytes on the heap.
    fn bytes(&self) -> usize {
        0
    }
}
