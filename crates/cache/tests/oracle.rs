//! Every policy against the plainest program that does the same, over random operations and a clock
//! that moves.

use core::hash::{BuildHasherDefault, Hasher};
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use voussoir_cache::{Cache, Cause, Compute, Inserted, Policy, Terms, UnsyncCache};
use voussoir_core::{ManualClock, Nanos};

/// The same in every run, so that a failure is found again. No two keys have a mark of 16 bits in
/// common, by which `S3Fifo` would take one for the other.
#[derive(Default)]
struct Fixed(u64);

impl Hasher for Fixed {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let mixed = (self.0 ^ (u64::from(byte) + 1)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            self.0 = (mixed ^ (mixed >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9).rotate_left(23);
        }
    }
}

/// How many keys `S3Fifo` remembers in a cache of up to 17 entries: one bucket of marks.
const GHOST: usize = 16;

type FixedState = BuildHasherDefault<Fixed>;
type Log = Vec<(u8, u32, Cause)>;

#[derive(Clone, Debug)]
enum Op {
    Get(u8),
    GetBoth(u8, u8),
    Peek(u8),
    Insert(u8),
    InsertPinned(u8),
    InsertFor(u8, u64),
    InsertTagged(u8, bool),
    Remove(u8),
    RemoveIfEven(u8),
    Compute(u8, u8),
    Absent(u8),
    Pin(u8),
    Unpin(u8),
    Tag(bool),
    InvalidateOdd,
    Clear,
    Resize(u8),
    Advance(u64),
    RunPending,
    Restore,
}

fn op() -> impl Strategy<Value = Op> {
    let key = 0..24_u8;
    prop_oneof![
        20 => key.clone().prop_map(Op::Get),
        2 => (key.clone(), key.clone()).prop_map(|(one, other)| Op::GetBoth(one, other)),
        2 => key.clone().prop_map(Op::Peek),
        20 => key.clone().prop_map(Op::Insert),
        1 => key.clone().prop_map(Op::InsertPinned),
        4 => (key.clone(), 0..20_u64).prop_map(|(key, ttl)| Op::InsertFor(key, ttl)),
        3 => (key.clone(), any::<bool>()).prop_map(|(key, tag)| Op::InsertTagged(key, tag)),
        2 => key.clone().prop_map(Op::Remove),
        2 => key.clone().prop_map(Op::RemoveIfEven),
        2 => (key.clone(), 0..3_u8).prop_map(|(key, what)| Op::Compute(key, what)),
        2 => key.clone().prop_map(Op::Absent),
        1 => key.clone().prop_map(Op::Pin),
        2 => key.prop_map(Op::Unpin),
        1 => any::<bool>().prop_map(Op::Tag),
        1 => Just(Op::InvalidateOdd),
        1 => Just(Op::Clear),
        1 => (1..12_u8).prop_map(Op::Resize),
        4 => (0..6_u64).prop_map(Op::Advance),
        2 => Just(Op::RunPending),
        1 => Just(Op::Restore),
    ]
}

/// An entry of the model.
#[derive(Clone, Debug)]
struct Item {
    key: u8,
    value: u32,
    ends: Option<u64>,
    tag: Option<bool>,
    pinned: bool,
    uses: u64,
    /// Of `Lfu`: uses, and what was evicted last, at the latest use.
    priority: u64,
    /// Of `S3Fifo`: whether it is in the main queue.
    main: bool,
}

/// A list of entries, the first to be evicted in front. Everything is a scan.
struct Model {
    policy: Policy,
    capacity: usize,
    items: VecDeque<Item>,
    floor: u64,
    /// Of `S3Fifo`: what was evicted from the small queue, the latest first.
    ghost: VecDeque<u8>,
    now: u64,
    log: Log,
    next: u32,
}

impl Model {
    fn find(&self, key: u8) -> Option<usize> {
        let at = self.items.iter().position(|item| item.key == key)?;
        self.items[at].ends.is_none_or(|ends| self.now < ends).then_some(at)
    }

