use alloc::boxed::Box;

use super::list::Links;
use super::{Adaptive, Evict, Fifo, Lfu, Lru, Policy, Random, S3Fifo, Setup};

/// Any of the policies, chosen at run time.
#[derive(Debug)]
pub struct Any(Chosen);

/// Boxed where it is large: a cache of a hundred entries has one too.
#[derive(Debug)]
enum Chosen {
    Adaptive(Box<Adaptive>),
    Lru(Lru),
    Lfu(Lfu),
    Fifo(Fifo),
    S3Fifo(S3Fifo),
    Random(Random),
}

macro_rules! chosen {
    ($any:expr, $policy:ident => $call:expr) => {
        match $any {
            Chosen::Adaptive($policy) => $call,
            Chosen::Lru($policy) => $call,
            Chosen::Lfu($policy) => $call,
            Chosen::Fifo($policy) => $call,
            Chosen::S3Fifo($policy) => $call,
            Chosen::Random($policy) => $call,
        }
    };
}

impl Evict for Any {
    fn new(choice: Policy, setup: &Setup) -> Self {
        Self(match choice {
            Policy::Adaptive => Chosen::Adaptive(Box::new(Adaptive::new(choice, setup))),
            Policy::Lru => Chosen::Lru(Lru::new(choice, setup)),
            Policy::Lfu => Chosen::Lfu(Lfu::new(choice, setup)),
            Policy::Fifo => Chosen::Fifo(Fifo::new(choice, setup)),
            Policy::S3Fifo => Chosen::S3Fifo(S3Fifo::new(choice, setup)),
            Policy::Random => Chosen::Random(Random::new(choice, setup)),
        })
    }

    fn follows(choice: Policy) -> bool {
        choice == Policy::Adaptive
    }

    fn kind(&self) -> Policy {
        chosen!(&self.0, policy => policy.kind())
    }

    fn resize(&mut self, capacity: u64) {
        chosen!(&mut self.0, policy => policy.resize(capacity));
    }

    fn entries(&mut self, entries: u64) {
        chosen!(&mut self.0, policy => policy.entries(entries));
    }

    #[inline]
    fn hit<L: Links>(&mut self, links: &mut L, slot: u32) {
        chosen!(&mut self.0, policy => policy.hit(links, slot));
    }

    #[inline]
    fn admit<L: Links>(&mut self, links: &mut L, slot: u32) {
        chosen!(&mut self.0, policy => policy.admit(links, slot));
    }

    #[inline]
    fn victim<L: Links>(&mut self, links: &mut L, incoming: u64) -> Option<u32> {
        chosen!(&mut self.0, policy => policy.victim(links, incoming))
    }

    #[inline]
    fn evicted<L: Links>(&mut self, links: &mut L, slot: u32) {
        chosen!(&mut self.0, policy => policy.evicted(links, slot));
    }

    #[inline]
    fn removed<L: Links>(&mut self, links: &mut L, slot: u32) {
        chosen!(&mut self.0, policy => policy.removed(links, slot));
    }

    fn reweighed<L: Links>(&mut self, links: &mut L, slot: u32, old: u64, new: u64) {
        chosen!(&mut self.0, policy => policy.reweighed(links, slot, old, new));
    }

    fn visit<L: Links>(&self, links: &L, visit: &mut dyn FnMut(u32)) {
        chosen!(&self.0, policy => policy.visit(links, visit));
    }

    fn heat<L: Links>(&self, links: &L, slot: u32) -> (u8, u8) {
        chosen!(&self.0, policy => policy.heat(links, slot))
    }

    fn region<L: Links>(&self, links: &L, slot: u32) -> u8 {
        chosen!(&self.0, policy => policy.region(links, slot))
    }

    fn recall<L: Links>(&mut self, links: &mut L, slot: u32, region: u8, heat: u8) {
        chosen!(&mut self.0, policy => policy.recall(links, slot, region, heat));
    }

    fn window(&self) -> u32 {
        chosen!(&self.0, policy => policy.window())
    }

    fn set_window(&mut self, percent: u32) {
        chosen!(&mut self.0, policy => policy.set_window(percent));
    }

    fn bytes(&self) -> usize {
        let boxed = match &self.0 {
            Chosen::Adaptive(policy) => size_of_val(&**policy),
            _ => 0,
        };
        boxed + chosen!(&self.0, policy => policy.bytes())
    }
}
