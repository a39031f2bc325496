//! Caches, against those that threads share (`moka`, `mini-moka`, `quick_cache`, `TinyUFO`,
//! `foyer-memory`) and those for one thread (`quick_cache`, `schnellru`, `hashlink`, `lru`).
//!
//! Keys are 64-bit numbers asked for by Zipf's law with exponent 0.99, values are such numbers, the
//! capacity is 100,000; `foldhash` on both sides where a peer takes a hasher.

use alloc::sync::Arc;
use core::cell::Cell;
use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Mutex;

use foldhash::fast::RandomState as Fast;
use voussoir::cache::policy::{self, Eviction};
use voussoir::cache::{Cache, Policy, UnsyncCache};
use voussoir::time::SystemClock;

use super::Area;
use crate::harness::alloc::{Built, Weighed};
use crate::harness::case::{Case, Contestant, Timed};
use crate::inputs::{Inputs, SplitMix};

/// The area.
pub const AREA: Area = Area { name: "cache", about: "caches of 100,000 entries", cases };

/// What is done with a cache.
#[derive(Clone, Copy)]
enum Work {
    /// Keys that are all there: six in ten of the capacity, so that none was evicted.
    Hit,
    /// Ten times as many keys as fit; what is missing is inserted.
    ReadThrough,
    /// Only new keys.
    Churn,
}

/// What a cache for threads can do.
trait Shared: Send + Sync + 'static {
    fn get(&self, key: u64) -> bool;
    fn put(&self, key: u64);
}

/// What a cache for one thread can do.
trait Own: Send + 'static {
    fn get(&mut self, key: u64) -> bool;
    fn put(&mut self, key: u64);
}

/// The keys, in the order in which they are asked for.
#[derive(Clone)]
struct Feed {
    capacity: usize,
    hits: Arc<[u64]>,
    through: Arc<[u64]>,
    hasher: Fast,
}

/// A long order, so that it is not learnt by heart: with a short one the cache would soon hold
/// exactly what is asked for.
const LENGTH: usize = 1 << 20;

impl Feed {
    fn new(capacity: usize) -> Self {
        Self {
            capacity,
            hits: zipf(capacity * 6 / 10, 1),
            through: zipf(capacity * 10, 2),
            hasher: Fast::default(),
        }
    }

    fn shared<T: Shared>(&self, name: &str, work: Work, cache: T) -> Contestant {
        let feed = self.clone();
        match work {
            Work::Hit => {
                (0..self.capacity as u64 * 6 / 10).for_each(|rank| cache.put(key(rank)));
                Contestant::each(name, move |at| cache.get(feed.hits[at % LENGTH]))
            }
            Work::ReadThrough => {
                let through = move |at: usize| {
                    let key = feed.through[at % LENGTH];
                    if !cache.get(key) {
                        cache.put(key);
                    }
                    true
                };
                assert!((0..LENGTH / 4).all(&through));
                Contestant::each(name, through)
            }
            Work::Churn => {
                (0..self.capacity).for_each(|_| cache.put(fresh()));
                Contestant::each(name, move |_| {
                    cache.put(fresh());
                    true
                })
            }
        }
    }

    fn own<T: Own>(&self, name: &str, work: Work, mut cache: T) -> Contestant {
        let feed = self.clone();
        match work {
            Work::Hit => {
                (0..self.capacity as u64 * 6 / 10).for_each(|rank| cache.put(key(rank)));
            }
            Work::ReadThrough => {}
            Work::Churn => (0..self.capacity).for_each(|_| cache.put(fresh())),
        }
        let cache = Mutex::new(cache);
        Contestant::looping(name, move |span| {
            let Ok(mut cache) = cache.lock() else { return 0 };
            let mut yes = 0;
            for at in span.indices() {
                yes += u64::from(core::hint::black_box(match work {
                    Work::Hit => cache.get(feed.hits[at % LENGTH]),
                    Work::ReadThrough => {
                        let key = feed.through[at % LENGTH];
                        if !cache.get(key) {
                            cache.put(key);
                        }
                        true
                    }
                    Work::Churn => {
                        cache.put(fresh());
                        true
                    }
                }));
            }
            yes
        })
    }
}

