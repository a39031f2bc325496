//! Claims of write-behind: order by key, nothing lost, what a flush proves.

#![cfg(feature = "std")]

mod polled;

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use polled::{Polled, YieldTimes};
use proptest::prelude::*;
use voussoir_cache::store::{
    AsyncStore, AsyncWriteBehind, Batch, BatchError, Change, Next, Store, Write, WriteBehind,
    WriteQueue, WriteQueueBuilder,
};
use voussoir_core::{ManualClock, Nanos, Random};

type Queue = WriteQueue<u8, u32>;

fn builder() -> WriteQueueBuilder<u8, u32> {
    Queue::builder().random(Random::seeded(1)).interval(Duration::from_secs(1))
}

fn at(millis: u64) -> Nanos {
    Nanos::from_millis(millis)
}

fn put(queue: &mut Queue, millis: u64, key: u8, value: u32) {
    queue.push_at(at(millis), key, Change::Put(value)).unwrap();
}

fn batch(next: Next<u8, u32>) -> Batch<u8, u32> {
    match next {
        Next::Write(batch) => batch,
        other => panic!("{other:?}"),
    }
}

fn contents(batch: &Batch<u8, u32>) -> Vec<(u8, Option<u32>)> {
    batch.writes().iter().map(|write| (*write.key(), write.change().value().copied())).collect()
}

#[test]
fn many_changes_of_a_key_within_the_interval_are_one_write_of_the_last() {
    let mut queue = builder().build().unwrap();
    for value in 0..100 {
        put(&mut queue, u64::from(value) * 10, 1, value);
    }
    assert_eq!(queue.len(), 1);
    assert_eq!(queue.next_at(at(999)), Next::At(at(1000)), "counted from the first");
    let writes = batch(queue.next_at(at(1000)));
    assert_eq!(contents(&writes), [(1, Some(99))]);
    assert!(queue.complete_at(at(1000), writes, |_| false).is_empty());
    let stats = queue.stats();
    assert_eq!((stats.accepted, stats.coalesced, stats.written), (100, 99, 1));
}

#[test]
fn a_change_waits_for_the_interval_to_the_nanosecond_or_for_a_full_batch() {
    let mut queue = builder().batch(3).build().unwrap();
    put(&mut queue, 0, 1, 1);
    put(&mut queue, 0, 2, 2);
    assert_eq!(queue.next_at(Nanos::from_nanos(999_999_999)), Next::At(at(1000)));
    put(&mut queue, 1, 3, 3);
    put(&mut queue, 1, 4, 4);
    let writes = batch(queue.next_at(at(1)));
    assert_eq!(contents(&writes), [(1, Some(1)), (2, Some(2)), (3, Some(3))], "the oldest");
    assert_eq!(queue.next_at(at(1)), Next::At(at(1001)));
    assert!(queue.complete_at(at(1), writes, |_| false).is_empty());
}

#[test]
fn a_key_is_in_one_batch_at_most() {
    let mut queue = builder().build().unwrap();
    put(&mut queue, 0, 1, 1);
    let first = batch(queue.next_at(at(1000)));
    put(&mut queue, 1000, 1, 2);
    put(&mut queue, 1000, 2, 7);
    let second = batch(queue.next_at(at(5000)));
    assert_eq!(contents(&second), [(2, Some(7))]);
    assert_eq!(queue.next_at(at(5000)), Next::Busy);
    assert!(queue.complete_at(at(5000), first, |_| false).is_empty());
    assert_eq!(contents(&batch(queue.next_at(at(5000)))), [(1, Some(2))]);
    assert!(queue.complete_at(at(5000), second, |_| false).is_empty());
}

#[test]
fn a_failed_write_that_was_overtaken_is_not_tried_again() {
    let mut queue = builder().backoff(Duration::ZERO, Duration::ZERO).build().unwrap();
    put(&mut queue, 0, 1, 1);
    let writes = batch(queue.next_at(at(1000)));
    put(&mut queue, 1000, 1, 2);
    assert!(queue.complete_at(at(1000), writes, |_| true).is_empty());
    assert_eq!(contents(&batch(queue.next_at(at(1000)))), [(1, Some(2))]);
    assert_eq!(queue.stats().coalesced, 1);
}