    /// As `find`; an entry that is over is dropped.
    fn find_mut(&mut self, key: u8) -> Option<usize> {
        let found = self.find(key);
        if found.is_none()
            && let Some(at) = self.items.iter().position(|item| item.key == key)
        {
            self.leave(at, Cause::Expired);
        }
        found
    }

    fn leave(&mut self, at: usize, cause: Cause) -> u32 {
        let item = self.items.remove(at).unwrap();
        self.log.push((item.key, item.value, cause));
        item.value
    }

    /// Expired entries go at the next write; their order is not part of the contract.
    fn reclaim(&mut self) {
        while let Some(at) =
            self.items.iter().position(|item| item.ends.is_some_and(|ends| ends <= self.now))
        {
            self.leave(at, Cause::Expired);
        }
    }

    fn touch(&mut self, at: usize) {
        match self.policy {
            Policy::Lru => {
                let item = self.items.remove(at).unwrap();
                self.items.push_back(item);
            }
            Policy::Lfu => {
                let mut item = self.items.remove(at).unwrap();
                item.uses = (item.uses + 1).min(63);
                item.priority = self.floor + item.uses;
                self.items.push_back(item);
            }
            Policy::S3Fifo => self.items[at].uses = (self.items[at].uses + 1).min(3),
            _ => {}
        }
    }

    /// The place of a newcomer, and of what is pinned no longer.
    fn admit(&mut self, item: &mut Item) {
        (item.pinned, item.uses, item.priority) = (false, 1, self.floor + 1);
        if self.policy == Policy::S3Fifo {
            let remembered = self.ghost.iter().position(|&key| key == item.key);
            (item.uses, item.main) = (0, remembered.and_then(|at| self.ghost.remove(at)).is_some());
        }
    }

    /// From the small queue while that is a tenth or more, or all there is. What was used twice goes
    /// into the main queue instead, and there once around for each use.
    fn evict_of_queues(&mut self) -> Option<usize> {
        loop {
            let first = |main| self.items.iter().position(|item| !item.pinned && item.main == main);
            let small = self.items.iter().filter(|item| !item.pinned && !item.main).count();
            let at = match (first(false), first(true)) {
                (Some(at), None) => at,
                (Some(at), _) if small >= (self.capacity / 10).max(1) => at,
                (_, main) => main?,
            };
            let item = &mut self.items[at];
            if !item.main && item.uses < 2 {
                self.ghost.push_front(item.key);
                self.ghost.truncate(GHOST);
                return Some(at);
            }
            match (item.main, item.uses) {
                (false, _) => (item.main, item.uses) = (true, 0),
                (true, 0) => return Some(at),
                (true, _) => item.uses -= 1,
            }
            let item = self.items.remove(at).unwrap();
            self.items.push_back(item);
        }
    }

    fn evict(&mut self) -> bool {
        let candidates = self.items.iter().enumerate().filter(|(_, item)| !item.pinned);
        let victim = match self.policy {
            // Among equals the one whose latest use is the oldest: the first.
            Policy::Lfu => candidates.min_by_key(|(at, item)| (item.priority, *at)),
            _ => candidates.min_by_key(|(at, _)| *at),
        };
        let victim = victim.map(|(at, _)| at);
        let victim = if self.policy == Policy::S3Fifo { self.evict_of_queues() } else { victim };
        let Some(at) = victim else { return false };
        self.floor = self.items[at].priority;
        self.leave(at, Cause::Capacity);
        true
    }

    fn insert(&mut self, key: u8, ttl: Option<u64>, tag: Option<bool>) -> Inserted<u32> {
        self.insert_as(key, ttl, tag, false)
    }

