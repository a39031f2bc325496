//! A cache in front of a store: what is read, what is written, and in which order.

#![cfg(feature = "std")]

use core::time::Duration;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use voussoir_cache::store::{Behind, Change, Store, Through, WriteBehind, WriteQueue};
use voussoir_cache::{Cache, LoadError};
use voussoir_core::{ManualClock, Random};

/// A store that counts, and fails where told.
#[derive(Default)]
struct Table {
    rows: Mutex<HashMap<u32, u64>>,
    reads: AtomicU64,
    writes: AtomicU64,
    down: AtomicBool,
}

impl Table {
    fn with(rows: impl IntoIterator<Item = (u32, u64)>) -> Self {
        Self { rows: Mutex::new(rows.into_iter().collect()), ..Self::default() }
    }

    fn row(&self, key: u32) -> Option<u64> {
        self.rows.lock().unwrap().get(&key).copied()
    }

    /// Reads and writes so far.
    fn calls(&self) -> (u64, u64) {
        (self.reads.load(Ordering::Relaxed), self.writes.load(Ordering::Relaxed))
    }

    fn is_up(&self) -> Result<(), &'static str> {
        if self.down.load(Ordering::Relaxed) { Err("down") } else { Ok(()) }
    }
}

impl Store<u32, u64> for Table {
    type Error = &'static str;

    fn read(&self, key: &u32) -> Result<Option<u64>, Self::Error> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.is_up().map(|()| self.row(*key))
    }

    fn write(&self, key: &u32, change: &Change<u64>) -> Result<(), Self::Error> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.is_up()?;
        let mut rows = self.rows.lock().unwrap();
        match change {
            Change::Put(value) => rows.insert(*key, *value),
            Change::Delete => rows.remove(key),
        };
        Ok(())
    }
}

fn cache() -> Cache<u32, u64> {
    Cache::builder(100).build().unwrap()
}

fn through(rows: impl IntoIterator<Item = (u32, u64)>) -> Through<u32, u64, Table> {
    Through::new(cache(), Table::with(rows))
}

fn behind(rows: impl IntoIterator<Item = (u32, u64)>) -> Behind<u32, u64, Table> {
    let queue = WriteQueue::builder().batch(2).capacity(2).interval(Duration::from_hours(1));
    let queue = queue.backoff(Duration::ZERO, Duration::ZERO).build().unwrap();
    Through::behind(cache(), WriteBehind::new(queue, Table::with(rows)))
}

fn down() -> LoadError<&'static str> {
    LoadError::Load(Arc::new("down"))
}

#[test]
fn a_value_is_read_from_the_store_once() {
    let users = through([(1, 10)]);
    assert_eq!((users.get(&1), users.get(&1)), (Ok(Some(10)), Ok(Some(10))));
    assert_eq!(users.backing().calls(), (1, 0));
    users.cache().remove(&1);
    assert_eq!(users.get(&1), Ok(Some(10)));
    assert_eq!(users.backing().calls(), (2, 0));
}

#[test]
fn callers_at_the_same_time_share_one_read() {
    struct Slow(AtomicU64);
    impl Store<u32, u64> for Slow {
        type Error = ();
        fn read(&self, _: &u32) -> Result<Option<u64>, ()> {
            thread::sleep(Duration::from_millis(50));
            Ok(Some(self.0.fetch_add(1, Ordering::Relaxed)))
        }
        fn write(&self, _: &u32, _: &Change<u64>) -> Result<(), ()> {
            Ok(())
        }
    }
    let users = Through::new(cache(), Slow(AtomicU64::new(0)));
    let start = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                assert_eq!(users.get(&1), Ok(Some(0)));
            });
        }
    });
    assert_eq!(users.backing().0.load(Ordering::Relaxed), 1);
}

