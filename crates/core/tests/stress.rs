//! Many threads at one map: nothing is lost, nothing is counted twice, a bound is a bound.

use std::hash::RandomState;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use voussoir_core::ShardedMap;

const THREADS: usize = 8;

fn on_threads(work: impl Fn(usize) + Sync) {
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let work = &work;
            scope.spawn(move || work(thread));
        }
    });
}

#[test]
fn no_update_is_lost() {
    let map = ShardedMap::<usize, usize>::new();
    on_threads(|thread| {
        for step in 0..20_000 {
            map.update_or_insert(&((step * 7 + thread) % 97), || 0, |count| *count += 1);
        }
    });
    let mut sum = 0;
    map.for_each(|_, count| sum += *count);
    assert_eq!(sum, THREADS * 20_000);
    assert_eq!(map.len(), 97);
}

#[test]
fn exactly_as_many_entries_as_allowed() {
    for round in 0..50 {
        let map = ShardedMap::with_shards_and_hasher(16, RandomState::new());
        let refused = AtomicUsize::new(0);
        on_threads(|thread| {
            for step in 0..200 {
                let key = round * 100_000 + thread * 1_000 + step;
                if map.try_update_or_insert(&key, 1_000, || (), |()| ()).is_err() {
                    refused.fetch_add(1, Ordering::Relaxed);
                }
                assert!(map.len() <= 1_000);
            }
        });
        assert_eq!(map.len(), 1_000);
        assert_eq!(refused.into_inner(), THREADS * 200 - 1_000);
    }
}

#[test]
fn sweeps_and_writers_agree_on_the_count() {
    let map = ShardedMap::with_shards_and_hasher(8, RandomState::new());
    let swept = AtomicUsize::new(0);
    let removed = AtomicUsize::new(0);
    on_threads(|thread| {
        for step in 0..10_000 {
            let key = thread * 10_000 + step;
            map.insert(key, step % 3 == 0);
            swept.fetch_add(map.sweep(4, |_, keep| *keep).removed, Ordering::Relaxed);
            if step % 5 == 0 {
                removed.fetch_add(usize::from(map.remove(&key).is_some()), Ordering::Relaxed);
            }
        }
    });
    let mut held = 0;
    map.for_each(|_, _| held += 1);
    assert_eq!(map.len(), held);
    assert_eq!(THREADS * 10_000, held + swept.into_inner() + removed.into_inner());
}

#[test]
fn a_panicking_closure_leaves_the_map_usable() {
    let map = ShardedMap::<u8, u8>::with_shards_and_hasher(1, RandomState::new());
    let dies = |f: &dyn Fn()| assert!(catch_unwind(AssertUnwindSafe(f)).is_err());

    dies(&|| map.update_or_insert(&1, || panic!("no value"), |_| ()));
    assert_eq!((map.len(), map.get(&1)), (0, None));

    dies(&|| map.update_or_insert(&1, || 10, |_| panic!("no change")));
    assert_eq!((map.len(), map.get(&1)), (1, Some(10)));

    dies(&|| map.retain(|_, _| panic!("no verdict")));
    dies(&|| _ = map.sweep(100, |_, _| panic!("no verdict")));
    dies(&|| _ = map.remove_if(&1, |_| panic!("no verdict")));
    assert_eq!((map.len(), map.remove(&1)), (1, Some(10)));
    assert!(map.is_empty());
}