/// The key of a rank: any number, but the same one each time.
fn key(rank: u64) -> u64 {
    (rank + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) ^ rank
}

/// A key that was never asked for, by this thread or another.
fn fresh() -> u64 {
    static THREADS: AtomicU64 = AtomicU64::new(1);
    thread_local! {
        static NEXT: Cell<u64> = Cell::new(THREADS.fetch_add(1, Ordering::Relaxed) << 40);
    }
    NEXT.with(|next| {
        next.set(next.get() + 1);
        next.get().wrapping_mul(0xd6e8_feb8_6659_fd93)
    })
}

/// Ranks in proportion to `1 / rank^0.99`, as keys.
fn zipf(keys: usize, seed: u64) -> Arc<[u64]> {
    let mut random = SplitMix::new(seed);
    let mut total = 0.0;
    let below: Vec<f64> = (1..=keys)
        .map(|rank| {
            total += (rank as f64).powf(-0.99);
            total
        })
        .collect();
    (0..LENGTH)
        .map(|_| {
            let at = random.below(1 << 53) as f64 / (1_u64 << 53) as f64 * total;
            key(below.partition_point(|&sum| sum <= at).min(keys - 1) as u64)
        })
        .collect()
}

impl<P: Eviction> Shared for Cache<u64, u64, Fast, SystemClock, P> {
    fn get(&self, key: u64) -> bool {
        Cache::get(self, &key).is_some()
    }
    fn put(&self, key: u64) {
        self.insert(key, key);
    }
}

impl Shared for Cache<u64, u64> {
    fn get(&self, key: u64) -> bool {
        Cache::get(self, &key).is_some()
    }
    fn put(&self, key: u64) {
        self.insert(key, key);
    }
}

impl<P: Eviction> Own for UnsyncCache<u64, u64, Fast, SystemClock, P> {
    fn get(&mut self, key: u64) -> bool {
        UnsyncCache::get(self, &key).is_some()
    }
    fn put(&mut self, key: u64) {
        self.insert(key, key);
    }
}

type QuickSync<S> = quick_cache::sync::Cache<u64, u64, quick_cache::UnitWeighter, S>;
type QuickUnsync<S> = quick_cache::unsync::Cache<u64, u64, quick_cache::UnitWeighter, S>;

impl<S: core::hash::BuildHasher + Clone + Send + Sync + 'static> Shared for QuickSync<S> {
    fn get(&self, key: u64) -> bool {
        QuickSync::get(self, &key).is_some()
    }
    fn put(&self, key: u64) {
        self.insert(key, key);
    }
}

impl<S: core::hash::BuildHasher + Clone + Send + 'static> Own for QuickUnsync<S> {
    fn get(&mut self, key: u64) -> bool {
        QuickUnsync::get(self, &key).is_some()
    }
    fn put(&mut self, key: u64) {
        self.insert(key, key);
    }
}

impl<S: core::hash::BuildHasher + Clone + Send + Sync + 'static> Shared
    for moka::sync::Cache<u64, u64, S>
{
    fn get(&self, key: u64) -> bool {
        moka::sync::Cache::get(self, &key).is_some()
    }
    fn put(&self, key: u64) {
        self.insert(key, key);
    }
}

impl<S: core::hash::BuildHasher + Clone + Send + Sync + 'static> Shared
    for mini_moka::sync::Cache<u64, u64, S>
{
    fn get(&self, key: u64) -> bool {
        mini_moka::sync::Cache::get(self, &key).is_some()
    }
    fn put(&self, key: u64) {
        self.insert(key, key);
    }
}

impl Shared for tinyufo::TinyUfo<u64, u64> {
    fn get(&self, key: u64) -> bool {
        tinyufo::TinyUfo::get(self, &key).is_some()
    }
    fn put(&self, key: u64) {
        tinyufo::TinyUfo::put(self, key, key, 1);
    }
}

