use core::hash::{BuildHasher, Hash};

use equivalent::Equivalent;
use hashbrown::HashTable;

use super::MemoryUse;
use super::occupancy::Occupancy;
use super::sweep::Swept;
use super::whereabouts::Whereabouts;

/// One lock's share of the entries: a table, and where its sweep stands.
pub(super) struct Shard<K, V> {
    table: HashTable<(K, V)>,
    /// The slot that the next sweep looks at first.
    sweep_at: usize,
}

impl<K, V> Default for Shard<K, V> {
    fn default() -> Self {
        Self { table: HashTable::new(), sweep_at: 0 }
    }
}

impl<K, V> Shard<K, V> {
    #[inline]
    pub(super) fn find<Q>(&self, hash: u64, key: &Q) -> Option<&V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        self.table.find(hash, |(held, _)| key.equivalent(held)).map(|(_, value)| value)
    }

    #[inline]
    pub(super) fn find_mut<Q>(&mut self, hash: u64, key: &Q) -> Option<&mut V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        self.table.find_mut(hash, |(held, _)| key.equivalent(held)).map(|(_, value)| value)
    }

    /// Inserts a key that [`find_mut`](Self::find_mut) has just not found.
    pub(super) fn insert_new(
        &mut self,
        hash: u64,
        key: K,
        value: V,
        hasher: &impl BuildHasher,
        whereabouts: &Whereabouts,
    ) -> &mut V
    where
        K: Hash,
    {
        let entry = self.table.insert_unique(hash, (key, value), |(key, _)| hasher.hash_one(key));
        let index = entry.bucket_index();
        let slots = self.table.num_buckets();
        let Some(entry) = self.table.get_bucket_mut(index) else {
            unreachable!("it was inserted there")
        };
        whereabouts.note(entry, index, slots);
        &mut entry.1
    }

    pub(super) fn remove_if<Q>(
        &mut self,
        hash: u64,
        key: &Q,
        occupancy: &Occupancy,
        condition: impl FnOnce(&mut V) -> bool,
    ) -> Option<V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let mut entry = self.table.find_entry(hash, |(held, _)| key.equivalent(held)).ok()?;
        if !condition(&mut entry.get_mut().1) {
            return None;
        }
        let ((_, value), _) = entry.remove();
        occupancy.release();
        Some(value)
    }

    pub(super) fn for_each(&mut self, visit: &mut impl FnMut(&K, &mut V)) {
        for (key, value) in &mut self.table {
            visit(key, value);
        }
    }

    pub(super) fn retain(
        &mut self,
        occupancy: &Occupancy,
        keep: &mut impl FnMut(&K, &mut V) -> bool,
    ) {
        // Released one by one, so that the count stays right when `keep` or a destructor panics.
        for _ in self.table.extract_if(|(key, value)| !keep(key, value)) {
            occupancy.release();
        }
    }

    /// Examines up to `budget` slots and tells whether the end of the table was reached.
    pub(super) fn sweep(
        &mut self,
        budget: usize,
        occupancy: &Occupancy,
        swept: &mut Swept,
        keep: &mut impl FnMut(&K, &mut V) -> bool,
    ) -> bool {
        // An empty table has one slot, which can never be taken.
        let slots = if self.table.is_empty() { 0 } else { self.table.num_buckets() };
        let start = self.sweep_at.min(slots);
        let end = slots.min(start.saturating_add(budget));
        for slot in start..end {
            swept.examined += 1;
            // Set before the call, so that a panic of `keep` is not met again and again.
            self.sweep_at = slot + 1;
            let Ok(mut entry) = self.table.get_bucket_entry(slot) else { continue };
            let (key, value) = entry.get_mut();
            if !keep(key, value) {
                entry.remove();
                occupancy.release();
                swept.removed += 1;
            }
        }
        let done = end == slots;
        self.sweep_at = if done { 0 } else { end };
        done
    }

    pub(super) fn shrink_to_fit(&mut self, hasher: &impl BuildHasher, whereabouts: &Whereabouts)
    where
        K: Hash,
    {
        self.table.shrink_to_fit(|(key, _)| hasher.hash_one(key));
        let slots = self.table.num_buckets();
        let any = (0..slots).find_map(|index| Some((index, self.table.get_bucket(index)?)));
        if let Some((index, entry)) = any {
            whereabouts.note(entry, index, slots);
        }
    }

    pub(super) fn memory(&self) -> MemoryUse {
        MemoryUse {
            entries: self.table.len(),
            capacity: self.table.capacity(),
            bytes: self.table.allocation_size(),
        }
    }
}
