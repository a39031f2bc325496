//! Plans against brute force: every hash at and beside every point of both rings.

mod common;

use std::collections::BTreeMap;

use common::{nodes, probes, ring, size};
use proptest::prelude::*;
use voussoir_hashring::{HashFunction, HashRange, Layout, Move, Node, Plan, Ring};

fn ids<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> Vec<&'a str> {
    nodes.into_iter().map(Node::id).collect()
}

fn all_probes(before: &Ring, after: &Ring) -> Vec<u64> {
    probes(before.points().chain(after.points()).map(|point| point.0), 7)
}

/// Whether `plan` says of every probe what look-ups in both rings say.
fn check(plan: &Plan, before: &Ring, after: &Ring, count: usize) -> Result<(), TestCaseError> {
    let ranges: Vec<HashRange> = plan.moves().map(Move::range).collect();
    prop_assert!(ranges.windows(2).all(|two| two[0].through() < two[1].through()));
    let covered: u128 = ranges.iter().map(|range| range.span()).sum();
    prop_assert!(covered <= 1 << 64);
    for hash in all_probes(before, after) {
        let old = ids(before.replicas_hashed(hash, count));
        let new = ids(after.replicas_hashed(hash, count));
        let holding: Vec<_> = plan.moves().filter(|moved| moved.range().contains(hash)).collect();
        match plan.get_hashed(hash) {
            None => {
                prop_assert_eq!(old, new);
                prop_assert!(holding.is_empty());
            }
            Some(moved) => {
                prop_assert_ne!(&old, &new);
                prop_assert_eq!(ids(moved.before()), old);
                prop_assert_eq!(ids(moved.after()), new);
                prop_assert_eq!(holding.len(), 1);
                prop_assert_eq!(holding[0].range(), moved.range());
            }
        }
    }
    // Neighbouring ranges are one, where the same happens to both.
    for (one, two) in plan.moves().zip(plan.moves().cycle().skip(1)).take(plan.len()) {
        let same = ids(one.before()) == ids(two.before()) && ids(one.after()) == ids(two.after());
        let adjacent = one.range().through() == two.range().after();
        prop_assert!(!(same && adjacent) || plan.len() == 1);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(size(600, 10_000)))]

    #[test]
    fn a_plan_is_complete_and_exact(
        old in nodes(8),
        new in nodes(8),
        vnodes in (1..10_u32, 1..10_u32),
        count in 0..5_usize,
    ) {
        let (before, after) = (ring(&old, vnodes.0), ring(&new, vnodes.1));
        let plan = before.diff_replicas(&after, count).expect("the same hash function");
        check(&plan, &before, &after, count)?;

        let back = after.diff_replicas(&before, count).expect("the same hash function");
        prop_assert_eq!(&plan.inverse(), &back);
        prop_assert_eq!(&plan.inverse().inverse(), &plan);
        prop_assert!(before.diff_replicas(&before, count).expect("the same").is_empty());
    }

    /// Whoever gains a range is sent it once, by one who has it; who keeps it is sent nothing.
    #[test]
    fn transfers_bring_every_copy_where_it_is_missing(
        old in nodes(8),
        new in nodes(8),
        count in 1..4_usize,
    ) {
        let (before, after) = (ring(&old, 4), ring(&new, 4));
        let plan = before.diff_replicas(&after, count).expect("the same hash function");
        let mut sent: BTreeMap<u64, Vec<(&str, Option<&str>)>> = BTreeMap::new();
        for transfer in plan.transfers() {
            let to = sent.entry(transfer.range().through()).or_default();
            to.push((transfer.to().id(), transfer.from().map(Node::id)));
        }
        for moved in plan.moves() {
            let (held, wanted) = (ids(moved.before()), ids(moved.after()));
            let missing: Vec<&str> =
                wanted.into_iter().filter(|id| !held.contains(id)).collect();
            let sent = sent.remove(&moved.range().through()).unwrap_or_default();
            prop_assert_eq!(sent.iter().map(|(to, _)| *to).collect::<Vec<_>>(), missing);
            for (_, from) in sent {
                prop_assert!(from.map_or(held.is_empty(), |from| held.contains(&from)));
                // Not from a node that leaves, which may be dead, where another has it too.
                let keepers = held.iter().filter(|id| moved.after().any(|node| node.id() == **id));
                let keepers: Vec<_> = keepers.copied().collect();
                prop_assert!(keepers.is_empty() || keepers.contains(&from.expect("one")));
            }
        }
        prop_assert!(sent.is_empty());
        for node in after.nodes() {
            prop_assert!(plan.transfers_to(node.id()).all(|transfer| transfer.to() == node));
        }
        let by_source: usize =
            before.nodes().iter().map(|node| plan.transfers_from(node.id()).count()).sum();
        let from_somebody = plan.transfers().filter(|transfer| transfer.from().is_some()).count();
        prop_assert_eq!(by_source, from_somebody);
    }
}