impl Shared for foyer_memory::Cache<u64, u64> {
    fn get(&self, key: u64) -> bool {
        foyer_memory::Cache::get(self, &key).is_some()
    }
    fn put(&self, key: u64) {
        self.insert(key, key);
    }
}

impl Own for schnellru::LruMap<u64, u64, schnellru::ByLength, Fast> {
    fn get(&mut self, key: u64) -> bool {
        schnellru::LruMap::get(self, &key).is_some()
    }
    fn put(&mut self, key: u64) {
        self.insert(key, key);
    }
}

impl Own for hashlink::LruCache<u64, u64, Fast> {
    fn get(&mut self, key: u64) -> bool {
        hashlink::LruCache::get(self, &key).is_some()
    }
    fn put(&mut self, key: u64) {
        self.insert(key, key);
    }
}

impl Own for lru::LruCache<u64, u64, Fast> {
    fn get(&mut self, key: u64) -> bool {
        lru::LruCache::get(self, &key).is_some()
    }
    fn put(&mut self, key: u64) {
        lru::LruCache::put(self, key, key);
    }
}

fn ours<P: Eviction>(feed: &Feed, policy: Policy) -> Cache<u64, u64, Fast, SystemClock, P> {
    let builder = Cache::builder(feed.capacity as u64).policy(policy).hasher(feed.hasher.clone());
    builder.policy_type::<P>().build().expect("valid")
}

fn ours_own<P: Eviction>(feed: &Feed) -> UnsyncCache<u64, u64, Fast, SystemClock, P> {
    let builder = Cache::builder(feed.capacity as u64).hasher(feed.hasher.clone());
    builder.policy_type::<P>().build_unsync().expect("valid")
}

fn quick_sync(capacity: usize, hasher: Fast) -> QuickSync<Fast> {
    let lifecycle = quick_cache::sync::DefaultLifecycle::default();
    quick_cache::sync::Cache::with(
        capacity,
        capacity as u64,
        quick_cache::UnitWeighter,
        hasher,
        lifecycle,
    )
}

fn quick_unsync(capacity: usize, hasher: Fast) -> QuickUnsync<Fast> {
    let lifecycle = quick_cache::unsync::DefaultLifecycle::default();
    quick_cache::unsync::Cache::with(
        capacity,
        capacity as u64,
        quick_cache::UnitWeighter,
        hasher,
        lifecycle,
    )
}

fn peers(feed: &Feed, work: Work) -> Vec<Contestant> {
    let capacity = feed.capacity;
    let moka = moka::sync::Cache::builder().max_capacity(capacity as u64);
    let mini = mini_moka::sync::Cache::builder().max_capacity(capacity as u64);
    let foyer = foyer_memory::CacheBuilder::new(capacity)
        .with_eviction_config(foyer_memory::S3FifoConfig::default())
        .build();
    vec![
        feed.shared("quick_cache sync", work, quick_sync(capacity, feed.hasher.clone())),
        feed.shared("moka", work, moka.build_with_hasher(feed.hasher.clone())),
        feed.shared("mini-moka", work, mini.build_with_hasher(feed.hasher.clone())),
        feed.shared("TinyUFO, its hasher", work, tinyufo::TinyUfo::new(capacity, capacity)),
        feed.shared("foyer S3-FIFO, its hasher", work, foyer),
    ]
}

/// What is compared with the fastest alone: the others are in the row of `S3Fifo`.
fn fastest(feed: &Feed, work: Work) -> Vec<Contestant> {
    vec![feed.shared("quick_cache sync", work, quick_sync(feed.capacity, feed.hasher.clone()))]
}

