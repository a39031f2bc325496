use alloc::vec::Vec;
use core::hash::{BuildHasher, Hash};

use equivalent::Equivalent;
use voussoir_core::{Clock, Nanos};

use super::UnsyncCache;
use crate::engine::Fallout;
use crate::policy::Eviction;
use crate::{Cause, Snapshot, SnapshotEntry};

impl<K, V, S, C, P> UnsyncCache<K, V, S, C, P>
where
    K: Hash + Eq,
    S: BuildHasher,
    C: Clock,
    P: Eviction,
{
    /// Reclaims everything that is expired or outdated, and says when it is worth calling again; never
    /// later than the next expiry.
    ///
    /// Complexity: O(what is reclaimed).
    pub fn run_pending(&mut self, now: Nanos) -> Option<Nanos> {
        let mut fallout = Fallout::new();
        let next = self.engine.run_pending(now, &mut fallout);
        self.options.settle(fallout, Cause::Rejected);
        next
    }

    /// Removes everything. Complexity: O(n).
    pub fn clear(&mut self) {
        self.invalidate_if(|_, _| true);
    }

    /// Removes all entries for which `condition` holds, and says how many. Complexity: O(n).
    pub fn invalidate_if(&mut self, condition: impl FnMut(&K, &V) -> bool) -> usize {
        let (now, mut fallout) = (self.now(), Fallout::new());
        let removed = self.engine.remove_where(now, condition, &mut fallout);
        self.options.settle(fallout, Cause::Rejected);
        removed
    }

    /// Removes all entries that carry `tag`, and says how many. Complexity: O(those).
    pub fn invalidate_tag(&mut self, tag: &str) -> usize {
        let mut fallout = Fallout::new();
        let removed = self.engine.remove_tagged(tag, &mut fallout);
        self.options.settle(fallout, Cause::Rejected);
        removed
    }

    /// Hides every entry that is there now; each later insertion clears a few away. Complexity: O(1),
    /// or the number of entries that the version before has left.
    pub fn bump_version(&mut self) {
        let mut fallout = Fallout::new();
        self.engine.bump_version(&mut fallout);
        self.options.settle(fallout, Cause::Rejected);
    }

    /// Holds `capacity` from here on; what is too much is evicted. 0 counts as 1. Complexity:
    /// O(evictions).
    pub fn resize(&mut self, capacity: u64) {
        let mut fallout = Fallout::new();
        if let Some(tuner) = &self.tuner {
            tuner.resize(capacity.max(1));
        }
        self.engine.resize(capacity.max(1), &mut fallout);
        self.options.settle(fallout, Cause::Rejected);
    }

    /// Keeps the entry of `key` from being evicted. Whether it is there. Complexity: O(1).
    pub fn pin<Q>(&mut self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let (now, hash) = (self.now(), self.hash(key));
        self.engine.pin(hash, key, now, true)
    }

    /// Lets the entry of `key` be evicted again. Whether it is there. Complexity: O(1).
    pub fn unpin<Q>(&mut self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let (now, hash) = (self.now(), self.hash(key));
        self.engine.pin(hash, key, now, false)
    }

    /// Every entry, in no order, without using it. Complexity: O(n) for all.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.engine.current(self.now()).map(|slot| self.engine.pair(slot))
    }

    /// Up to `n` entries, hottest first as the policy sees it. Complexity: O(all entries).
    pub fn hottest(&self, n: usize) -> Vec<(&K, &V)> {
        let order = self.engine.order(self.now());
        order.into_iter().take(n).map(|slot| self.engine.pair(slot)).collect()
    }

    /// The content, in the order of the policy. Complexity: O(n).
    pub fn snapshot(&self) -> Snapshot<K, V>
    where
        K: Clone,
        V: Clone,
    {
        let now = self.now();
        let order = self.engine.order(now);
        let keep = |slot| SnapshotEntry::of(self.engine.keep(slot, now));
        Snapshot {
            policy: self.policy(),
            window: self.engine.policy().window(),
            entries: order.into_iter().map(keep).collect(),
        }
    }

    /// Puts the entries of a snapshot in; those that are too many are evicted. Complexity: O(n).
    pub fn restore(&mut self, snapshot: Snapshot<K, V>) {
        if snapshot.window > 0 {
            self.engine.set_window(snapshot.window);
        }
        let same = snapshot.policy == self.policy();
        for entry in snapshot.entries.into_iter().rev() {
            self.timed |= entry.ttl.is_some() || !entry.tti.is_zero();
            let now = self.now();
            let (pair, state, mut terms) = entry.into_parts();
            let pinned = core::mem::replace(&mut terms.pinned, true);
            let mut fallout = Fallout::new();
            let arrival = self.options.restored(&pair.0, &pair.1, &terms);
            let hash = self.hasher.hash_one(&pair.0);
            let state = (same.then_some(state), pinned);
            self.engine.restore(hash, pair, state, &arrival, now, &mut fallout);
            self.options.settle(fallout, Cause::Rejected);
        }
    }
}
