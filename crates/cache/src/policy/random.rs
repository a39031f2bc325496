use alloc::vec::Vec;

use super::list::Links;
use super::{Evict, Policy, Setup};

/// Evicts any entry, each as likely. A hit writes nothing.
#[derive(Debug)]
pub struct Random {
    /// The slots, without gaps. An entry's `prev` is its place here.
    row: Vec<u32>,
    dice: voussoir_core::Random,
}

impl Evict for Random {
    const MOVES: bool = false;

    fn new(_: Policy, setup: &Setup) -> Self {
        Self { row: Vec::new(), dice: voussoir_core::Random::seeded(setup.seed) }
    }

    fn kind(&self) -> Policy {
        Policy::Random
    }

    fn resize(&mut self, _: u64) {}

    #[inline]
    fn admit<L: Links>(&mut self, links: &mut L, slot: u32) {
        links.place_mut(slot).prev = self.row.len() as u32;
        self.row.push(slot);
    }

    #[inline]
    fn victim<L: Links>(&mut self, _: &mut L, _: u64) -> Option<u32> {
        let place = self.dice.below(self.row.len() as u32);
        self.row.get(place as usize).copied()
    }

    #[inline]
    fn removed<L: Links>(&mut self, links: &mut L, slot: u32) {
        let place = links.place(slot).prev;
        self.row.swap_remove(place as usize);
        if let Some(&moved) = self.row.get(place as usize) {
            links.place_mut(moved).prev = place;
        }
    }

    fn reweighed<L: Links>(&mut self, _: &mut L, _: u32, _: u64, _: u64) {}

    fn visit<L: Links>(&self, _: &L, visit: &mut dyn FnMut(u32)) {
        self.row.iter().rev().copied().for_each(visit);
    }

    fn recall<L: Links>(&mut self, links: &mut L, slot: u32, _: u8, _: u8) {
        self.admit(links, slot);
    }

    fn bytes(&self) -> usize {
        self.row.capacity() * size_of::<u32>()
    }
}
