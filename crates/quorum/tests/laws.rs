//! The algebra: against naive models, over random clocks and histories.

use std::collections::BTreeMap;

use proptest::prelude::*;
use voussoir_quorum::{
    ActorId, Causality, CounterOverflow, Dot, DvvSet, LwwRegister, Pruning, PutRefusal,
    StampReused, VectorClock, Version,
};

type Clock = VectorClock<u64>;
type Naive = BTreeMap<u64, u64>;

fn naive() -> impl Strategy<Value = Naive> {
    prop::collection::btree_map(0..7_u64, 1..4_u64, 0..7)
}

fn clock(naive: &Naive) -> Clock {
    naive.iter().map(|(&actor, &counter)| Dot::new(actor, counter)).collect()
}

fn naive_of(clock: &Clock) -> Naive {
    clock.iter().map(|(&actor, counter)| (actor, counter)).collect()
}

fn get(naive: &Naive, actor: u64) -> u64 {
    naive.get(&actor).copied().unwrap_or(0)
}

fn naive_compare(one: &Naive, other: &Naive) -> Causality {
    let ahead = (0..7).any(|actor| get(one, actor) > get(other, actor));
    let behind = (0..7).any(|actor| get(one, actor) < get(other, actor));
    Causality::of(ahead, behind)
}

proptest! {
    #[test]
    fn clocks_compare_and_merge_as_maps_do(one in naive(), other in naive()) {
        let (a, b) = (clock(&one), clock(&other));
        prop_assert_eq!(naive_of(&a), one.clone());
        prop_assert_eq!(a.compare(&b), naive_compare(&one, &other));
        prop_assert_eq!(b.compare(&a), a.compare(&b).reverse());
        prop_assert_eq!(a.compare(&b) == Causality::Equal, a == b);
        prop_assert_eq!(a.partial_cmp(&b), a.compare(&b).into());
        let mut merged = a.clone();
        merged.merge(&b);
        let common = a.common(&b);
        for actor in 0..7 {
            prop_assert_eq!(merged.get(&actor), get(&one, actor).max(get(&other, actor)));
            prop_assert_eq!(common.get(&actor), get(&one, actor).min(get(&other, actor)));
        }
        prop_assert!(merged.descends(&a) && merged.descends(&b));
        prop_assert!(a.descends(&common) && b.descends(&common));
    }

    #[test]
    fn merging_is_commutative_associative_and_idempotent(a in naive(), b in naive(), c in naive()) {
        let (a, b, c) = (clock(&a), clock(&b), clock(&c));
        let join = |one: &Clock, other: &Clock| {
            let mut joined = one.clone();
            joined.join(other);
            joined
        };
        prop_assert_eq!(join(&a, &b), join(&b, &a));
        prop_assert_eq!(join(&join(&a, &b), &c), join(&a, &join(&b, &c)));
        prop_assert_eq!(join(&a, &a), a);
    }

    #[test]
    fn counting_forgetting_and_gaps_are_as_of_maps(mut model in naive(), actor in 0..7_u64, ahead in 0..5_u64) {
        let mut counted = clock(&model);
        let dot = counted.increment(&actor).unwrap();
        *model.entry(actor).or_default() += 1;
        prop_assert_eq!(dot, Dot::new(actor, model[&actor]));
        prop_assert_eq!(naive_of(&counted), model.clone());
        prop_assert!(counted.contains(&dot));
        let far = Dot::new(actor, dot.counter + ahead);
        let missing = counted.missing_before(&far);
        prop_assert!(missing.clone().all(|counter| !counted.contains(&Dot::new(actor, counter))));
        prop_assert_eq!(missing.count() as u64, ahead.saturating_sub(1));
        prop_assert_eq!(counted.forget(&actor), Some(dot));
        model.remove(&actor);
        prop_assert_eq!(naive_of(&counted), model);
    }

    /// Four stay inside, the fifth moves them out, and nobody can tell from outside.
    #[test]
    fn where_the_entries_live_does_not_matter(model in naive()) {
        let mut from_heap = clock(&model);
        for extra in 100..105 {
            from_heap.increment(&extra).unwrap();
        }
        for extra in 100..105 {
            from_heap.forget(&extra);
        }
        let inline = clock(&model);
        prop_assert_eq!(&from_heap, &inline);
        prop_assert_eq!(from_heap.compare(&inline), Causality::Equal);
        prop_assert_eq!(from_heap.to_bytes(), inline.to_bytes());
    }
}

#[test]
fn a_counter_at_its_end_is_an_error_and_changes_nothing() {
    let mut clock: Clock = [Dot::new(1, u64::MAX)].into_iter().collect();
    let before = clock.clone();
    assert_eq!(clock.increment(&1), Err(CounterOverflow));
    assert_eq!(clock, before);
    let mut key = DvvSet::<u8, u64>::new();
    key.delete(&before);
    let error = key.put(&before, &1, 7).unwrap_err();
    assert_eq!((error.refusal, error.value), (PutRefusal::Overflow(CounterOverflow), 7));
}