#[test]
fn what_the_store_does_not_have_is_asked_for_again_or_remembered_where_asked() {
    let users = through([]);
    assert_eq!((users.get(&1), users.get(&1)), (Ok(None), Ok(None)));
    assert_eq!(users.backing().calls(), (2, 0));

    let clock = ManualClock::new();
    let second = Duration::from_secs(1);
    let cache = Cache::<u32, u64>::builder(100).negative_ttl(second).clock(clock.clone());
    let users = Through::new(cache.build().unwrap(), Table::default());
    assert_eq!((users.get(&1), users.get(&1)), (Ok(None), Ok(None)));
    assert_eq!(users.backing().calls(), (1, 0));
    clock.advance(second);
    assert_eq!(users.get(&1), Ok(None));
    assert_eq!(users.backing().calls(), (2, 0));
    // A write is seen at once, and its end too.
    assert_eq!((users.put(1, 5), users.get(&1)), (Ok(()), Ok(Some(5))));
    users.cache().bump_version();
    assert_eq!(users.get(&1), Ok(Some(5)));
    assert_eq!((users.delete(1), users.get(&1)), (Ok(()), Ok(None)));
}

#[test]
fn an_error_of_a_read_reaches_the_caller_and_is_not_kept() {
    let users = through([(1, 10)]);
    users.backing().down.store(true, Ordering::Relaxed);
    assert_eq!(users.get(&1), Err(down()));
    users.backing().down.store(false, Ordering::Relaxed);
    assert_eq!(users.get(&1), Ok(Some(10)));
}

#[test]
fn a_write_is_in_the_store_and_in_the_cache() {
    let users = through([(1, 10)]);
    assert_eq!(users.put(1, 11), Ok(()));
    assert_eq!((users.backing().row(1), users.cache().get(&1)), (Some(11), Some(11)));
    assert_eq!((users.get(&1), users.backing().calls()), (Ok(Some(11)), (0, 1)));
    assert_eq!(users.delete(1), Ok(()));
    assert_eq!((users.backing().row(1), users.cache().get(&1)), (None, None));
    assert_eq!(users.get(&1), Ok(None));
}

#[test]
fn a_write_that_fails_leaves_no_value_in_the_cache_and_the_next_read_asks() {
    let users = through([(1, 10)]);
    assert_eq!(users.get(&1), Ok(Some(10)));
    users.backing().down.store(true, Ordering::Relaxed);
    assert_eq!(users.put(1, 11), Err("down"));
    assert_eq!(users.cache().get(&1), None);
    assert_eq!(users.get(&1), Err(down()));
    assert_eq!(users.delete(1), Err("down"));
    users.backing().down.store(false, Ordering::Relaxed);
    assert_eq!(users.get(&1), Ok(Some(10)), "what the store says");
}

/// A store that stops in the middle of a read, after it has looked.
struct Gated {
    table: Table,
    looked: Barrier,
    go_on: Barrier,
    armed: AtomicBool,
}

impl Store<u32, u64> for Gated {
    type Error = &'static str;

    fn read(&self, key: &u32) -> Result<Option<u64>, Self::Error> {
        let found = self.table.read(key);
        if self.armed.swap(false, Ordering::SeqCst) {
            self.looked.wait();
            self.go_on.wait();
        }
        found
    }

    fn write(&self, key: &u32, change: &Change<u64>) -> Result<(), Self::Error> {
        self.table.write(key, change)
    }
}

#[test]
fn a_read_that_a_write_overtakes_leaves_no_older_value_behind() {
    for change in [Change::Put(11), Change::Delete] {
        let store = Gated {
            table: Table::with([(1, 10)]),
            looked: Barrier::new(2),
            go_on: Barrier::new(2),
            armed: AtomicBool::new(true),
        };
        let users = Through::new(cache(), store);
        thread::scope(|scope| {
            let reader = scope.spawn(|| users.get(&1));
            users.backing().looked.wait();
            match change {
                Change::Put(value) => users.put(1, value).unwrap(),
                Change::Delete => users.delete(1).unwrap(),
            }
            users.backing().go_on.wait();
            let read = reader.join().unwrap().unwrap();
            assert!(read == Some(10) || read == change.value().copied(), "{read:?}");
        });
        assert_eq!(users.get(&1), Ok(change.into_value()));
    }
}

