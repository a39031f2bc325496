//! Loads and stores for tasks: polled by hand, so that each can be dropped at any await.

mod polled;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use polled::{Polled, YieldTimes, run_all};
use voussoir_cache::store::{
    AsyncBehind, AsyncStore, AsyncThrough, AsyncWriteBehind, BatchError, Write, WriteQueue,
};
use voussoir_cache::{Cache, LoadError};
use voussoir_core::ManualClock;

fn cache() -> Cache<u32, u32> {
    Cache::builder(100).build().unwrap()
}

#[test]
fn an_error_is_the_callers_own_and_the_next_task_tries() {
    let (cache, calls) = (cache(), Cell::new(0));
    let caller = |number: u32| {
        let (cache, calls) = (&cache, &calls);
        Polled::new(async move {
            let load = || async move {
                YieldTimes(2).await;
                calls.set(calls.get() + 1);
                if number < 2 { Err(number) } else { Ok(number) }
            };
            cache.try_get_or_load_async(&1, load).await
        })
    };
    let found = run_all((0..5).map(caller).collect());
    let error = |number| Err(LoadError::Load(Arc::new(number)));
    assert_eq!(found, [error(0), error(1), Ok(2), Ok(2), Ok(2)]);
    assert_eq!((calls.get(), cache.get(&1)), (3, Some(2)));
}

#[test]
fn a_task_dropped_at_any_await_leaves_its_load_to_the_next() {
    for polls in 1..5 {
        let cache = cache();
        let load = |value: u32| {
            let cache = &cache;
            Polled::new(async move {
                let load = || async move {
                    YieldTimes(3).await;
                    Ok::<_, ()>(value)
                };
                cache.try_get_or_load_async(&1, load).await
            })
        };
        let (mut first, second, third) = (load(1), load(2), load(3));
        let done = (0..polls).any(|_| first.poll().is_ready());
        drop(first);
        let value = if done { 1 } else { 2 };
        assert_eq!(run_all(vec![second, third]), [Ok(value), Ok(value)], "after {polls} polls");
    }
}

#[test]
fn a_loader_of_a_task_that_asks_for_its_own_key_is_told_so() {
    let cache = cache();
    let found = run_all(vec![Polled::new(async {
        let inner = || async { Ok::<_, &str>(9) };
        let outer = || async {
            let again = cache.try_get_or_load_async(&1, inner).await;
            assert_eq!(again, Err(LoadError::Recursive));
            let again =
                cache.get_many_or_load_async(&[1], |_| async { Ok::<_, &str>(vec![]) }).await;
            assert_eq!(again, Err(LoadError::Recursive));
            Ok::<_, &str>(1)
        };
        cache.try_get_or_load_async(&1, outer).await
    })]);
    assert_eq!(found, [Ok(1)]);
}

/// Loads many, a few polls each; keys above 100 are not there.
async fn many(
    cache: &Cache<u32, u32>,
    keys: &[u32],
    asked: &RefCell<Vec<Vec<u32>>>,
) -> Vec<Option<u32>> {
    let load = |missing: Vec<u32>| async move {
        asked.borrow_mut().push(missing.clone());
        YieldTimes(3).await;
        let found = missing.into_iter().filter(|key| *key < 100);
        Ok::<_, ()>(found.map(|key| (key, key * 10)).collect())
    };
    cache.get_many_or_load_async(keys, load).await.unwrap()
}

#[test]
fn a_bulk_load_of_a_task_asks_once_for_what_is_missing_and_waits_for_what_others_load() {
    let (cache, asked) = (cache(), RefCell::new(Vec::new()));
    cache.insert(1, 1);
    let found = run_all(vec![
        Polled::new(many(&cache, &[3, 1, 2, 3, 200], &asked)),
        Polled::new(many(&cache, &[2, 4, 200, 3], &asked)),
        Polled::new(many(&cache, &[4, 200], &asked)),
    ]);
    assert_eq!(found[0], [Some(30), Some(1), Some(20), Some(30), None]);
    assert_eq!(found[1], [Some(20), Some(40), None, Some(30)]);
    assert_eq!(found[2], [Some(40), None]);
    assert_eq!(*asked.borrow(), [vec![3, 2, 200], vec![4]]);
}

#[test]
fn bulk_loads_that_cross_or_are_dropped_at_any_await_end() {
    for polls in 0..8 {
        let (cache, asked) = (cache(), RefCell::new(Vec::new()));
        let mut first = Polled::new(many(&cache, &[1, 2, 3], &asked));
        let second = Polled::new(many(&cache, &[3, 4, 1], &asked));
        let third = Polled::new(many(&cache, &[4, 2], &asked));
        let _ = (0..polls).any(|_| first.poll().is_ready());
        drop(first);
        let found = run_all(vec![second, third]);
        assert_eq!(found[0], [Some(30), Some(40), Some(10)], "after {polls} polls");
        assert_eq!(found[1], [Some(40), Some(20)], "after {polls} polls");
    }
}

