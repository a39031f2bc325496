//! Loaders, listeners and drops that call the cache that called them, and changes that race loads.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::thread;
use std::time::Duration;

use voussoir_cache::{Cache, Compute, Policy, Terms};
use voussoir_core::{ManualClock, Nanos};

/// Everything that can be done to a cache, for one key.
fn do_anything(cache: &Cache<u32, Arc<u32>>, key: u32) {
    let value = || Arc::new(key);
    cache.get(&key);
    cache.insert(key, value());
    cache.insert_with(key + 1, value(), &Terms::new().tag("a").ttl(Duration::from_secs(1)));
    let _ = cache.insert_if_absent(key + 2, value());
    cache.entry(key).and_compute(|_| Compute::Put(value()));
    let _ = cache.get_many_or_load(&[key + 3, key + 4], |keys| {
        Ok::<_, ()>(keys.iter().map(|&key| (key, Arc::new(key))).collect())
    });
    cache.get_or_insert_with(&(key + 5), value);
    cache.pin(&key);
    cache.resize(7);
    let kept = cache.snapshot();
    cache.invalidate_tag("a");
    cache.invalidate_if(|key, _| key % 2 == 0);
    cache.restore(kept);
    cache.bump_version();
    cache.run_pending(Nanos::ZERO);
    cache.remove(&key);
    cache.resize(20);
    let _ = (cache.iter().count(), cache.hottest(3), cache.stats(), cache.memory());
    cache.clear();
}

#[test]
fn a_loader_may_do_anything_to_the_cache_that_it_loads_for() {
    for policy in Policy::ALL {
        let cache = Cache::<u32, Arc<u32>>::builder(20).policy(policy).build().unwrap();
        let load = || {
            do_anything(&cache, 1);
            Ok::<_, ()>(Arc::new(9))
        };
        assert_eq!(cache.get_or_load(&1, load).as_deref(), Ok(&9));
        assert_eq!(cache.get(&1), None, "it was removed and cleared while it was loaded");
        assert_eq!(cache.try_get_or_load(&1, load).as_deref(), Ok(&9));
        let many = cache.get_many_or_load(&[1, 2], |keys| {
            do_anything(&cache, 1);
            Ok::<_, ()>(keys.iter().map(|&key| (key, Arc::new(key))).collect())
        });
        assert_eq!(many.unwrap().iter().flatten().count(), 2);
        assert!(cache.is_empty());
    }
}

/// Does anything to its cache when it is dropped, but not within such a drop.
struct Restless(Weak<OnceLock<Cache<u32, Arc<Self>>>>);

static DROPS: AtomicU64 = AtomicU64::new(0);

impl Drop for Restless {
    fn drop(&mut self) {
        let Some(cell) = self.0.upgrade() else { return };
        let Some(cache) = cell.get() else { return };
        DROPS.fetch_add(1, Ordering::Relaxed);
        let quiet = || Arc::new(Self(Weak::new()));
        cache.insert(1000, quiet());
        cache.get(&1);
        cache.get_or_insert_with(&1001, quiet);
        cache.remove(&1000);
        cache.run_pending(Nanos::ZERO);
        cache.invalidate_tag("none");
        let _ = (cache.iter().count(), cache.stats());
    }
}

#[test]
fn a_value_may_call_its_cache_when_it_is_dropped() {
    for policy in Policy::ALL {
        let cell = Arc::new(OnceLock::new());
        let clock = ManualClock::new();
        let builder = Cache::<u32, Arc<Restless>>::builder(20).policy(policy);
        let cache = cell.get_or_init(|| builder.shards(1).build().unwrap());
        let value = || Arc::new(Restless(Arc::downgrade(&cell)));
        DROPS.store(0, Ordering::Relaxed);
        (0..40).for_each(|key| drop(cache.insert(key, value())));
        (0..40).for_each(|key| drop(cache.insert(key, value())));
        assert!(DROPS.load(Ordering::Relaxed) >= 60, "evicted and replaced");
        let short = Terms::new().ttl(Duration::from_nanos(1)).tag("a");
        drop(cache.insert_with(1, value(), &short));
        cache.run_pending(Nanos::MAX);
        drop(cache.insert_with(2, value(), &Terms::new().tag("a")));
        cache.invalidate_tag("a");
        drop(cache.insert(3, value()));
        let kept = cache.snapshot();
        cache.restore(kept);
        cache.entry(3).and_compute(|_| Compute::Put(value()));
        cache.bump_version();
        cache.run_pending(Nanos::MAX);
        (0..20).for_each(|key| drop(cache.insert(key, value())));
        cache.resize(1);
        cache.clear();
        let _ = clock;
    }
}

