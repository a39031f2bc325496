//! What the pages claim, at the edges.

mod common;

use common::{nodes, shuffled};
use proptest::prelude::*;
use voussoir_hashring::{
    BoundedLoads, HashFunction, Jump, Layout, Maglev, MultiProbe, Node, Placement, Rendezvous,
    Ring, first_with_room,
};

fn named(count: u32) -> impl Iterator<Item = Node> + Clone {
    (0..count).map(|n| Node::new(format!("node-{n}")))
}

/// All algorithms over the same nodes; `Jump` over nodes of weight 1.
fn placements(nodes: &[Node]) -> Vec<(&'static str, Box<dyn Placement>)> {
    let given = || nodes.iter().cloned();
    vec![
        ("ring", Box::new(Ring::builder().nodes(given()).vnodes(8).build().expect("valid"))),
        ("maglev", Box::new(Maglev::builder().nodes(given()).slots(251).build().expect("valid"))),
        ("rendezvous", Box::new(Rendezvous::builder().nodes(given()).build().expect("valid"))),
        ("probes", Box::new(MultiProbe::builder().nodes(given()).build().expect("valid"))),
        ("jump", {
            let level = given().map(|node| node.weight(1));
            Box::new(Jump::builder().nodes(level).build().expect("valid"))
        }),
    ]
}

proptest! {
    /// Every node with weight once, the owner first, each zone before any zone twice.
    #[test]
    fn candidates_are_all_nodes_once_and_new_zones_first(nodes in nodes(14), key in any::<u64>()) {
        for (name, placement) in placements(&nodes) {
            let list: Vec<&Node> = placement.candidates_hashed(key).collect();
            prop_assert_eq!(list.first().copied(), placement.get_hashed(key), "{}", name);
            let mut ids: Vec<&str> = list.iter().map(|node| node.id()).collect();
            ids.sort_unstable();
            let mut all: Vec<&str> = placement
                .nodes()
                .iter()
                .filter(|node| node.weight_units() > 0)
                .map(Node::id)
                .collect();
            all.sort_unstable();
            prop_assert_eq!(ids, all, "{}", name);

            let zones = placement.replicas_hashed(key, list.len()).zones();
            for count in 0..=list.len() {
                let replicas = placement.replicas_hashed(key, count);
                prop_assert_eq!(&replicas[..], &list[..count], "{}", name);
                if nodes.iter().any(|node| node.zone_name().is_some()) {
                    prop_assert_eq!(replicas.zones(), count.min(zones), "{}", name);
                }
            }
        }
    }

    /// But for jump, whose buckets have numbers.
    #[test]
    fn the_order_in_which_nodes_are_given_decides_no_placement(
        nodes in nodes(12),
        seed in any::<u64>(),
        keys in any::<[u64; 20]>(),
    ) {
        let pairs = placements(&nodes).into_iter().zip(placements(&shuffled(&nodes, seed)));
        for ((name, given), (_, other)) in pairs.filter(|pair| pair.0.0 != "jump") {
            let mut bounded = [&given, &other].map(|of| BoundedLoads::new(of, 110).expect("valid"));
            for key in keys {
                let order: Vec<&Node> = given.candidates_hashed(key).collect();
                prop_assert_eq!(given.get_hashed(key), other.get_hashed(key), "{}", name);
                prop_assert_eq!(order, other.candidates_hashed(key).collect::<Vec<_>>(), "{}", name);
                let [one, two] = bounded.each_mut().map(|of| of.assign_hashed(key).cloned());
                prop_assert_eq!(one, two, "{}", name);
            }
        }
    }

    /// No node above its bound, ever; full nodes are left alone until they have room again.
    #[test]
    fn bounded_loads_never_exceed_their_bound(
        nodes in nodes(8),
        percent in 100..400_u32,
        keys in proptest::collection::vec((0..50_u64, any::<bool>()), 0..200),
    ) {
        for (name, placement) in placements(&nodes) {
            let weights = placement.nodes().iter().map(|node| u64::from(node.weight_units()));
            let weight: u64 = weights.sum();
            let mut bounded = BoundedLoads::new(placement.as_ref(), percent).expect("valid");
            let mut held: Vec<String> = Vec::new();
            for &(key, ends) in &keys {
                if ends && !held.is_empty() {
                    let id = held.swap_remove(key as usize % held.len());
                    prop_assert!(bounded.release(&id));
                } else {
                    let node = bounded.assign(&key.to_le_bytes()).cloned();
                    prop_assert_eq!(node.is_some(), weight > 0);
                    let Some(node) = node else { continue };
                    held.push(node.id().to_owned());
                    let (_, load) = bounded.loads().find(|(other, _)| **other == node).expect("it");
                    let part = u128::from(percent) * u128::from(node.weight_units());
                    let bound =
                        (part * held.len() as u128).div_ceil(100 * u128::from(weight));
                    prop_assert!(u128::from(load) <= bound, "{} {} {}", name, load, bound);
                }
                prop_assert_eq!(bounded.total(), held.len() as u64);
            }
            for id in held {
                prop_assert!(bounded.release(&id));
                prop_assert!(bounded.loads().all(|(_, load)| load <= bounded.total()));
            }
            prop_assert!(bounded.loads().all(|(_, load)| load == 0));
        }
    }
}

