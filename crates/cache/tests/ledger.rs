//! What holds whatever a policy evicts: a cache is a map that forgets, tells of each value once when it
//! goes, and is never above its capacity. All operations, with weights and without, in one shard and in
//! four, and by a clock that also goes back.

use core::time::Duration;
use std::collections::BTreeMap;
use std::hash::RandomState;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use voussoir_cache::{Cache, CacheBuilder, Cause, Compute, Inserted, Policy, Stats, Terms};
use voussoir_core::{ManualClock, Nanos};

type Log = Arc<Mutex<Vec<(u8, u32, Cause)>>>;
type Shared = Cache<u8, u32, RandomState, ManualClock>;

#[derive(Clone, Debug)]
enum Op {
    Get(u8),
    GetMany(u8, u8),
    Peek(u8),
    Insert(u8, Wish),
    InsertIfAbsent(u8),
    Compute(u8, u8),
    Load(u8, bool),
    LoadMany(u8, u8),
    Remove(u8),
    RemoveIfEven(u8),
    InvalidateTag,
    InvalidateOddKeys,
    BumpVersion,
    Clear,
    Pin(u8),
    Unpin(u8),
    Resize(u64),
    Advance(u64),
    GoBack(u64),
    RunPending,
    Restore,
}

/// What an insertion asks for.
#[derive(Clone, Copy, Debug, Default)]
struct Wish {
    ttl: Option<u64>,
    tti: Option<u64>,
    tagged: bool,
    pinned: bool,
}

impl Wish {
    fn terms(self) -> Terms {
        let mut terms = Terms::new();
        if let Some(ttl) = self.ttl {
            terms = terms.ttl(Duration::from_nanos(ttl));
        }
        if let Some(tti) = self.tti {
            terms = terms.tti(Duration::from_nanos(tti));
        }
        if self.tagged {
            terms = terms.tag("other").tag("tag");
        }
        if self.pinned { terms.pinned() } else { terms }
    }
}

fn wish() -> impl Strategy<Value = Wish> {
    let time = || prop_oneof![4 => Just(None), 1 => (0..30_u64).prop_map(Some)];
    let rarely = || prop::bool::weighted(0.05);
    (time(), time(), rarely(), rarely()).prop_map(|(ttl, tti, tagged, pinned)| Wish {
        ttl,
        tti,
        tagged,
        pinned,
    })
}

fn op() -> impl Strategy<Value = Op> {
    // Few keys are asked for often, so that policies that tell them apart do so.
    let key = || prop_oneof![0..6_u8, 0..64_u8];
    prop_oneof![
        30 => key().prop_map(Op::Get),
        2 => (key(), key()).prop_map(|(one, other)| Op::GetMany(one, other)),
        2 => key().prop_map(Op::Peek),
        20 => key().prop_map(|key| Op::Insert(key, Wish::default())),
        14 => (key(), wish()).prop_map(|(key, wish)| Op::Insert(key, wish)),
        3 => key().prop_map(Op::InsertIfAbsent),
        4 => (key(), 0..3_u8).prop_map(|(key, what)| Op::Compute(key, what)),
        4 => (key(), prop::bool::weighted(0.8)).prop_map(|(key, good)| Op::Load(key, good)),
        2 => (key(), key()).prop_map(|(one, other)| Op::LoadMany(one, other)),
        3 => key().prop_map(Op::Remove),
        2 => key().prop_map(Op::RemoveIfEven),
        1 => Just(Op::InvalidateTag),
        1 => key().prop_map(Op::Pin),
        3 => key().prop_map(Op::Unpin),
        1 => (1..40_u64).prop_map(Op::Resize),
        4 => (0..6_u64).prop_map(Op::Advance),
        1 => (0..6_u64).prop_map(Op::GoBack),
        2 => Just(Op::RunPending),
        1 => prop_oneof![
            6 => Just(Op::RunPending),
            1 => Just(Op::Clear),
            1 => Just(Op::InvalidateOddKeys),
            1 => Just(Op::BumpVersion),
            1 => Just(Op::Restore),
        ],
    ]
}

/// A value that has been taken in and not been told of since.
#[derive(Clone, Copy, Debug)]
struct Held {
    value: u32,
    ends: u64,
    idle: u64,
    used: u64,
    tagged: bool,
    pinned: bool,
    /// Of an older version.
    outdated: bool,
}

const fn weight(value: u32) -> u64 {
    value as u64 % 4
}

struct Ledger {
    clock: ManualClock,
    log: Log,
    hasher: RandomState,
    policy: Policy,
    shards: usize,
    weighted: bool,
    cache: Shared,
    held: BTreeMap<u8, Held>,
    /// The latest time that the cache has seen, once it looks at the time.
    seen: Option<u64>,
    next: u32,
}