/// What is loaded is the truth of when the load began. Whoever asks after an invalidation must not
/// be given an older one.
#[test]
fn nobody_is_given_what_was_invalidated_before_they_asked() {
    let rounds = if std::env::var_os("VOUSSOIR_LONG").is_some() { 100_000 } else { 2000 };
    let cache = Cache::<u32, u64>::builder(100).shards(4).build().unwrap();
    let (truth, told, done) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let tagged = Terms::new().tag("a");
    thread::scope(|scope| {
        for thread in 0..3 {
            let (cache, truth, told) = (&cache, &truth, &told);
            let (done, tagged) = (&done, &tagged);
            scope.spawn(move || {
                let mut turn = thread;
                while !done.load(Ordering::Relaxed) {
                    turn += 1;
                    let known = told.load(Ordering::SeqCst);
                    let load = || Ok::<_, ()>(truth.load(Ordering::SeqCst));
                    let found = match turn % 3 {
                        0 => cache.get_or_load(&7, load),
                        1 => cache.try_get_or_load(&7, load),
                        _ => cache
                            .get_many_or_load(&[7], |_| load().map(|value| vec![(7, value)]))
                            .map(|found| found[0].unwrap()),
                    };
                    let found = found.unwrap();
                    assert!(found >= known, "{found} after {known}");
                    if turn % 64 == 0 {
                        // Others find it or not; it must not outlive the tag either.
                        cache.insert_with(8, known, tagged);
                    }
                }
            });
        }
        for round in 1..=rounds {
            truth.store(round, Ordering::SeqCst);
            match round % 5 {
                0 => cache.bump_version(),
                1 => cache.clear(),
                2 => drop(cache.remove(&7)),
                3 => drop(cache.invalidate_if(|key, _| *key == 7)),
                _ => {
                    // By a tag that the entry does not carry: what is loaded now may not be kept, what
                    // is there is.
                    cache.invalidate_tag("a");
                    cache.remove(&7);
                }
            }
            told.store(round, Ordering::SeqCst);
            if round % 16 == 0 {
                thread::yield_now();
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn no_error_is_remembered_of_a_key_that_was_inserted_since() {
    let rounds = if std::env::var_os("VOUSSOIR_LONG").is_some() { 50_000 } else { 2000 };
    let cache = Cache::<u32, u64>::builder(100).shards(1);
    let cache = cache.negative_ttl(Duration::from_hours(1)).build().unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let _ = cache.get_or_load(&7, || Err::<u64, _>("down"));
                }
            });
        }
        for round in 0..rounds {
            cache.insert(7, round);
            let found = cache.get_or_load(&7, || Err::<u64, _>("down"));
            assert_eq!(found, Ok(round));
            cache.remove(&7);
            // Evicted, not removed: an error that was remembered before the insertion must not be back.
            cache.insert(7, round);
            cache.resize(1);
            cache.insert(8, 0);
            cache.resize(100);
            let fresh = cache.get_or_load(&9, || Ok::<_, &str>(round));
            assert_eq!(fresh, Ok(round));
            cache.remove(&9);
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_listener_may_do_anything_to_the_cache_that_it_is_told_of() {
    let cell = Arc::new(OnceLock::<Cache<u32, Arc<u32>>>::new());
    let (told, seen) = (Arc::downgrade(&cell), Arc::new(AtomicU64::new(0)));
    let depth = AtomicU64::new(0);
    let counted = Arc::clone(&seen);
    let builder = Cache::<u32, Arc<u32>>::builder(20).on_evict(move |&key, _, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        // What it does is told of as well: once within itself is enough.
        if depth.fetch_add(1, Ordering::Relaxed) < 2
            && let Some(cell) = told.upgrade()
            && let Some(cache) = cell.get()
        {
            do_anything(cache, key);
        }
        depth.fetch_sub(1, Ordering::Relaxed);
    });
    let cache = cell.get_or_init(|| builder.build().unwrap());
    for key in 0..50 {
        do_anything(cache, key);
    }
    let stats = cache.stats();
    assert_eq!(stats.listener_panics, 0);
    let gone = stats.replaced + stats.evicted + stats.expired + stats.removed + stats.invalidated;
    assert_eq!(seen.load(Ordering::Relaxed), gone + stats.rejected, "{stats:?}");
    assert_eq!(stats.inserted, gone + cache.len() as u64);
}