    fn insert_as(
        &mut self,
        key: u8,
        ttl: Option<u64>,
        tag: Option<bool>,
        pinned: bool,
    ) -> Inserted<u32> {
        self.reclaim();
        let value = self.next;
        self.next += 1;
        let ends = ttl.map(|ttl| self.now + ttl);
        if ttl == Some(0) {
            if let Some(at) = self.find(key) {
                self.leave(at, Cause::Replaced);
            }
            self.log.push((key, value, Cause::Rejected));
            return Inserted::Rejected(value);
        }
        if let Some(at) = self.find(key) {
            let old = core::mem::replace(&mut self.items[at].value, value);
            self.log.push((key, old, Cause::Replaced));
            (self.items[at].ends, self.items[at].tag) = (ends, tag);
            self.items[at].pinned |= pinned;
            if !self.items[at].pinned {
                self.touch(at);
            }
            return Inserted::Replaced(old);
        }
        while self.items.len() >= self.capacity {
            if !self.evict() {
                self.log.push((key, value, Cause::Rejected));
                return Inserted::Rejected(value);
            }
        }
        let (uses, priority) = (0, 0);
        let mut item = Item { key, value, ends, tag, pinned, uses, priority, main: false };
        if !pinned {
            self.admit(&mut item);
        }
        self.items.push_back(item);
        Inserted::New
    }

    fn retain(&mut self, keep: impl Fn(&Item) -> bool) {
        let now = self.now;
        while let Some(at) = self
            .items
            .iter()
            .position(|item| item.ends.is_none_or(|ends| now < ends) && !keep(item))
        {
            self.leave(at, Cause::Invalidated);
        }
    }
}

