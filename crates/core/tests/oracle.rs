//! The sharded map against `HashMap`: the same operations, the same answers.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use proptest::prelude::*;
use voussoir_core::ShardedMap;

#[derive(Clone, Debug)]
enum Op {
    Insert(u8, u32),
    Update(u8, u32),
    UpdateOrInsert(u8, u32),
    TryUpdateOrInsert { key: u8, max_entries: usize },
    Remove(u8),
    RemoveIfEven(u8),
    RetainBelow(u32),
    Sweep { budget: usize, below: u32 },
    ShrinkToFit,
    Clear,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (any::<u8>(), any::<u32>()).prop_map(|(key, value)| Op::Insert(key, value)),
        4 => (any::<u8>(), any::<u32>()).prop_map(|(key, value)| Op::Update(key, value)),
        4 => (any::<u8>(), any::<u32>()).prop_map(|(key, value)| Op::UpdateOrInsert(key, value)),
        4 => (any::<u8>(), 0..64_usize)
            .prop_map(|(key, max_entries)| Op::TryUpdateOrInsert { key, max_entries }),
        4 => any::<u8>().prop_map(Op::Remove),
        2 => any::<u8>().prop_map(Op::RemoveIfEven),
        1 => any::<u32>().prop_map(Op::RetainBelow),
        2 => (0..200_usize, any::<u32>()).prop_map(|(budget, below)| Op::Sweep { budget, below }),
        1 => Just(Op::ShrinkToFit),
        1 => Just(Op::Clear),
    ]
}

/// Every key collides with every other: one shard, one chain.
#[derive(Default)]
struct Constant;

impl Hasher for Constant {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, _: &[u8]) {}
}

fn same_answers<S: BuildHasher>(map: &ShardedMap<u8, u32, S>, ops: Vec<Op>) {
    let mut oracle = HashMap::new();
    for op in ops {
        match op {
            Op::Insert(key, value) => {
                assert_eq!(map.insert(key, value), oracle.insert(key, value));
            }
            Op::Update(key, value) => {
                let ours = map.update(&key, |held| std::mem::replace(held, value));
                assert_eq!(ours, oracle.get_mut(&key).map(|held| std::mem::replace(held, value)));
            }
            Op::UpdateOrInsert(key, value) => {
                let add = |held: &mut u32| {
                    *held = held.wrapping_add(1);
                    *held
                };
                let ours = map.update_or_insert(&key, || value, add);
                assert_eq!(ours, add(oracle.entry(key).or_insert(value)));
            }
            Op::TryUpdateOrInsert { key, max_entries } => {
                let ours = map.try_update_or_insert(&key, max_entries, || 7, |held| *held);
                if oracle.contains_key(&key) || oracle.len() < max_entries {
                    assert_eq!(ours, Ok(*oracle.entry(key).or_insert(7)));
                } else {
                    assert_eq!(ours.unwrap_err().max_entries, max_entries);
                }
            }
            Op::Remove(key) => assert_eq!(map.remove(&key), oracle.remove(&key)),
            Op::RemoveIfEven(key) => {
                let ours = map.remove_if(&key, |held| *held % 2 == 0);
                let even = oracle.get(&key).is_some_and(|held| held % 2 == 0);
                assert_eq!(ours, if even { oracle.remove(&key) } else { None });
            }
            Op::RetainBelow(below) => {
                map.retain(|_, held| *held < below);
                oracle.retain(|_, held| *held < below);
            }
            Op::Sweep { budget, below } => {
                let mut gone = Vec::new();
                let swept = map.sweep(budget, |key, held| {
                    let keep = *held < below;
                    if !keep {
                        gone.push(*key);
                    }
                    keep
                });
                assert!(swept.examined <= budget);
                assert_eq!(swept.removed, gone.len());
                for key in gone {
                    assert!(oracle.remove(&key).is_some_and(|held| held >= below));
                }
            }
            Op::ShrinkToFit => map.shrink_to_fit(),
            Op::Clear => {
                map.clear();
                oracle.clear();
            }
        }
        assert_eq!(map.len(), oracle.len());
        assert_eq!(map.memory().entries, oracle.len());
    }
    let mut held = HashMap::new();
    map.for_each(|key, value| assert_eq!(held.insert(*key, *value), None, "seen twice"));
    assert_eq!(held, oracle);
}

proptest! {
    #[test]
    fn answers_as_a_hash_map(ops in prop::collection::vec(op(), 0..400)) {
        same_answers(&ShardedMap::with_shards_and_hasher(4, RandomState::new()), ops);
    }

    #[test]
    fn answers_as_a_hash_map_when_all_keys_collide(ops in prop::collection::vec(op(), 0..200)) {
        let hasher = BuildHasherDefault::<Constant>::default();
        same_answers(&ShardedMap::with_shards_and_hasher(4, hasher), ops);
    }

    #[test]
    fn sweeps_visit_every_entry_once_a_round(
        shards in 1..32_usize,
        keys in prop::collection::hash_set(any::<u16>(), 0..500),
        budget in 1..300_usize,
    ) {
        let map = ShardedMap::with_shards_and_hasher(shards, RandomState::new());
        for key in &keys {
            map.insert(*key, 0);
        }
        // One entry marks the beginning and the end of a round.
        let mut rounds_begun = 0;
        let mark = keys.iter().next().copied();
        while mark.is_some() && rounds_begun < 2 {
            map.sweep(budget, |key, visits| {
                rounds_begun += u32::from(Some(*key) == mark);
                *visits += u32::from(rounds_begun == 1 && Some(*key) != mark);
                true
            });
        }
        map.for_each(|key, visits| {
            // Those behind the mark in the same call as its second visit are counted once as well,
            // since the second round does not count.
            assert!(*visits == u32::from(Some(*key) != mark), "{key} visited {visits} times");
        });
    }
}

#[test]
fn a_sweep_of_an_empty_map_ends() {
    let map = ShardedMap::<u8, u8>::new();
    assert_eq!(map.sweep(1000, |_, _| true).examined, 0);
    assert_eq!(map.sweep(0, |_, _| true).examined, 0);
}

#[test]
fn a_key_is_cloned_only_when_it_is_new() {
    #[derive(PartialEq, Eq, Hash)]
    struct Loud(u8);
    static CLONES: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    impl Clone for Loud {
        fn clone(&self) -> Self {
            CLONES.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Self(self.0)
        }
    }

    let map = ShardedMap::<Loud, u8>::new();
    for _ in 0..3 {
        map.update_or_insert(&Loud(1), || 0, |count| *count += 1);
    }
    assert_eq!(map.get(&Loud(1)), Some(3));
    assert_eq!(CLONES.load(std::sync::atomic::Ordering::Relaxed), 1);
}
