use alloc::boxed::Box;

use super::list::{Links, List};
use super::{Evict, Policy, Setup};

/// Priorities lie less than this above the floor.
const BUCKETS: u32 = 64;

/// The most uses that count. One less than [`BUCKETS`], so that the floor has a bucket too.
const MOST: u8 = BUCKETS as u8 - 1;

/// Evicts what was used least often, where uses count less the longer ago they were.
///
/// LFU with dynamic ageing (Arlitt, Cherkasova, Dilley, Friedrich and Jin, "Evaluating content
/// management techniques for Web proxy caches", 2000): an entry's priority is its uses plus the
/// priority of what was evicted last, as it stood at its latest use. Nothing is ever swept, and
/// newcomers can outlive what was popular once. Priorities span 64 buckets above the floor, so
/// that every step is O(1).
#[derive(Debug)]
pub struct Lfu {
    buckets: Box<[List; BUCKETS as usize]>,
    /// Which buckets hold something.
    taken: u64,
    /// The bucket of the priority of what was evicted last.
    floor: u32,
}

impl Lfu {
    #[inline]
    fn put<L: Links>(&mut self, links: &mut L, slot: u32) {
        let mark = links.mark(slot);
        let above = mark.heat.min(MOST);
        self.put_at(links, slot, above);
    }

    #[inline]
    fn put_at<L: Links>(&mut self, links: &mut L, slot: u32, above: u8) {
        let bucket = (self.floor + u32::from(above)) % BUCKETS;
        links.mark_mut(slot).bucket = bucket as u8;
        self.taken |= 1 << bucket;
        self.buckets[bucket as usize].push_front(links, slot);
    }

    #[inline]
    fn take<L: Links>(&mut self, links: &mut L, slot: u32) {
        let bucket = usize::from(links.mark(slot).bucket) % BUCKETS as usize;
        self.buckets[bucket].unlink(links, slot);
        if self.buckets[bucket].is_empty() {
            self.taken &= !(1 << bucket);
        }
    }
}

impl Evict for Lfu {
    fn new(_: Policy, _: &Setup) -> Self {
        Self { buckets: Box::new([List::new(); BUCKETS as usize]), taken: 0, floor: 0 }
    }

    fn kind(&self) -> Policy {
        Policy::Lfu
    }

    fn resize(&mut self, _: u64) {}

    #[inline]
    fn hit<L: Links>(&mut self, links: &mut L, slot: u32) {
        self.take(links, slot);
        links.mark_mut(slot).warm(MOST);
        self.put(links, slot);
    }

    #[inline]
    fn admit<L: Links>(&mut self, links: &mut L, slot: u32) {
        links.mark_mut(slot).heat = 1;
        self.put(links, slot);
    }

    #[inline]
    fn victim<L: Links>(&mut self, _: &mut L, _: u64) -> Option<u32> {
        let above = self.taken.rotate_right(self.floor).trailing_zeros();
        // No bucket is taken when all 64 bits are zero, and bucket 64 above the floor is the floor.
        self.buckets[((self.floor + above) % BUCKETS) as usize].tail()
    }

    #[inline]
    fn evicted<L: Links>(&mut self, links: &mut L, slot: u32) {
        self.floor = u32::from(links.mark(slot).bucket);
        self.take(links, slot);
    }

    #[inline]
    fn removed<L: Links>(&mut self, links: &mut L, slot: u32) {
        self.take(links, slot);
    }

    fn reweighed<L: Links>(&mut self, links: &mut L, slot: u32, old: u64, new: u64) {
        self.buckets[usize::from(links.mark(slot).bucket) % BUCKETS as usize].reweigh(old, new);
    }

    fn visit<L: Links>(&self, links: &L, visit: &mut dyn FnMut(u32)) {
        for above in (0..BUCKETS).rev() {
            self.buckets[((self.floor + above) % BUCKETS) as usize].visit(links, visit);
        }
    }

    fn heat<L: Links>(&self, links: &L, slot: u32) -> (u8, u8) {
        let mark = links.mark(slot);
        let above = (u32::from(mark.bucket) + BUCKETS - self.floor) % BUCKETS;
        (mark.heat, above as u8)
    }

    fn recall<L: Links>(&mut self, links: &mut L, slot: u32, region: u8, heat: u8) {
        links.mark_mut(slot).heat = heat.clamp(1, MOST);
        self.put_at(links, slot, region.min(MOST));
    }

    fn region<L: Links>(&self, links: &L, slot: u32) -> u8 {
        self.heat(links, slot).1
    }

    fn bytes(&self) -> usize {
        size_of_val(&*self.buckets)
    }
}