#[test]
fn a_first_node_takes_the_whole_circle_from_nobody() {
    let (none, one) = (ring(&[], 10), ring(&[Node::new("a")], 10));
    let plan = none.diff(&one).expect("the same hash function");
    assert_eq!(plan.len(), 1);
    let moved = plan.moves().next().expect("one");
    assert_eq!(moved.range().span(), 1 << 64);
    assert_eq!((moved.from(), moved.to().map(Node::id)), (None, Some("a")));
    assert!((plan.fraction() - 1.0).abs() < 1e-12);
    assert_eq!(plan.inverse().moves().next().and_then(Move::to), None);
    assert!(none.diff(&none).expect("the same").is_empty());
}

#[test]
fn the_fraction_is_the_share_of_the_node_that_joined() {
    let nodes: Vec<Node> = (0..20).map(|n| Node::new(format!("n{n}"))).collect();
    let before = ring(&nodes, 100);
    let after = before.add("new").expect("new");
    let plan = before.diff(&after).expect("the same hash function");
    let at = after.nodes().iter().position(|node| node.id() == "new").expect("there");
    let share = after.balance_report().shares()[at];
    assert!((plan.fraction() - share).abs() < 1e-12);
    let copies = before.diff_replicas(&after, 3).expect("the same hash function");
    assert!((copies.fraction() - share).abs() < 0.02, "{}", copies.fraction());
}

#[test]
fn a_machine_that_takes_over_a_label_takes_over_the_keys_and_no_other() {
    let before = ring(&[Node::new("a"), Node::new("b"), Node::new("c")], 100);
    let without = before.remove("b").expect("there");
    let after = without.add(Node::new("b-new").label("b")).expect("new");
    let plan = before.diff(&after).expect("the same hash function");
    assert!(plan.moves().all(|moved| {
        (moved.from().map(Node::id), moved.to().map(Node::id)) == (Some("b"), Some("b-new"))
    }));
    assert!((0.25..0.42).contains(&plan.fraction()));
}

#[test]
fn rings_that_hash_keys_differently_have_no_plan() {
    let one = ring(&[Node::new("a")], 10);
    let hash = HashFunction::Xxh3 { seed: 1 };
    let two = Ring::builder().node("a").vnodes(10).hash(hash).build().expect("valid");
    let error = one.diff(&two).expect_err("another seed").to_string();
    assert!(error.contains("xxh3 before") && error.contains("xxh3 seed 1 after"), "{error}");
}

#[test]
fn compatible_layouts_have_exact_plans_too() {
    for layout in [Layout::Ketama, Layout::Nginx] {
        let nodes = ["10.0.0.1:11211", "10.0.0.2:11211", "10.0.0.3:11211"];
        let before = Ring::builder().layout(layout).nodes(nodes).build().expect("valid");
        let after = before.add(Node::new("10.0.0.4:11211").weight(2)).expect("new");
        let plan = before.diff(&after).expect("the same hash function");
        check(&plan, &before, &after, 1).expect("exact");
        assert!((0.3..0.5).contains(&plan.fraction()), "{layout}: {}", plan.fraction());
    }
}