impl Ledger {
    fn new(policy: Policy, capacity: u64, shards: usize, weighted: bool) -> Self {
        let clock = ManualClock::at(Nanos::from_nanos(1_000));
        let (log, hasher) = (Log::default(), RandomState::new());
        let cache = Self::build(policy, capacity, shards, weighted, &clock, &log, &hasher);
        let held = BTreeMap::new();
        Self { clock, log, hasher, policy, shards, weighted, cache, held, seen: None, next: 0 }
    }

    fn build(
        policy: Policy,
        capacity: u64,
        shards: usize,
        weighted: bool,
        clock: &ManualClock,
        log: &Log,
        hasher: &RandomState,
    ) -> Shared {
        let told = Arc::clone(log);
        let mut builder: CacheBuilder<u8, u32> = Cache::builder(capacity).policy(policy);
        if weighted {
            builder = builder.weigher(|_, &value| weight(value));
        }
        builder
            .shards(shards)
            .clock(clock.clone())
            .hasher(hasher.clone())
            .on_evict(move |&key, &value, cause| told.lock().unwrap().push((key, value, cause)))
            .build()
            .unwrap()
    }

    fn now(&self) -> u64 {
        let now = voussoir_core::Clock::now(&self.clock).as_nanos();
        self.seen.map_or(now, |seen| seen.max(now))
    }

    fn is_over(&self, held: &Held) -> bool {
        held.outdated || held.ends.min(held.used.saturating_add(held.idle)) <= self.now()
    }

    fn live(&self, key: u8) -> Option<Held> {
        self.held.get(&key).filter(|held| !self.is_over(held)).copied()
    }

    fn value(&self, key: u8) -> Option<u32> {
        self.live(key).map(|held| held.value)
    }

    fn touch(&mut self, key: u8) {
        let now = self.now();
        if self.live(key).is_some()
            && let Some(held) = self.held.get_mut(&key)
        {
            held.used = now;
        }
    }

    fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    /// What a value weighs in the cache: nothing weighs nothing.
    fn weight(&self, value: u32) -> u64 {
        if self.weighted { weight(value).max(1) } else { 1 }
    }

    /// Each value goes once, from the key under which it came, and for a cause that is true. Whether
    /// `incoming` is among them.
    fn went(&mut self, op: &Op, keys: &[u8], incoming: Option<u32>) -> bool {
        let mut refused = false;
        for (key, value, cause) in core::mem::take(&mut *self.log.lock().unwrap()) {
            if Some(value) == incoming {
                assert_eq!(cause, Cause::Rejected, "{op:?}");
                refused = true;
                continue;
            }
            let held = self.held.get(&key).unwrap_or_else(|| panic!("no {key}: {op:?}"));
            assert_eq!(held.value, value, "{op:?}");
            let is_asked_for = keys.contains(&key);
            let is_true = match cause {
                Cause::Expired => !held.outdated && self.is_over(held),
                Cause::Capacity => match op {
                    Op::Resize(_) => true,
                    Op::Insert(..)
                    | Op::InsertIfAbsent(_)
                    | Op::Compute(_, 1)
                    | Op::Load(..)
                    | Op::LoadMany(..) => !held.pinned,
                    _ => false,
                },
                Cause::Removed => {
                    is_asked_for
                        && matches!(op, Op::Remove(_) | Op::RemoveIfEven(_) | Op::Compute(_, 2))
                }
                Cause::Invalidated => match op {
                    Op::Clear => true,
                    Op::InvalidateTag => held.tagged || held.outdated,
                    Op::InvalidateOddKeys => key % 2 == 1 || held.outdated,
                    _ => held.outdated,
                },
                Cause::Replaced => is_asked_for && matches!(op, Op::Insert(..) | Op::Compute(_, 1)),
                _ => false,
            };
            assert!(is_true, "{cause:?} of {held:?} at {} by {op:?}", self.now());
            self.held.remove(&key);
        }
        refused
    }

