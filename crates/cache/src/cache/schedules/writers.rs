//! Those who change a key while it is loaded.

use core::convert::Infallible;
use core::time::Duration;
use std::hash::RandomState;

use shuttle::sync::atomic::{AtomicU32, Ordering::SeqCst};
use shuttle::thread;
use voussoir_core::ManualClock;

use super::{Cache, Compute, cache, check, one_of};

/// What each gives back is no matter here.
type Write = fn(&Cache<u32, u32>, u32);

const WRITES: [Write; 4] = [
    |cache, value| {
        cache.insert(1, value);
    },
    |cache, value| {
        cache.entry(1).and_compute(|_| Compute::Put(value));
    },
    |cache, value| {
        // Whatever was there, or came in between, is gone.
        while cache.insert_if_absent(1, value).is_err() {
            cache.remove(&1);
        }
    },
    |cache, value| {
        let other = super::cache();
        other.insert(1, value);
        cache.restore(other.snapshot());
    },
];

type Invalidate = fn(&Cache<u32, u32>);

const INVALIDATIONS: [Invalidate; 7] = [
    |cache| {
        cache.remove(&1);
    },
    |cache| {
        cache.remove_if(&1, |_, _| true);
    },
    |cache| {
        cache.entry(1).and_compute(|_| Compute::Remove);
    },
    |cache| {
        cache.invalidate_if(|_, _| true);
    },
    |cache| {
        // Tags say nothing of what is loaded, and the entry carries none.
        cache.invalidate_tag("any");
        cache.remove(&1);
    },
    Cache::clear,
    Cache::bump_version,
];

#[test]
fn an_insertion_wins_over_every_load() {
    check(|| {
        let cache = cache();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let found = cache.get_or_load(&1, || {
                        thread::yield_now();
                        Ok::<_, Infallible>(1)
                    });
                    assert!(matches!(found, Ok(1 | 2)), "{found:?}");
                });
            }
            scope.spawn(|| {
                one_of(&WRITES)(&cache, 2);
                let found = cache.get_or_load(&1, || -> Result<u32, ()> { panic!("it is there") });
                assert_eq!(found, Ok(2), "who asks later");
            });
        });
        assert_eq!(cache.get(&1), Some(2));
        assert!(cache.shared.flights.is_empty());
    });
}

/// A truth that changes, and a writer who invalidates after it has changed it: who asks then gets the
/// new value, and no load that began before stays in the cache.
#[test]
fn an_invalidation_leaves_no_older_value_behind() {
    check(|| {
        let (cache, truth) = (cache(), AtomicU32::new(1));
        let load = || {
            let value = truth.load(SeqCst);
            thread::yield_now();
            Ok::<_, Infallible>(value)
        };
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let found = cache.get_or_load(&1, load);
                    assert!(matches!(found, Ok(1 | 2)), "{found:?}");
                });
            }
            scope.spawn(|| {
                truth.store(2, SeqCst);
                one_of(&INVALIDATIONS)(&cache);
                assert_eq!(cache.get_or_load(&1, load), Ok(2), "who asks later");
            });
        });
        assert_eq!(cache.get(&1), Some(2));
        assert!(cache.shared.flights.is_empty());
    });
}

/// The same of errors: one that a write or a removal has made void is not remembered.
#[test]
fn a_write_voids_the_error_of_every_load_before_it() {
    check(|| {
        let builder = Cache::<u32, u32>::builder(8).shards(1).clock(ManualClock::new());
        let cache: Cache<u32, u32, RandomState, ManualClock> =
            builder.negative_ttl(Duration::from_secs(1)).build().unwrap();
        let truth = AtomicU32::new(0);
        let load = || match truth.load(SeqCst) {
            0 => Err("not yet"),
            value => Ok(value),
        };
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| drop(cache.get_or_load(&1, load)));
            }
            scope.spawn(|| {
                truth.store(2, SeqCst);
                if one_of(&[true, false]) {
                    cache.insert(1, 2);
                } else {
                    cache.remove(&1);
                }
                assert_eq!(cache.get_or_load(&1, load), Ok(2), "who asks later");
            });
        });
        cache.bump_version();
        assert_eq!(cache.get_or_load(&1, load), Ok(2), "nothing is remembered");
    });
}

/// What a loader does to the key that it loads counts, and it does not wait for itself.
#[test]
fn a_loader_may_change_its_own_key_while_others_wait() {
    check(|| {
        let cache = cache();
        thread::scope(|scope| {
            scope.spawn(|| {
                cache.get_or_load(&1, || {
                    one_of(&WRITES)(&cache, 2);
                    Ok::<_, Infallible>(1)
                })
            });
            scope.spawn(|| {
                let found = cache.get_or_load(&1, || {
                    one_of(&INVALIDATIONS)(&cache);
                    Ok::<_, Infallible>(1)
                });
                assert!(matches!(found, Ok(1 | 2)), "{found:?}");
            });
        });
        assert!(cache.shared.flights.is_empty());
    });
}
