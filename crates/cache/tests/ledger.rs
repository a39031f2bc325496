//! What holds whatever a policy evicts: a cache is a map that forgets, tells of each value once when it
//! goes, and is never above its capacity.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use voussoir_cache::{Cache, Cause, Inserted, Policy, Terms};
use voussoir_core::{ManualClock, Nanos};

type Log = Arc<Mutex<Vec<(u8, u32, Cause)>>>;
type Shared = Cache<u8, u32, std::hash::RandomState, ManualClock>;

#[derive(Clone, Debug)]
enum Op {
    Get(u8),
    Insert(u8),
    InsertFor(u8, u64),
    InsertTagged(u8),
    InsertIfAbsent(u8),
    Remove(u8),
    InvalidateTag,
    Pin(u8),
    Unpin(u8),
    Resize(u64),
    Advance(u64),
    RunPending,
    Clear,
}

fn op() -> impl Strategy<Value = Op> {
    // Few keys are asked for often, so that policies that tell them apart do so.
    let key = || prop_oneof![0..6_u8, 0..64_u8];
    prop_oneof![
        30 => key().prop_map(Op::Get),
        30 => key().prop_map(Op::Insert),
        4 => (key(), 0..30_u64).prop_map(|(key, ttl)| Op::InsertFor(key, ttl)),
        3 => key().prop_map(Op::InsertTagged),
        3 => key().prop_map(Op::InsertIfAbsent),
        3 => key().prop_map(Op::Remove),
        1 => Just(Op::InvalidateTag),
        1 => key().prop_map(Op::Pin),
        3 => key().prop_map(Op::Unpin),
        1 => (1..40_u64).prop_map(Op::Resize),
        4 => (0..6_u64).prop_map(Op::Advance),
        2 => Just(Op::RunPending),
        1 => prop_oneof![9 => Just(Op::RunPending), 1 => Just(Op::Clear)],
    ]
}

/// A value that has been taken in and not been told of since.
#[derive(Clone, Copy, Debug)]
struct Held {
    value: u32,
    ends: u64,
    tagged: bool,
    pinned: bool,
}

#[derive(Default)]
struct Ledger {
    held: BTreeMap<u8, Held>,
    now: u64,
    next: u32,
}

impl Ledger {
    fn live(&self, key: u8) -> Option<&Held> {
        self.held.get(&key).filter(|held| held.ends > self.now)
    }

    /// Each value goes once, from the key under which it came, and for a cause that is true.
    fn went(&mut self, op: &Op, log: &Log) {
        for (key, value, cause) in core::mem::take(&mut *log.lock().unwrap()) {
            if cause == Cause::Rejected {
                continue;
            }
            let held =
                self.held.remove(&key).unwrap_or_else(|| panic!("{key} was not there: {op:?}"));
            assert_eq!(held.value, value, "{op:?}");
            let is_true = match cause {
                Cause::Expired => held.ends <= self.now,
                Cause::Capacity => {
                    matches!(op, Op::Resize(_))
                        || !held.pinned && !matches!(op, Op::Get(_) | Op::Remove(_) | Op::Clear)
                }
                Cause::Removed => matches!(op, Op::Remove(_)),
                Cause::Invalidated => matches!(op, Op::Clear) || held.tagged,
                _ => matches!(op, Op::Insert(_) | Op::InsertFor(..) | Op::InsertTagged(_)),
            };
            assert!(is_true, "{cause:?} of {held:?} at {} by {op:?}", self.now);
        }
    }

    fn insert(&mut self, cache: &Shared, log: &Log, op: &Op, key: u8, terms: &Terms, ends: u64) {
        let value = self.next;
        self.next += 1;
        let before = self.live(key).copied();
        let answer = cache.insert_with(key, value, terms);
        self.went(op, log);
        match answer {
            Inserted::Rejected(back) => return assert_eq!(back, value),
            Inserted::Replaced(old) => assert_eq!(Some(old), before.map(|held| held.value)),
            Inserted::New => assert!(before.is_none(), "{op:?}"),
        }
        // What replaces a pinned value is pinned too.
        let pinned = before.is_some_and(|held| held.pinned);
        let tagged = matches!(op, Op::InsertTagged(_));
        self.held.insert(key, Held { value, ends, tagged, pinned });
    }
}

