//! One lock's share of a cache, or the whole of an unshared one: entries, policy, expiry and tags,
//! always changed together.
//!
//! No operation calls a loader, a listener, a weigher or the drop of a key or value: what leaves
//! goes into a [`Fallout`], which the caller empties once its lock is given back. Of the user's
//! code only `Eq` of keys, `Clone` of values and `Expiry::ttl_after_read` run inside, all before
//! anything is changed.

mod fallout;
mod manage;
mod read;
mod slab;
mod tags;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use equivalent::Equivalent;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use voussoir_core::Nanos;

pub(crate) use fallout::{Fallout, Gone};
pub(crate) use manage::Kept;
pub(crate) use read::Read;
use slab::{MOST, Node, Slab};
use tags::Tags;

use crate::policy::list::{Links, Mark, NIL, Region};
use crate::policy::{Evict, Policy, Setup, index_hash};
use crate::time::Timers;
use crate::{Cause, Inserted, Terms};

/// How much expired or outdated matter an insertion clears away at most.
const CHORES: usize = 16;

/// See the module.
#[derive(Debug)]
pub(crate) struct Engine<K, V, P> {
    index: HashTable<u32>,
    slab: Slab<K, V>,
    policy: P,
    capacity: u64,
    weight: u64,
    /// Entries of other versions are not found.
    version: u8,
    /// Slots that a new version has left to be looked at, from the end.
    outdated: u32,
    /// Where the last insertion put its entry.
    newest: u32,
    unit: bool,
    timers: Option<Box<Timers>>,
    tags: Option<Box<Tags>>,
    /// How long each load took, in microseconds, where early refreshes want to know.
    costs: Option<Vec<u32>>,
    /// How long entries stay after their end, to be served while a new value is loaded.
    grace: Duration,
    pub(crate) counts: Counts,
}

/// What was asked for, and what came and went.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    pub(crate) inserted: u64,
    pub(crate) replaced: u64,
    pub(crate) evicted: u64,
    pub(crate) expired: u64,
    pub(crate) removed: u64,
    pub(crate) invalidated: u64,
    pub(crate) rejected: u64,
}

/// What is known of a new entry beside key and value.
#[derive(Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) weight: u64,
    /// Zero: not at all.
    pub(crate) ttl: Option<Duration>,
    pub(crate) tti: Duration,
    pub(crate) cost: Duration,
    pub(crate) terms: Option<&'a Terms>,
}

impl Arrival<'_> {
    /// Whether a cache of this capacity can never hold it, or it is over at once.
    #[inline]
    fn is_refused(&self, capacity: u64) -> bool {
        self.weight > capacity || self.ttl == Some(Duration::ZERO)
    }

    /// Weighs one, and nothing else is to be kept of it.
    pub(crate) const PLAIN: Self =
        Self { weight: 1, ttl: None, tti: Duration::ZERO, cost: Duration::ZERO, terms: None };
}

/// 32 bits of a hash: all that is kept of it.
#[inline]
pub(crate) const fn fold(hash: u64) -> u32 {
    (hash ^ (hash >> 32)) as u32
}

impl<K, V, P: Evict> Engine<K, V, P> {
    pub(crate) fn new(choice: Policy, setup: &Setup, grace: Duration, costs: bool) -> Self {
        Self {
            index: HashTable::new(),
            slab: Slab::new(!setup.unit),
            policy: P::new(choice, setup),
            capacity: setup.capacity,
            weight: 0,
            version: 0,
            outdated: 0,
            newest: NIL,
            unit: setup.unit,
            timers: None,
            tags: None,
            costs: costs.then(Vec::new),
            grace,
            counts: Counts::default(),
        }
    }

