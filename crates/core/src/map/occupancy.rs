use core::mem;

use thiserror::Error;

use crate::sync::{AtomicUsize, Ordering};

/// How many entries a map holds over all its shards, kept exact so that a bound on it is exact.
///
/// Written only when an entry comes or goes, never on a hit.
#[derive(Debug, Default)]
pub(crate) struct Occupancy {
    entries: AtomicUsize,
}

/// The key is new and the map already holds as many entries as it was allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the map is full: it already holds {max_entries} entries")]
pub struct Full {
    /// The bound given with the call.
    pub max_entries: usize,
}

/// Room for one entry, given back on drop unless it was kept: what a panicking closure leaves.
#[must_use = "a place that is dropped is free again"]
pub(crate) struct Place<'a> {
    occupancy: &'a Occupancy,
}

impl Occupancy {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.entries.load(Ordering::Relaxed)
    }

    /// Takes room for one entry while there are fewer than `max_entries`.
    ///
    /// Relaxed is enough: the count orders nothing, the shard's lock does.
    pub(crate) fn reserve(&self, max_entries: usize) -> Result<Place<'_>, Full> {
        self.entries
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |entries| {
                (entries < max_entries).then(|| entries + 1)
            })
            .map(|_| Place { occupancy: self })
            .map_err(|_| Full { max_entries })
    }

    /// Gives back the room of one entry that was removed.
    pub(crate) fn release(&self) {
        self.entries.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Place<'_> {
    /// The entry is in: its room stays taken until it is removed.
    pub(crate) fn keep(self) {
        mem::forget(self);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.occupancy.release();
    }
}

#[cfg(all(test, voussoir_loom))]
mod models {
    use loom::sync::Arc;
    use loom::thread;

    use super::Occupancy;

    #[test]
    fn no_more_than_the_bound_and_no_fewer() {
        loom::model(|| {
            let occupancy = Arc::new(Occupancy::default());
            let other = {
                let occupancy = Arc::clone(&occupancy);
                thread::spawn(move || occupancy.reserve(1).map(|place| place.keep()).is_ok())
            };
            let ours = occupancy.reserve(1).map(|place| place.keep()).is_ok();
            assert!(other.join().unwrap() ^ ours, "exactly one gets the last place");
            assert_eq!(occupancy.len(), 1);
        });
    }

    #[test]
    fn a_place_given_back_can_be_taken() {
        loom::model(|| {
            let occupancy = Arc::new(Occupancy::default());
            let other = {
                let occupancy = Arc::clone(&occupancy);
                thread::spawn(move || drop(occupancy.reserve(2)))
            };
            occupancy.reserve(2).map(|place| place.keep()).unwrap();
            other.join().unwrap();
            assert_eq!(occupancy.len(), 1);
            assert!(occupancy.reserve(2).is_ok());
        });
    }
}