#[test]
fn waits_after_failures_double_up_to_the_longest_and_half_is_chance() {
    let secs = Duration::from_secs;
    let mut queue = builder().attempts(20).backoff(secs(1), secs(8)).build().unwrap();
    put(&mut queue, 0, 1, 1);
    let mut now = at(1000);
    for longest in [1, 2, 4, 8, 8, 8] {
        let writes = batch(queue.next_at(now));
        assert!(queue.complete_at(now, writes, |_| true).is_empty());
        let Next::At(retry) = queue.next_at(now) else { panic!() };
        let wait = retry.saturating_duration_since(now);
        assert!(wait >= secs(longest) / 2 && wait <= secs(longest), "{wait:?} of {longest} s");
        now = retry;
    }
}

#[test]
fn a_change_is_given_up_after_its_attempts_and_not_before() {
    let mut queue = builder().attempts(3).backoff(Duration::ZERO, Duration::ZERO).build().unwrap();
    put(&mut queue, 0, 1, 1);
    put(&mut queue, 0, 2, 2);
    for attempt in 1..=3 {
        let writes = batch(queue.next_at(at(1000)));
        assert!(writes.writes().iter().all(|write| write.attempt() == attempt));
        let key_1 = |index: usize| index == 0;
        let dead = queue.complete_at(at(1000), writes, key_1);
        assert_eq!(dead.len(), usize::from(attempt == 3));
        if let Some(letter) = dead.first() {
            assert_eq!((letter.write.key(), letter.index), (&1, 0));
        }
    }
    assert_eq!((queue.next_at(at(1000)), queue.stats().dead), (Next::Idle, 1));
}

#[test]
fn no_more_changes_wait_than_may_and_a_refused_one_comes_back() {
    let mut queue = builder().batch(2).capacity(2).build().unwrap();
    put(&mut queue, 0, 1, 1);
    put(&mut queue, 0, 2, 2);
    let full = queue.push_at(at(0), 3, Change::Put(3)).unwrap_err();
    assert_eq!((full.key, full.change, full.capacity), (3, Change::Put(3), 2));
    put(&mut queue, 0, 2, 22);
    let writes = batch(queue.next_at(at(0)));
    assert!(queue.push_at(at(0), 2, Change::Put(3)).is_err(), "in a batch, it cannot be replaced");
    assert!(queue.complete_at(at(0), writes, |_| false).is_empty());
    put(&mut queue, 0, 3, 3);
    assert_eq!(queue.stats().refused, 2);
}

#[test]
fn without_coalescing_each_change_is_written_in_order() {
    let mut queue = builder().coalesce(false).build().unwrap();
    for value in 1..=3 {
        put(&mut queue, 0, 1, value);
    }
    let mut seen = Vec::new();
    while let Next::Write(writes) = queue.next_at(at(1000)) {
        seen.extend(contents(&writes));
        assert!(queue.complete_at(at(1000), writes, |_| false).is_empty());
    }
    assert_eq!(seen, [(1, Some(1)), (1, Some(2)), (1, Some(3))]);
}

#[test]
fn what_waits_is_what_a_reader_sees() {
    let mut queue = builder().build().unwrap();
    assert_eq!(queue.get(&1), None);
    put(&mut queue, 0, 1, 1);
    let writes = batch(queue.next_at(at(1000)));
    assert_eq!(queue.get(&1), Some(&Change::Put(1)), "in a batch");
    queue.push_at(at(1000), 1, Change::Delete).unwrap();
    assert_eq!(queue.get(&1), Some(&Change::Delete));
    assert!(queue.complete_at(at(1000), writes, |_| false).is_empty());
    assert_eq!(queue.get(&1), Some(&Change::Delete));
}

#[test]
fn a_flush_is_done_when_all_before_it_is_and_waits_for_nothing_after_it() {
    let mut queue = builder().build().unwrap();
    put(&mut queue, 0, 1, 1);
    let flush = queue.flush();
    assert_eq!(queue.flushed(&flush), None);
    let writes = batch(queue.next_at(at(0)));
    put(&mut queue, 0, 1, 2);
    put(&mut queue, 0, 2, 2);
    assert_eq!(queue.next_at(at(0)), Next::At(at(1000)), "what came after is not urgent");
    assert_eq!(queue.flushed(&flush), None, "in a batch is not in the store");
    assert!(queue.complete_at(at(0), writes, |_| false).is_empty());
    let report = queue.flushed(&flush).unwrap();
    assert_eq!((report.accepted, report.written, report.dead), (1, 1, 0));
    assert!(report.is_clean());
    assert_eq!(queue.flushed(&flush), None, "once");
}

