//! Arguments and callbacks as nobody should give them.

use core::hash::{BuildHasherDefault, Hasher};
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use voussoir_cache::store::{BatchError, Change, Store, Through, Write, WriteBehind, WriteQueue};
use voussoir_cache::{Cache, Policy, Terms, UnsyncCache};
use voussoir_core::ManualClock;

/// All keys are the same to it.
#[derive(Default)]
struct Zero;

impl Hasher for Zero {
    fn finish(&self) -> u64 {
        0
    }
    fn write(&mut self, _: &[u8]) {}
}

#[test]
fn a_cache_without_bound_takes_memory_for_what_it_holds_and_not_for_what_it_might() {
    for policy in Policy::ALL {
        let builder = || Cache::<u64, u64>::builder(u64::MAX).policy(policy).shards(1);
        // A hash of 0 is always among those that the shadows see.
        let cache = builder().hasher(BuildHasherDefault::<Zero>::default()).build().unwrap();
        cache.insert(1, 1);
        assert!(cache.memory() < 256 << 10, "{policy}: {}", cache.memory());

        let grown = Cache::<u64, u64>::builder(1000).policy(policy).shards(1).build().unwrap();
        (0..2000).for_each(|key| {
            let _ = grown.insert(key, key);
        });
        let before = grown.memory();
        grown.resize(u64::MAX);
        (2000..3000).for_each(|key| {
            let _ = grown.insert(key, key);
        });
        let most = before + (256 << 10);
        assert!(grown.memory() < most, "{policy}: {before}, then {}", grown.memory());
        assert_eq!((grown.len(), grown.capacity()), (2000, u64::MAX));
    }
}

#[test]
fn a_sketch_grows_with_a_cache_that_was_resized() {
    // Of two keys the one that is asked for again and again stays, though a thousand others pass by.
    let cache = Cache::<u64, u64>::builder(600).shards(1).seed(1).build().unwrap();
    (0..1200).for_each(|key| {
        let _ = cache.insert(key, key);
    });
    cache.resize(20_000);
    for round in 0..20 {
        for key in 1_000_000..1_010_000 {
            cache.get_or_insert_with(&key, || key);
        }
        for key in 0..20_000 {
            cache.get_or_insert_with(&(2_000_000 + round * 20_000 + key), || key);
        }
    }
    let kept = (1_000_000..1_010_000).filter(|key| cache.contains_key(key)).count();
    assert!(kept > 9_000, "{kept} of 10000 that are used in every round");
}

#[test]
fn a_cache_full_of_pinned_entries_shrinks_to_any_size() {
    let cache = Cache::<u32, u32>::builder(20_000).shards(1).build().unwrap();
    let pinned = Terms::new().pinned();
    (0..20_000).for_each(|key| {
        let _ = cache.insert_with(key, key, &pinned);
    });
    for capacity in [19_999, 7, 1, 0] {
        cache.resize(capacity);
        let left = capacity.max(1);
        assert_eq!((cache.len() as u64, cache.weight(), cache.capacity()), (left, left, left));
    }
    assert_eq!(cache.stats().evicted, 19_999);
}

#[test]
fn an_entry_carries_a_tag_once_however_often_it_is_named() {
    let cache = Cache::<u32, u32>::builder(100).shards(1).build().unwrap();
    let many = (0..2000).fold(Terms::new(), |terms, tag| terms.tag((tag % 1000).to_string()));
    cache.insert_with(1, 1, &many);
    cache.insert_with(2, 2, &Terms::new().tag("5"));
    let mut kept = cache.snapshot().entries;
    kept.sort_by_key(|entry| entry.key);
    assert_eq!((kept[0].tags.len(), kept[1].tags.len()), (1000, 1));
    assert_eq!((cache.invalidate_tag("5"), cache.invalidate_tag("6"), cache.len()), (2, 0, 0));
}

#[test]
fn a_value_that_takes_long_to_make_lives_from_when_it_is_made() {
    let clock = ManualClock::new();
    let builder = UnsyncCache::<u32, u32>::builder(10).ttl(Duration::from_secs(5));
    let mut cache = builder.clock(clock.clone()).build_unsync().unwrap();
    let slow = || {
        clock.advance(Duration::from_mins(1));
        7
    };
    assert_eq!(cache.get_or_insert_with(1, slow), Some(&7));
    assert_eq!(cache.get(&1), Some(&7), "it was made just now");
    clock.advance(Duration::from_secs(5));
    assert_eq!(cache.get(&1), None);
}