    /// A value was put in, as `wish` says, and this was the answer.
    fn came(&mut self, op: &Op, key: u8, value: u32, wish: Wish, answer: Option<Inserted<u32>>) {
        let before = self.live(key);
        let is_none = wish.ttl == Some(0);
        let others = self.held.values().any(|held| held.pinned);
        let gone = self.went(op, &[key], Some(value));
        let heavy = self.weight(value) > self.cache.max_entry_weight();
        match answer {
            Some(Inserted::Rejected(back)) => {
                assert_eq!(back, value);
                assert!(gone && (is_none || heavy || others), "refused without need: {op:?}");
            }
            Some(Inserted::Replaced(old)) => {
                assert_eq!(Some(old), before.map(|held| held.value), "{op:?}");
                assert!(!gone, "{op:?}");
            }
            Some(Inserted::New) => assert!(before.is_none() && !gone, "{op:?}"),
            None => assert!(!gone || heavy || others, "{op:?}"),
        }
        if gone {
            return;
        }
        let now = self.now();
        // A shard keeps no time before its first entry that has one.
        if wish.ttl.is_some() || wish.tti.is_some_and(|tti| tti > 0) {
            self.seen = Some(now);
        }
        let held = Held {
            value,
            ends: wish.ttl.map_or(u64::MAX, |ttl| now + ttl),
            idle: wish.tti.filter(|&tti| tti > 0).unwrap_or(u64::MAX),
            used: now,
            tagged: wish.tagged,
            // What replaces a pinned value is pinned too.
            pinned: wish.pinned || before.is_some_and(|held| held.pinned),
            outdated: false,
        };
        self.held.insert(key, held);
    }

    /// Loads two keys at once, of which the store has the first.
    fn load_two(&mut self, op: &Op, keys: [u8; 2]) {
        let expected = keys.map(|key| self.value(key));
        let value = self.number();
        let mut came = false;
        let found = self.cache.get_many_or_load(&keys, |missing| {
            let has = missing.contains(&keys[0]);
            came |= has;
            Ok::<_, ()>(if has { vec![(keys[0], value)] } else { vec![] })
        });
        assert_eq!(came, expected[0].is_none(), "{op:?}");
        for key in keys {
            self.touch(key);
        }
        let loaded = |key| (came && key == keys[0]).then_some(value);
        let expected = [0, 1].map(|at| expected[at].or(loaded(keys[at])));
        assert_eq!(found, Ok(expected.to_vec()), "{op:?}");
        if came {
            self.came(op, keys[0], value, Wish::default(), None);
        }
    }

    /// Goes on with another cache that was given the content of this one.
    fn restore(&mut self) {
        self.check_counts();
        let capacity = self.cache.capacity();
        let (policy, shards, weighted) = (self.policy, self.shards, self.weighted);
        let again =
            Self::build(policy, capacity, shards, weighted, &self.clock, &self.log, &self.hasher);
        again.restore(self.cache.snapshot());
        let then = self.now();
        self.held = core::mem::take(&mut self.held)
            .into_iter()
            .filter(|(_, held)| !held.outdated)
            .filter(|(_, held)| held.ends.min(held.used.saturating_add(held.idle)) > then)
            .collect();
        self.seen = None;
        let now = self.now();
        for held in self.held.values_mut() {
            if held.ends < u64::MAX {
                held.ends = now + (held.ends - then);
            }
            held.used = now;
            if held.ends.min(held.idle) < u64::MAX {
                self.seen = Some(now);
            }
        }
        self.cache = again;
    }

    /// What came in is there or has left, once, for one of the causes.
    fn check_counts(&self) {
        let Stats { inserted, replaced, evicted, expired, removed, invalidated, .. } =
            self.cache.stats();
        let left = replaced + evicted + expired + removed + invalidated;
        assert_eq!(inserted, left + self.cache.len() as u64);
    }

