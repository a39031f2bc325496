//! Many threads, exact counts, and code of the user's that panics.

use core::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::thread;

use voussoir_cache::{Cache, Policy};
use voussoir_core::{Nanos, Random};

/// Counts its lives.
struct Counted(Arc<AtomicI64>, u64);

impl Counted {
    fn new(alive: &Arc<AtomicI64>, weight: u64) -> Self {
        alive.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(alive), weight)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn the_bound_holds_at_every_moment_and_every_value_is_accounted_for() {
    let rounds = if std::env::var_os("VOUSSOIR_LONG").is_some() { 1_250_000 } else { 10_000 };
    for policy in Policy::ALL {
        let alive = Arc::new(AtomicI64::new(0));
        let told = Arc::new(AtomicU64::new(0));
        let listener = Arc::clone(&told);
        let cache = Cache::<u32, Counted>::builder(2000)
            .policy(policy)
            .shards(4)
            .weigher(|_, value| value.1)
            .on_evict(move |_, _, _| {
                listener.fetch_add(1, Ordering::Relaxed);
            })
            .build()
            .unwrap();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let writers: Vec<_> = (0..8_u64)
                .map(|seed| {
                    let (cache, alive) = (&cache, &alive);
                    scope.spawn(move || {
                        let mut random = Random::seeded(seed);
                        for _ in 0..rounds {
                            let key = random.below(3000);
                            match random.below(10) {
                                0..5 => drop(cache.get_with(&key, |value| value.1)),
                                5..9 => {
                                    let value = Counted::new(alive, random.below_u64(4));
                                    drop(cache.insert(key, value));
                                }
                                _ => drop(cache.remove(&key)),
                            }
                        }
                    })
                })
                .collect();
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let (weight, len) = (cache.weight(), cache.len());
                    assert!(weight <= 2000 && len <= 2000, "{policy}: {weight}, {len}");
                    thread::yield_now();
                }
            });
            for writer in writers {
                writer.join().unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
        let stats = cache.stats();
        let left = stats.replaced + stats.evicted + stats.removed;
        assert_eq!(stats.inserted, left + cache.len() as u64, "{policy}: {stats:?}");
        assert_eq!(told.load(Ordering::Relaxed), left, "{policy}");
        assert_eq!(alive.load(Ordering::Relaxed).cast_unsigned(), cache.len() as u64, "{policy}");
        drop(cache);
        assert_eq!(alive.load(Ordering::Relaxed), 0, "{policy}");
    }
}

#[test]
fn a_listener_may_call_the_cache_and_panic() {
    let place: Arc<std::sync::OnceLock<Cache<u32, u32>>> = Arc::default();
    let (inner, calls) = (Arc::clone(&place), Arc::new(AtomicU64::new(0)));
    let counted = Arc::clone(&calls);
    let cache = Cache::<u32, u32>::builder(10)
        .shards(1)
        .on_evict(move |&key, _, _| {
            let call = counted.fetch_add(1, Ordering::Relaxed);
            let cache = inner.get().unwrap();
            cache.get(&key);
            if call < 100 {
                cache.insert(key + 1000, 0);
                cache.remove(&(key + 1000));
            }
            assert!(call % 3 != 0, "as planned");
        })
        .build()
        .unwrap();
    place.set(cache.clone()).unwrap();
    for key in 0..200 {
        cache.insert(key, key);
    }
    let calls = calls.load(Ordering::Relaxed);
    assert!(calls > 190 && cache.len() <= 10, "{calls}");
    assert_eq!(cache.stats().listener_panics, calls.div_ceil(3));
}

/// Panics when it is told to.
#[derive(Clone)]
struct Touchy(u32, Arc<AtomicU64>);

const HASH: u64 = 1;
const EQ: u64 = 2;
const CLONE_OR_WEIGH: u64 = 4;
const DROP: u64 = 8;

impl Touchy {
    fn may(&self, what: u64) {
        assert!(self.1.load(Ordering::Relaxed) & what == 0 || thread::panicking(), "as planned");
    }
}

impl Hash for Touchy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.may(HASH);
        self.0.hash(state);
    }
}

impl PartialEq for Touchy {
    fn eq(&self, other: &Self) -> bool {
        self.may(EQ);
        self.0 == other.0
    }
}

impl Eq for Touchy {}

struct Value(Touchy);

impl Clone for Value {
    fn clone(&self) -> Self {
        self.0.may(CLONE_OR_WEIGH);
        Self(self.0.clone())
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.0.may(DROP);
    }
}

#[test]
fn what_panics_leaves_the_cache_consistent() {
    for policy in Policy::ALL {
        let moods = Arc::new(AtomicU64::new(0));
        let touchy = |key| Touchy(key, Arc::clone(&moods));
        let cache = Cache::<Touchy, Value>::builder(20)
            .policy(policy)
            .shards(1)
            .weigher(|_, value| {
                value.0.may(CLONE_OR_WEIGH);
                1
            })
            .build()
            .unwrap();
        let mut random = Random::seeded(9);
        let mut panics = 0;
        for _ in 0..3000 {
            let key = random.below(40);
            let (owned, value) = (touchy(key), Value(touchy(key)));
            if random.below(4) == 0 {
                moods.store(1 << random.below(4), Ordering::Relaxed);
            }
            let act = || match random.below(4) {
                0 => drop(cache.get(&owned)),
                1 => drop(cache.remove(&owned)),
                _ => drop(cache.insert(owned, value)),
            };
            panics += u32::from(catch_unwind(AssertUnwindSafe(act)).is_err());
            moods.store(0, Ordering::Relaxed);
            assert_eq!(cache.len(), cache.iter().count(), "{policy}");
            assert!(cache.len() <= 20);
        }
        assert!(panics > 100, "{panics}");
        for key in 0..40 {
            cache.insert(touchy(key), Value(touchy(key)));
            assert!(cache.contains_key(&touchy(key)), "{policy}");
        }
        cache.run_pending(Nanos::ZERO);
        assert_eq!(cache.len(), 20);
    }
}