#[expect(clippy::too_many_lines, reason = "one arm an operation")]
fn run(policy: Policy, ops: &[Op]) {
    let clock = ManualClock::at(Nanos::from_nanos(1_000));
    let log = Arc::new(Mutex::new(Log::new()));
    let told = Arc::clone(&log);
    let builder = || {
        let told = Arc::clone(&told);
        Cache::<u8, u32>::builder(6)
            .policy(policy)
            .hasher(FixedState::default())
            .clock(clock.clone())
            .on_evict(move |&key, &value, cause| told.lock().unwrap().push((key, value, cause)))
    };
    let mut own = builder().build_unsync().unwrap();
    let mut shared = builder().shards(1).build().unwrap();
    let mut model = Model {
        policy,
        capacity: 6,
        items: VecDeque::new(),
        floor: 0,
        ghost: VecDeque::new(),
        now: 1_000,
        log: Log::new(),
        next: 0,
    };
    for op in ops {
        let value = model.next;
        macro_rules! both {
            ($cache:ident => $call:expr) => {{
                let one = {
                    let $cache = &mut own;
                    $call
                };
                let first = core::mem::take(&mut *log.lock().unwrap());
                let two = {
                    let $cache = &shared;
                    $call
                };
                let second = core::mem::take(&mut *log.lock().unwrap());
                assert_eq!(one, two, "shared and unshared differ in {op:?}");
                assert_eq!(sorted(first.clone()), sorted(second), "{op:?}");
                model.reclaim_as(&first);
                (one, first)
            }};
        }
        match *op {
            Op::Get(key) => {
                let expected = model.find(key).map(|at| {
                    let value = model.items[at].value;
                    if !model.items[at].pinned {
                        model.touch(at);
                    }
                    value
                });
                assert_eq!(own.get(&key).copied(), expected, "{op:?}");
                assert_eq!(shared.get(&key), expected, "{op:?}");
            }
            Op::GetBoth(one, other) => {
                let expected = [one, other].map(|key| {
                    let at = model.find(key)?;
                    let value = model.items[at].value;
                    if !model.items[at].pinned {
                        model.touch(at);
                    }
                    Some(value)
                });
                let found = [one, other].map(|key| own.get(&key).copied());
                assert_eq!(found, expected, "{op:?}");
                assert_eq!(shared.get_many([&one, &other]), expected, "{op:?}");
            }
            Op::Peek(key) => {
                let expected = model.find(key).map(|at| model.items[at].value);
                assert_eq!(own.peek(&key).copied(), expected);
                assert_eq!(shared.peek(&key), expected);
                assert_eq!(shared.contains_key(&key), expected.is_some());
            }
            Op::Insert(key) => {
                let expected = model.insert(key, None, None);
                let (found, _) = both!(cache => cache.insert(key, value));
                assert_eq!(found, expected);
            }
            Op::InsertPinned(key) => {
                let expected = model.insert_as(key, None, None, true);
                let terms = Terms::new().pinned();
                let (found, _) = both!(cache => cache.insert_with(key, value, &terms));
                assert_eq!(found, expected);
            }
            Op::InsertFor(key, ttl) => {
                let expected = model.insert(key, Some(ttl), None);
                let terms = Terms::new().ttl(Duration::from_nanos(ttl));
                let (found, _) = both!(cache => cache.insert_with(key, value, &terms));
                assert_eq!(found, expected);
            }
            Op::InsertTagged(key, tag) => {
                let expected = model.insert(key, None, Some(tag));
                let terms = Terms::new().tag(if tag { "a" } else { "b" });
                let (found, _) = both!(cache => cache.insert_with(key, value, &terms));
                assert_eq!(found, expected);
            }
            Op::Remove(key) => {
                let expected = model.find_mut(key).map(|at| model.leave(at, Cause::Removed));
                let (found, _) = both!(cache => cache.remove(&key));
                assert_eq!(found, expected);
            }
            Op::RemoveIfEven(key) => {
                let there = model.find_mut(key);
                let at = there.filter(|&at| model.items[at].value.is_multiple_of(2));
                let expected = at.map(|at| model.leave(at, Cause::Removed));
                let (found, _) =
                    both!(cache => cache.remove_if(&key, |_, value| value.is_multiple_of(2)));
                assert_eq!(found, expected);
            }
            Op::Compute(key, what) => {
                let expected = match what {
                    0 => None,
                    1 => model.insert(key, None, None).replaced(),
                    _ => model.find_mut(key).map(|at| model.leave(at, Cause::Removed)),
                };
                let decide = |_: Option<&u32>| match what {
                    0 => Compute::Keep,
                    1 => Compute::Put(value),
                    _ => Compute::Remove,
                };
                let (found, _) = both!(cache => cache.entry(key).and_compute(decide));
                assert_eq!(found, expected);
            }
            Op::Absent(key) => {
                if model.find(key).is_some() {
                    let (found, _) = both!(cache => cache.insert_if_absent(key, value));
                    assert_eq!(found, Err(value));
                } else {
                    let expected = model.insert(key, None, None);
                    let (found, _) = both!(cache => cache.insert_if_absent(key, value));
                    assert_eq!(found.is_ok(), expected.is_in());
                }
            }
            Op::Pin(key) => {
                let there = model.find(key);
                if let Some(at) = there {
                    model.items[at].pinned = true;
                }
                assert_eq!((own.pin(&key), shared.pin(&key)), (there.is_some(), there.is_some()));
            }
            Op::Unpin(key) => {
                let there = model.find(key);
                if let Some(at) = there
                    && model.items[at].pinned
                {
                    // It comes back as a newcomer.
                    let mut item = model.items.remove(at).unwrap();
                    model.admit(&mut item);
                    model.items.push_back(item);
                }
                let there = there.is_some();
                assert_eq!((own.unpin(&key), shared.unpin(&key)), (there, there));
            }
            Op::Tag(tag) => {
                model.reclaim();
                both!(cache => cache.run_pending(Nanos::from_nanos(model.now)));
                model.retain(|item| item.tag != Some(tag));
                both!(cache => cache.invalidate_tag(if tag { "a" } else { "b" }));
            }
            Op::InvalidateOdd => {
                model.reclaim();
                both!(cache => cache.run_pending(Nanos::from_nanos(model.now)));
                model.retain(|item| item.key % 2 == 0);
                both!(cache => cache.invalidate_if(|key, _| key % 2 == 1));
            }
            Op::Clear => {
                model.reclaim();
                both!(cache => cache.run_pending(Nanos::from_nanos(model.now)));
                model.retain(|_| false);
                both!(cache => cache.clear());
            }
            Op::Resize(capacity) => {
                model.reclaim();
                both!(cache => cache.run_pending(Nanos::from_nanos(model.now)));
                let window = |capacity: usize| capacity - capacity / 10;
                if window(model.capacity) != window(capacity.into()) {
                    model.ghost.clear();
                }
                model.capacity = capacity.into();
                while model.items.len() > model.capacity {
                    if !model.evict() {
                        // Which of the pinned ones goes is not part of the contract: none is left.
                        return;
                    }
                }
                both!(cache => cache.resize(capacity.into()));
            }
            Op::Advance(by) => {
                clock.advance(Duration::from_nanos(by));
                model.now = now(&clock);
            }
            Op::RunPending => {
                model.reclaim();
                both!(cache => cache.run_pending(Nanos::from_nanos(model.now)));
                assert_eq!((own.len(), shared.len()), (model.items.len(), model.items.len()));
            }
            Op::Restore => {
                model.reclaim();
                both!(cache => cache.run_pending(Nanos::from_nanos(model.now)));
                let again = builder().build().unwrap();
                if own.capacity() == 6 {
                    model.ghost.clear();
                    again.restore(shared.snapshot());
                    shared = again;
                    let mut fresh = builder().build_unsync().unwrap();
                    fresh.restore(own.snapshot());
                    own = fresh;
                }
            }
        }
        assert_eq!(own.weight(), own.len() as u64);
        assert!(own.len() <= own.capacity() as usize && shared.len() <= model.capacity);
    }
    check(&mut own, &shared, &mut model);
}

