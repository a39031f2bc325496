//! Loads through the cache: once for all, and right whatever happens meanwhile.

use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use voussoir_cache::{Cache, Executor, LoadError};
use voussoir_core::ManualClock;

fn cache() -> Cache<u32, u64> {
    Cache::builder(1000).build().unwrap()
}

#[test]
fn a_thousand_callers_of_one_key_make_one_load() {
    let (cache, loads) = (cache(), AtomicU64::new(0));
    let callers = 1000;
    let start = Barrier::new(callers);
    thread::scope(|scope| {
        for _ in 0..callers {
            scope.spawn(|| {
                start.wait();
                let value = cache.get_or_insert_with(&1, || {
                    thread::sleep(Duration::from_millis(50));
                    loads.fetch_add(1, Ordering::Relaxed) + 7
                });
                assert_eq!(value, 7);
            });
        }
    });
    assert_eq!(loads.into_inner(), 1);
}

#[test]
fn an_insertion_during_a_load_wins() {
    let cache = cache();
    let found = cache.get_or_load(&1, || {
        cache.insert(1, 2);
        Ok::<_, ()>(1)
    });
    assert_eq!((found, cache.get(&1)), (Ok(2), Some(2)));
}

#[test]
fn whatever_invalidates_during_a_load_keeps_its_value_out() {
    type Invalidate = fn(&Cache<u32, u64>);
    let ways: [Invalidate; 5] = [
        |cache| assert_eq!(cache.remove(&1), None),
        |cache| cache.clear(),
        Cache::bump_version,
        |cache| assert_eq!(cache.invalidate_tag("any"), 0),
        |cache| assert_eq!(cache.invalidate_if(|_, _| false), 0),
    ];
    for invalidate in ways {
        let cache = cache();
        let found = cache.get_or_load(&1, || {
            invalidate(&cache);
            Ok::<_, ()>(1)
        });
        assert_eq!((found, cache.get(&1)), (Ok(1), None));
    }
}