/// A clock, and the dots that it stands for.
type Context = (VectorClock<u64>, std::collections::BTreeSet<(u64, u64)>);

/// What happened to a set of siblings, as the histories of dots: seen ones and standing ones.
#[derive(Clone, Debug, Default, PartialEq)]
struct History {
    seen: std::collections::BTreeSet<(u64, u64)>,
    standing: BTreeMap<(u64, u64), u32>,
}

impl History {
    fn sync(&mut self, other: &Self) {
        let keep = |dot: &(u64, u64), there: &Self| {
            there.standing.contains_key(dot) || !there.seen.contains(dot)
        };
        let mut standing = self.standing.clone();
        standing.retain(|dot, _| keep(dot, other));
        standing.extend(other.standing.iter().filter(|(dot, _)| keep(dot, self)));
        self.standing = standing;
        self.seen.extend(&other.seen);
    }
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Read(usize, usize),
    Write(usize, usize),
    Delete(usize, usize),
    Sync(usize, usize),
    Resolve(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..3_usize, 0..3_usize).prop_map(|(client, replica)| Act::Read(client, replica)),
        (0..3_usize, 0..3_usize).prop_map(|(client, replica)| Act::Write(client, replica)),
        (0..3_usize, 0..3_usize).prop_map(|(client, replica)| Act::Delete(client, replica)),
        (0..3_usize, 0..3_usize).prop_map(|(from, to)| Act::Sync(from, to)),
        (0..3_usize).prop_map(Act::Resolve),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if std::env::var_os("VOUSSOIR_LONG").is_some() { 20_000 } else { 500 }))]

    /// Against whole histories, which never forget a dot: the compact form loses nothing of them.
    #[test]
    fn sibling_sets_are_histories_in_short(acts in prop::collection::vec(act(), 0..40)) {
        let mut sets: [DvvSet<u32, u64>; 3] = Default::default();
        let mut histories: [History; 3] = Default::default();
        let mut contexts: [Context; 3] = Default::default();
        for (value, act) in (0..).zip(acts) {
            match act {
                Act::Read(client, replica) => {
                    contexts[client].0.merge(sets[replica].context());
                    let seen = histories[replica].seen.clone();
                    contexts[client].1.extend(seen);
                }
                Act::Write(client, replica) => {
                    let (context, seen) = &contexts[client];
                    let dot = sets[replica].put(context, &(replica as u64), value).unwrap();
                    let history = &mut histories[replica];
                    history.standing.retain(|dot, _| !seen.contains(dot));
                    history.seen.extend(seen);
                    let fresh = (dot.actor, dot.counter);
                    prop_assert!(history.seen.insert(fresh), "no dot is used twice");
                    history.standing.insert(fresh, value);
                }
                Act::Delete(client, replica) => {
                    sets[replica].delete(&contexts[client].0);
                    let history = &mut histories[replica];
                    history.standing.retain(|dot, _| !contexts[client].1.contains(dot));
                    history.seen.extend(&contexts[client].1);
                }
                Act::Sync(from, to) => {
                    let (set, history) = (sets[from].clone(), histories[from].clone());
                    sets[to].sync(&set);
                    histories[to].sync(&history);
                }
                Act::Resolve(replica) => {
                    let dot = sets[replica].resolve(&(replica as u64), |values| values.into_iter().max().unwrap()).unwrap();
                    let history = &mut histories[replica];
                    if let Some(dot) = dot {
                        let value = *history.standing.values().max().unwrap();
                        history.standing.clear();
                        history.standing.insert((dot.actor, dot.counter), value);
                        history.seen.insert((dot.actor, dot.counter));
                    }
                }
            }
            for (set, history) in sets.iter().zip(&histories) {
                let standing: BTreeMap<_, _> = set
                    .siblings()
                    .map(|(dot, value)| ((dot.actor, dot.counter), *value))
                    .collect();
                prop_assert_eq!(&standing, &history.standing);
                let seen: u64 = set.context().iter().map(|(_, counter)| counter).sum();
                prop_assert_eq!(seen as usize, history.seen.len());
            }
        }
        let join = |one: usize, other: usize| {
            let mut joined = sets[one].clone();
            joined.join(&sets[other]);
            joined
        };
        prop_assert_eq!(join(0, 1), join(1, 0));
        prop_assert_eq!(join(2, 2), sets[2].clone());
        let (mut left, mut right) = (join(0, 1), sets[0].clone());
        left.sync(&sets[2]);
        right.sync(&join(1, 2));
        prop_assert_eq!(left, right);
    }
}

