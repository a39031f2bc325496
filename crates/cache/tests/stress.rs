//! Many threads, exact counts, and code of the user's that panics.

use core::hash::{Hash, Hasher};
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::thread;

use voussoir_cache::{Cache, Compute, Policy, Terms};
use voussoir_core::{ManualClock, Random};

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
        let (done, observed) = (AtomicBool::new(false), AtomicU64::new(0));
        // Odd while a resize is under way.
        let resizes = AtomicU64::new(0);
        thread::scope(|scope| {
            let writers: Vec<_> = (0..8_u64)
                .map(|seed| {
                    let (cache, alive) = (&cache, &alive);
                    scope.spawn(move || work(cache, alive, seed, rounds))
                })
                .collect();
            scope.spawn(|| {
                for capacity in [800, 2000, 1200, 2000].into_iter().cycle() {
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                    resizes.fetch_add(1, Ordering::SeqCst);
                    cache.resize(capacity);
                    resizes.fetch_add(1, Ordering::SeqCst);
                    thread::sleep(Duration::from_micros(200));
                }
            });
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) || observed.load(Ordering::Relaxed) == 0 {
                    let before = resizes.load(Ordering::SeqCst);
                    let (capacity, weight, len) = (cache.capacity(), cache.weight(), cache.len());
                    assert!(weight <= 2000 && len <= 2000, "{policy}: {weight}, {len}");
                    let is_still = before.is_multiple_of(2);
                    if is_still && before == resizes.load(Ordering::SeqCst) {
                        assert!(weight <= capacity, "{policy}: {weight} of {capacity}");
                        observed.fetch_add(1, Ordering::Relaxed);
                    }
                    thread::yield_now();
                }
            });
            for writer in writers {
                writer.join().unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
        let stats = cache.stats();
        let gone = stats.evicted + stats.expired + stats.invalidated;
        let left = stats.replaced + stats.removed + gone;
        assert_eq!(stats.inserted, left + cache.len() as u64, "{policy}: {stats:?}");
        assert_eq!(told.load(Ordering::Relaxed), left + stats.rejected, "{policy}");
        assert_eq!(alive.load(Ordering::Relaxed).cast_unsigned(), cache.len() as u64, "{policy}");
        drop(cache);
        assert_eq!(alive.load(Ordering::Relaxed), 0, "{policy}");
    }
}

/// Reads, writes and removes in every way.
fn work(cache: &Cache<u32, Counted>, alive: &Arc<AtomicI64>, seed: u64, rounds: u32) {
    let mut random = Random::seeded(seed);
    for _ in 0..rounds {
        let key = random.below(3000);
        let weight = random.below_u64(4);
        let value = || Counted::new(alive, weight);
        match random.below(24) {
            0..10 => drop(cache.get_with(&key, |value| value.1)),
            10..16 => drop(cache.insert(key, value())),
            16 => {
                let terms = Terms::new().ttl(Duration::from_micros(500)).tag("tag");
                drop(cache.insert_with(key, value(), &terms));
            }
            17 => drop(cache.insert_if_absent(key, value())),
            18 => drop(cache.entry(key).and_compute(|_| Compute::Put(value()))),
            19 => drop(cache.entry(key).and_compute(|_| Compute::Remove)),
            20 => drop(cache.remove_if(&key, |_, value| value.1 > 1)),
            21 => drop(cache.remove(&key)),
            _ if random.below(200) > 0 => drop(cache.get_with(&key, |value| value.1)),
            22 => drop(cache.invalidate_tag("tag")),
            _ if random.below(4) > 0 => drop(cache.invalidate_if(|key, _| key % 5 == 0)),
            _ => cache.bump_version(),
        }
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
struct Touchy(u32, Arc<AtomicU64>);

const HASH: u64 = 1;
const EQ: u64 = 2;
const CLONE: u64 = 4;
const DROP: u64 = 8;
const WEIGH: u64 = 16;
const LISTEN: u64 = 32;
const CALLBACK: u64 = 64;

/// Panics where `moods` say so of `what`, unless that would be the second panic at once.
fn may(moods: &AtomicU64, what: u64) {
    if moods.load(Ordering::Relaxed) & what > 0 && !thread::panicking() {
        resume_unwind(Box::new("as planned"));
    }
}

impl Clone for Touchy {
    fn clone(&self) -> Self {
        may(&self.1, CLONE);
        Self(self.0, Arc::clone(&self.1))
    }
}

impl Hash for Touchy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        may(&self.1, HASH);
        self.0.hash(state);
    }
}

impl PartialEq for Touchy {
    fn eq(&self, other: &Self) -> bool {
        may(&self.1, EQ);
        self.0 == other.0
    }
}

impl Eq for Touchy {}

impl Drop for Touchy {
    fn drop(&mut self) {
        may(&self.1, DROP);
    }
}

struct Value(Touchy, Counted);

impl Value {
    fn new(key: &Touchy, alive: &Arc<AtomicI64>) -> Self {
        Self(Touchy(key.0, Arc::clone(&key.1)), Counted::new(alive, 1))
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        Self(self.0.clone(), Counted::new(&self.1.0, 1))
    }
}

type Panicky = Cache<Touchy, Value, std::hash::RandomState, ManualClock>;

fn panicky(policy: Policy, clock: &ManualClock, moods: &Arc<AtomicU64>) -> Panicky {
    let listens = Arc::clone(moods);
    Cache::<Touchy, Value>::builder(20)
        .policy(policy)
        .shards(1)
        .clock(clock.clone())
        .negative_ttl(Duration::from_nanos(3))
        .weigher(|_, value| {
            may(&value.0.1, WEIGH);
            1
        })
        .on_evict(move |_, _, _| may(&listens, LISTEN))
        .build()
        .unwrap()
}

