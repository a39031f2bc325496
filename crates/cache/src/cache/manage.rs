//! What is done to many entries, or to the cache itself.

use alloc::vec::Vec;
use core::hash::{BuildHasher, Hash};
use core::sync::atomic::Ordering;

use equivalent::Equivalent;
use voussoir_core::{Clock, Nanos};

use super::{Cache, Shard, share};
use crate::engine::{Engine, Fallout};
use crate::flight::Wake;
use crate::policy::Eviction;
use crate::{Cause, Snapshot, SnapshotEntry};

impl<K, V, S, C, P> Cache<K, V, S, C, P>
where
    K: Hash + Eq,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    /// Changes every shard, one lock after the other. What leaves is told of in between.
    fn each_shard<R>(
        &self,
        mut change: impl FnMut(usize, &mut Engine<K, V, P>, &mut Fallout<K, V>) -> R,
    ) -> Vec<R> {
        let one = |(at, shard): (usize, &Shard<K, V, P>)| {
            let mut fallout = Fallout::new();
            let result = change(at, &mut shard.lock(), &mut fallout);
            self.shared.options.settle(fallout, Cause::Rejected);
            result
        };
        self.shared.shards.iter().enumerate().map(one).collect()
    }

    /// Invalidates in every shard, and the loads that are under way too: each is marked under the
    /// lock under which it would store.
    fn invalidate(
        &self,
        mut remove: impl FnMut(&mut Engine<K, V, P>, &mut Fallout<K, V>) -> usize,
    ) -> usize {
        let flights = &self.shared.flights;
        let wakes: Vec<(usize, Wake<K, V>)> = self.each_shard(|_, engine, fallout| {
            let removed = remove(engine, fallout);
            (removed, flights.discard_all())
        });
        wakes.into_iter().map(|(removed, _)| removed).sum()
    }

    /// Removes everything; nothing that loads now is stored. Complexity: O(n).
    #[doc(alias = "invalidate_all")]
    pub fn clear(&self) {
        self.invalidate_if(|_, _| true);
    }

    /// Removes all entries for which `condition` holds, and says how many; nothing that loads now is
    /// stored. `condition` runs under the locks of the shards, one after the other: it must not call
    /// the cache. Complexity: O(n).
    #[doc(alias = "retain")]
    pub fn invalidate_if(&self, mut condition: impl FnMut(&K, &V) -> bool) -> usize {
        let now = self.shared.now();
        self.invalidate(|engine, fallout| engine.remove_where(now, &mut condition, fallout))
    }

    /// Removes all entries that carry `tag`, and says how many; nothing that loads now is stored.
    /// Entries that are inserted after the call are not touched. Complexity: O(shards + those).
    pub fn invalidate_tag(&self, tag: &str) -> usize {
        self.invalidate(|engine, fallout| engine.remove_tagged(tag, fallout))
    }

    /// Hides every entry that is there now, at once; each later insertion clears a few away, and
    /// [`run_pending`](Self::run_pending) all. Nothing that loads now is stored.
    ///
    /// Complexity: O(shards), or the number of entries that the version before has left.
    pub fn bump_version(&self) {
        self.invalidate(|engine, fallout| {
            engine.bump_version(fallout);
            0
        });
    }

    /// Reclaims everything that is expired or outdated, and says when it is worth calling again:
    /// never later than the next expiry, and exact when that is within 4 ms. Call it from a timer
    /// where listeners are to hear of expiry in time; nothing else needs it.
    ///
    /// Complexity: O(shards + what is reclaimed).
    pub fn run_pending(&self, now: Nanos) -> Option<Nanos> {
        let next = self.each_shard(|_, engine, fallout| engine.run_pending(now, fallout));
        next.into_iter().flatten().min()
    }

    /// Holds `capacity` from here on, at least one a shard; what is too much is evicted, pinned or not.
    /// Complexity: O(shards + evictions).
    pub fn resize(&self, capacity: u64) {
        let shards = self.shards();
        let capacity = capacity.max(shards as u64);
        let _alone = self.shared.resizing.lock();
        // Whoever compares the length with the capacity meanwhile shall not find too much.
        self.shared.capacity.fetch_max(capacity, Ordering::AcqRel);
        if let Some(tuner) = &self.shared.tuner {
            tuner.resize(capacity);
        }
        self.each_shard(|at, engine, fallout| {
            engine.resize(share(capacity, shards, at), fallout);
        });
        self.shared.capacity.store(capacity, Ordering::Release);
    }

    /// Keeps the entry of `key` from being evicted to make room, until it is unpinned. It still
    /// expires, and can be removed, replaced (the new value is pinned too) and invalidated. Whether it
    /// is there. Complexity: O(1).
    pub fn pin<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let (now, place) = (self.shared.now(), self.shared.place(key));
        place.shard.lock().pin(place.fold, key, now, true)
    }

    /// Lets the entry of `key` be evicted again. Whether it is there. Complexity: O(1).
    pub fn unpin<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let (now, place) = (self.shared.now(), self.shared.place(key));
        place.shard.lock().pin(place.fold, key, now, false)
    }

    /// Every entry, cloned, in no order and without using it; a shard is copied when the iterator
    /// comes to it. Complexity: O(n) for all.
    pub fn iter(&self) -> impl Iterator<Item = (K, V)>
    where
        K: Clone,
        V: Clone,
    {
        let now = self.shared.now();
        self.shared.shards.iter().flat_map(move |shard| {
            let engine = shard.lock();
            let pair = |slot| {
                let (key, value) = engine.pair(slot);
                (key.clone(), value.clone())
            };
            engine.current(now).map(pair).collect::<Vec<_>>()
        })
    }

    /// Up to `n` entries, cloned, hottest first: in the order of the policy within a shard, and by
    /// rank between shards. Complexity: O(all entries).
    pub fn hottest(&self, n: usize) -> Vec<(K, V)>
    where
        K: Clone,
        V: Clone,
    {
        let now = self.shared.now();
        let mut ranked: Vec<(usize, u8, (K, V))> = Vec::new();
        for shard in &self.shared.shards {
            let engine = shard.lock();
            for (rank, slot) in engine.order(now).into_iter().take(n).enumerate() {
                let (key, value) = engine.pair(slot);
                ranked.push((rank, engine.heat(slot), (key.clone(), value.clone())));
            }
        }
        ranked.sort_by_key(|&(rank, heat, _)| (rank, core::cmp::Reverse(heat)));
        ranked.into_iter().take(n).map(|(_, _, pair)| pair).collect()
    }

    /// The content, cloned, in the order of the policy; a shard at a time. Complexity: O(n).
    pub fn snapshot(&self) -> Snapshot<K, V>
    where
        K: Clone,
        V: Clone,
    {
        let now = self.shared.now();
        let mut ranked = Vec::new();
        for shard in &self.shared.shards {
            let engine = shard.lock();
            let keep = |slot| SnapshotEntry::of(engine.keep(slot, now));
            ranked.extend(engine.order(now).into_iter().map(keep).enumerate());
        }
        ranked.sort_by_key(|&(rank, _)| rank);
        Snapshot {
            policy: self.policy(),
            window: self.shared.shards[0].lock().policy().window(),
            entries: ranked.into_iter().map(|(_, entry)| entry).collect(),
        }
    }

    /// Puts the entries of a snapshot in; those that are too many are evicted. Complexity: O(n).
    pub fn restore(&self, snapshot: Snapshot<K, V>) {
        let shared = &*self.shared;
        if snapshot.window > 0 {
            self.each_shard(|_, engine, _| engine.set_window(snapshot.window));
        }
        let same = snapshot.policy == self.policy();
        for entry in snapshot.entries.into_iter().rev() {
            if entry.ttl.is_some() || !entry.tti.is_zero() {
                shared.timed.store(true, Ordering::Relaxed);
            }
            let now = shared.now();
            let (pair, state, mut terms) = entry.into_parts();
            let pinned = core::mem::replace(&mut terms.pinned, true);
            let arrival = shared.options.restored(&pair.0, &pair.1, &terms);
            let place = shared.place(&pair.0);
            let mut fallout = Fallout::new();
            let mut engine = place.shard.lock();
            let superseded = shared.supersede(&place, &pair.0);
            let state = (same.then_some(state), pinned);
            engine.restore(place.hash, pair, state, &arrival, now, &mut fallout);
            drop(engine);
            drop(superseded);
            shared.options.settle(fallout, Cause::Rejected);
        }
    }
}
