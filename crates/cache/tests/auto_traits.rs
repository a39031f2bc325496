//! What may cross threads, what may be copied: part of the contract, so tested. Every public type is
//! here.

use core::convert::Infallible;
use std::sync::Arc;

use voussoir_cache::flight::{
    Abandoned, Arrival, Failure, Flights, Lead, LoadError, Role, Standing, Task, Wait, Wake,
};
use voussoir_cache::refresh::{Freshness, NegativeTtl, Verdict, XFetch};
use voussoir_cache::store::{
    AsyncBehind, AsyncStore, AsyncThrough, AsyncWriteBehind, Batch, BatchError, Behind, Change,
    DeadLetter, FlushReport, FlushTicket, Full, Next, ReadThrough, Store, Through, Write,
    WriteBehind, WriteQueue, WriteQueueBuilder, WriteStats, WriteThrough,
};
use voussoir_cache::{
    Cache, CacheBuilder, Cause, Compute, Entry, Executor, Inserted, Policy, Snapshot,
    SnapshotEntry, Stats, Terms, UnsyncCache, UnsyncEntry, policy,
};
use voussoir_core::{ManualClock, SystemClock};

const fn shared<T: Send + Sync + Unpin + 'static>() {}
const fn sent<T: Send + 'static>() {}
const fn clone<T: Clone + Send + Sync + Unpin + 'static>() {}
const fn copy<T: Copy + Send + Sync + Unpin + 'static>() {}
const fn error<T: std::error::Error + Send + Sync + 'static>() {}

type State = std::hash::RandomState;

/// A store of nothing.
struct Nothing;

impl Store<String, u8> for Nothing {
    type Error = Infallible;
    fn read(&self, _: &String) -> Result<Option<u8>, Infallible> {
        Ok(None)
    }
    fn write(&self, _: &String, _: &Change<u8>) -> Result<(), Infallible> {
        Ok(())
    }
}

impl AsyncStore<String, u8> for Nothing {
    type Error = Infallible;
    async fn read(&self, _: &String) -> Result<Option<u8>, Infallible> {
        Ok(None)
    }
    async fn write_batch(&self, _: &[Write<String, u8>]) -> Result<(), BatchError<Infallible>> {
        Ok(())
    }
}

const _: () = {
    clone::<Cache<String, Arc<str>>>();
    clone::<Cache<u8, u8, State, ManualClock, policy::Lru>>();
    shared::<UnsyncCache<String, Arc<str>>>();
    shared::<UnsyncCache<u8, u8, State, SystemClock, policy::S3Fifo>>();
    shared::<CacheBuilder<String, u8>>();
    shared::<Entry<'static, String, u8>>();
    shared::<UnsyncEntry<'static, String, u8>>();
    clone::<Snapshot<String, u8>>();
    clone::<SnapshotEntry<String, u8>>();
    clone::<Terms>();
    copy::<Stats>();
    copy::<Policy>();
    copy::<Cause>();
    copy::<Compute<u8>>();
    copy::<Inserted<u8>>();
    error::<policy::UnknownPolicy>();
};

const _: () = {
    shared::<policy::Adaptive>();
    shared::<policy::Any>();
    shared::<policy::Fifo>();
    shared::<policy::Lfu>();
    shared::<policy::Lru>();
    shared::<policy::Random>();
    shared::<policy::S3Fifo>();
};

const _: () = {
    clone::<Executor>();
    clone::<Flights<String, u8>>();
    shared::<Lead<String, u8>>();
    shared::<Wait<String, u8>>();
    shared::<Role<String, u8>>();
    shared::<Arrival<String, u8>>();
    shared::<Wake<String, u8>>();
    clone::<Failure>();
    copy::<Standing>();
    copy::<Abandoned>();
    sent::<Task>();
    error::<LoadError<std::io::Error>>();
    clone::<LoadError<std::io::Error>>();
};

const _: () = {
    copy::<Freshness>();
    copy::<NegativeTtl>();
    copy::<Verdict>();
    copy::<XFetch>();
};

const _: () = {
    shared::<Through<String, u8, Nothing>>();
    shared::<ReadThrough<String, u8, Nothing>>();
    shared::<WriteThrough<String, u8, Nothing>>();
    shared::<WriteBehind<String, u8, Nothing>>();
    shared::<Behind<String, u8, Nothing>>();
    shared::<AsyncThrough<String, u8, Nothing>>();
    shared::<AsyncWriteBehind<String, u8, Nothing>>();
    shared::<AsyncBehind<String, u8, Nothing>>();
    shared::<WriteQueue<String, u8>>();
    clone::<WriteQueueBuilder<String, u8>>();
    shared::<Batch<String, u8>>();
    clone::<Write<String, u8>>();
    clone::<DeadLetter<String, u8>>();
    clone::<BatchError<String>>();
    error::<BatchError<std::io::Error>>();
    clone::<Change<u8>>();
    error::<Full<String, u8>>();
    shared::<FlushTicket>();
    copy::<FlushReport>();
    shared::<Next<String, u8>>();
    copy::<WriteStats>();
};

#[test]
fn the_future_of_a_load_may_cross_threads() {
    const fn crosses<T: Send>(_: &T) {}
    let cache = Cache::<u8, u8>::builder(10).build().expect("valid");
    crosses(&cache.get_or_load_async(&1, || async { Ok::<_, String>(1) }));
    crosses(&cache.get_or_load_until(&1, async {}, || async { Ok::<_, String>(1) }));
    crosses(&cache.try_get_or_load_async(&1, || async { Ok::<_, String>(1) }));
    crosses(&cache.get_many_or_load_async(&[1], |_| async { Ok::<_, String>(vec![]) }));
    crosses(&cache.get_or_insert_with_async(&1, || async { 1 }));
    let executor = Executor::new(drop);
    crosses(&cache.get_or_load_detached(&1, &executor, || async { Ok::<_, String>(1) }));
}
