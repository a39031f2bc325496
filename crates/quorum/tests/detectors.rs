//! Hybrid clocks, failure detectors, gossip, hints, Merkle trees and views.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use voussoir_core::{ManualClock, Nanos, Random};
use voussoir_quorum::{
    Exponential, Gossip, GossipConfig, GossipEvent, Grace, HintLimits, HintStore, Hints, Hlc,
    HlcError, HlcTime, MemberState, Merkle, MerkleEntry, Normal, PhiAccrual, PhiModel, PlanError,
    Quorum, View,
};

proptest! {
    #[test]
    fn hybrid_readings_grow_under_any_clock(steps in prop::collection::vec((any::<u32>(), prop::option::of(any::<u32>())), 1..60)) {
        let clock = Hlc::builder().max_drift(Duration::from_secs(1)).build().unwrap();
        let mut last = HlcTime::ZERO;
        for (now, remote) in steps {
            let now = Nanos::from_millis(u64::from(now));
            let reading = match remote {
                None => clock.tick_at(now).unwrap(),
                Some(remote) => {
                    let remote = HlcTime::at(Nanos::from_millis(u64::from(remote)));
                    match clock.observe_at(remote, now) {
                        Ok(reading) => {
                            prop_assert!(reading > remote);
                            reading
                        }
                        Err(HlcError::DriftExceeded { ahead, .. }) => {
                            prop_assert!(ahead > Duration::from_secs(1));
                            prop_assert!(clock.high_water() <= last.next().unwrap(), "nothing changed");
                            continue;
                        }
                        Err(error) => return Err(TestCaseError::fail(error.to_string())),
                    }
                }
            };
            prop_assert!(reading > last && reading >= HlcTime::at(now));
            last = reading;
        }
    }

    /// Naively: all entries in one list, and a range differs if what lies in it differs.
    #[test]
    fn trees_differ_exactly_where_their_contents_do(
        ours in prop::collection::btree_map(any::<u64>(), 0..3_u8, 0..60),
        changes in prop::collection::btree_map(any::<u64>(), 0..3_u8, 0..20),
        drops in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        depth in 1..4_u8,
    ) {
        let mut theirs = ours.clone();
        theirs.extend(&changes);
        for drop in drops {
            let keys: Vec<_> = ours.keys().copied().collect();
            if !keys.is_empty() {
                theirs.remove(&keys[drop.index(keys.len())]);
            }
        }
        let tree = |contents: &BTreeMap<u64, u8>| {
            let mut tree = Merkle::new(depth, [7; 16]).unwrap();
            for (key, version) in contents {
                let entry = tree.entry(&key.to_le_bytes(), &[*version]);
                tree.update(*key, None, Some(entry));
            }
            tree
        };
        let (a, b) = (tree(&ours), tree(&theirs));
        let shift = 64 - 4 * u32::from(depth);
        let leaf = |key: &u64| key >> shift;
        let differing: BTreeSet<u64> = ours
            .iter()
            .chain(&theirs)
            .filter(|(key, _)| ours.get(key) != theirs.get(key))
            .map(|(key, _)| leaf(key))
            .collect();
        let ranges: Vec<_> = a.diff(&b).unwrap().collect();
        let found: BTreeSet<u64> = ranges.iter().flat_map(|range| (range.first >> shift)..=(range.last >> shift)).collect();
        prop_assert_eq!(found, differing);
        prop_assert!(ranges.windows(2).all(|pair| pair[0].last + 1 < pair[1].first), "in order, joined");
        // Changed one by one into the other, it becomes the other.
        let mut changed = a.clone();
        for key in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
            let entry = |version: Option<&u8>| -> Option<MerkleEntry> { version.map(|version| changed.entry(&key.to_le_bytes(), &[*version])) };
            let (old, new) = (entry(ours.get(key)), entry(theirs.get(key)));
            changed.update(*key, old, new);
        }
        prop_assert_eq!(changed, b);
    }

    #[test]
    fn phi_never_falls_while_a_node_is_silent(heartbeats in prop::collection::vec(any::<u32>(), 0..50), asked in prop::collection::vec(any::<u64>(), 2..20)) {
        fn check<M: PhiModel>(model: M, heartbeats: &[u32], asked: &[u64]) -> Result<(), TestCaseError> {
            let mut phi = PhiAccrual::new(model, 10, Duration::from_secs(1)).unwrap();
            for &at in heartbeats {
                phi.heartbeat(Nanos::from_nanos(u64::from(at)));
            }
            let mut asked = asked.to_vec();
            asked.sort_unstable();
            let phis: Vec<_> = asked.iter().map(|&at| phi.phi(Nanos::from_nanos(at))).collect();
            prop_assert!(phis.iter().all(|phi| (0.0..=1e9).contains(phi)), "{phis:?}");
            prop_assert!(phis.windows(2).all(|pair| pair[1] >= pair[0] - 1e-7), "{phis:?}");
            Ok(())
        }
        check(Exponential, &heartbeats, &asked)?;
        check(Normal::default(), &heartbeats, &asked)?;
    }

    #[test]
    fn hints_are_kept_in_order_and_never_beyond_the_limit(acts in prop::collection::vec((0..3_u8, 0..40_usize, 0..4_u8), 0..60)) {
        const EACH: usize = HintStore::<u8, usize>::BYTES_EACH;
        let most = |hints: usize| hints * (20 + EACH);
        let limits = HintLimits { bytes: most(10), bytes_per_target: most(5), ..HintLimits::default() };
        let mut hints = HintStore::new(limits).unwrap();
        let mut model: BTreeMap<u8, Vec<(voussoir_quorum::HintId, usize)>> = BTreeMap::new();
        for (target, bytes, act) in acts {
            let kept = |model: &BTreeMap<u8, Vec<_>>| -> usize { model.values().flatten().map(|(_, bytes)| bytes).sum() };
            if act < 3 {
                let here: usize = model.get(&target).into_iter().flatten().map(|(_, bytes)| bytes).sum();
                let charged = bytes + EACH;
                let fits = kept(&model) + charged <= most(10) && here + charged <= most(5);
                match hints.push(target, bytes, bytes, Nanos::ZERO) {
                    Ok(id) => {
                        prop_assert!(fits);
                        model.entry(target).or_default().push((id, charged));
                    }
                    Err(error) => prop_assert!(!fits && error.hint == bytes),
                }
            } else if let Some(waiting) = model.get_mut(&target) && !waiting.is_empty() {
                let at = bytes % waiting.len();
                prop_assert_eq!(hints.acknowledge(&target, waiting[at].0), at + 1);
                waiting.drain(..=at);
            }
            prop_assert_eq!(hints.bytes(), kept(&model));
            let pending: Vec<_> = hints.pending(&target).map(|(id, bytes)| (id, *bytes + EACH)).collect();
            prop_assert_eq!(&pending, model.entry(target).or_default());
        }
    }

    #[test]
    fn views_merge_in_any_order_to_the_same(changes in prop::collection::vec((0..4_u8, 0..3_u64, 0..4_u8, 0..3_usize), 0..30)) {
        let states = [MemberState::Joining, MemberState::Up, MemberState::Leaving, MemberState::Gone];
        let mut views = [View::new(), View::new(), View::new()];
        for (node, incarnation, state, view) in changes {
            let _ = views[view].set(node, incarnation, states[usize::from(state)]);
        }
        let [a, b, c] = views;
        let join = |one: &View<u8>, other: &View<u8>| { let mut joined = one.clone(); joined.merge(other); joined };
        prop_assert_eq!(join(&a, &b), join(&b, &a));
        prop_assert_eq!(join(&join(&a, &b), &c), join(&a, &join(&b, &c)));
        prop_assert!(!join(&a, &b).merge(&a));
    }
}