#[test]
fn keys_that_a_bulk_load_does_not_find_are_asked_for_once() {
    let cache = Cache::<u32, u32>::builder(10).build().unwrap();
    let mut asked = Vec::new();
    let found = cache.get_many_or_load(&[1, 1, 2, 1], |missing| {
        asked.push(missing.to_vec());
        Ok::<_, ()>(vec![(2, 20)])
    });
    assert_eq!(found, Ok(vec![None, None, Some(20), None]));
    assert_eq!(asked, [[1, 2]]);

    let (calls, start) = (AtomicU32::new(0), Barrier::new(8));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                let found = cache.get_many_or_load(&[5], |_| {
                    calls.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(100));
                    Ok::<_, ()>(Vec::new())
                });
                assert_eq!(found, Ok(vec![None]));
            });
        }
    });
    assert_eq!(calls.into_inner(), 1, "those that wait learn that there is nothing");
}

/// Asks its own cache when it is cloned.
struct Curious(Cache<u8, Self>);

impl Clone for Curious {
    fn clone(&self) -> Self {
        self.0.get(&1);
        Self(self.0.clone())
    }
}

#[test]
#[cfg(debug_assertions)]
fn a_clone_that_calls_its_own_cache_panics_instead_of_waiting_for_itself() {
    let cache = Cache::<u8, Curious>::builder(10).build().unwrap();
    cache.insert(1, Curious(cache.clone()));
    assert!(catch_unwind(AssertUnwindSafe(|| cache.get(&1))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| cache.snapshot())).is_err());
    let load = || cache.get_or_insert_with(&1, || unreachable!("it is there"));
    assert!(catch_unwind(AssertUnwindSafe(load)).is_err());
    let remove = |_: &u8, value: &Curious| value.0.remove(&1).is_some();
    assert!(catch_unwind(AssertUnwindSafe(|| cache.remove_if(&1, remove))).is_err());
    assert_eq!(cache.len(), 1, "and nothing is harmed");
    cache.clear();
}

/// A table whose writes panic after they are done, when told to.
#[derive(Default)]
struct Trap {
    rows: Mutex<Vec<(u32, u32)>>,
    armed: AtomicU32,
}

impl Store<u32, u32> for Trap {
    type Error = &'static str;

    fn read(&self, key: &u32) -> Result<Option<u32>, Self::Error> {
        let rows = self.rows.lock().unwrap();
        Ok(rows.iter().rev().find(|(row, _)| row == key).map(|(_, value)| *value))
    }

    fn write(&self, key: &u32, change: &Change<u32>) -> Result<(), Self::Error> {
        if let Change::Put(value) = change {
            self.rows.lock().unwrap().push((*key, *value));
        }
        assert_eq!(self.armed.load(Ordering::Relaxed), 0, "told to");
        Ok(())
    }

    fn write_batch(&self, _: &[Write<u32, u32>]) -> Result<(), BatchError<Self::Error>> {
        Err(BatchError::All("down"))
    }
}

#[test]
fn a_store_that_panics_in_a_write_leaves_no_older_value_in_the_cache() {
    let through = Through::new(Cache::builder(10).build().unwrap(), Trap::default());
    through.put(1, 10).unwrap();
    through.backing().armed.store(1, Ordering::Relaxed);
    let result = catch_unwind(AssertUnwindSafe(|| through.put(1, 11)));
    assert!(result.is_err());
    assert_eq!(through.cache().get(&1), None, "nobody knows what the store holds");
    assert_eq!(through.get(&1), Ok(Some(11)), "the next read asks");
}

#[test]
fn a_listener_that_panics_at_one_dead_letter_is_told_of_the_others() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let queue = WriteQueue::builder().attempts(1).build().unwrap();
    let behind = WriteBehind::new(queue, Trap::default());
    let behind = behind.on_dead_letter({
        let told = Arc::clone(&told);
        move |letter, error| {
            told.lock().unwrap().push((*letter.write.key(), error.copied()));
            assert_ne!(*letter.write.key(), 1, "one that it cannot bear");
        }
    });
    (0..4).for_each(|key| behind.put(key, key).unwrap());
    let result = catch_unwind(AssertUnwindSafe(|| behind.flush(thread::sleep)));
    assert!(result.is_err(), "the panic is not hidden");
    assert_eq!(*told.lock().unwrap(), [0, 1, 2, 3].map(|key| (key, Some("down"))));
    assert_eq!((behind.stats().dead, behind.len()), (4, 0));
}
