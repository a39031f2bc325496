//! Values that age: renewed once, and served meanwhile.

use alloc::boxed::Box;
use core::convert::Infallible;
use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::hash::RandomState;
use std::panic::{catch_unwind, resume_unwind};

use shuttle::future::block_on;
use shuttle::thread;
use voussoir_core::ManualClock;

use super::{Cache, Loads, check, pending};

const SEC: Duration = Duration::from_secs(1);

/// A cache whose value 1 is beyond its time, but may be served.
fn stale() -> Cache<u32, u32, RandomState, ManualClock> {
    let clock = ManualClock::new();
    let builder = Cache::<u32, u32>::builder(8).shards(1).clock(clock.clone());
    let cache = builder.ttl(SEC).stale_while_revalidate(10 * SEC).build().unwrap();
    cache.insert(1, 1);
    clock.advance(2 * SEC);
    cache
}

#[test]
fn a_stale_value_is_renewed_once_and_served_meanwhile() {
    check(|| {
        let (cache, loads) = (stale(), Loads::default());
        let load = || {
            let _load = loads.begin();
            Ok::<_, Infallible>(2)
        };
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| assert!(matches!(cache.get_or_load(&1, load), Ok(1 | 2))));
            }
            scope.spawn(|| {
                let load = || async {
                    let _load = loads.begin();
                    pending(1).await;
                    Ok::<_, Infallible>(2)
                };
                let found = block_on(cache.get_or_load_async(&1, load));
                assert!(matches!(found, Ok(1 | 2)));
            });
        });
        assert_eq!((loads.count(), cache.get(&1)), (1, Some(2)));
        assert!(cache.shared.flights.is_empty());
    });
}

/// Nobody waits for a refresh, so nobody takes over one that panics; the next caller begins another.
#[test]
fn a_renewal_that_panics_or_is_overtaken_harms_nobody() {
    check(|| {
        let cache = stale();
        thread::scope(|scope| {
            scope.spawn(|| {
                let panics =
                    || -> Result<u32, Infallible> { resume_unwind(Box::new("as planned")) };
                drop(catch_unwind(AssertUnwindSafe(|| cache.get_or_load(&1, panics))));
            });
            scope.spawn(|| {
                let found = cache.get_or_load(&1, || Ok::<_, Infallible>(2));
                assert!(matches!(found, Ok(1..=3)), "{found:?}");
            });
            scope.spawn(|| cache.insert(1, 3));
        });
        assert_eq!(cache.get(&1), Some(3), "inserted while 2 was loaded, or after it");
        assert!(cache.shared.flights.is_empty());
    });
}
