//! The sharded map against `DashMap` and others, and the clocks.

use alloc::sync::Arc;
use core::hash::{BuildHasher, Hash};
use core::hint::black_box;
use std::collections::HashMap;
use std::hash::RandomState;
use std::time::Instant;

use dashmap::DashMap;
use parking_lot::Mutex;
use voussoir::map::ShardedMap;
use voussoir::time::{Clock, QuantaClock, SystemClock};

use super::Area;
use crate::harness::alloc::{Built, Weighed};
use crate::harness::case::{Case, Contestant, Timed};
use crate::harness::floor::Floor;
use crate::inputs::{Asked, Inputs, numbers, strings, uniform, zipf};

/// The area.
pub const AREA: Area = Area { name: "core", about: "the sharded map and the clocks", cases };

fn cases(inputs: &Inputs) -> Vec<Case> {
    let (numbers, strings) = (numbers(inputs.large), strings(inputs.large));
    // One hasher on both sides; two instances of `RandomState` would spread the keys differently.
    let (keyed, fast) = (RandomState::new(), foldhash::fast::RandomState::default());
    let mut cases = Vec::new();
    for (order, asked) in [("uniform", uniform(inputs.large)), ("zipf", zipf(inputs.large))] {
        let name = |kind, hasher| format!("map {kind} {order}, {hasher}");
        let asked_numbers = Asked::new(&numbers, &asked);
        let asked_strings = Asked::new(&strings, &asked);
        cases.extend([
            map(name("u64", "std hasher"), &asked_numbers, &keyed),
            map(name("u64", "foldhash"), &asked_numbers, &fast),
            map(name("String", "std hasher"), &asked_strings, &keyed),
            map(name("String", "foldhash"), &asked_strings, &fast),
        ]);
    }
    cases.push(memory("map u64, memory", &numbers));
    cases.push(memory("map String, memory", &strings));
    cases.extend(clocks());
    cases
}

/// What a map of counters needs of its keys.
trait Key: Eq + Hash + Clone + Send + Sync + 'static {}
impl<K: Eq + Hash + Clone + Send + Sync + 'static> Key for K {}

/// What they need of a hasher.
trait Hasher: BuildHasher + Clone + Send + Sync + 'static {}
impl<S: BuildHasher + Clone + Send + Sync + 'static> Hasher for S {}

/// Adds one to the counter of a key, which is made where there is none. The maps are filled, so
/// that in the timed rounds there always is one.
fn map<K: Key, S: Hasher>(name: String, asked: &Asked<K>, hasher: &S) -> Case {
    let map = ShardedMap::with_hasher(hasher.clone());
    fill(asked, |key| map.insert(key, 1));
    let ours = asked.contestant("ours", move |key| map.update_or_insert(key, || 0, add_one));
    let peers = vec![
        // The usual form. It needs an owned key whether or not there is an entry.
        dashmap(asked, "dashmap entry", DashMap::with_hasher(hasher.clone()), |map, key| {
            add_one(&mut map.entry(key.clone()).or_insert(0))
        }),
        // Its best form where most keys are there already: no key is cloned.
        dashmap(asked, "dashmap get_mut", DashMap::with_hasher(hasher.clone()), in_dashmap),
        // Its best form for two threads, with as many shards as ours makes on two processors
        // instead of the eight that it makes.
        dashmap(
            asked,
            "dashmap get_mut, 64 shards",
            DashMap::with_hasher_and_shard_amount(hasher.clone(), 64),
            in_dashmap,
        ),
        scc(asked, hasher),
        locked(asked, hasher),
    ];
    Timed::new(name, ours, peers).floor(Floor::Lock).into()
}

#[inline]
fn add_one(count: &mut u64) -> bool {
    *count += 1;
    *count != 0
}

fn fill<K: Key, R>(asked: &Asked<K>, insert: impl Fn(K) -> R) {
    for key in asked.keys() {
        insert(key.clone());
    }
}

fn dashmap<K: Key, S: Hasher>(
    asked: &Asked<K>,
    name: &str,
    map: DashMap<K, u64, S>,
    add: impl Fn(&DashMap<K, u64, S>, &K) -> bool + Send + Sync + 'static,
) -> Contestant {
    fill(asked, |key| map.insert(key, 1));
    asked.contestant(name, move |key| add(&map, key))
}

#[inline]
fn in_dashmap<K: Key, S: BuildHasher + Clone>(map: &DashMap<K, u64, S>, key: &K) -> bool {
    if let Some(mut count) = map.get_mut(key) {
        return add_one(&mut count);
    }
    add_one(&mut map.entry(key.clone()).or_insert(0))
}

fn scc<K: Key, S: Hasher>(asked: &Asked<K>, hasher: &S) -> Contestant {
    let map = scc::HashMap::with_hasher(hasher.clone());
    fill(asked, |key| map.insert_sync(key, 1));
    asked.contestant("scc update", move |key| {
        if let Some(yes) = map.update_sync(key, |_, count| add_one(count)) {
            return yes;
        }
        add_one(map.entry_sync(key.clone()).or_insert(0).get_mut())
    })
}

/// What one writes without a crate, though with the faster mutex.
fn locked<K: Key, S: Hasher>(asked: &Asked<K>, hasher: &S) -> Contestant {
    let map = Mutex::new(HashMap::with_hasher(hasher.clone()));
    fill(asked, |key| map.lock().insert(key, 1));
    asked.contestant("Mutex<HashMap>", move |key| {
        let mut map = map.lock();
        if let Some(count) = map.get_mut(key) {
            return add_one(count);
        }
        add_one(map.entry(key.clone()).or_insert(0))
    })
}

/// Filled one key after another from empty, as a service does; nobody is told the size before.
/// What a key owns on the heap is the same for all.
fn memory<K: Key>(name: &str, keys: &Arc<[K]>) -> Case {
    Weighed {
        name: name.to_owned(),
        entries: keys.len(),
        ours: filled("ours", keys, ShardedMap::<K, u64>::new, |map, key| {
            map.insert(key, 1);
        }),
        peers: vec![
            filled("dashmap", keys, DashMap::<K, u64>::new, |map, key| {
                map.insert(key, 1);
            }),
            filled("HashMap", keys, HashMap::<K, u64>::new, |map, key| {
                map.insert(key, 1);
            }),
        ],
    }
    .into()
}

fn filled<K: Key, M: 'static>(
    name: &str,
    keys: &Arc<[K]>,
    new: fn() -> M,
    insert: fn(&mut M, K),
) -> Built {
    let keys = Arc::clone(keys);
    Built::new(name, move || {
        let mut map = new();
        keys.iter().cloned().for_each(|key| insert(&mut map, key));
        map
    })
}

/// Reading the time: ours gives nanoseconds since an origin, the peers what they call an instant.
fn clocks() -> [Case; 2] {
    let system = Timed::new(
        "SystemClock now",
        reading("ours", || SystemClock.now()),
        vec![reading("Instant::now", Instant::now)],
    );
    let (ours, theirs) = (QuantaClock::new(), quanta::Clock::new());
    let counter = Timed::new(
        "QuantaClock now",
        reading("ours", move || ours.now()),
        vec![reading("quanta now", move || theirs.now())],
    );
    [system.alone().floor(Floor::Instant).into(), counter.alone().floor(Floor::Quanta).into()]
}

fn reading<T>(name: &str, now: impl Fn() -> T + Send + Sync + 'static) -> Contestant {
    Contestant::each(name, move |_| {
        black_box(now());
        true
    })
}
