use super::ghost::Ghost;
use super::list::{Links, List, Mark, Region};
use super::{Evict, Policy, Setup};

/// Hits in the small queue that make an entry stay. One hit, as the paper's text has it, lets more
/// of what is used twice in a row and never again into the main queue.
const PROMOTE_AT: u8 = 2;

/// Two bits, as in the paper.
const MOST: u8 = 3;

/// Evicts through three queues: a small one for newcomers, a main one for what was used there, and
/// a ghost of keys that left the small one too early.
///
/// S3-FIFO (Yang, Zhang, Qiu, Yue and Vigfusson, "FIFO queues are all you need for cache eviction",
/// SOSP 2023), with a tenth of the capacity for newcomers and a ghost as long as the main queue. A
/// hit adds one to a counter of two bits and moves nothing.
#[derive(Debug)]
pub struct S3Fifo {
    small: List,
    main: List,
    ghost: Ghost,
    /// The weight beyond which newcomers are judged.
    small_target: u64,
    /// Whether weights are counts, so that the ghost's length is known from the start.
    unit: bool,
}

impl S3Fifo {
    const fn small_target(capacity: u64) -> u64 {
        if capacity < 10 { 1 } else { capacity / 10 }
    }

    const fn ghost_window(capacity: u64) -> u64 {
        capacity - capacity / 10
    }

    /// Promotes what was used, until something is found that was not.
    #[inline(never)]
    fn search<L: Links>(&mut self, links: &mut L) -> Option<u32> {
        loop {
            if self.small.weight() >= self.small_target || self.main.is_empty() {
                let Some(slot) = self.small.tail() else { return self.main.tail() };
                let mark = links.mark_mut(slot);
                if mark.heat < PROMOTE_AT {
                    return Some(slot);
                }
                mark.heat = 0;
                mark.region = Region::Second;
                self.small.unlink(links, slot);
                self.main.push_front(links, slot);
            } else {
                let slot = self.main.tail()?;
                let heat = &mut links.mark_mut(slot).heat;
                if *heat == 0 {
                    return Some(slot);
                }
                *heat -= 1;
                self.main.tail_to_front(links);
            }
        }
    }
}

impl Evict for S3Fifo {
    const MOVES: bool = false;

    fn new(_: Policy, setup: &Setup) -> Self {
        Self {
            small: List::new(),
            main: List::new(),
            ghost: Ghost::new(if setup.unit { Self::ghost_window(setup.capacity) } else { 0 }),
            small_target: Self::small_target(setup.capacity),
            unit: setup.unit,
        }
    }

    fn kind(&self) -> Policy {
        Policy::S3Fifo
    }

    fn resize(&mut self, capacity: u64) {
        self.small_target = Self::small_target(capacity);
        if self.unit {
            self.ghost.resize(Self::ghost_window(capacity));
        }
    }

    fn entries(&mut self, entries: u64) {
        if !self.unit {
            self.ghost.resize(entries.next_power_of_two());
        }
    }

    #[inline]
    fn warm(mark: &mut Mark) {
        mark.warm(MOST);
    }

    #[inline]
    fn admit<L: Links>(&mut self, links: &mut L, slot: u32) {
        let mark = links.mark_mut(slot);
        mark.heat = 0;
        if self.ghost.recall(mark.hash) {
            mark.region = Region::Second;
            self.main.push_front(links, slot);
        } else {
            mark.region = Region::First;
            self.small.push_front(links, slot);
        }
    }

    #[inline]
    fn victim<L: Links>(&mut self, links: &mut L, _: u64) -> Option<u32> {
        match self.small.tail() {
            Some(slot)
                if self.small.weight() >= self.small_target
                    && links.mark(slot).heat < PROMOTE_AT =>
            {
                Some(slot)
            }
            _ => self.search(links),
        }
    }

    #[inline]
    fn evicted<L: Links>(&mut self, links: &mut L, slot: u32) {
        let mark = links.mark(slot);
        if mark.region == Region::First {
            self.ghost.remember(mark.hash);
        }
        self.removed(links, slot);
    }

    #[inline]
    fn removed<L: Links>(&mut self, links: &mut L, slot: u32) {
        match links.mark(slot).region {
            Region::First => self.small.unlink(links, slot),
            _ => self.main.unlink(links, slot),
        }
    }

    fn reweighed<L: Links>(&mut self, links: &mut L, slot: u32, old: u64, new: u64) {
        match links.mark(slot).region {
            Region::First => self.small.reweigh(old, new),
            _ => self.main.reweigh(old, new),
        }
    }

    fn visit<L: Links>(&self, links: &L, visit: &mut dyn FnMut(u32)) {
        self.main.visit(links, visit);
        self.small.visit(links, visit);
    }

    fn recall<L: Links>(&mut self, links: &mut L, slot: u32, region: u8, heat: u8) {
        let mark = links.mark_mut(slot);
        mark.heat = heat.min(MOST);
        if Region::from_code(region) == Region::Second {
            mark.region = Region::Second;
            self.main.push_front(links, slot);
        } else {
            mark.region = Region::First;
            self.small.push_front(links, slot);
        }
    }

    fn bytes(&self) -> usize {
        self.ghost.bytes()
    }
}
