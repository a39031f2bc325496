//! What is done to many entries, or to the cache itself.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use equivalent::Equivalent;
use voussoir_core::Nanos;

use super::{Arrival, CHORES, Engine, Fallout, fold};
use crate::Cause;
use crate::policy::list::{Links, Region};
use crate::policy::{Evict, index_hash};
use crate::time::Wheel;

/// An entry as a snapshot keeps it.
#[derive(Debug)]
pub(crate) struct Kept<'a, K, V> {
    pub(crate) key: &'a K,
    pub(crate) value: &'a V,
    pub(crate) region: u8,
    pub(crate) heat: u8,
    pub(crate) ttl: Option<Duration>,
    pub(crate) tti: Duration,
    pub(crate) tags: Vec<Box<str>>,
    pub(crate) pinned: bool,
}

impl<K, V, P: Evict> Engine<K, V, P> {
    /// Clears away a little of what is expired or outdated. The time to go on with.
    #[inline]
    pub(super) fn chores(&mut self, now: Nanos, fallout: &mut Fallout<K, V>) -> Nanos {
        if self.timers.is_none() && self.outdated == 0 {
            return now;
        }
        let now = self.forward(now);
        self.reclaim(now, CHORES, fallout);
        now
    }

    fn reclaim(&mut self, now: Nanos, budget: usize, fallout: &mut Fallout<K, V>) {
        let mut due = Vec::new();
        if let Some(timers) = &mut self.timers {
            Wheel::advance(timers, now, budget, |timers, slot| {
                let deadline = timers.deadline(slot);
                if deadline <= now {
                    due.push(slot);
                    return None;
                }
                Some(deadline)
            });
        }
        for slot in due {
            self.remove_slot(slot, self.why_over(slot), fallout);
        }
        for _ in 0..budget.min(self.outdated as usize) {
            self.outdated -= 1;
            let slot = self.outdated;
            if self.slab.get(slot).is_some_and(|node| node.mark.version != self.version) {
                self.remove_slot(slot, Cause::Invalidated, fallout);
            }
        }
    }

    /// Clears away everything that is expired or outdated. When it is worth doing again.
    pub(crate) fn run_pending(&mut self, now: Nanos, fallout: &mut Fallout<K, V>) -> Option<Nanos> {
        let now = self.forward(now);
        self.reclaim(now, usize::MAX, fallout);
        self.timers.as_ref().and_then(|timers| timers.next())
    }

    /// Hides every entry that is there. They are cleared away by and by.
    pub(crate) fn bump_version(&mut self, fallout: &mut Fallout<K, V>) {
        if self.outdated > 0 {
            // Two versions to clear away at once would need two marks.
            self.reclaim(Nanos::ZERO, usize::MAX, fallout);
        }
        if self.slab.len() > 0 {
            self.version = self.version.wrapping_add(1);
            self.outdated = self.slab.places();
        }
    }

    /// Removes all entries for which `condition` holds, but those that are over.
    pub(crate) fn remove_where(
        &mut self,
        now: Nanos,
        mut condition: impl FnMut(&K, &V) -> bool,
        fallout: &mut Fallout<K, V>,
    ) -> usize {
        let now = self.forward(now);
        let mut removed = 0;
        for slot in 0..self.slab.places() {
            let Some(node) = self.slab.get(slot) else { continue };
            if self.is_over(slot, now) {
                if self.is_gone(slot, now) {
                    self.remove_slot(slot, self.why_over(slot), fallout);
                }
            } else if condition(&node.key, &node.value) {
                self.remove_slot(slot, Cause::Invalidated, fallout);
                removed += 1;
            }
        }
        removed
    }

    /// Removes all entries that carry the tag.
    pub(crate) fn remove_tagged(&mut self, tag: &str, fallout: &mut Fallout<K, V>) -> usize {
        let mut removed = 0;
        while let Some(slot) = self.tags.as_ref().and_then(|tags| tags.first(tag)) {
            let current = self.slab.mark(slot).version == self.version;
            removed += usize::from(current);
            self.remove_slot(slot, Cause::Invalidated, fallout);
        }
        removed
    }

    /// Holds this much from here on.
    pub(crate) fn resize(&mut self, capacity: u64, fallout: &mut Fallout<K, V>) {
        self.capacity = capacity;
        self.policy.resize(capacity);
        while self.weight > capacity {
            let Some(victim) = self.policy.victim(&mut self.slab, 0) else { break };
            self.evict(victim, fallout);
        }
        // What is left is pinned: the bound is hard, so it goes nevertheless.
        for slot in 0..self.slab.places() {
            if self.weight <= capacity {
                break;
            }
            if self.slab.get(slot).is_some() {
                self.remove_slot(slot, Cause::Capacity, fallout);
            }
        }
    }