#[test]
fn an_error_of_a_bulk_load_is_its_callers_and_those_that_wait_try_for_themselves() {
    let (cache, calls) = (cache(), Cell::new(0));
    let caller = |number: u32| {
        let (cache, calls) = (&cache, &calls);
        Polled::new(async move {
            let load = |missing: Vec<u32>| async move {
                calls.set(calls.get() + 1);
                YieldTimes(1).await;
                if number == 0 {
                    Err("no")
                } else {
                    Ok(missing.into_iter().map(|key| (key, number)).collect())
                }
            };
            cache.get_many_or_load_async(&[1, 2], load).await
        })
    };
    let found = run_all((0..3).map(caller).collect());
    assert_eq!(found[0], Err(LoadError::Load(Arc::new("no"))));
    assert_eq!(found[1].as_ref().map(Vec::len), Ok(2));
    assert_eq!((cache.get(&1).is_some(), cache.get(&2).is_some()), (true, true));
    assert!(calls.get() <= 3, "{}", calls.get());
}

/// A table that takes a few polls, counts, and fails when told to.
#[derive(Default)]
struct Table {
    rows: Mutex<HashMap<u32, u32>>,
    reads: AtomicUsize,
    writes: AtomicUsize,
    down: Mutex<bool>,
}

impl AsyncStore<u32, u32> for Table {
    type Error = &'static str;

    async fn read(&self, key: &u32) -> Result<Option<u32>, &'static str> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let found = self.rows.lock().unwrap().get(key).copied();
        YieldTimes(2).await;
        if *self.down.lock().unwrap() { Err("down") } else { Ok(found) }
    }

    async fn write_batch(
        &self,
        writes: &[Write<u32, u32>],
    ) -> Result<(), BatchError<&'static str>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        YieldTimes(2).await;
        if *self.down.lock().unwrap() {
            return Err(BatchError::All("down"));
        }
        for write in writes {
            let mut rows = self.rows.lock().unwrap();
            match write.change().value() {
                Some(value) => rows.insert(*write.key(), *value),
                None => rows.remove(write.key()),
            };
        }
        YieldTimes(2).await;
        Ok(())
    }
}

