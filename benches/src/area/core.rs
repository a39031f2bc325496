//! The sharded map against `DashMap` and others, and the clocks.

use core::hash::{BuildHasher, Hash};
use core::hint::black_box;
use alloc::borrow::ToOwned;
use alloc::sync::Arc;
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
use crate::inputs::{Inputs, ORDER, numbers, strings, uniform, zipf};

/// The area.
pub const AREA: Area = Area {
    name: "core",
    about: "the sharded map and the clocks",
    cases,
};

fn cases(inputs: &Inputs) -> Vec<Case> {
    let count = inputs.large;
    let (numbers, strings) = (numbers(count), strings(count));
    let orders = [("uniform", uniform(count)), ("zipf", zipf(count))];
    let mut cases = Vec::new();
    // One hasher on both sides; two instances of `RandomState` would spread the keys differently.
    let (keyed, fast) = (RandomState::new(), foldhash::fast::RandomState::default());
    for (order, asked) in &orders {
        let of = |kind, hasher| format!("map {kind} {order}, {hasher}");
        cases.push(map(of("u64", "std hasher"), &numbers, asked, &keyed));
        cases.push(map(of("u64", "foldhash"), &numbers, asked, &fast));
        cases.push(map(of("String", "std hasher"), &strings, asked, &keyed));
        cases.push(map(of("String", "foldhash"), &strings, asked, &fast));
    }
    cases.push(memory("map u64, memory", &numbers));
    cases.push(memory("map String, memory", &strings));
    cases.extend(clocks());
    cases
}

/// What a map of counters needs of its keys.
trait Key: Eq + Hash + Clone + Send + Sync + 'static {}
impl<K: Eq + Hash + Clone + Send + Sync + 'static> Key for K {}

/// Adds one to the counter of a key, which is made where there is none. The maps are filled, so
/// that in the timed rounds there always is one.
fn map<K, S>(name: String, keys: &Arc<[K]>, asked: &Arc<[u32]>, hasher: &S) -> Case
where
    K: Key,
    S: BuildHasher + Clone + Send + Sync + 'static,
{
    let contestant = |name, add: Box<dyn Fn(&K)>| {};
    todo!()
}