fn own_peers(feed: &Feed, work: Work) -> Vec<Contestant> {
    let (capacity, hasher) = (feed.capacity, || feed.hasher.clone());
    let least = NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
    let length = schnellru::ByLength::new(capacity as u32);
    let schnellru = schnellru::LruMap::with_hasher(length, hasher());
    vec![
        feed.own("quick_cache unsync", work, quick_unsync(capacity, hasher())),
        feed.own("schnellru", work, schnellru),
        feed.own("hashlink", work, hashlink::LruCache::with_hasher(capacity, hasher())),
        feed.own("lru", work, lru::LruCache::with_hasher(least, hasher())),
    ]
}

fn cases(inputs: &Inputs) -> Vec<Case> {
    let feed = &Feed::new(inputs.large);
    let mut timed = Vec::new();
    let works = [("hit", Work::Hit), ("read-through", Work::ReadThrough), ("churn", Work::Churn)];
    for (name, work) in works {
        let s3 = feed.shared("voussoir", work, ours::<policy::S3Fifo>(feed, Policy::S3Fifo));
        timed.push(Timed::new(format!("{name}, S3-FIFO"), s3, peers(feed, work)));
        let fifo = feed.shared("voussoir", work, ours::<policy::Fifo>(feed, Policy::Fifo));
        timed.push(Timed::new(format!("{name}, FIFO"), fifo, fastest(feed, work)));
        let adaptive = ours::<policy::Adaptive>(feed, Policy::Adaptive);
        let adaptive = feed.shared("voussoir", work, adaptive);
        let moka = moka::sync::Cache::builder().max_capacity(feed.capacity as u64);
        let mut others = fastest(feed, work);
        others.push(feed.shared("moka", work, moka.build_with_hasher(feed.hasher.clone())));
        timed.push(Timed::new(format!("{name}, adaptive"), adaptive, others).allocations());

        let own = feed.own("voussoir", work, ours_own::<policy::S3Fifo>(feed));
        let case = Timed::new(format!("{name}, own S3-FIFO"), own, own_peers(feed, work));
        timed.push(case.alone());
        let own = feed.own("voussoir", work, ours_own::<policy::Fifo>(feed));
        let case = Timed::new(format!("{name}, own FIFO"), own, own_peers(feed, work));
        timed.push(case.alone());
        let own = feed.own("voussoir", work, ours_own::<policy::Lru>(feed));
        timed.push(Timed::new(format!("{name}, own LRU"), own, own_peers(feed, work)).alone());
    }
    timed.push(defaults(feed));
    let mut cases: Vec<Case> = timed.into_iter().map(Case::from).collect();
    cases.extend(Policy::ALL.into_iter().map(|policy| memory(policy, inputs.large * 10)));
    cases
}

/// Each as its crate makes it when nothing is said.
fn defaults(feed: &Feed) -> Timed {
    let (work, capacity) = (Work::Hit, feed.capacity);
    let cache = Cache::<u64, u64>::builder(capacity as u64).build().expect("valid");
    let ours = feed.shared("voussoir", work, cache);
    let foyer = foyer_memory::CacheBuilder::new(capacity).build();
    let peers = vec![
        feed.shared("quick_cache sync", work, quick_cache::sync::Cache::<u64, u64>::new(capacity)),
        feed.shared("moka", work, moka::sync::Cache::<u64, u64>::new(capacity as u64)),
        feed.shared("foyer", work, foyer),
    ];
    Timed::new("hit, defaults", ours, peers)
}

/// As many entries as fit, inserted one after the other.
fn memory(policy: Policy, entries: usize) -> Case {
    fn fill<T: Shared>(cache: T, entries: usize) -> T {
        (0..entries as u64).for_each(|rank| cache.put(key(rank)));
        cache
    }
    let ours = Built::new("voussoir", move || {
        let builder =
            Cache::<u64, u64>::builder(entries as u64).policy(policy).hasher(Fast::default());
        fill(builder.build().expect("valid"), entries)
    });
    let quick =
        Built::new("quick_cache sync", move || fill(quick_sync(entries, Fast::default()), entries));
    Weighed { name: format!("memory, {policy}"), entries, ours, peers: vec![quick] }.into()
}