impl Table {
    fn row(&self, key: u32) -> Option<u32> {
        self.rows.lock().unwrap().get(&key).copied()
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    run_all(vec![Polled::new(future)]).remove(0)
}

#[test]
fn a_task_reads_through_once_and_writes_through() {
    let users = AsyncThrough::new(cache(), Table::default());
    assert_eq!(block_on(users.put(1, 10)), Ok(()));
    users.cache().clear();
    let found = run_all((0..10).map(|_| Polled::new(users.get(&1))).collect());
    assert!(found.iter().all(|found| *found == Ok(Some(10))), "{found:?}");
    assert_eq!(users.backing().reads.load(Ordering::Relaxed), 1);
    assert_eq!(block_on(users.delete(1)), Ok(()));
    assert_eq!((users.backing().row(1), block_on(users.get(&1))), (None, Ok(None)));

    *users.backing().down.lock().unwrap() = true;
    users.cache().insert(2, 99);
    assert_eq!(block_on(users.put(2, 20)), Err("down"));
    assert_eq!(users.cache().get(&2), None, "nobody knows what the table holds");
    assert_eq!(block_on(users.get(&2)), Err(LoadError::Load(Arc::new("down"))));
}

#[test]
fn writes_of_a_key_are_done_in_the_order_of_their_tasks() {
    let users = AsyncThrough::new(cache(), Table::default());
    let mut writes: Vec<_> = (0..10).map(|value| Polled::new(users.put(1, value))).collect();
    for write in &mut writes {
        assert!(write.poll().is_pending());
    }
    assert!(writes[1..].iter().all(|write| !write.is_woken()), "they stand in line");
    // Those that leave the line hold nobody up.
    drop(writes.remove(4));
    let results = run_all(writes);
    assert!(results.iter().all(Result::is_ok));
    assert_eq!((users.cache().get(&1), users.backing().row(1)), (Some(9), Some(9)));
    assert_eq!(users.backing().writes.load(Ordering::Relaxed), 9);
}

#[test]
fn a_write_dropped_at_any_await_leaves_the_truth_and_the_line_free() {
    for polls in 0..7 {
        let users = AsyncThrough::new(cache(), Table::default());
        block_on(users.put(1, 1)).unwrap();
        let mut first = Polled::new(users.put(1, 2));
        let done = (0..polls).any(|_| first.poll().is_ready());
        let mut second = Polled::new(users.put(2, 7));
        let _ = second.poll();
        drop(first);
        let cached = users.cache().get(&1);
        assert!(cached.is_none() || cached == users.backing().row(1), "{polls}: {cached:?}");
        assert_eq!(block_on(users.get(&1)), Ok(users.backing().row(1)), "after {polls} polls");
        assert!(!done || users.backing().row(1) == Some(2));
        assert_eq!(run_all(vec![second]), [Ok(())]);
        assert_eq!(block_on(users.put(1, 3)), Ok(()), "nobody stands in the way");
        assert_eq!(users.cache().get(&1), Some(3));
    }
}

#[test]
fn one_that_is_handed_its_turn_and_leaves_passes_it_on() {
    let users = AsyncThrough::new(cache(), Table::default());
    let mut first = Polled::new(users.put(1, 1));
    let (mut second, mut third) = (Polled::new(users.put(1, 2)), Polled::new(users.put(1, 3)));
    for write in [&mut first, &mut second, &mut third] {
        assert!(write.poll().is_pending());
    }
    while first.poll() == Poll::Pending {}
    assert!(second.is_woken() && !third.is_woken());
    drop(second);
    assert!(third.is_woken());
    assert_eq!(run_all(vec![third]), [Ok(())]);
    assert_eq!((users.cache().get(&1), users.backing().row(1)), (Some(3), Some(3)));
}

#[test]
fn a_read_that_a_write_of_another_task_overtakes_leaves_no_older_value_behind() {
    for polls in 0..5 {
        let users = AsyncThrough::new(cache(), Table::default());
        users.backing().rows.lock().unwrap().insert(1, 1);
        let mut read = Polled::new(users.get(&1));
        let done = (0..polls).any(|_| read.poll().is_ready());
        block_on(users.put(1, 2)).unwrap();
        assert!(done || (0..9).any(|_| read.poll().is_ready()));
        assert_eq!(users.cache().get(&1), Some(2), "after {polls} polls");
    }
}

#[test]
fn a_write_behind_of_a_task_is_in_the_cache_at_once_and_in_the_table_after_a_flush() {
    let clock = ManualClock::new();
    let queue = WriteQueue::builder().batch(2).capacity(2).interval(Duration::from_secs(1));
    let behind =
        AsyncWriteBehind::with_clock(queue.build().unwrap(), Table::default(), clock.clone());
    let counters = AsyncThrough::behind(cache(), behind);
    block_on(counters.put_behind(1, 1)).unwrap();
    block_on(counters.put_behind(2, 2)).unwrap();
    block_on(counters.put_behind(1, 3)).unwrap();
    let full = block_on(counters.put_behind(4, 4)).unwrap_err();
    assert_eq!((full.key, full.capacity, counters.cache().get(&4)), (4, 2, None));
    counters.cache().clear();
    assert_eq!(block_on(counters.fetch_behind(&1)), Ok(Some(3)), "of the change that waits");
    assert_eq!(counters.backing().store().row(1), None);
    let report = block_on(counters.backing().flush(|_| async {}));
    assert!(report.is_clean());
    assert_eq!(counters.backing().store().row(1), Some(3));
    block_on(counters.delete_behind(1)).unwrap();
    assert_eq!(block_on(counters.fetch_behind(&1)), Ok(None));
    clock.advance(Duration::from_secs(1));
    assert_eq!(block_on(counters.backing().run_pending()), None);
    assert_eq!(counters.backing().store().row(1), None);
}

#[test]
fn what_tasks_await_may_cross_threads() {
    const fn crosses<F: Future + Send>(future: F) -> F {
        future
    }
    let cache = cache();
    drop(crosses(cache.try_get_or_load_async(&1, || async { Ok::<_, ()>(1) })));
    drop(crosses(cache.get_many_or_load_async(&[1], |_| async { Ok::<_, ()>(vec![(1, 1)]) })));
    let users = AsyncThrough::new(cache.clone(), Table::default());
    drop(crosses(users.get(&1)));
    drop(crosses(users.put(1, 1)));
    let behind = AsyncWriteBehind::new(WriteQueue::builder().build().unwrap(), Table::default());
    let users: AsyncBehind<u32, u32, Table> = AsyncThrough::behind(cache, behind);
    drop(crosses(users.put_behind(1, 1)));
    drop(crosses(users.fetch_behind(&1)));
    drop(crosses(users.backing().flush(|_| async {})));
}