#[test]
fn without_a_bound_loads_go_where_the_placement_says() {
    let ring = Ring::builder().nodes(named(10)).build().expect("valid");
    let mut bounded = BoundedLoads::new(&ring, u32::MAX).expect("valid");
    for key in 0..1000_u32 {
        let key = key.to_le_bytes();
        assert_eq!(bounded.assign(&key).map(Node::id), ring.get(&key).map(Node::id));
    }
}

#[test]
fn the_strictest_bound_levels_loads_to_a_unit() {
    let ring = Ring::builder().nodes(named(7)).build().expect("valid");
    let mut bounded = BoundedLoads::new(&ring, 100).expect("valid");
    for _ in 0..7000 {
        bounded.assign(b"one hot key").expect("room");
    }
    assert!(bounded.loads().all(|(_, load)| load == 1000));
    assert_eq!(BoundedLoads::new(&ring, 99).unwrap_err().option(), "percent");
}

#[test]
fn loads_move_to_another_placement_by_id() {
    let ring = Ring::builder().nodes(named(4)).build().expect("valid");
    let mut bounded = BoundedLoads::new(ring.clone(), 125).expect("valid");
    for key in 0..100_u32 {
        bounded.assign(&key.to_le_bytes());
    }
    let gone = bounded.loads().find(|(node, _)| node.id() == "node-2").expect("there").1;
    let (bounded, forgotten) = bounded.replace(ring.remove("node-2").expect("there"));
    assert_eq!((forgotten, bounded.total()), (gone, 100 - gone));
    assert_eq!(bounded.capacity("node-2"), None);
    let mut bounded = bounded;
    assert!(!bounded.release("node-2"));
    assert!(bounded.release("node-1") && bounded.total() == 99 - gone);
}

#[test]
fn room_is_found_wherever_there_is_any_and_nowhere_else() {
    let ring = Ring::builder().nodes(named(50)).build().expect("valid");
    for last in named(50) {
        let found = first_with_room(&ring, 7, |node| node.id() == last.id());
        assert_eq!(found, Some(&last));
    }
    assert_eq!(first_with_room(&ring, 7, |_| false), None);
}

#[test]
fn no_nodes_own_nothing() {
    for (name, placement) in placements(&[]) {
        assert_eq!(placement.get(b"key"), None, "{name}");
        assert_eq!(placement.candidates(b"key").count(), 0, "{name}");
        let replicas = placement.replicas(b"key", 3);
        assert!(replicas.is_empty() && !replicas.is_complete(), "{name}");
        let report = placement.balance_report();
        assert!(report.peak_to_average() == 0.0 && report.cv() == 0.0, "{name}");
        assert!(report.to_string().starts_with("0 nodes"), "{name}");
    }
    let idle = [Node::new("a").weight(0), Node::new("b").weight(0)];
    for (name, placement) in placements(&idle).into_iter().filter(|(name, _)| *name != "jump") {
        assert_eq!((placement.get(b"key"), placement.nodes().len()), (None, 2), "{name}");
    }
}