#[test]
fn cache_and_store_agree_on_which_of_many_writes_was_the_last() {
    const KEYS: u32 = 4;
    let users = through([]);
    let rounds = if std::env::var_os("VOUSSOIR_LONG").is_some() { 200_000 } else { 5_000 };
    thread::scope(|scope| {
        for thread in 0..4_u64 {
            let users = &users;
            scope.spawn(move || {
                let mut dice = Random::seeded(thread);
                for round in 0..rounds {
                    let key = dice.below(KEYS);
                    match dice.below(8) {
                        0 => users.delete(key).unwrap(),
                        1 | 2 => users.put(key, thread << 32 | round).unwrap(),
                        3 => drop(users.cache().remove(&key)),
                        _ => drop(users.get(&key)),
                    }
                }
            });
        }
    });
    for key in 0..KEYS {
        if let Some(value) = users.cache().get(&key) {
            assert_eq!(Some(value), users.backing().row(key));
        }
        assert_eq!(users.get(&key), Ok(users.backing().row(key)));
    }
}

#[test]
fn a_write_behind_is_in_the_cache_at_once_and_in_the_store_after_a_flush() {
    let users = behind([(1, 10)]);
    assert_eq!(users.fetch_behind(&1), Ok(Some(10)));
    assert!(users.put_behind(1, 11).is_ok() && users.put_behind(1, 12).is_ok());
    assert_eq!((users.fetch_behind(&1), users.backing().store().row(1)), (Ok(Some(12)), Some(10)));
    assert!(users.backing().flush(thread::sleep).is_clean());
    assert_eq!(users.backing().store().row(1), Some(12));
    assert_eq!(users.backing().store().calls(), (1, 1), "two changes, one write");
    assert!(users.delete_behind(1).is_ok());
    assert_eq!((users.fetch_behind(&1), users.backing().store().row(1)), (Ok(None), Some(12)));
    assert!(users.backing().flush(thread::sleep).is_clean());
    assert_eq!((users.fetch_behind(&1), users.backing().store().row(1)), (Ok(None), None));
}

#[test]
fn what_was_evicted_before_it_was_written_is_read_back_right() {
    let users = behind([(1, 10)]);
    assert!(users.put_behind(1, 11).is_ok());
    users.cache().clear();
    assert_eq!(users.fetch_behind(&1), Ok(Some(11)));
    assert!(users.delete_behind(1).is_ok());
    users.cache().clear();
    assert_eq!(users.fetch_behind(&1), Ok(None));
    assert_eq!(users.backing().store().calls(), (0, 0));
}

#[test]
fn a_change_that_is_refused_is_given_back_and_not_in_the_cache() {
    let users = behind([(3, 30)]);
    assert_eq!(users.fetch_behind(&3), Ok(Some(30)));
    assert!(users.put_behind(1, 1).is_ok() && users.put_behind(2, 2).is_ok());
    let full = users.put_behind(3, 31).unwrap_err();
    assert_eq!((full.key, full.change, full.capacity), (3, Change::Put(31), 2));
    assert_eq!(users.cache().get(&3), None);
    assert_eq!(users.fetch_behind(&3), Ok(Some(30)));
    assert!(users.delete_behind(3).is_err());
    assert!(users.put_behind(1, 5).is_ok(), "a key that waits already takes no room");
    assert!(users.backing().flush(thread::sleep).is_clean());
    let store = users.backing().store();
    assert_eq!((store.row(1), store.row(2), store.row(3)), (Some(5), Some(2), Some(30)));
}

#[test]
fn a_store_that_is_away_keeps_what_is_read_right_until_it_is_back() {
    let users = behind([(1, 10)]);
    users.backing().store().down.store(true, Ordering::Relaxed);
    assert_eq!(users.fetch_behind(&1), Err(down()));
    assert!(users.put_behind(1, 11).is_ok());
    users.cache().clear();
    assert_eq!(users.fetch_behind(&1), Ok(Some(11)), "from the queue: the store is not asked");
    users.backing().store().down.store(false, Ordering::Relaxed);
    assert!(users.backing().flush(thread::sleep).is_clean());
    users.cache().clear();
    assert_eq!(users.fetch_behind(&1), Ok(Some(11)));
}
