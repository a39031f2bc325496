//! Errors of loads that are remembered: by whom, for how long, and what makes them void.

#![cfg(feature = "std")]

#[expect(dead_code, reason = "other tests use the rest")]
mod polled;

use core::time::Duration;
use std::sync::{Arc, Mutex, mpsc};

use polled::{Polled, YieldTimes};
use voussoir_cache::flight::Task;
use voussoir_cache::{Cache, Compute, Executor, Inserted, LoadError, Policy, Terms};
use voussoir_core::ManualClock;

type Shared = Cache<u32, u32, std::hash::RandomState, ManualClock>;

const SEC: Duration = Duration::from_secs(1);

fn cache(clock: &ManualClock) -> Shared {
    Cache::builder(100).negative_ttl(100 * SEC).clock(clock.clone()).build().unwrap()
}

fn fail(cache: &Shared) {
    assert_eq!(cache.get_or_load(&1, || Err("down")), down());
}

fn down() -> Result<u32, LoadError<&'static str>> {
    Err(LoadError::Load(Arc::new("down")))
}

/// Whether a caller is told of an earlier error. If not, it has loaded and removed a value.
fn is_remembered(cache: &Shared) -> bool {
    let mut loaded = false;
    let result = cache.get_or_load(&1, || {
        loaded = true;
        Ok::<_, &str>(0)
    });
    cache.remove(&1);
    assert_eq!(result.is_err(), !loaded);
    !loaded
}

#[test]
fn an_insertion_of_any_kind_voids_a_remembered_error() {
    type Insert = fn(&Shared);
    let ways: [Insert; 6] = [
        |cache| assert_eq!(cache.insert_with(1, 5, &Terms::new().ttl(SEC)), Inserted::New),
        |cache| assert_eq!(cache.insert_if_absent(1, 5), Ok(())),
        |cache| assert_eq!(cache.entry(1).and_compute(|_| Compute::Put(5)), None),
        |cache| assert_eq!(cache.entry(1).and_compute(|_| Compute::Remove), None),
        |cache| {
            let other = Cache::builder(100).policy(Policy::Lru).build().unwrap();
            other.insert(1, 5);
            cache.restore(other.snapshot());
        },
        |cache| assert_eq!(cache.try_get_or_load(&1, || Ok::<_, ()>(5)), Ok(5)),
    ];
    for (way, insert) in ways.into_iter().enumerate() {
        let clock = ManualClock::new();
        let cache = cache(&clock);
        fail(&cache);
        assert_eq!(cache.get_or_load(&1, || -> Result<u32, &str> { panic!("remembered") }), down());
        insert(&cache);
        // The value leaves in a way that says nothing of errors: it expires, or is hidden.
        clock.advance(2 * SEC);
        cache.bump_version();
        assert_eq!(cache.get_or_load(&1, || Ok::<_, &str>(7)), Ok(7), "{way}");
    }
}

#[test]
fn an_error_of_a_load_that_an_insertion_or_a_removal_overtook_is_not_remembered() {
    type Overtake = fn(&Shared);
    let ways: [Overtake; 3] = [
        |cache| {
            cache.insert_with(1, 5, &Terms::new().ttl(SEC));
        },
        |cache| assert_eq!(cache.remove(&1), None),
        Cache::clear,
    ];
    for (way, overtake) in ways.into_iter().enumerate() {
        let clock = ManualClock::new();
        let cache = cache(&clock);
        let result = cache.get_or_load(&1, || {
            overtake(&cache);
            Err("down")
        });
        assert_eq!(result, down());
        clock.advance(2 * SEC);
        assert!(!is_remembered(&cache), "{way}");
    }
}

#[test]
fn a_caller_that_waited_does_not_remember_the_error_again() {
    let clock = ManualClock::new();
    let cache = cache(&clock);
    let call = |cache: &Shared| {
        let cache = cache.clone();
        let load = async || {
            YieldTimes(1).await;
            Err::<u32, _>("down")
        };
        Polled::new(async move { cache.get_or_load_async(&1, load).await })
    };
    let (mut leader, mut late, mut later) = (call(&cache), call(&cache), call(&cache));
    assert!(leader.poll().is_pending() && late.poll().is_pending() && later.poll().is_pending());
    assert_eq!(leader.poll(), std::task::Poll::Ready(down()));
    // 99 s later it is still the leader's error, of then.
    clock.advance(99 * SEC);
    assert_eq!(late.poll(), std::task::Poll::Ready(down()));
    clock.advance(SEC);
    assert!(!is_remembered(&cache), "prolonged by who waited");
    // Nor does it come back after a success.
    assert_eq!(later.poll(), std::task::Poll::Ready(down()));
    assert!(!is_remembered(&cache), "brought back by who waited");
}

#[test]
fn a_detached_load_remembers_its_error_though_all_callers_have_left() {
    let clock = ManualClock::new();
    let cache = cache(&clock);
    let (queue, tasks) = mpsc::channel::<Task>();
    let executor = Executor::new(move |task| drop(queue.send(task)));
    let load = async || Err::<u32, _>("down");
    let mut call = Polled::new(cache.get_or_load_detached(&1, &executor, load));
    assert!(call.poll().is_pending());
    drop(call);
    assert!(Polled::new(tasks.recv().unwrap()).poll().is_ready());
    assert!(is_remembered(&cache));
}

#[test]
fn a_refresh_that_fails_leaves_no_error_while_the_old_value_is_there() {
    let clock = ManualClock::new();
    let cache = Cache::<u32, u32>::builder(100)
        .ttl(10 * SEC)
        .refresh_ahead(5 * SEC)
        .negative_ttl(100 * SEC)
        .clock(clock.clone())
        .build()
        .unwrap();
    cache.insert(1, 1);
    clock.advance(6 * SEC);
    assert_eq!(cache.get_or_load(&1, || Err("down")), Ok(1));
    clock.advance(6 * SEC);
    assert_eq!(cache.get_or_load(&1, || Ok::<_, &str>(2)), Ok(2));
}

/// An error whose drop calls the cache: it is dropped outside of every lock.
#[test]
fn a_remembered_error_may_call_the_cache_when_it_is_dropped() {
    struct Calls(Shared, Arc<Mutex<u32>>);
    impl Drop for Calls {
        fn drop(&mut self) {
            self.0.insert(2, 2);
            *self.1.lock().unwrap() += 1;
        }
    }
    let clock = ManualClock::new();
    let (cache, dropped) = (cache(&clock), Arc::new(Mutex::new(0)));
    let result = cache.get_or_load(&1, || Err(Calls(cache.clone(), Arc::clone(&dropped))));
    assert!(result.is_err());
    drop(result);
    assert_eq!(*dropped.lock().unwrap(), 0, "remembered");
    cache.insert(1, 1);
    assert_eq!((*dropped.lock().unwrap(), cache.len()), (1, 2));
}