#[test]
fn one_node_owns_all() {
    for (name, placement) in placements(&[Node::new("only").weight(3)]) {
        for key in 0..100_u32 {
            assert_eq!(placement.get(&key.to_le_bytes()).map(Node::id), Some("only"), "{name}");
        }
        assert!((placement.balance_report().shares()[0] - 1.0).abs() < 1e-9, "{name}");
    }
}

/// hashring-rs repeats the first node where as many are asked for as there are, and lists points, not
/// nodes (jeromefroe/hashring-rs#31).
#[test]
fn as_many_replicas_as_nodes_are_all_nodes() {
    let ring = Ring::builder().nodes(named(3)).build().expect("valid");
    for key in 0..1000_u32 {
        let replicas = ring.replicas(&key.to_le_bytes(), 3);
        let mut ids: Vec<&str> = replicas.iter().map(|node| node.id()).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["node-0", "node-1", "node-2"]);
        assert!(replicas.is_complete() && replicas.into_iter().len() == 3);
    }
    let four = ring.replicas(b"key", 4);
    assert_eq!((four.len(), four.asked(), four.is_complete()), (3, 4, false));
}

/// A light node with no points could never be found (coreos/torus#246).
#[test]
fn the_lightest_node_owns_something_beside_the_heaviest() {
    let nodes = [Node::new("light"), Node::new("heavy").weight(16_000_000)];
    let ring = Ring::builder().nodes(nodes.clone()).vnodes(1).build().expect("valid");
    assert_eq!(ring.points().filter(|(_, node)| node.id() == "light").count(), 1);
    assert!(ring.replicas(b"key", 2).is_complete());

    let nodes = [Node::new("light"), Node::new("heavy").weight(u32::MAX)];
    let table = Maglev::builder().nodes(nodes.clone()).slots(1009).build().expect("valid");
    assert!(table.balance_report().shares()[0] > 0.0009);
    let lots = Rendezvous::builder().nodes(nodes).build().expect("valid");
    assert_eq!(lots.candidates(b"key").count(), 2);
}

/// Of 2^32 units of weight one is a light node's: of any load below that it may carry one unit.
#[test]
fn bounds_hold_from_the_lightest_to_the_heaviest_weight() {
    let nodes =
        [Node::new("idle").weight(0), Node::new("light"), Node::new("heavy").weight(u32::MAX)];
    let lots = Rendezvous::builder().nodes(nodes.clone()).build().expect("valid");
    let table = Maglev::builder().nodes(nodes).slots(1009).build().expect("valid");
    for placement in [&lots as &dyn Placement, &table] {
        for percent in [100, u32::MAX] {
            let mut bounded = BoundedLoads::new(placement, percent).expect("valid");
            for key in 0..3000_u32 {
                assert!(bounded.assign(&key.to_le_bytes()).is_some());
            }
            assert_eq!(bounded.capacity("idle"), Some(0));
            let load =
                |id: &str| bounded.loads().find(|(node, _)| node.id() == id).expect("there").1;
            // u32::MAX percent of 3,001 units by 2^-32 are 30.01.
            let most = if percent == 100 { 1 } else { 31 };
            assert!(load("idle") == 0 && load("light") <= most, "{percent}: {}", load("light"));
        }
    }
}