    /// Keeps an entry from being evicted, or no longer. Whether it is there.
    pub(crate) fn pin<Q>(&mut self, hash: u32, key: &Q, now: Nanos, pinned: bool) -> bool
    where
        Q: Equivalent<K> + ?Sized,
    {
        let Some(slot) = self.peek(hash, key, now).map(|read| read.slot) else { return false };
        let is_pinned = self.slab.mark(slot).region == Region::Aside;
        if pinned && !is_pinned {
            self.set_aside(slot);
        } else if !pinned && is_pinned {
            self.slab.mark_mut(slot).region = Region::First;
            self.policy.admit(&mut self.slab, slot);
        }
        true
    }

    /// Every slot with an entry that is not over, hottest first, pinned ones before all.
    pub(crate) fn order(&self, now: Nanos) -> Vec<u32> {
        let now = self.forward(now);
        let mut slots: Vec<u32> = self
            .slab
            .slots()
            .filter(|&slot| self.slab.mark(slot).region == Region::Aside)
            .collect();
        self.policy.visit(&self.slab, &mut |slot| slots.push(slot));
        slots.retain(|&slot| !self.is_over(slot, now));
        slots
    }

    /// Every slot with an entry that is not over, in no order.
    pub(crate) fn current(&self, now: Nanos) -> impl Iterator<Item = u32> {
        let now = self.forward(now);
        self.slab.slots().filter(move |&slot| !self.is_over(slot, now))
    }

    /// How hot an entry is, to compare it with entries of other shards.
    pub(crate) fn heat(&self, slot: u32) -> u8 {
        self.policy.heat(&self.slab, slot).1
    }

    pub(crate) fn keep(&self, slot: u32, now: Nanos) -> Kept<'_, K, V> {
        let now = self.forward(now);
        let (key, value) = self.pair(slot);
        let timers = self.timers.as_ref();
        let ttl = timers.and_then(|timers| match timers.expires(slot) {
            Nanos::MAX => None,
            expires => Some(expires.saturating_sub(self.grace).saturating_duration_since(now)),
        });
        let tti = timers.map_or(Duration::ZERO, |timers| timers.idle(slot));
        let tags = self.tags.as_ref().map_or_else(Vec::new, |tags| tags.of(slot));
        let pinned = self.slab.mark(slot).region == Region::Aside;
        let region = if pinned { 0 } else { self.policy.region(&self.slab, slot) };
        let heat = self.policy.heat(&self.slab, slot).0;
        Kept { key, value, region, heat, ttl, tti, tags, pinned }
    }

    /// Starts from the window of a snapshot.
    pub(crate) fn set_window(&mut self, percent: u32) {
        self.policy.set_window(percent);
    }

    /// Takes in an entry of a snapshot, which is given coldest first, and whether it is pinned. It
    /// arrives as a pinned one in any case: a newcomer of its policy would move others.
    pub(crate) fn restore(
        &mut self,
        hash: u64,
        (key, value): (K, V),
        (state, mut pinned): (Option<(u8, u8)>, bool),
        arrival: &Arrival<'_>,
        now: Nanos,
        fallout: &mut Fallout<K, V>,
    ) where
        K: Eq,
    {
        let hash = fold(hash);
        let found = self.index.find(index_hash(hash), |&slot| self.slab.node(slot).key == key);
        pinned |= found.is_some_and(|&slot| self.slab.mark(slot).region == Region::Aside);
        if let Err((key, value)) = self.insert(hash, key, value, arrival, now, fallout) {
            fallout.push(key, value, Cause::Rejected);
            return;
        }
        let Some(slot) = self.newest().filter(|_| !pinned) else { return };
        self.slab.mark_mut(slot).region = Region::First;
        match state {
            Some((region, heat)) => self.policy.recall(&mut self.slab, slot, region, heat),
            None => self.policy.admit(&mut self.slab, slot),
        }
    }

    /// The entry that the last insertion put in, if it is still there.
    pub(crate) fn newest(&self) -> Option<u32> {
        self.slab.get(self.newest).map(|_| self.newest)
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        self.index.allocation_size()
            + self.slab.bytes()
            + self.policy.bytes()
            + self.timers.as_ref().map_or(0, |timers| timers.bytes())
            + self.tags.as_ref().map_or(0, |tags| tags.bytes())
            + self.costs.as_ref().map_or(0, |costs| costs.capacity() * size_of::<u32>())
    }
}