#[test]
fn a_loader_that_asks_for_its_own_key_is_told_and_for_another_is_served() {
    let cache = cache();
    let found = cache.get_or_load(&1, || {
        assert_eq!(cache.get_or_load(&2, || Ok::<_, ()>(2)), Ok(2));
        match cache.get_or_load(&1, || Ok::<_, ()>(9)) {
            Err(LoadError::Recursive) => Ok::<_, ()>(1),
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(found, Ok(1));
    // Where there is no error to return, the inner call makes a value of its own.
    assert_eq!(cache.get_or_insert_with(&3, || cache.get_or_insert_with(&3, || 4) + 1), 5);
}

#[test]
fn a_panic_of_the_leader_reaches_it_alone_and_the_next_one_loads() {
    let (cache, tries) = (cache(), AtomicU64::new(0));
    let callers = 8;
    let start = Barrier::new(callers);
    let panics: usize = thread::scope(|scope| {
        let caller = || {
            start.wait();
            let load = || {
                let one = || {
                    thread::sleep(Duration::from_millis(10));
                    assert!(tries.fetch_add(1, Ordering::Relaxed) >= 3, "the first three panic");
                    7
                };
                cache.get_or_insert_with(&1, one)
            };
            usize::from(catch_unwind(AssertUnwindSafe(load)).is_err())
        };
        let threads: Vec<_> = (0..callers).map(|_| scope.spawn(caller)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!((panics, tries.into_inner(), cache.get(&1)), (3, 4, Some(7)));
}

#[test]
fn errors_are_shared_or_tried_again_and_remembered_only_where_asked() {
    let loads = AtomicU64::new(0);
    let fail = || {
        loads.fetch_add(1, Ordering::Relaxed);
        Err::<u64, _>("no")
    };
    let cache = cache();
    assert_eq!(cache.get_or_load(&1, fail), Err(LoadError::Load(Arc::new("no"))));
    assert!(cache.try_get_or_load(&1, fail).is_err() && cache.get_or_load(&1, fail).is_err());
    assert_eq!((loads.load(Ordering::Relaxed), cache.len()), (3, 0));

    let clock = ManualClock::new();
    let builder = Cache::<u32, u64>::builder(10).negative_ttl(Duration::from_secs(1));
    let cache = builder.clock(clock.clone()).build().unwrap();
    for _ in 0..5 {
        assert_eq!(cache.get_or_load(&1, fail), Err(LoadError::Load(Arc::new("no"))));
    }
    assert_eq!(loads.load(Ordering::Relaxed), 4);
    clock.advance(Duration::from_secs(1));
    assert!(cache.get_or_load(&1, fail).is_err());
    assert_eq!(loads.load(Ordering::Relaxed), 5);
    cache.insert(1, 1);
    cache.remove(&1);
    assert_eq!(cache.get_or_load(&1, || Ok::<_, &str>(3)), Ok(3), "a write forgets the error");
}

#[test]
fn a_value_beyond_its_time_is_served_while_one_caller_loads() {
    let clock = ManualClock::new();
    let secs = Duration::from_secs;
    let cache = Cache::<u32, u64>::builder(10)
        .ttl(secs(10))
        .stale_while_revalidate(secs(5))
        .stale_if_error(secs(20))
        .clock(clock.clone())
        .build()
        .unwrap();
    cache.insert(1, 1);
    clock.advance(secs(10));
    assert_eq!(cache.get(&1), None, "a plain read is exact");
    let (loading, wait) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            let slow = || {
                loading.wait();
                wait.wait();
                Ok::<_, ()>(2)
            };
            assert_eq!(cache.get_or_load(&1, slow), Ok(2));
        });
        loading.wait();
        assert_eq!(cache.get_or_load(&1, || -> Result<u64, ()> { panic!("one load") }), Ok(1));
        wait.wait();
    });
    assert_eq!(cache.get(&1), Some(2));
    clock.advance(secs(16));
    assert_eq!(cache.get_or_load(&1, || Err::<u64, _>(())), Ok(2), "stale, since the load failed");
    clock.advance(secs(14));
    assert!(cache.get_or_load(&1, || Err::<u64, _>(())).is_err(), "the grace is over");
}

#[test]
fn values_are_loaded_anew_before_their_end() {
    let clock = ManualClock::new();
    let secs = Duration::from_secs;
    let builder = Cache::<u32, u64>::builder(10).ttl(secs(10)).clock(clock.clone());
    let cache = builder.refresh_ahead(secs(2)).build().unwrap();
    cache.insert(1, 1);
    clock.advance(secs(7));
    assert_eq!(cache.get_or_load(&1, || Ok::<_, ()>(2)), Ok(1));
    clock.advance(secs(1));
    assert_eq!(cache.get_or_load(&1, || Ok::<_, ()>(2)), Ok(2));
    clock.advance(secs(7));
    assert_eq!(cache.get(&1), Some(2));
}

#[test]
fn early_refreshes_come_as_often_as_the_formula_says() {
    let clock = ManualClock::new();
    let secs = Duration::from_secs;
    let builder = Cache::<u32, u64>::builder(10).ttl(secs(10)).clock(clock.clone()).seed(4);
    let cache = builder.early_refresh(1.0).build().unwrap();
    let (mut asked, mut renewed) = (0_u32, 0_u32);
    let rounds = if std::env::var_os("VOUSSOIR_LONG").is_some() { 200_000 } else { 20_000 };
    for _ in 0..rounds {
        cache.remove(&1);
        let slow = || {
            clock.advance(secs(2));
            Ok::<_, ()>(0)
        };
        cache.get_or_load(&1, slow).unwrap();
        clock.advance(secs(6)); // 4 s are left, and the load took 2 s
        let renew = || {
            renewed += 1;
            Err::<u64, _>(())
        };
        assert_eq!(cache.get_or_load(&1, renew), Ok(0), "a refresh that fails harms nobody");
        asked += 1;
    }
    let chance = (-2.0_f64).exp();
    let sigma = (f64::from(asked) * chance * (1.0 - chance)).sqrt();
    let off = f64::from(renewed) - f64::from(asked) * chance;
    assert!(off.abs() < 3.0 * sigma, "{renewed} of {asked}, off by {off}, sigma {sigma}");
}

#[test]
fn a_bulk_load_asks_once_for_what_is_missing() {
    let cache = cache();
    cache.insert(1, 10);
    let mut calls = 0;
    let found = cache.get_many_or_load(&[3, 1, 2, 3], |missing| {
        calls += 1;
        assert_eq!(missing, [3, 2]);
        Ok::<_, ()>(vec![(2, 20), (3, 30), (9, 90)])
    });
    assert_eq!(found, Ok(vec![Some(30), Some(10), Some(20), Some(30)]));
    assert_eq!((calls, cache.get(&3), cache.get(&9)), (1, Some(30), None));
    let failed = cache.get_many_or_load(&[4, 5], |_| Err::<Vec<_>, _>("no"));
    assert_eq!(failed, Err(LoadError::Load(Arc::new("no"))));
    assert_eq!(cache.get_or_load(&4, || Ok::<_, &str>(4)), Ok(4));
}

#[tokio::test]
async fn a_load_goes_on_when_its_callers_leave() {
    let cache = cache();
    let (queue, tasks) = mpsc::channel();
    let executor = Executor::new(move |task| drop(queue.send(task)));
    {
        let load = cache.get_or_load_detached(&1, &executor, || async { Ok::<_, ()>(7) });
        let mut load = std::pin::pin!(load);
        let first = std::future::poll_fn(|context| {
            std::task::Poll::Ready(load.as_mut().poll(context).is_pending())
        });
        assert!(first.await);
    }
    assert_eq!(cache.get(&1), None);
    tasks.recv().unwrap().await;
    assert_eq!(cache.get(&1), Some(7));
}

/// foyer#1345: callers hung when a runtime was shut down while it loaded for them.
#[test]
fn a_runtime_that_is_dropped_while_it_loads_leaves_the_load_to_those_that_wait() {
    let cache = cache();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let began = Arc::new(Barrier::new(2));
    let (shared, begins) = (cache.clone(), Arc::clone(&began));
    runtime.spawn(async move {
        let load = || async {
            begins.wait();
            std::future::pending::<Result<u64, ()>>().await
        };
        shared.get_or_load_async(&1, load).await
    });
    began.wait();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| cache.get_or_load(&1, || Ok::<_, ()>(7)));
        // Should it come to wait only after this, the test shows less.
        thread::sleep(Duration::from_millis(50));
        assert!(!waiting.is_finished(), "the load is under way");
        runtime.shutdown_background();
        assert_eq!(waiting.join().unwrap(), Ok(7));
    });
    assert_eq!(cache.get(&1), Some(7));
}