fn run(policy: Policy, capacity: u64, shards: usize, ops: &[Op]) {
    let clock = ManualClock::at(Nanos::from_nanos(1_000));
    let log = Log::default();
    let told = Arc::clone(&log);
    let cache: Shared = Cache::<u8, u32>::builder(capacity)
        .policy(policy)
        .shards(shards)
        .clock(clock.clone())
        .on_evict(move |&key, &value, cause| told.lock().unwrap().push((key, value, cause)))
        .build()
        .unwrap();
    let mut ledger = Ledger { now: 1_000, ..Ledger::default() };
    for op in ops {
        match *op {
            Op::Get(key) => {
                let expected = ledger.live(key).map(|held| held.value);
                assert_eq!(cache.get(&key), expected, "{op:?}");
            }
            Op::Insert(key) => ledger.insert(&cache, &log, op, key, &Terms::new(), u64::MAX),
            Op::InsertFor(key, ttl) => {
                let ends = ledger.now + ttl;
                let terms = Terms::new().ttl(Duration::from_nanos(ttl));
                ledger.insert(&cache, &log, op, key, &terms, ends);
            }
            Op::InsertTagged(key) => {
                ledger.insert(&cache, &log, op, key, &Terms::new().tag("tag"), u64::MAX);
            }
            Op::InsertIfAbsent(key) => {
                let value = ledger.next;
                ledger.next += 1;
                let present = ledger.live(key).is_some();
                let refused = cache.insert_if_absent(key, value);
                ledger.went(op, &log);
                if present {
                    assert!(refused.is_err(), "{op:?}");
                } else if cache.peek(&key) == Some(value) {
                    let held = Held { value, ends: u64::MAX, tagged: false, pinned: false };
                    ledger.held.insert(key, held);
                }
            }
            Op::Remove(key) => {
                let expected = ledger.live(key).map(|held| held.value);
                assert_eq!(cache.remove(&key), expected, "{op:?}");
            }
            Op::InvalidateTag => drop(cache.invalidate_tag("tag")),
            Op::Pin(key) => {
                let is_there = ledger.live(key).is_some();
                assert_eq!(cache.pin(&key), is_there, "{op:?}");
                if let (true, Some(held)) = (is_there, ledger.held.get_mut(&key)) {
                    held.pinned = true;
                }
            }
            Op::Unpin(key) => {
                cache.unpin(&key);
                if let Some(held) = ledger.held.get_mut(&key) {
                    held.pinned = false;
                }
            }
            Op::Resize(capacity) => cache.resize(capacity),
            Op::Advance(by) => {
                clock.advance(Duration::from_nanos(by));
                ledger.now += by;
            }
            Op::RunPending => drop(cache.run_pending(Nanos::from_nanos(ledger.now))),
            Op::Clear => cache.clear(),
        }
        ledger.went(op, &log);
        let mut found: Vec<_> = cache.iter().collect();
        found.sort_unstable();
        let live = ledger.held.iter().filter(|(_, held)| held.ends > ledger.now);
        let expected: Vec<_> = live.map(|(&key, held)| (key, held.value)).collect();
        assert_eq!(found, expected, "{op:?}");
        assert!(cache.len() as u64 <= cache.capacity(), "{op:?}");
    }
}

const ALL: [Policy; 6] =
    [Policy::Adaptive, Policy::Lru, Policy::Lfu, Policy::Fifo, Policy::S3Fifo, Policy::Random];

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if std::env::var_os("VOUSSOIR_LONG").is_some() { 4000 } else { 200 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_cache_is_a_map_that_forgets_whatever_its_policy(
        policy in prop::sample::select(&ALL[..]),
        capacity in 4..40_u64,
        shards in prop::sample::select(&[1_usize, 4][..]),
        ops in prop::collection::vec(op(), 0..600),
    ) {
        run(policy, capacity, shards, &ops);
    }
}