/// Two clients in turn, each with the context that its own last write returned: the published
/// experiment of sibling explosion.
#[test]
fn a_hundred_and_one_writes_leave_two_siblings_where_server_clocks_leave_a_hundred_and_one() {
    // The plain way: one clock for all siblings, which replaces them all or none.
    let (mut clock, mut values) = (Clock::new(), Vec::new());
    let mut contexts = [Clock::new(), Clock::new()];
    for write in 0..101_usize {
        let context = &contexts[write % 2];
        if context.descends(&clock) {
            values.clear();
        }
        clock.increment(&1).unwrap();
        values.push(write);
        contexts[write % 2] = clock.clone();
    }
    assert_eq!(values.len(), 101);

    let mut key = DvvSet::<usize, u64>::new();
    let mut contexts = [Clock::new(), Clock::new()];
    let mut most = 0;
    for write in 0..101_usize {
        key.put(&contexts[write % 2].clone(), &1, write).unwrap();
        contexts[write % 2] = key.context().clone();
        most = most.max(key.len());
    }
    assert_eq!(key.values().collect::<Vec<_>>(), [&99, &100]);
    assert!(most <= 3, "{most}");
}

#[test]
fn a_writer_that_never_reads_is_told_so_at_the_limit() {
    let mut key = DvvSet::<u8, u64>::new();
    for value in 0..100 {
        key.put(&Clock::new(), &1, value).unwrap();
    }
    let error = key.put(&Clock::new(), &1, 100).unwrap_err();
    assert_eq!((error.refusal, error.value), (PutRefusal::TooManySiblings { most: 100 }, 100));
    let all = key.context().clone();
    key.put(&all, &1, 101).unwrap();
    assert_eq!(key.len(), 1);
}

#[test]
fn a_replica_that_lost_its_state_cannot_count_on_under_its_old_name() {
    let actor = ActorId::new(1, 0).unwrap();
    let mut key = DvvSet::new();
    key.put(&VectorClock::new(), &actor, "old").unwrap();
    let context = key.context().clone();
    let mut wiped = DvvSet::new();
    let error = wiped.put(&context, &actor, "new").unwrap_err();
    assert_eq!(error.refusal, PutRefusal::UnknownPast { seen: 1, known: 0 });
    let reborn = actor.next_epoch().unwrap();
    wiped.put(&context, &reborn, error.value).unwrap();
    key.sync(&wiped);
    assert_eq!(key.values().collect::<Vec<_>>(), [&"new"]);
    assert!(ActorId::new(1, u16::MAX).unwrap().next_epoch().is_err());
    assert!(ActorId::new(1 << 48, 0).is_err());
}

/// Its tombstone was collected; a client still holds a context of the key's first life.
#[test]
fn a_key_that_lives_again_is_safe_from_old_contexts_only_if_its_actors_count_from_later_on() {
    let survives = |first: Option<Dot<u64>>| {
        let mut key = DvvSet::<&str, u64>::new();
        key.put(&Clock::new(), &1, "deleted").unwrap();
        let old = key.context().clone();
        let mut key = DvvSet::new();
        if let Some(first) = first {
            key.count_from(&first);
            assert!(key.is_empty());
        }
        key.put(&Clock::new(), &1, "new").unwrap();
        // By a client that has never read "new".
        key.put(&old, &1, "newest").unwrap();
        key.values().any(|value| *value == "new")
    };
    assert!(!survives(None), "the dots of the first life are used again");
    assert!(survives(Some(Dot::new(1, 1_000))));
    let mut key = DvvSet::<u8, u64>::new();
    key.put(&Clock::new(), &1, 1).unwrap();
    key.count_from(&Dot::new(1, 1_000));
    assert_eq!(key.context().get(&1), 1, "it counts already");
}

#[test]
fn clocks_are_never_pruned_unless_asked_and_then_in_one_order() {
    use voussoir_core::Nanos;

    let full: Clock = (0..60).map(|actor| Dot::new(actor, 1)).collect();
    let hour = |actor: &u64| Nanos::from_secs(3600 * (actor / 2));
    let mut clock = full.clone();
    assert!(clock.prune(&Pruning::default(), Nanos::MAX, hour).dots.is_empty());
    let pruned = clock.prune(&Pruning::RIAK, Nanos::from_secs(3600 * 30), hour);
    let actors: Vec<_> = pruned.dots.iter().map(|dot| dot.actor).collect();
    assert_eq!(
        actors,
        (0..10).collect::<Vec<_>>(),
        "oldest first, equal ages by actor, down to 50"
    );
    // Not while the oldest is young.
    let mut young = full.clone();
    assert!(young.prune(&Pruning::RIAK, Nanos::from_secs(5), |_| Nanos::ZERO).dots.is_empty());
}

#[test]
fn two_values_of_one_stamp_are_an_error_instead_of_two_truths() {
    let mut here = LwwRegister::new(7_u64, "a");
    assert_eq!(here.merge(&LwwRegister::new(7, "b")), Err(StampReused));
    assert_eq!(here.merge(&LwwRegister::new(7, "a")), Ok(false));
    assert_eq!(here.merge(&LwwRegister::new(6, "c")), Ok(false));
    assert_eq!(here.merge(&LwwRegister::new(8, "d")), Ok(true));
    assert!(!here.set(8, "e"));
    assert_eq!(here.into_value(), "d");
}
