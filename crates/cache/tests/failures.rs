//! Errors of loads that are remembered: by whom, for how long, and what makes them void.

#![cfg(feature = "std")]

use core::time::Duration;
use std::sync::{Arc, Mutex};

use voussoir_cache::{Cache, Compute, Inserted, LoadError, Policy, Terms};
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