#[test]
fn a_flush_of_nothing_is_done_at_once() {
    let mut queue = builder().build().unwrap();
    let flush = queue.flush();
    assert!(queue.flushed(&flush).unwrap().is_clean());
}

#[test]
fn a_flush_counts_what_was_given_up() {
    let mut queue = builder().attempts(1).build().unwrap();
    put(&mut queue, 0, 1, 1);
    let flush = queue.flush();
    let writes = batch(queue.next_at(at(0)));
    assert_eq!(queue.complete_at(at(0), writes, |_| true).len(), 1);
    assert!(!queue.flushed(&flush).unwrap().is_clean());
}

#[test]
fn a_clock_that_was_set_back_delays_nothing() {
    let mut queue = builder().build().unwrap();
    put(&mut queue, 3_600_000, 1, 1);
    let writes = batch(queue.next_at(at(0)));
    assert!(queue.complete_at(at(3_600_000), writes, |_| true).is_empty());
    assert!(matches!(queue.next_at(at(0)), Next::Write(_)));
}

#[test]
fn options_that_make_no_sense_are_refused_by_name() {
    let secs = Duration::from_secs;
    for (builder, option) in [
        (builder().batch(0), "batch"),
        (builder().capacity(0), "capacity"),
        (builder().batch(10).capacity(9), "capacity"),
        (builder().attempts(0), "attempts"),
        (builder().backoff(secs(2), secs(1)), "backoff"),
    ] {
        assert_eq!(builder.build().unwrap_err().option(), option);
    }
}

/// A store in memory that fails as it is told, and remembers what each key was given, in order.
#[derive(Default)]
struct Sink {
    values: Mutex<HashMap<u8, u32>>,
    history: Mutex<HashMap<u8, Vec<Option<u32>>>>,
    fail: AtomicUsize,
    panic: AtomicBool,
    calls: AtomicUsize,
}

impl Store<u8, u32> for Sink {
    type Error = &'static str;

    fn read(&self, key: &u8) -> Result<Option<u32>, Self::Error> {
        Ok(self.values.lock().unwrap().get(key).copied())
    }

    fn write(&self, key: &u8, change: &Change<u32>) -> Result<(), Self::Error> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.panic.swap(false, Ordering::SeqCst) {
            std::panic::resume_unwind(Box::new("as planned"));
        }
        let once = |left: usize| left.checked_sub(1);
        if self.fail.fetch_update(Ordering::SeqCst, Ordering::SeqCst, once).is_ok() {
            return Err("as planned");
        }
        match change.value() {
            Some(value) => self.values.lock().unwrap().insert(*key, *value),
            None => self.values.lock().unwrap().remove(key),
        };
        let value = change.value().copied();
        self.history.lock().unwrap().entry(*key).or_default().push(value);
        Ok(())
    }
}

#[test]
fn a_sink_that_fails_for_a_while_loses_nothing_and_keeps_the_order_of_each_key() {
    let clock = Arc::new(ManualClock::new());
    let queue = builder().coalesce(false).attempts(50).build().unwrap();
    let behind = WriteBehind::with_clock(queue, Sink::default(), Arc::clone(&clock));
    behind.store().fail.store(40, Ordering::SeqCst);
    for value in 0..20 {
        behind.put(value % 3, u32::from(value)).unwrap();
    }
    let report = behind.flush(|wait| clock.advance(wait));
    assert_eq!((report.written, report.dead), (20, 0));
    for (key, history) in &*behind.store().history.lock().unwrap() {
        let wanted: Vec<_> =
            (0..20).filter(|value| value % 3 == *key).map(|value| Some(u32::from(value))).collect();
        assert_eq!(history, &wanted);
    }
}

#[test]
fn run_pending_writes_what_is_due_and_says_when_to_come_again() {
    let clock = Arc::new(ManualClock::new());
    let behind =
        WriteBehind::with_clock(builder().build().unwrap(), Sink::default(), Arc::clone(&clock));
    assert_eq!(behind.run_pending(), None);
    behind.put(1, 1).unwrap();
    assert_eq!(behind.run_pending(), Some(at(1000)));
    clock.advance(Duration::from_secs(1));
    assert_eq!(behind.run_pending(), None);
    assert_eq!(behind.store().read(&1), Ok(Some(1)));
}