#[test]
fn ten_thousand_nodes_are_placed_by_every_algorithm() {
    let given = || named(10_000);
    let table = Maglev::builder().nodes(given()).slots(100_003).build().expect("valid");
    let lots = Rendezvous::builder().nodes(given()).build().expect("valid");
    let probing = MultiProbe::builder().nodes(given()).build().expect("valid");
    let buckets = Jump::builder().nodes(given()).build().expect("valid");
    let all: [(&str, &dyn Placement); 4] =
        [("maglev", &table), ("rendezvous", &lots), ("probes", &probing), ("jump", &buckets)];
    for (name, placement) in all {
        assert_eq!(placement.candidates(b"key").count(), 10_000, "{name}");
        let owners: std::collections::BTreeSet<&str> = (0..500_u32)
            .filter_map(|key| placement.get(&key.to_le_bytes()))
            .map(Node::id)
            .collect();
        // 500 throws at 10,000 leave 488 different ones.
        assert!(owners.len() > 450, "{name}: {}", owners.len());
    }
    let mut bounded = BoundedLoads::new(&probing, 100).expect("valid");
    for key in 0..20_000_u32 {
        bounded.assign(&key.to_le_bytes()).expect("room");
    }
    assert!(bounded.loads().all(|(_, load)| load == 2));
}