/// One operation of any kind.
fn act(cache: &Panicky, random: &mut Random, moods: &Arc<AtomicU64>, alive: &Arc<AtomicI64>) {
    let key = Touchy(random.below(40), Arc::clone(moods));
    let value = Value::new(&key, alive);
    let number = key.0;
    let odd = |key: &Touchy| {
        may(moods, CALLBACK);
        key.0 % 2 == 1
    };
    match random.below(24) {
        0 => drop(cache.get(&key)),
        1 => drop(cache.get_many([&key, &key])),
        2 => drop(cache.get_with(&key, |_| may(moods, CALLBACK))),
        3 => drop(cache.peek(&key)),
        4 => drop(cache.remove(&key)),
        5 => drop(cache.remove_if(&key, |key, _| odd(key))),
        6 => drop(cache.insert_if_absent(key, value)),
        7 => {
            let ttl = Duration::from_nanos(random.below_u64(5));
            drop(cache.insert_with(key, value, &Terms::new().ttl(ttl).tag("tag")));
        }
        8 => drop(cache.entry(key).and_compute(|_| {
            may(moods, CALLBACK);
            if number.is_multiple_of(3) { Compute::Remove } else { Compute::Put(value) }
        })),
        9 => drop(cache.get_or_load(&key, || {
            may(moods, CALLBACK);
            if number.is_multiple_of(3) { Err("as planned") } else { Ok(value) }
        })),
        10 => drop(cache.get_or_insert_with(&key, || value)),
        11 => drop(cache.get_many_or_load(&[key], |missing| {
            may(moods, CALLBACK);
            Ok::<_, ()>(missing.iter().map(|key| (key.clone(), Value::new(key, alive))).collect())
        })),
        12 => drop(cache.invalidate_if(|key, _| odd(key))),
        13 => drop(cache.invalidate_tag("tag")),
        14 => cache.resize([10, 20][number as usize % 2]),
        15 => drop((cache.pin(&key), cache.unpin(&key))),
        16 => cache.restore(cache.snapshot()),
        17 => drop(cache.hottest(5)),
        18 if number == 0 => cache.clear(),
        18 if number == 1 => cache.bump_version(),
        _ => drop(cache.insert(key, value)),
    }
}

#[test]
fn every_entry_is_told_of_though_the_drop_of_one_before_it_panics() {
    struct Bomb(bool);

    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(!self.0 || thread::panicking(), "as planned");
        }
    }

    let told = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&told);
    let cache = Cache::<u32, Bomb>::builder(10)
        .shards(1)
        .on_evict(move |_, _, _| {
            counted.fetch_add(1, Ordering::Relaxed);
        })
        .build()
        .unwrap();
    for key in 0..10 {
        cache.insert(key, Bomb(key == 0));
    }
    assert!(catch_unwind(AssertUnwindSafe(|| cache.clear())).is_err());
    assert_eq!((cache.len(), told.load(Ordering::Relaxed)), (0, 10));
}

#[test]
fn what_panics_leaves_the_cache_consistent() {
    let rounds = if std::env::var_os("VOUSSOIR_LONG").is_some() { 300_000 } else { 6_000 };
    for policy in Policy::ALL {
        let moods = Arc::new(AtomicU64::new(0));
        let (alive, clock) = (Arc::new(AtomicI64::new(0)), ManualClock::new());
        let cache = panicky(policy, &clock, &moods);
        let (mut random, mut panics, mut leaked) = (Random::seeded(9), [0_u32; 7], 0);
        for _ in 0..rounds {
            let mood = random.below(14);
            moods.store(if mood < 7 { 1 << mood } else { 0 }, Ordering::Relaxed);
            let call = || act(&cache, &mut random, &moods, &alive);
            let panicked = catch_unwind(AssertUnwindSafe(call)).is_err();
            moods.store(0, Ordering::Relaxed);
            if panicked {
                panics[mood as usize] += 1;
            }
            clock.advance(Duration::from_nanos(1));
            cache.run_pending(voussoir_core::Clock::now(&clock));
            let found: Vec<_> = cache.iter().map(|(key, value)| (key.0, value.0.0)).collect();
            assert_eq!((cache.len(), cache.weight()), (found.len(), found.len() as u64));
            assert!(found.len() as u64 <= cache.capacity() && found.iter().all(|(k, v)| k == v));
            for (key, _) in found {
                assert!(cache.contains_key(&Touchy(key, Arc::clone(&moods))), "{policy}: {key}");
            }
            let stats = cache.stats();
            let gone = stats.evicted + stats.expired + stats.invalidated;
            let left = stats.replaced + stats.removed + gone;
            assert_eq!(stats.inserted, left + cache.len() as u64, "{policy}: {stats:?}");
            let beside = alive.load(Ordering::Relaxed) - i64::try_from(cache.len()).unwrap();
            if panicked && 1 << mood == DROP {
                // What a function was about to return is lost when its locals panic as they are
                // dropped, in any program (rust-lang/rust#47949). It is lost, not dropped twice.
                assert!(beside >= leaked, "{policy}");
                leaked = beside;
            }
            assert_eq!(beside, leaked, "{policy}");
        }
        // A listener's panic is its own.
        panics[LISTEN.trailing_zeros() as usize] += cache.stats().listener_panics as u32;
        assert!(panics.iter().all(|&count| count > 20), "{policy}: {panics:?}");
        cache.resize(20);
        for key in 0..40 {
            let key = || Touchy(key, Arc::clone(&moods));
            cache.insert(key(), Value::new(&key(), &alive));
            assert!(cache.contains_key(&key()), "{policy}");
        }
        assert_eq!(cache.len(), 20);
        drop(cache);
        assert_eq!(alive.load(Ordering::Relaxed), leaked, "{policy}");
    }
}