#[test]
fn a_reader_sees_changes_that_the_store_has_not() {
    let behind = WriteBehind::new(builder().build().unwrap(), Sink::default());
    behind.put(1, 1).unwrap();
    assert_eq!((behind.read(&1), behind.store().read(&1)), (Ok(Some(1)), Ok(None)));
    assert!(behind.flush(|_| ()).is_clean());
    behind.delete(1).unwrap();
    assert_eq!((behind.read(&1), behind.store().read(&1)), (Ok(None), Ok(Some(1))));
}

#[test]
fn dead_letters_come_with_their_error() {
    let letters = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&letters);
    let queue = builder().attempts(2).backoff(Duration::ZERO, Duration::ZERO).build().unwrap();
    let behind = WriteBehind::new(queue, Sink::default()).on_dead_letter(move |letter, error| {
        let write = &letter.write;
        seen.lock().unwrap().push((*write.key(), write.attempt(), error.copied()));
    });
    behind.store().fail.store(2, Ordering::SeqCst);
    behind.put(9, 1).unwrap();
    assert_eq!(behind.flush(|_| ()).dead, 1);
    assert_eq!(*letters.lock().unwrap(), [(9, 2, Some("as planned"))]);
}

#[test]
fn a_sink_that_panics_is_tried_again() {
    let queue = builder().backoff(Duration::ZERO, Duration::ZERO).build().unwrap();
    let behind = WriteBehind::new(queue, Sink::default());
    behind.put(1, 1).unwrap();
    behind.store().panic.store(true, Ordering::SeqCst);
    assert!(catch_unwind(AssertUnwindSafe(|| behind.flush(|_| ()))).is_err());
    assert!(behind.flush(|_| ()).is_clean());
    assert_eq!(behind.store().read(&1), Ok(Some(1)));
}

#[test]
fn what_is_dropped_unwritten_is_counted() {
    let lost = Arc::new(AtomicUsize::new(0));
    for flush in [false, true] {
        let count = Arc::clone(&lost);
        let behind =
            WriteBehind::new(builder().build().unwrap(), Sink::default()).on_lost(move |changes| {
                count.fetch_add(changes, Ordering::SeqCst);
            });
        behind.put(1, 1).unwrap();
        behind.put(2, 1).unwrap();
        if flush {
            assert!(behind.flush(|_| ()).is_clean());
        }
    }
    assert_eq!(lost.load(Ordering::SeqCst), 2);
}

/// Writers, drivers and flushes race over a sink that fails now and then: each flush proves what it
/// says, and the store ends with the last value of each key.
#[test]
fn threads_that_write_drive_and_flush_at_once_lose_nothing() {
    let rounds = if std::env::var_os("VOUSSOIR_LONG").is_some() { 20_000 } else { 2_000 };
    let queue = builder()
        .batch(4)
        .capacity(64)
        .attempts(1000)
        .interval(Duration::ZERO)
        .backoff(Duration::ZERO, Duration::ZERO)
        .build()
        .unwrap();
    let behind = WriteBehind::new(queue, Sink::default());
    thread::scope(|scope| {
        for key in 0..4_u8 {
            let behind = &behind;
            scope.spawn(move || {
                for value in 0..rounds {
                    behind.store().fail.fetch_add(usize::from(value % 7 == 0), Ordering::SeqCst);
                    behind.put(key, value).unwrap();
                    if value % 16 == u32::from(key) {
                        assert!(behind.flush(|_| thread::yield_now()).is_clean());
                        assert!(behind.store().read(&key).unwrap() == Some(value), "proved");
                    } else if value % 3 == 0 {
                        behind.run_pending();
                    }
                }
                assert!(behind.flush(|_| thread::yield_now()).is_clean());
            });
        }
    });
    for key in 0..4 {
        assert_eq!(behind.store().read(&key), Ok(Some(rounds - 1)));
        let history = &behind.store().history.lock().unwrap()[&key];
        assert!(history.is_sorted(), "out of order");
    }
    let stats = behind.stats();
    assert_eq!(stats.accepted, stats.coalesced + stats.written);
}

/// A store for tasks: it takes two polls to write.
#[derive(Default)]
struct Remote(Sink);