/// 32 bits are few for 320,000 points: some are equal, of different nodes.
#[test]
fn of_equal_points_the_smaller_id_owns_and_the_other_is_next() {
    let ids: Vec<String> = (0..2000).map(|n| format!("10.0.{}.{}:80", n / 250, n % 250)).collect();
    let of = |ids: Vec<String>| Ring::builder().layout(Layout::Nginx).nodes(ids).build();
    let ring = of(ids.clone()).expect("valid");
    let other = of(shuffled(&ids, 5)).expect("valid");
    let points: Vec<(u64, &Node)> = ring.points().collect();
    let ties = points.windows(2).filter(|two| two[0].0 == two[1].0 && two[0].1 != two[1].1);
    let mut count = 0;
    for two in ties {
        let (smaller, larger) =
            (two[0].1.id().min(two[1].1.id()), two[0].1.id().max(two[1].1.id()));
        let order = |ring: &Ring| {
            let kept = ring.replicas_hashed(two[0].0, 2);
            kept.iter().map(|node| node.id().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(ring.get_hashed(two[0].0).map(Node::id), Some(smaller));
        assert_eq!(order(&ring), [smaller, larger]);
        assert_eq!(order(&other), [smaller, larger]);
        count += 1;
    }
    assert!(count > 3, "{count}");
}

#[test]
fn what_is_refused_is_named() {
    let refused = |builder: Result<Ring, voussoir_core::ConfigError>| {
        let error = builder.expect_err("refused");
        (error.option(), error.to_string())
    };
    let ring = Ring::builder;
    let (option, text) = refused(ring().nodes(["a", "b", "a"]).build());
    assert_eq!(option, "id");
    assert!(text.contains("`a` twice"), "{text}");
    assert_eq!(refused(ring().node("a").node(Node::new("b").label("a")).build()).0, "label");
    assert_eq!(refused(ring().node("").build()).0, "id");
    assert_eq!(refused(ring().node("x".repeat(1025)).build()).0, "id");
    assert_eq!(refused(ring().node(Node::new("a").zone("x".repeat(1025))).build()).0, "zone");
    assert_eq!(refused(ring().vnodes(0).build()).0, "vnodes");
    assert_eq!(refused(ring().hash(HashFunction::Crc32Nginx).build()).0, "hash");
    assert_eq!(refused(ring().layout(Layout::Ketama).hash(HashFunction::XXH3).build()).0, "hash");
    assert_eq!(refused(ring().layout(Layout::Nginx).vnodes(100).build()).0, "vnodes");
    let heavy = Node::new("a").weight(u32::MAX);
    for layout in [Layout::Absolute, Layout::Nginx] {
        assert_eq!(refused(ring().layout(layout).node(heavy.clone()).build()).0, "weight");
    }
    assert!(ring().layout(Layout::Ketama).node(heavy.clone()).build().is_ok());
    let grown = ring().node("a").build().expect("valid").reweight("a", u32::MAX);
    assert!(grown.expect_err("too heavy").to_string().contains("at most 16777216 points"));
    assert!(ring().build().expect("empty").remove("a").unwrap_err().to_string().contains("`a`"));

    for slots in [0, 1, 4, 65_536, 1 << 25] {
        assert!(Maglev::builder().node("a").slots(slots).build().is_err(), "{slots}");
    }
    assert!(Maglev::builder().nodes(named(4)).slots(3).build().is_err());
    assert!(Maglev::builder().nodes(named(3)).slots(3).build().is_ok());
    assert_eq!(Jump::builder().node(heavy).build().unwrap_err().option(), "weight");
    for probes in [0, 1025] {
        assert!(MultiProbe::builder().node("a").probes(probes).build().is_err());
    }
    let narrow = Rendezvous::builder().hash(HashFunction::Md5Ketama).build();
    assert_eq!(narrow.unwrap_err().option(), "hash");
}

/// Shares by weight: exact where arcs and slots are counted, within 3 standard deviations of the
/// sample where keys are.
#[test]
fn shares_follow_weights() {
    let nodes: Vec<Node> = named(12).zip(1..).map(|(node, n)| node.weight(1 + n % 4)).collect();
    let total: u32 = nodes.iter().map(Node::weight_units).sum();
    let lots = Rendezvous::builder().nodes(nodes.clone()).build().expect("valid");
    let report = lots.balance_report();
    let samples = report.samples().expect("sampled") as f64;
    for (share, node) in report.shares().iter().zip(lots.nodes()) {
        let fair = f64::from(node.weight_units()) / f64::from(total);
        assert!((share - fair).abs() < 3.5 * (fair / samples).sqrt(), "{node:?}: {share} {fair}");
    }
    let ring = Ring::builder().nodes(nodes.clone()).build().expect("valid");
    assert!(ring.balance_report().cv() < 0.07);
    let table = Maglev::builder().nodes(nodes).build().expect("valid");
    assert!(table.balance_report().peak_to_average() < 1.001);
}

#[test]
fn balance_is_as_the_page_says() {
    let report = |vnodes, seed| {
        let hash = HashFunction::Xxh3 { seed };
        let ring = Ring::builder().nodes(named(1000)).vnodes(vnodes).hash(hash).build();
        ring.expect("valid").balance_report()
    };
    // The mean of ten rings: one in a hundred with 160 points is above 1.39.
    let peak = |vnodes| (0..10).map(|seed| report(vnodes, seed).peak_to_average()).sum::<f64>();
    assert!(peak(Ring::DEFAULT_VNODES) < 12.0 && peak(160) < 13.5);
    assert!(report(160, 0).cv() < 0.095);
    assert_eq!(report(160, 0).histogram().iter().map(|bar| bar.1).sum::<usize>(), 1000);
    let table = Maglev::builder().nodes(named(1000)).build().expect("valid");
    assert!(table.balance_report().peak_to_average() < 1.01);
    let jump = Jump::builder().nodes(named(100)).build().expect("valid");
    assert!(jump.balance_report().peak_to_average() < 1.11);
}

#[test]
fn memory_is_as_the_page_says() {
    let nodes = named(1000);
    let at_160 = Ring::builder().nodes(nodes.clone()).vnodes(160).build().expect("valid");
    assert!(at_160.bytes() < 2048 * 1000, "{}", at_160.bytes());
    let ring = Ring::builder().nodes(nodes.clone()).build().expect("valid");
    assert!(ring.bytes() < 4600 * 1000, "{}", ring.bytes());
    assert_eq!(size_of::<Node>(), 56);
    let table = Maglev::builder().nodes(nodes).build().expect("valid");
    assert_eq!(table.bytes(), 655_373 * 4 + 56_000);
}

#[test]
fn what_is_shown_for_debugging_fits_on_a_page() {
    for (name, placement) in placements(&[Node::new("a"), Node::new("b")]) {
        assert!(format!("{:?}", placement.candidates(b"key")).len() < 100, "{name}");
    }
    let ring = Ring::builder().node("a").vnodes(1).build().expect("valid");
    assert!(format!("{ring:?}").len() < 200);
    let plan = ring.diff(&ring.remove("a").expect("there")).expect("the same hash function");
    let range = plan.moves().next().expect("all").range();
    assert_eq!(format!("{plan:?}"), format!(r#"[{range} from ["a"] to []]"#));
}
