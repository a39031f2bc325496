use super::list::{Links, List};
use super::{Evict, Policy, Setup};

/// Evicts what was inserted first. A hit writes nothing.
#[derive(Debug)]
pub struct Fifo {
    list: List,
}

impl Evict for Fifo {
    const MOVES: bool = false;

    fn new(_: Policy, _: &Setup) -> Self {
        Self { list: List::new() }
    }

    fn kind(&self) -> Policy {
        Policy::Fifo
    }

    fn resize(&mut self, _: u64) {}

    #[inline]
    fn admit<L: Links>(&mut self, links: &mut L, slot: u32) {
        self.list.push_front(links, slot);
    }

    #[inline]
    fn victim<L: Links>(&mut self, _: &mut L, _: u64) -> Option<u32> {
        self.list.tail()
    }

    #[inline]
    fn removed<L: Links>(&mut self, links: &mut L, slot: u32) {
        self.list.unlink(links, slot);
    }

    fn reweighed<L: Links>(&mut self, _: &mut L, _: u32, old: u64, new: u64) {
        self.list.reweigh(old, new);
    }

    fn visit<L: Links>(&self, links: &L, visit: &mut dyn FnMut(u32)) {
        self.list.visit(links, visit);
    }

    fn recall<L: Links>(&mut self, links: &mut L, slot: u32, _: u8, _: u8) {
        self.admit(links, slot);
    }
}