#[test]
fn the_count_of_a_busy_millisecond_carries_and_never_wraps() {
    let clock = Hlc::builder().build().unwrap();
    let now = Nanos::from_millis(5);
    let readings: Vec<_> = (0..70_000).map(|_| clock.tick_at(now).unwrap()).collect();
    assert!(readings.is_sorted_by(|one, other| one < other));
    assert_eq!(readings.last().unwrap().millis(), 6);
    let end = Hlc::builder().resume_at(HlcTime::MAX).build().unwrap();
    assert_eq!(end.tick_at(now), Ok(HlcTime::MAX));
    assert_eq!(end.tick_at(now), Err(HlcError::Exhausted));
}

/// Accepting one reading from the far future would poison every clock for ever.
#[test]
fn a_reading_from_the_future_is_refused_and_leaves_the_clock_alone() {
    let wall = ManualClock::at(Nanos::from_secs(1_000));
    let clock = Hlc::builder().clock(wall.clone()).build().unwrap();
    let future = HlcTime::at(Nanos::from_secs(1_001));
    assert!(matches!(clock.observe(future), Err(HlcError::DriftExceeded { .. })));
    assert!(matches!(clock.observe(HlcTime::MAX), Err(HlcError::DriftExceeded { .. })));
    assert_eq!(clock.tick(), Ok(HlcTime::at(Nanos::from_secs(1_000))));
}