impl AsyncStore<u8, u32> for Remote {
    type Error = &'static str;

    async fn read(&self, key: &u8) -> Result<Option<u32>, Self::Error> {
        self.0.read(key)
    }

    async fn write_batch(&self, writes: &[Write<u8, u32>]) -> Result<(), BatchError<Self::Error>> {
        YieldTimes(1).await;
        self.0.write_batch(writes)?;
        YieldTimes(1).await;
        Ok(())
    }
}

#[test]
fn a_task_dropped_at_any_await_of_a_write_leaves_it_to_be_written_again() {
    for polls in 0..4 {
        let queue = builder().backoff(Duration::ZERO, Duration::ZERO).build().unwrap();
        let behind = AsyncWriteBehind::new(queue, Remote::default());
        behind.put(1, 1).unwrap();
        let mut flush = Polled::new(behind.flush(|_| YieldTimes(0)));
        let done = (0..polls).any(|_| flush.poll().is_ready());
        drop(flush);
        assert_eq!((done, behind.len()), (polls == 3, usize::from(polls < 3)), "{polls}");
        let report = polled::run_all(vec![Polled::new(behind.flush(|_| YieldTimes(0)))]);
        assert!(report[0].is_clean());
        assert_eq!(behind.store().0.read(&1), Ok(Some(1)));
    }
}

#[test]
fn a_flush_waits_for_the_batch_of_another_task() {
    let behind = AsyncWriteBehind::new(builder().build().unwrap(), Remote::default());
    behind.put(1, 1).unwrap();
    let mut first = Polled::new(behind.flush(|_| YieldTimes(0)));
    assert!(first.poll().is_pending());
    let mut second = Polled::new(behind.flush(|_| YieldTimes(0)));
    assert!(second.poll().is_pending());
    // What came later would be due in a second: the flush must not wait for that.
    behind.put(2, 2).unwrap();
    assert!(second.poll().is_pending() && !second.is_woken());
    assert!(first.poll().is_pending() && first.poll().is_ready());
    assert!(second.is_woken());
    assert!(matches!(second.poll(), Poll::Ready(report) if report.is_clean()));
    assert_eq!(behind.len(), 1);
}

#[test]
fn a_store_that_cannot_fail_needs_no_error() {
    struct Nothing;
    impl Store<u8, u8> for Nothing {
        type Error = Infallible;
        fn read(&self, _: &u8) -> Result<Option<u8>, Infallible> {
            Ok(None)
        }
        fn write(&self, _: &u8, _: &Change<u8>) -> Result<(), Infallible> {
            Ok(())
        }
    }
    let behind = WriteBehind::new(WriteQueue::builder().build().unwrap(), Nothing);
    behind.delete(1).unwrap();
    assert_eq!(behind.flush(thread::sleep).written, 1);
}

/// What is done to the queue and to the model beside it.
#[derive(Clone, Debug)]
enum Op {
    Push(u8, Option<u32>),
    Advance(u64),
    Back(u64),
    Take,
    Complete(usize, u8),
    Flush,
    Hasten,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0..4_u8, proptest::option::weighted(0.8, any::<u32>())).prop_map(|(k, v)| Op::Push(k, v)),
        2 => (0..2_000_u64).prop_map(Op::Advance),
        1 => (0..2_000_u64).prop_map(Op::Back),
        4 => Just(Op::Take),
        4 => (any::<usize>(), any::<u8>()).prop_map(|(at, mask)| Op::Complete(at, mask)),
        1 => Just(Op::Flush),
        1 => Just(Op::Hasten),
    ]
}

