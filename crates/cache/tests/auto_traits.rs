//! What may cross threads, what may be copied: part of the contract, so tested.

use std::sync::Arc;

use voussoir_cache::flight::{Flights, LoadError};
use voussoir_cache::store::WriteQueue;
use voussoir_cache::{
    Cache, CacheBuilder, Cause, Compute, Executor, Inserted, Policy, Snapshot, Stats, Terms,
    UnsyncCache, policy,
};
use voussoir_core::{ManualClock, SystemClock};

const fn shared<T: Send + Sync + 'static>() {}
const fn clone<T: Clone>() {}
const fn copy<T: Copy + Send + Sync + Unpin + 'static>() {}
const fn error<T: std::error::Error>() {}

type State = std::hash::RandomState;

const _: () = {
    shared::<Cache<String, Arc<str>>>();
    clone::<Cache<String, Arc<str>>>();
    shared::<Cache<u8, u8, State, ManualClock, policy::Lru>>();
    shared::<UnsyncCache<String, Arc<str>>>();
    shared::<UnsyncCache<u8, u8, State, SystemClock, policy::S3Fifo>>();
    shared::<CacheBuilder<String, u8>>();
    shared::<Flights<String, u8>>();
    shared::<WriteQueue<String, u8>>();
    shared::<Snapshot<String, u8>>();
    shared::<Executor>();
    shared::<Terms>();
    copy::<Stats>();
    copy::<Policy>();
    copy::<Cause>();
    copy::<Compute<u8>>();
    copy::<Inserted<u8>>();
    error::<LoadError<std::io::Error>>();
    error::<policy::UnknownPolicy>();
};

#[test]
fn the_future_of_a_load_may_cross_threads() {
    const fn crosses<T: Send>(_: &T) {}
    let cache = Cache::<u8, u8>::builder(10).build().expect("valid");
    crosses(&cache.get_or_load_async(&1, || async { Ok::<_, String>(1) }));
    crosses(&cache.get_or_insert_with_async(&1, || async { 1 }));
}
