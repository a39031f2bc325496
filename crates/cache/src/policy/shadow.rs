//! Small caches of hashes that try what the large one might do.

use alloc::vec::Vec;

use hashbrown::HashTable;

use super::list::{Links, Mark, Place, Region};
use super::regions::Regions;
use super::sketch::Sketch;
use super::{contest, index_hash};

/// One size of the window, tried on a sample of the keys.
#[derive(Debug)]
pub(super) struct Shadow {
    index: HashTable<u32>,
    links: Cells,
    free: Vec<u32>,
    regions: Regions,
}

/// Every entry weighs one.
#[derive(Debug)]
struct Cells(Vec<(Mark, Place)>);

impl Links for Cells {
    #[inline]
    fn mark(&self, slot: u32) -> &Mark {
        &self.0[slot as usize].0
    }

    #[inline]
    fn mark_mut(&mut self, slot: u32) -> &mut Mark {
        &mut self.0[slot as usize].0
    }

    #[inline]
    fn place(&self, slot: u32) -> &Place {
        &self.0[slot as usize].1
    }

    #[inline]
    fn place_mut(&mut self, slot: u32) -> &mut Place {
        &mut self.0[slot as usize].1
    }

    #[inline]
    fn prefetch(&self, _: u32) {}

    #[inline]
    fn weight(&self, _: u32) -> u64 {
        1
    }
}

impl Shadow {
    pub(super) fn new(entries: u64, window: u64) -> Self {
        Self {
            index: HashTable::with_capacity(entries as usize),
            links: Cells((0..entries).map(|_| (Mark::new(0, 0), Place::NOWHERE)).collect()),
            free: (0..entries as u32).rev().collect(),
            regions: Regions::new(entries, window),
        }
    }

    /// Asks for a key and inserts it where it is missing, as users of caches do. Whether it was there.
    pub(super) fn request(&mut self, hash: u32, sketch: &Sketch, chance: u32) -> bool {
        let Self { index, links, free, regions } = self;
        let spread = index_hash(hash);
        if let Some(&slot) = index.find(spread, |&slot| links.mark(slot).hash == hash) {
            regions.hit(links, slot);
            return true;
        }
        if free.is_empty() {
            let asked = |mark: &Mark| sketch.estimate(mark.hash);
            let wins = |newer: &Mark, older: &Mark| contest(asked(newer), asked(older), chance);
            let Some(victim) = regions.victim(links, 1, wins) else { return false };
            regions.removed(links, victim);
            let old = index_hash(links.mark(victim).hash);
            if let Ok(entry) = index.find_entry(old, |&slot| slot == victim) {
                entry.remove();
            }
            free.push(victim);
        }
        let Some(slot) = free.pop() else { return false };
        let mark = links.mark_mut(slot);
        (mark.hash, mark.region) = (hash, Region::First);
        index.insert_unique(spread, slot, |&slot| index_hash(links.mark(slot).hash));
        regions.admit(links, slot);
        false
    }

    pub(super) fn bytes(&self) -> usize {
        self.index.allocation_size()
            + self.links.0.capacity() * size_of::<(Mark, Place)>()
            + self.free.capacity() * size_of::<u32>()
    }
}