/// All changes ever made of each key, in order, and how far the store is: the naive truth.
#[derive(Default)]
struct Model {
    made: BTreeMap<u8, Vec<(u64, Option<u32>)>>,
    /// How many of them have met their end.
    ended: BTreeMap<u8, usize>,
    /// How many of them are in the batch under way or older.
    given: BTreeMap<u8, usize>,
    accepted: u64,
    dead: u64,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if std::env::var_os("VOUSSOIR_LONG").is_some() { 5_000 } else { 300 }))]

    /// Against the naive model: each write given out is the next of its key that is owed (the latest,
    /// where changes coalesce), never two at once; counters add up; a flush ends exactly when all
    /// before it has.
    #[test]
    fn the_queue_does_what_the_model_says(
        ops in proptest::collection::vec(op(), 1..120),
        coalesce in any::<bool>(),
        attempts in 1..4_u32,
        seed in any::<u64>(),
    ) {
        let mut queue = builder()
            .batch(2)
            .capacity(6)
            .coalesce(coalesce)
            .attempts(attempts)
            .backoff(Duration::from_millis(100), Duration::from_millis(400))
            .random(Random::seeded(seed))
            .build()
            .unwrap();
        let mut now = 1_000_000_u64;
        let mut model = Model::default();
        let mut aloft: Vec<Batch<u8, u32>> = Vec::new();
        let mut flushes = Vec::new();
        // At the end, everything is driven to its end.
        let end = (0..200).flat_map(|_| [Op::Hasten, Op::Flush, Op::Take, Op::Complete(0, 0)]);
        for op in ops.into_iter().chain(end) {
            match op {
                Op::Push(key, value) => {
                    let change = value.map_or(Change::Delete, Change::Put);
                    if queue.push_at(at(now), key, change).is_ok() {
                        model.made.entry(key).or_default().push((model.accepted, value));
                        model.accepted += 1;
                        prop_assert_eq!(queue.get(&key).map(|change| change.value().copied()), Some(value));
                    } else {
                        prop_assert_eq!(queue.len(), 6);
                    }
                }
                Op::Advance(millis) => now += millis,
                Op::Back(millis) => now -= millis,
                Op::Hasten => queue.hasten(),
                Op::Flush => {
                    let before = model.accepted;
                    flushes.push((queue.flush(), before));
                }
                Op::Take => {
                    let Next::Write(batch) = queue.next_at(at(now)) else { continue };
                    prop_assert!((1..=2).contains(&batch.writes().len()));
                    for write in batch.writes() {
                        let key = *write.key();
                        let busy = aloft.iter().flat_map(Batch::writes).any(|other| *other.key() == key);
                        prop_assert!(!busy, "key {} in two batches", key);
                        let made = &model.made[&key];
                        let ended = model.ended.get(&key).copied().unwrap_or(0);
                        let given = if coalesce { made.len() } else { ended + 1 };
                        prop_assert!(given > ended && given <= made.len());
                        prop_assert_eq!(write.change().value().copied(), made[given - 1].1);
                        model.given.insert(key, given);
                    }
                    aloft.push(batch);
                }
                Op::Complete(place, mask) => {
                    if aloft.is_empty() { continue }
                    let batch = aloft.swap_remove(place % aloft.len());
                    let keys: Vec<u8> = batch.writes().iter().map(|write| *write.key()).collect();
                    let tries: Vec<u32> = batch.writes().iter().map(Write::attempt).collect();
                    let failed = |index: usize| mask >> index & 1 == 1;
                    let dead = queue.complete_at(at(now), batch, failed);
                    for (index, key) in keys.into_iter().enumerate() {
                        let given = model.given[&key];
                        let overtaken = coalesce && model.made[&key].len() > given;
                        let died = dead.iter().any(|letter| letter.index == index);
                        prop_assert_eq!(died, failed(index) && tries[index] == attempts && !overtaken);
                        if !failed(index) || died {
                            model.ended.insert(key, given);
                        }
                        model.dead += u64::from(died);
                    }
                }
            }
            // A flush is over exactly when no change before it is owed.
            let owed = model.made.iter().filter_map(|(key, made)| {
                made.get(model.ended.get(key).copied().unwrap_or(0)).map(|(number, _)| *number)
            }).min();
            let mut open = Vec::new();
            for (ticket, before) in flushes {
                let done = owed.is_none_or(|owed| owed >= before);
                let report = queue.flushed(&ticket);
                prop_assert_eq!(report.is_some(), done);
                match report {
                    Some(report) => prop_assert_eq!(report.accepted, before),
                    None => open.push((ticket, before)),
                }
            }
            flushes = open;
            let stats = queue.stats();
            prop_assert_eq!(stats.accepted, model.accepted);
            prop_assert_eq!(stats.dead, model.dead);
            prop_assert_eq!(stats.accepted, stats.coalesced + stats.written + stats.dead + queue.len() as u64);
        }
        prop_assert!(queue.is_empty() && flushes.is_empty());
        prop_assert_eq!(queue.next_at(at(now)), Next::Idle);
    }
}
