use core::sync::atomic::{AtomicUsize, Ordering};

use crate::prefetch::prefetch_address;

/// Where the table of a shard lies, written down outside its lock, so that the entry of a key is on its
/// way to the processor before the lock is.
///
/// Under the lock the table and the entry are waited for one after the other, and the lock before
/// them when another thread has just held it. Begun before it they come together: two threads do a
/// fifth more (`scoreboard --area ratelimit --case keyed`).
///
/// It may be out of date by the time it is read, so nothing hangs on it but what is fetched: a wrong
/// guess costs a line of cache and no more. It changes only when a table does, which is why it does not lie
/// beside the lock, whose line every thread takes away from the others.
#[derive(Debug, Default)]
pub(super) struct Whereabouts {
    /// The address after slot 0; the slots lie below it, the tags of the slots from it on.
    end: AtomicUsize,
    /// How many slots there are, less one.
    mask: AtomicUsize,
}

impl Whereabouts {
    /// Writes down that `entry` lies in slot `index` of `slots`.
    pub(super) fn note<T>(&self, entry: &T, index: usize, slots: usize) {
        let end = (&raw const *entry).addr() + (index + 1) * size_of::<T>();
        // Looks first: most entries come into a table that is known, and readers keep this line.
        if self.end.load(Ordering::Relaxed) != end {
            self.end.store(end, Ordering::Relaxed);
            self.mask.store(slots - 1, Ordering::Relaxed);
        }
    }

    /// Begins to fetch the entry of a key with this hash, supposing that it lies where `hashbrown`
    /// looks first, as most do or nearly so.
    #[inline]
    pub(super) fn fetch<T>(&self, hash: u64) {
        let end = self.end.load(Ordering::Relaxed);
        let slot = hash as usize & self.mask.load(Ordering::Relaxed);
        prefetch_address(end.wrapping_add(slot));
        prefetch_address(end.wrapping_sub((slot + 1).wrapping_mul(size_of::<T>())));
    }
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::Ordering;

    use hashbrown::HashTable;

    use super::Whereabouts;
    use crate::Random;

    /// As many as make a table grow several times, each with its hash for a value.
    fn table(whereabouts: &Whereabouts) -> HashTable<(u64, u64)> {
        let mut random = Random::seeded(1);
        let mut table = HashTable::new();
        for key in 0..800 {
            let hash = random.next_u64();
            let entry = table.insert_unique(hash, (key, hash), |&(_, hash)| hash);
            let index = entry.bucket_index();
            let entry = table.get_bucket(index).expect("it was inserted there");
            whereabouts.note(entry, index, table.num_buckets());
        }
        table
    }

    #[test]
    fn every_entry_lies_as_far_below_the_end_as_its_slot_says() {
        let whereabouts = Whereabouts::default();
        let table = table(&whereabouts);
        let end = whereabouts.end.load(Ordering::Relaxed);
        assert_eq!(whereabouts.mask.load(Ordering::Relaxed), table.num_buckets() - 1);
        for slot in 0..table.num_buckets() {
            let Some(entry) = table.get_bucket(slot) else { continue };
            assert_eq!(core::ptr::from_ref(entry).addr(), end - (slot + 1) * size_of_val(entry));
        }
    }

    /// What `hashbrown` promises nowhere: were it not so, fetching would be in vain.
    #[test]
    fn most_entries_lie_in_the_slot_that_is_fetched_or_just_after() {
        let whereabouts = Whereabouts::default();
        let table = table(&whereabouts);
        let mask = whereabouts.mask.load(Ordering::Relaxed);
        let near = (0..=mask).filter(|&slot| {
            let Some((_, hash)) = table.get_bucket(slot) else { return false };
            slot.wrapping_sub(*hash as usize & mask) & mask < 4
        });
        assert!(near.count() * 4 > table.len() * 3, "of {}", table.len());
    }
}
