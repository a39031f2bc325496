use alloc::vec::Vec;
use core::hash::{BuildHasher, Hash};

use voussoir_core::{Clock, ConfigError, Nanos};

use super::KeyedLimiter;
use crate::cell::Cell;
use crate::{Algorithm, Carry, Snapshot};

impl<K: Eq + Hash, A: Algorithm, S: BuildHasher, C> KeyedLimiter<K, A, S, C> {
    /// Gives all keys another limit at `now`; `carry` says what becomes of what each had available.
    /// In O(keys).
    ///
    /// It takes the limiter alone, so that checks need no lock to read the limit. Where others hold
    /// it, keep it in a swappable `Arc` or behind a lock of yours.
    ///
    /// # Errors
    ///
    /// What is wrong with the configuration; the old one then stays.
    pub fn reconfigure_at(
        &mut self,
        now: Nanos,
        algorithm: A,
        carry: Carry,
    ) -> Result<(), ConfigError> {
        algorithm.validate()?;
        let old = self.algorithm;
        self.states.for_each(|key, state| {
            *state = algorithm.carry(&old, state, now, carry);
            algorithm.place(state, || self.states.hasher().hash_one(key));
        });
        let shared = self.shared.read(|state| algorithm.carry(&old, state, now, carry));
        self.shared = algorithm.cell();
        self.shared.update(|fresh| fresh.clone_from(&shared));
        // Of a key never seen nothing was used that could be carried, unless all began with less.
        let unseen = self.unseen(now);
        let is_full = old.is_fresh(&unseen, now);
        self.unseen = algorithm.cell();
        if !is_full {
            let unseen = algorithm.carry(&old, &unseen, now, carry);
            self.unseen.update(|fresh| fresh.clone_from(&unseen));
        }
        self.algorithm = algorithm;
        Ok(())
    }

    /// What the limiter remembers of each key at `now`, shard by shard, without those that equal a
    /// key never seen. In O(keys).
    pub fn snapshot_at(&self, now: Nanos) -> Vec<(K, Snapshot)>
    where
        K: Clone,
    {
        let mut keys = Vec::with_capacity(self.len());
        self.states.for_each(|key, state| {
            let snapshot = self.algorithm.save(state, now);
            if !snapshot.is_empty() {
                keys.push((key.clone(), snapshot));
            }
        });
        keys
    }

    /// Takes over what a limiter of the same limit remembered of `keys`. How many were left out for
    /// want of room.
    pub fn restore_at(&self, now: Nanos, keys: impl IntoIterator<Item = (K, Snapshot)>) -> usize
    where
        K: Clone,
    {
        let mut left_out = 0;
        for (key, snapshot) in keys {
            let restored = self.algorithm.load(&snapshot, now);
            let put = self.try_on_state(now, &key, |state| state.clone_from(&restored));
            left_out += usize::from(put.is_none());
        }
        left_out
    }
}

impl<K: Eq + Hash, A: Algorithm, S: BuildHasher, C: Clock> KeyedLimiter<K, A, S, C> {
    /// [`reconfigure_at`](Self::reconfigure_at) the present.
    ///
    /// # Errors
    ///
    /// What is wrong with the configuration; the old one then stays.
    pub fn reconfigure(&mut self, algorithm: A, carry: Carry) -> Result<(), ConfigError> {
        self.reconfigure_at(self.clock.now(), algorithm, carry)
    }

    /// [`snapshot_at`](Self::snapshot_at) the present.
    pub fn snapshot(&self) -> Vec<(K, Snapshot)>
    where
        K: Clone,
    {
        self.snapshot_at(self.clock.now())
    }

    /// [`restore_at`](Self::restore_at) the present.
    pub fn restore(&self, keys: impl IntoIterator<Item = (K, Snapshot)>) -> usize
    where
        K: Clone,
    {
        self.restore_at(self.clock.now(), keys)
    }
}