#[test]
fn threads_never_share_a_reading() {
    let clock = Hlc::builder().build().unwrap();
    let mut all: Vec<_> = std::thread::scope(|scope| {
        let work = || (0..20_000).map(|_| clock.tick_at(Nanos::ZERO).unwrap()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 80_000);
}

/// Where the threshold lies, in deviations and in means, for the same number: the models differ.
#[test]
fn phi_is_as_its_formula_says() {
    let at = |phi: f64, deviations: f64| {
        let found = Normal { acceptable_pause: Duration::ZERO, least_deviation: Duration::ZERO }
            .phi(1e6 + deviations * 1e5, 1e6, 1e5);
        assert!((found - phi).abs() < 2e-3 * phi, "{found} for {phi} at {deviations}");
    };
    // The upper tail of the normal distribution, from tables.
    at(std::f64::consts::LOG10_2, 0.0);
    at(0.799_55, 1.0);
    at(2.869_63, 3.0);
    at(6.542_648, 5.0);
    at(8.0, 5.612);
    at(23.118_1, 10.0);
    at(88.560_1, 20.0);
    at(545.956, 50.0);
    let exponential = |means: f64| Exponential.phi(means * 1e6, 1e6, 0.0);
    for (phi, means) in
        [(1.0, std::f64::consts::LN_10), (3.0, 6.907_755), (8.0, 18.420_681), (12.0, 27.631_021)]
    {
        assert!((exponential(means) - phi).abs() < 1e-6);
    }
}

#[test]
fn the_interval_of_an_outage_is_not_learnt_from() {
    let mut phi = PhiAccrual::new(Exponential, 100, Duration::from_secs(1)).unwrap();
    for second in (0..20).chain(120..125) {
        phi.heartbeat(Nanos::from_secs(second));
    }
    assert_eq!(phi.mean(), Duration::from_secs(1));
    phi.heartbeat(Nanos::from_secs(50));
    assert_eq!(phi.last_heartbeat(), Some(Nanos::from_secs(124)), "backwards changes nothing");
    assert!(PhiAccrual::new(Exponential, 1, Duration::from_secs(1)).is_err());
    assert!(PhiAccrual::new(Exponential, 2, Duration::ZERO).is_err());
}

/// As happens when two rumours of a node arrive together.
#[test]
fn two_heartbeats_in_a_row_do_not_make_the_next_second_suspicious() {
    fn check<M: PhiModel>(model: M) {
        let mut phi = PhiAccrual::new(model, 100, Duration::from_secs(1)).unwrap();
        phi.heartbeat(Nanos::from_millis(5));
        phi.heartbeat(Nanos::from_millis(6));
        assert!(phi.phi(Nanos::from_millis(1_006)) < 1.0);
        phi.reset();
        assert_eq!(phi.mean(), Duration::from_secs(1), "as in the beginning");
        assert!(phi.phi(Nanos::MAX) == 0.0);
    }
    check(Exponential);
    check(Normal { acceptable_pause: Duration::ZERO, ..Normal::default() });
}

/// Whose intervals are all the same has no deviation but the least that is allowed.
#[test]
fn a_node_without_any_deviation_is_judged_by_the_least_one() {
    let model =
        Normal { acceptable_pause: Duration::ZERO, least_deviation: Duration::from_millis(100) };
    let mut phi = PhiAccrual::new(model, 10, Duration::from_secs(1)).unwrap();
    (0..50).for_each(|second| phi.heartbeat(Nanos::from_secs(second)));
    assert!((phi.phi(Nanos::from_millis(50_000)) - std::f64::consts::LOG10_2).abs() < 1e-6);
    assert!((phi.phi(Nanos::from_millis(50_300)) - 2.869_63).abs() < 1e-4, "three deviations");
    assert!(phi.phi(Nanos::MAX) <= PhiAccrual::<Normal>::MOST);
}

type Node = Gossip<usize, u32>;

fn exchange(nodes: &mut [Node], from: usize, to: usize, now: Nanos) {
    let reply = nodes[to].on_digest(&nodes[from].digest());
    let delta = nodes[from].on_reply(&reply, now);
    nodes[to].on_delta(&delta, now);
}

fn cluster(n: usize) -> Vec<Node> {
    let config = GossipConfig { forget_after: Duration::from_mins(2), ..GossipConfig::default() };
    let mut nodes: Vec<_> = (0..n).map(|node| Gossip::new(node, 1, 0, config).unwrap()).collect();
    for node in 1..n {
        exchange(&mut nodes, node, 0, Nanos::from_secs(1));
    }
    nodes
}

/// A second of everybody's: heartbeats, and an exchange of each that is `alive` with one that is.
fn second(
    nodes: &mut [Node],
    now: u64,
    alive: &[bool],
    random: &mut Random,
) -> Vec<(usize, GossipEvent<usize>)> {
    let now = Nanos::from_secs(now);
    let mut events = Vec::new();
    for node in 0..nodes.len() {
        if alive[node] {
            events.extend(nodes[node].tick(now).into_iter().map(|event| (node, event)));
            let mut partners = nodes[node].partners(random);
            partners.push(random.below(nodes.len() as u32) as usize);
            for partner in partners {
                if alive[partner] && partner != node {
                    exchange(nodes, node, partner, now);
                }
            }
        }
    }
    events
}

#[test]
fn gossip_spreads_finds_the_dead_and_forgets_them_for_good() {
    let mut random = Random::seeded(3);
    let mut nodes = cluster(8);
    let mut alive = [true; 8];
    nodes[5].set(42);
    for now in 2..40 {
        second(&mut nodes, now, &alive, &mut random);
    }
    assert!(
        nodes
            .iter()
            .all(|node| node.value(&5) == Some(&42) && (0..8).all(|peer| node.is_up(&peer)))
    );
    alive[7] = false;
    let mut events = Vec::new();
    for now in 40..400 {
        events.extend(second(&mut nodes, now, &alive, &mut random));
    }
    for (node, gossip) in nodes.iter().enumerate().take(7) {
        let of_seven: Vec<_> =
            events.iter().filter(|(at, _)| *at == node).map(|(_, event)| event).collect();
        assert_eq!(of_seven, [&GossipEvent::Down(7), &GossipEvent::Forgotten(7)], "{node}");
        assert_eq!(gossip.value(&7), None, "nobody tells another of it: chitchat#161");
    }
    // It comes back in another life.
    nodes[7] = Gossip::new(7, 2, 7, GossipConfig::default()).unwrap();
    alive[7] = true;
    exchange(&mut nodes, 7, 0, Nanos::from_secs(400));
    for now in 401..440 {
        second(&mut nodes, now, &alive, &mut random);
    }
    assert!(nodes.iter().all(|node| node.value(&7) == Some(&7) && node.is_up(&7)));
}

#[test]
fn one_heartbeat_is_no_sign_of_life() {
    let mut nodes = cluster(2);
    nodes[0].tick(Nanos::from_secs(2));
    assert!(!nodes[0].is_up(&1));
    nodes[1].tick(Nanos::from_secs(2));
    exchange(&mut nodes, 1, 0, Nanos::from_secs(2));
    assert_eq!(nodes[0].tick(Nanos::from_secs(3)), [GossipEvent::Up(1)]);
}

#[test]
fn a_process_that_was_stopped_convicts_nobody() {
    let mut random = Random::seeded(1);
    let mut nodes = cluster(3);
    for now in 2..40 {
        second(&mut nodes, now, &[true; 3], &mut random);
    }
    // Everybody is 60 s late.
    for now in 100..140 {
        let events = second(&mut nodes, now, &[true; 3], &mut random);
        assert_eq!(events, [], "at {now}");
    }
}

#[test]
fn a_message_has_no_more_records_than_allowed_and_those_furthest_behind_come_first() {
    let config = GossipConfig { most_records: 2, ..GossipConfig::default() };
    let mut knows: Node = Gossip::new(0, 1, 0, config).unwrap();
    for node in 1..6 {
        let peer: Node = Gossip::new(node, 1, 0, config).unwrap();
        let delta = peer.on_digest(&knows.digest()).delta;
        knows.on_delta(&delta, Nanos::from_secs(1));
    }
    let mut fresh: Node = Gossip::new(9, 1, 0, config).unwrap();
    for round in 1..=3 {
        let reply = knows.on_digest(&fresh.digest());
        assert_eq!(reply.delta.records.len(), 2);
        let _ = fresh.on_reply(&reply, Nanos::from_secs(1));
        assert_eq!(fresh.nodes().count(), 1 + 2 * round);
    }
}

#[test]
fn hints_expire_before_tombstones_may() {
    let hour = |hours: u64| Nanos::from_secs(3600 * hours);
    let mut hints = HintStore::new(HintLimits::default()).unwrap();
    hints.push("a", (), 1, hour(0)).unwrap();
    hints.push("a", (), 1, hour(2)).unwrap();
    assert_eq!(hints.expire(hour(3)), 0);
    assert_eq!(hints.expire(hour(4)), 1);
    assert_eq!(hints.forget(&"a"), 1);
    assert!(hints.is_empty() && hints.bytes() == 0);
    assert!(Grace::new(Duration::from_hours(3), Duration::from_hours(3)).is_err());
}

/// Many of them would fill the memory all the same.
#[test]
fn hints_of_no_bytes_are_bounded_too() {
    let limits = HintLimits { bytes: 10_000, ..HintLimits::default() };
    let mut hints = HintStore::new(limits).unwrap();
    let kept = (0..10_000).take_while(|_| hints.push("a", (), 0, Nanos::ZERO).is_ok()).count();
    assert_eq!(kept, 10_000 / HintStore::<&str, ()>::BYTES_EACH);
    assert!(hints.bytes() <= 10_000);
    let error = hints.push("a", (), usize::MAX, Nanos::ZERO).unwrap_err();
    assert_eq!((error.asked, error.allowed), (usize::MAX, 10_000));
}

#[test]
fn trees_of_other_shape_or_key_do_not_compare() {
    let tree = Merkle::new(2, [7; 16]).unwrap();
    assert!(tree.diff(&Merkle::new(3, [7; 16]).unwrap()).is_err());
    assert!(tree.diff(&Merkle::new(2, [8; 16]).unwrap()).is_err());
    assert!(Merkle::new(0, [7; 16]).is_err() && Merkle::new(6, [7; 16]).is_err());
}

#[test]
fn a_leaving_replica_still_counts_and_its_successor_is_pending() {
    let mut view = View::new();
    for node in ["a", "b", "c", "d", "e"] {
        view.set(node, 1, MemberState::Up).unwrap();
    }
    view.set("b", 1, MemberState::Leaving).unwrap();
    let plan = view.plan(&["a", "b", "c", "d", "e"], 3, 5).unwrap();
    assert_eq!(plan.nodes(), ["a", "b", "c", "d", "e"]);
    assert_eq!((plan.replicas(), plan.pending()), (3, 1), "d takes over from b; e may stand in");
    assert_eq!(plan.up(|node| *node != "c").len(), 4);
    assert!(view.plan(&["a"], 3, 0).is_err());
    let twice = view.plan(&["a", "a", "c", "c", "d"], 3, 5).unwrap();
    assert_eq!(
        twice.nodes(),
        ["a", "c", "d"],
        "one node is one replica, however often it is named"
    );
    assert!(view.set("b", 1, MemberState::Up).is_err(), "no way back in this life");
    view.set("b", 2, MemberState::Joining).unwrap();
}

#[test]
fn a_plan_has_as_many_places_as_an_operation_or_is_none() {
    let mut view = View::new();
    let nodes: Vec<u8> = (0..70).collect();
    for &node in &nodes {
        let state = if node < 60 { MemberState::Up } else { MemberState::Joining };
        view.set(node, 1, state).unwrap();
    }
    // Those that join stand first: 60 replicas, and ten that are to come.
    let joining_first: Vec<u8> = (60..70).chain(0..60).collect();
    let error = view.plan(&joining_first, 60, 0).unwrap_err();
    assert_eq!(error, PlanError::TooManyPlaces { found: 70 });
    assert_eq!(
        view.plan(&nodes, 65, 0).unwrap_err(),
        PlanError::TooFewMembers { found: 60, needed: 65 }
    );
    let plan = view.plan(&nodes, 50, 255).unwrap();
    assert_eq!((plan.nodes().len(), plan.pending()), (60, 0));
    let quorum = Quorum::majority(50).unwrap();
    assert!(plan.write_op(&quorum, Hints::Count).is_ok());
    assert!(plan.query_op::<u64>(&quorum).is_ok());
    assert!(plan.query_op::<u64>(&Quorum::majority(3).unwrap()).is_err(), "of another size");
}