    /// Entries that are there, among them such as have expired and were not reclaimed yet.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.slab.len() as usize
    }

    #[inline]
    pub(crate) const fn weight(&self) -> u64 {
        self.weight
    }

    #[inline]
    pub(crate) const fn capacity(&self) -> u64 {
        self.capacity
    }

    pub(crate) const fn policy(&self) -> &P {
        &self.policy
    }

    /// Puts an entry in. What it displaces falls out, except for the value of the same key, which
    /// is part of the answer.
    pub(crate) fn insert(
        &mut self,
        hash: u32,
        key: K,
        value: V,
        arrival: &Arrival<'_>,
        now: Nanos,
        fallout: &mut Fallout<K, V>,
    ) -> Result<Outcome, (K, V)>
    where
        K: Eq,
    {
        let now = self.chores(now, fallout);
        let slab = &self.slab;
        let vacant = match self.index.entry(
            index_hash(hash),
            |&slot| slab.node(slot).key == key,
            |&slot| index_hash(slab.mark(slot).hash),
        ) {
            Entry::Vacant(vacant) => vacant,
            Entry::Occupied(held) => {
                let slot = *held.get();
                return self.insert_over(slot, hash, (key, value), arrival, now, fallout);
            }
        };
        if arrival.is_refused(self.capacity) {
            self.counts.rejected += 1;
            return Err((key, value));
        }
        let node = Node { key, value, mark: Mark::new(hash, self.version) };
        let is_full = self.weight > self.capacity - arrival.weight || self.slab.len() >= MOST;
        let slot = if !is_full {
            let most = self.capacity.min(u64::from(MOST));
            let slot = self.slab.insert(node, arrival.weight, most);
            vacant.insert(slot);
            self.weight += arrival.weight;
            slot
        } else if self.unit {
            // Who comes takes the place of who goes.
            let Some(slot) = self.policy.victim(&mut self.slab, 1) else {
                self.counts.rejected += 1;
                return Err((node.key, node.value));
            };
            self.policy.evicted(&mut self.slab, slot);
            self.counts.evicted += 1;
            vacant.insert(slot);
            self.forget(slot);
            let old = core::mem::replace(self.slab.node_mut(slot), node);
            fallout.push(old.key, old.value, Cause::Capacity);
            slot
        } else {
            if !self.make_room(arrival.weight, fallout) {
                self.counts.rejected += 1;
                return Err((node.key, node.value));
            }
            return self.insert(hash, node.key, node.value, arrival, now, fallout);
        };
        if arrival.terms.is_some_and(|terms| terms.pinned) {
            self.slab.mark_mut(slot).region = Region::Aside;
        } else {
            self.policy.admit(&mut self.slab, slot);
        }
        if self.keeps_terms(arrival) {
            self.set_terms(slot, arrival, now);
        }
        self.newest = slot;
        self.counts.inserted += 1;
        if !self.unit && self.slab.len().is_power_of_two() {
            self.policy.entries(u64::from(self.slab.len()));
        }
        Ok(Outcome::New)
    }

    /// Puts an entry in where there is one of the same key.
    #[inline(never)]
    fn insert_over(
        &mut self,
        slot: u32,
        hash: u32,
        (key, value): (K, V),
        arrival: &Arrival<'_>,
        now: Nanos,
        fallout: &mut Fallout<K, V>,
    ) -> Result<Outcome, (K, V)>
    where
        K: Eq,
    {
        let is_over = self.is_over(slot, now);
        let is_refused = arrival.is_refused(self.capacity);
        if !is_over && !is_refused && self.can_reweigh(slot, arrival.weight) {
            if self.make_room_beside(slot, arrival.weight, fallout) {
                return Ok(self.replace(slot, key, value, arrival, now, fallout));
            }
            self.remove_slot(slot, Cause::Replaced, fallout);
            self.counts.rejected += 1;
            return Err((key, value));
        }
        let was_pinned = self.slab.mark(slot).region == Region::Aside;
        let cause = if is_over && !is_refused { self.why_over(slot) } else { Cause::Replaced };
        self.remove_slot(slot, cause, fallout);
        self.insert(hash, key, value, arrival, now, fallout)?;
        if is_over {
            return Ok(Outcome::New);
        }
        if was_pinned {
            self.set_aside(self.newest);
        }
        Ok(Outcome::Replaced)
    }

    /// Whether the cache can weigh an entry anew before it evicts. Near the end of 64 bits it must
    /// make room first, and the entry comes in as a new one.
    #[inline]
    fn can_reweigh(&self, slot: u32, weight: u64) -> bool {
        (self.weight - self.slab.weight(slot)).checked_add(weight).is_some()
    }

    /// Evicts until what `slot` holds may weigh this much: whatever the policy thinks of it, who puts
    /// a value in finds it there. Whether it may; what does not let it is pinned.
    #[inline]
    fn make_room_beside(&mut self, slot: u32, weight: u64, fallout: &mut Fallout<K, V>) -> bool {
        let others = self.weight - self.slab.weight(slot);
        others <= self.capacity - weight || self.evict_beside(slot, weight, fallout)
    }

    #[cold]
    fn evict_beside(&mut self, slot: u32, weight: u64, fallout: &mut Fallout<K, V>) -> bool {
        let is_pinned = self.slab.mark(slot).region == Region::Aside;
        let stood = (self.policy.region(&self.slab, slot), self.policy.heat(&self.slab, slot).0);
        if !is_pinned {
            self.policy.removed(&mut self.slab, slot);
            self.slab.mark_mut(slot).region = Region::Aside;
        }
        let old = self.slab.weight(slot);
        while self.weight - old > self.capacity - weight {
            let Some(victim) = self.policy.victim(&mut self.slab, 0) else { break };
            self.evict(victim, fallout);
        }
        if !is_pinned {
            self.slab.mark_mut(slot).region = Region::First;
            self.policy.recall(&mut self.slab, slot, stood.0, stood.1);
        }
        self.weight - old <= self.capacity - weight
    }

    /// Puts a value in the place of another, which it has room for. The old pair falls out, so that a
    /// listener sees both.
    fn replace(
        &mut self,
        slot: u32,
        key: K,
        value: V,
        arrival: &Arrival<'_>,
        now: Nanos,
        fallout: &mut Fallout<K, V>,
    ) -> Outcome {
        let node = self.slab.node_mut(slot);
        let old_key = core::mem::replace(&mut node.key, key);
        let old_value = core::mem::replace(&mut node.value, value);
        let region = node.mark.region;
        let old = self.slab.reweigh(slot, arrival.weight);
        self.weight = self.weight - old + arrival.weight;
        let pin = arrival.terms.is_some_and(|terms| terms.pinned);
        if region != Region::Aside {
            if old != arrival.weight {
                self.policy.reweighed(&mut self.slab, slot, old, arrival.weight);
            }
            if pin {
                self.set_aside(slot);
            } else {
                self.policy.hit(&mut self.slab, slot);
            }
        }
        if let Some(tags) = &mut self.tags {
            tags.clear(slot);
        }
        if self.timers.is_some() || self.keeps_terms(arrival) {
            self.set_terms(slot, arrival, now);
        }
        self.newest = slot;
        self.counts.replaced += 1;
        self.counts.inserted += 1;
        fallout.push(old_key, old_value, Cause::Replaced);
        Outcome::Replaced
    }

    /// Whether a new entry has something to be kept beside the slab. Most have not.
    #[inline]
    fn keeps_terms(&self, arrival: &Arrival<'_>) -> bool {
        arrival.ttl.is_some()
            || !arrival.tti.is_zero()
            || arrival.terms.is_some()
            || self.costs.is_some()
    }

    fn set_terms(&mut self, slot: u32, arrival: &Arrival<'_>, now: Nanos) {
        let places = self.slab.places();
        if arrival.ttl.is_some() || !arrival.tti.is_zero() {
            let timers = self.timers.get_or_insert_with(|| Box::new(Timers::new(now)));
            let expires = arrival
                .ttl
                .map_or(Nanos::MAX, |ttl| now.saturating_add(ttl).saturating_add(self.grace));
            timers.set(slot, places, now, expires, arrival.tti);
        } else if let Some(timers) = &mut self.timers {
            timers.clear(slot);
        }
        if let Some(terms) = arrival.terms
            && !terms.tags.is_empty()
        {
            self.tags.get_or_insert_with(|| Box::new(Tags::new())).set(slot, &terms.tags);
        }
        if let Some(costs) = &mut self.costs {
            if costs.len() < places as usize {
                costs.resize(places as usize, 0);
            }
            costs[slot as usize] = u32::try_from(arrival.cost.as_micros()).unwrap_or(u32::MAX);
        }
    }

    /// Takes an entry from the policy, so that it is not evicted.
    fn set_aside(&mut self, slot: u32) {
        self.policy.removed(&mut self.slab, slot);
        self.slab.mark_mut(slot).region = Region::Aside;
    }

    /// Evicts until `incoming` fits. Whether it does.
    fn make_room(&mut self, incoming: u64, fallout: &mut Fallout<K, V>) -> bool {
        while self.weight > self.capacity - incoming || self.slab.len() >= MOST {
            let Some(victim) = self.policy.victim(&mut self.slab, incoming) else { return false };
            self.evict(victim, fallout);
        }
        true
    }

    #[inline]
    fn evict(&mut self, slot: u32, fallout: &mut Fallout<K, V>) {
        self.policy.evicted(&mut self.slab, slot);
        self.counts.evicted += 1;
        self.take_out(slot, Cause::Capacity, fallout);
    }

    /// Removes an entry from the policy and all the rest.
    fn remove_slot(&mut self, slot: u32, cause: Cause, fallout: &mut Fallout<K, V>) {
        if self.slab.mark(slot).region != Region::Aside {
            self.policy.removed(&mut self.slab, slot);
        }
        match cause {
            Cause::Capacity => self.counts.evicted += 1,
            Cause::Expired => self.counts.expired += 1,
            Cause::Replaced => self.counts.replaced += 1,
            Cause::Removed => self.counts.removed += 1,
            Cause::Invalidated => self.counts.invalidated += 1,
            Cause::Rejected => self.counts.rejected += 1,
        }
        self.take_out(slot, cause, fallout);
    }

    /// Removes an entry that the policy has let go.
    #[inline]
    fn take_out(&mut self, slot: u32, cause: Cause, fallout: &mut Fallout<K, V>) {
        self.weight -= self.slab.weight(slot);
        self.forget(slot);
        if let Some(node) = self.slab.remove(slot) {
            fallout.push(node.key, node.value, cause);
        }
    }

    /// Takes an entry out of all that stands beside slab and policy.
    #[inline]
    fn forget(&mut self, slot: u32) {
        let hash = index_hash(self.slab.mark(slot).hash);
        if let Ok(entry) = self.index.find_entry(hash, |&other| other == slot) {
            entry.remove();
        }
        if let Some(timers) = &mut self.timers {
            timers.clear(slot);
        }
        if let Some(tags) = &mut self.tags {
            tags.clear(slot);
        }
    }

    /// Removes the entry of `key` if it is there, is not over, and `condition` holds.
    pub(crate) fn remove<Q>(
        &mut self,
        hash: u32,
        key: &Q,
        now: Nanos,
        cause: Cause,
        condition: impl FnOnce(&K, &V) -> bool,
        fallout: &mut Fallout<K, V>,
    ) -> bool
    where
        Q: Equivalent<K> + ?Sized,
    {
        let now = self.forward(now);
        let Some(slot) = self.slot_of(hash, key) else { return false };
        if self.is_over(slot, now) {
            self.remove_slot(slot, self.why_over(slot), fallout);
            return false;
        }
        let node = self.slab.node(slot);
        let removed = condition(&node.key, &node.value);
        if removed {
            self.remove_slot(slot, cause, fallout);
        }
        removed
    }
}

/// What became of an insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    New,
    /// The old value is in the fallout.
    Replaced,
}

impl Outcome {
    pub(crate) fn with<V>(self, old: Option<V>) -> Inserted<V> {
        match (self, old) {
            (Self::Replaced, Some(old)) => Inserted::Replaced(old),
            _ => Inserted::New,
        }
    }
}