impl Model {
    /// Expired entries may have gone before what the model did: both tell the same in the end.
    fn reclaim_as(&mut self, told: &Log) {
        let mine = core::mem::take(&mut self.log);
        assert_eq!(sorted(mine), sorted(told.clone()));
    }
}

fn sorted(mut log: Log) -> Vec<String> {
    log.sort_by_key(|&(key, value, _)| (value, key));
    log.iter().map(|entry| format!("{entry:?}")).collect()
}

fn now(clock: &ManualClock) -> u64 {
    voussoir_core::Clock::now(clock).as_nanos()
}

type Own = UnsyncCache<u8, u32, FixedState, ManualClock>;
type Shared = Cache<u8, u32, FixedState, ManualClock>;

fn check(own: &mut Own, shared: &Shared, model: &mut Model) {
    model.reclaim();
    let mut residents: Vec<_> = model.items.iter().map(|item| (item.key, item.value)).collect();
    residents.sort_unstable();
    let mut found: Vec<_> = shared.iter().collect();
    found.sort_unstable();
    assert_eq!(found, residents);
    let mut found: Vec<_> = own.iter().map(|(&key, &value)| (key, value)).collect();
    found.sort_unstable();
    assert_eq!(found, residents);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if std::env::var_os("VOUSSOIR_LONG").is_some() { 4000 } else { 200 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn lru_does_what_a_plain_list_does(ops in prop::collection::vec(op(), 0..200)) {
        run(Policy::Lru, &ops);
    }

    #[test]
    fn fifo_does_what_a_plain_list_does(ops in prop::collection::vec(op(), 0..200)) {
        run(Policy::Fifo, &ops);
    }

    #[test]
    fn s3_fifo_does_what_two_queues_and_a_list_of_ghosts_do(
        ops in prop::collection::vec(op(), 0..200),
    ) {
        run(Policy::S3Fifo, &ops);
    }

    #[test]
    fn lfu_evicts_the_least_priority_and_among_equals_the_oldest_use(
        ops in prop::collection::vec(op(), 0..200),
    ) {
        run(Policy::Lfu, &ops);
    }
}
