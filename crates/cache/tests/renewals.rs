//! Refreshes: one for all who see a value age, and what a load is taken to cost.

#![cfg(feature = "std")]

#[expect(dead_code, reason = "other tests use the rest")]
mod polled;

use core::convert::Infallible;
use core::time::Duration;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;

use polled::Polled;
use voussoir_cache::flight::Task;
use voussoir_cache::{Cache, Executor};
use voussoir_core::ManualClock;

const SEC: Duration = Duration::from_secs(1);

type Hook = Box<dyn FnOnce()>;

thread_local! {
    static WHEN_CLONED: RefCell<Option<Hook>> = const { RefCell::new(None) };
}

/// A key whose next clone does something: between the look of a caller and its lead.
#[derive(PartialEq, Eq, Hash)]
struct Key;

impl Clone for Key {
    fn clone(&self) -> Self {
        let hook = WHEN_CLONED.with(|hook| hook.borrow_mut().take());
        if let Some(hook) = hook {
            hook();
        }
        Self
    }
}

type Ageing = Cache<Key, u32, std::hash::RandomState, ManualClock>;

/// A cache whose value 1 is stale, and will be renewed by value 2 while the next caller, who has
/// seen it age, is about to take the lead.
fn overtaken() -> Ageing {
    let clock = ManualClock::new();
    let builder = Cache::builder(10).ttl(SEC).stale_while_revalidate(10 * SEC);
    let cache: Ageing = builder.clock(clock.clone()).build().unwrap();
    cache.insert(Key, 1);
    clock.advance(2 * SEC);
    let other = cache.clone();
    let renew = move || assert_eq!(other.get_or_load(&Key, || Ok::<_, Infallible>(2)), Ok(2));
    WHEN_CLONED.with(|hook| *hook.borrow_mut() = Some(Box::new(renew)));
    cache
}

fn unwanted() -> Result<u32, Infallible> {
    panic!("the value is fresh: somebody has just loaded it")
}

#[test]
fn who_takes_the_lead_after_another_refresh_came_in_serves_it_and_does_not_load() {
    assert_eq!(overtaken().get_or_load(&Key, unwanted), Ok(2));
    assert_eq!(overtaken().try_get_or_load(&Key, unwanted), Ok(2));
    let cache = overtaken();
    let found = Polled::new(cache.get_or_load_async(&Key, async || unwanted())).poll();
    assert_eq!(found, std::task::Poll::Ready(Ok(2)));
    let cache = overtaken();
    let executor = Executor::new(|_| panic!("no load"));
    let found = cache.get_or_load_detached(&Key, &executor, async || unwanted());
    assert_eq!(Polled::new(found).poll(), std::task::Poll::Ready(Ok(2)));
    // The lead was given back each time: an invalidated key is loaded.
    cache.remove(&Key);
    assert_eq!(cache.get_or_load(&Key, || Ok::<_, Infallible>(3)), Ok(3));
}

#[test]
fn an_ageing_value_is_renewed_once_however_many_threads_see_it() {
    let clock = ManualClock::new();
    let builder = Cache::<u32, u64>::builder(100).ttl(SEC).stale_while_revalidate(1000 * SEC);
    let cache = builder.clock(clock.clone()).build().unwrap();
    cache.insert(1, 0);
    let rounds = if std::env::var_os("VOUSSOIR_LONG").is_some() { 100_000 } else { 2000 };
    let (loads, threads) = (AtomicU64::new(0), 4);
    let (start, end) = (Barrier::new(threads), Barrier::new(threads));
    thread::scope(|scope| {
        for thread in 0..threads {
            let (cache, clock, loads, start, end) = (&cache, &clock, &loads, &start, &end);
            scope.spawn(move || {
                for _ in 0..rounds {
                    if thread == 0 {
                        clock.advance(2 * SEC);
                    }
                    start.wait();
                    let load = || Ok::<_, Infallible>(loads.fetch_add(1, Ordering::Relaxed));
                    cache.get_or_load(&1, load).unwrap();
                    end.wait();
                }
            });
        }
    });
    assert_eq!(loads.into_inner(), rounds);
}

type Early = Cache<u32, u32, std::hash::RandomState, ManualClock>;

fn early(clock: &ManualClock) -> Early {
    let builder = Cache::builder(100).ttl(1000 * SEC).early_refresh(1.0).seed(3);
    builder.clock(clock.clone()).build().unwrap()
}

/// A value that took no time is never renewed early: not in 10,000 reads in the last second of its
/// life, of which nearly all would be had its load taken 500 s.
fn assert_cost_nothing(cache: &Early, clock: &ManualClock) {
    clock.advance(999 * SEC);
    for _ in 0..10_000 {
        let found = cache.get_or_load(&1, || -> Result<u32, ()> { panic!("renewed early") });
        assert_eq!(found, Ok(2));
    }
}

#[test]
fn the_wait_for_the_load_of_another_thread_does_not_count_as_the_cost_of_ones_own() {
    let clock = ManualClock::new();
    let (cache, began) = (early(&clock), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            let load = || -> Result<u32, Infallible> {
                began.wait();
                // Long enough for the other to wait; should it come late, the test shows less.
                thread::sleep(Duration::from_millis(100));
                clock.advance(500 * SEC);
                resume_unwind(Box::new("planned"))
            };
            let panicked = catch_unwind(AssertUnwindSafe(|| cache.get_or_load(&1, load)));
            assert!(panicked.is_err());
        });
        scope.spawn(|| {
            began.wait();
            assert_eq!(cache.get_or_load(&1, || Ok::<_, Infallible>(2)), Ok(2));
        });
    });
    assert_cost_nothing(&cache, &clock);
}

#[test]
fn the_wait_for_the_load_of_another_task_does_not_count_as_the_cost_of_ones_own() {
    let clock = ManualClock::new();
    let cache = early(&clock);
    let forever = std::future::pending::<Result<u32, Infallible>>;
    let mut leader = Polled::new(cache.get_or_load_async(&1, forever));
    let mut heir = Polled::new(cache.get_or_load_async(&1, async || Ok::<_, Infallible>(2)));
    assert!(leader.poll().is_pending() && heir.poll().is_pending());
    clock.advance(500 * SEC);
    drop(leader);
    assert_eq!(heir.poll(), std::task::Poll::Ready(Ok(2)));
    assert_cost_nothing(&cache, &clock);
}

#[test]
fn the_time_that_a_load_waits_for_its_executor_does_not_count_as_its_cost() {
    let clock = ManualClock::new();
    let cache = early(&clock);
    let (queue, tasks) = mpsc::channel::<Task>();
    let executor = Executor::new(move |task| drop(queue.send(task)));
    let load = async || Ok::<_, Infallible>(2);
    let mut call = Polled::new(cache.get_or_load_detached(&1, &executor, load));
    assert!(call.poll().is_pending());
    clock.advance(500 * SEC);
    assert!(Polled::new(tasks.recv().unwrap()).poll().is_ready());
    assert_eq!(call.poll(), std::task::Poll::Ready(Ok(2)));
    assert_cost_nothing(&cache, &clock);
}