#[cfg(feature = "tokio")]
#[test]
fn the_executor_of_tokio_loads_in_the_runtime_that_calls_it_and_gives_up_where_there_is_none() {
    let cache = cache();
    let load = || async {
        tokio::task::yield_now().await;
        Ok::<_, ()>(7)
    };
    let call = async || cache.get_or_load_detached(&1, &Executor::tokio(), load).await;
    let mut alone = std::pin::pin!(call());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let without = std::future::Future::poll(alone.as_mut(), &mut context);
    assert_eq!(without, std::task::Poll::Ready(Err(LoadError::Cancelled)));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(call()), Ok(7));
}

#[tokio::test]
async fn tasks_and_threads_share_loads() {
    let cache = cache();
    let found = cache.get_or_load_async(&1, || async {
        tokio::task::yield_now().await;
        Ok::<_, ()>(5)
    });
    let second = cache.get_or_insert_with_async(&1, || async { panic!("one load") });
    let (found, second) = tokio::join!(found, second);
    assert_eq!((found, second), (Ok(5), 5));
    let waiting = cache.get_or_load_async(&2, std::future::pending::<Result<u64, ()>>);
    let impatient = cache.get_or_load_until(&2, async {}, || async { Ok::<_, ()>(1) });
    tokio::select! {
        biased;
        _ = waiting => unreachable!(),
        found = impatient => assert_eq!(found, Err(LoadError::TimedOut)),
    }
    assert_eq!(cache.get_or_load_async(&2, || async { Ok::<_, ()>(6) }).await, Ok(6));
}