    #[expect(clippy::too_many_lines, reason = "one arm an operation")]
    fn run(&mut self, op: &Op) {
        match *op {
            Op::Get(key) => {
                assert_eq!(self.cache.get(&key), self.value(key), "{op:?}");
                self.touch(key);
            }
            Op::GetMany(one, other) => {
                let expected = [self.value(one), self.value(other)];
                assert_eq!(self.cache.get_many([&one, &other]), expected, "{op:?}");
                self.touch(one);
                self.touch(other);
            }
            Op::Peek(key) => {
                let expected = self.value(key);
                assert_eq!(self.cache.peek(&key), expected, "{op:?}");
                assert_eq!(self.cache.contains_key(&key), expected.is_some(), "{op:?}");
            }
            Op::Insert(key, wish) => {
                let value = self.number();
                let answer = self.cache.insert_with(key, value, &wish.terms());
                self.came(op, key, value, wish, Some(answer));
            }
            Op::InsertIfAbsent(key) => {
                let value = self.number();
                let present = self.value(key).is_some();
                let refused = self.cache.insert_if_absent(key, value);
                if present {
                    assert_eq!(refused, Err(value), "{op:?}");
                } else {
                    let answer = match refused {
                        Ok(()) => Inserted::New,
                        Err(value) => Inserted::Rejected(value),
                    };
                    self.came(op, key, value, Wish::default(), Some(answer));
                }
            }
            Op::Compute(key, what) => {
                let (value, present) = (self.number(), self.value(key));
                let entry = self.cache.entry(key);
                let old = entry.and_compute(|found| {
                    assert_eq!(found.copied(), present);
                    match what {
                        0 => Compute::Keep,
                        1 => Compute::Put(value),
                        _ => Compute::Remove,
                    }
                });
                assert_eq!(old, present.filter(|_| what > 0), "{op:?}");
                if what == 1 {
                    self.came(op, key, value, Wish::default(), None);
                } else {
                    self.went(op, &[key], None);
                }
            }
            Op::Load(key, good) => {
                let (value, present) = (self.number(), self.value(key));
                let found = self.cache.get_or_load(&key, || if good { Ok(value) } else { Err(()) });
                self.touch(key);
                if present.is_some() || !good {
                    assert_eq!(found.ok(), present, "{op:?}");
                } else {
                    assert_eq!(found, Ok(value), "{op:?}");
                    self.came(op, key, value, Wish::default(), None);
                }
            }
            Op::LoadMany(one, other) => self.load_two(op, [one, other]),
            Op::Remove(key) => {
                let expected = self.value(key);
                assert_eq!(self.cache.remove(&key), expected, "{op:?}");
                self.went(op, &[key], None);
            }
            Op::RemoveIfEven(key) => {
                let expected = self.value(key).filter(|value| value % 2 == 0);
                let removed = self.cache.remove_if(&key, |_, value| value % 2 == 0);
                assert_eq!(removed, expected, "{op:?}");
                self.went(op, &[key], None);
            }
            Op::InvalidateTag => {
                let carries = |held: &&Held| held.tagged && !held.outdated;
                let expected = self.held.values().filter(carries).count();
                assert_eq!(self.cache.invalidate_tag("tag"), expected, "{op:?}");
            }
            Op::InvalidateOddKeys => {
                let live = |(key, held): &(&u8, &Held)| *key % 2 == 1 && !self.is_over(held);
                let expected = self.held.iter().filter(live).count();
                let removed = self.cache.invalidate_if(|key, _| key % 2 == 1);
                assert_eq!(removed, expected, "{op:?}");
            }
            Op::BumpVersion => {
                self.cache.bump_version();
                // Those of the version before are gone now.
                self.went(op, &[], None);
                self.held.values_mut().for_each(|held| held.outdated = true);
            }
            Op::Clear => self.cache.clear(),
            Op::Pin(key) | Op::Unpin(key) => {
                let (is_there, pin) = (self.live(key).is_some(), matches!(op, Op::Pin(_)));
                let found = if pin { self.cache.pin(&key) } else { self.cache.unpin(&key) };
                assert_eq!(found, is_there, "{op:?}");
                if is_there && let Some(held) = self.held.get_mut(&key) {
                    held.pinned = pin;
                }
            }
            Op::Resize(capacity) => self.cache.resize(capacity),
            Op::Advance(by) => {
                self.clock.advance(Duration::from_nanos(by));
            }
            // Which shards have seen which time is not known from outside.
            Op::GoBack(by) => {
                if self.shards == 1 {
                    self.clock.rewind(Duration::from_nanos(by));
                }
            }
            Op::RunPending => {
                self.cache.run_pending(Nanos::from_nanos(self.now()));
                self.went(op, &[], None);
                assert!(self.held.values().all(|held| !self.is_over(held)), "{op:?}");
            }
            Op::Restore => self.restore(),
        }
        self.went(op, &[], None);
    }

    fn check(&mut self, op: &Op) {
        let mut found: Vec<_> = self.cache.iter().collect();
        found.sort_unstable();
        let live = self.held.iter().filter(|(_, held)| !self.is_over(held));
        let expected: Vec<_> = live.map(|(&key, held)| (key, held.value)).collect();
        assert_eq!(found, expected, "{op:?}");
        let weight: u64 = self.held.values().map(|held| self.weight(held.value)).sum();
        assert_eq!(self.cache.weight(), weight, "{op:?}");
        assert_eq!(self.cache.len(), self.held.len(), "{op:?}");
        assert!(weight <= self.cache.capacity(), "{op:?}");
        if self.seen.is_some() {
            self.seen = Some(self.now());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if std::env::var_os("VOUSSOIR_LONG").is_some() { 8000 } else { 400 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_cache_is_a_map_that_forgets_whatever_its_policy(
        policy in prop::sample::select(&Policy::ALL[..]),
        capacity in 4..40_u64,
        shards in prop::sample::select(&[1_usize, 4][..]),
        weighted in any::<bool>(),
        ops in prop::collection::vec(op(), 0..600),
    ) {
        let mut ledger = Ledger::new(policy, capacity, shards, weighted);
        for op in &ops {
            ledger.run(op);
            ledger.check(op);
        }
        ledger.check_counts();
        // What is dropped with its cache is told to nobody.
        drop(ledger.cache);
        assert!(ledger.log.lock().unwrap().is_empty());
    }
}
