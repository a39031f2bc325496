//! The ring against one that searches sorted points from the start.

mod common;

use common::{NaiveRing, nodes, probes, ring, shuffled, size};
use proptest::prelude::*;
use voussoir_core::Random;
use voussoir_hashring::{HashFunction, Node, Ring};

/// A change of a ring, by where in the list and by what.
#[derive(Clone, Debug)]
enum Change {
    Add(Node),
    Remove(usize),
    Reweight(usize, u32),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        ("[a-z]{1,2}", 0..5_u32).prop_map(|(id, weight)| Change::Add(Node::new(id).weight(weight))),
        any::<usize>().prop_map(Change::Remove),
        (any::<usize>(), 0..6_u32).prop_map(|(at, weight)| Change::Reweight(at, weight)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(size(400, 4000)))]

    #[test]
    fn owners_and_replicas_are_those_of_the_definition(
        nodes in nodes(14),
        vnodes in 1..20_u32,
        seed in any::<u64>(),
        murmur in any::<bool>(),
    ) {
        let hash = if murmur {
            HashFunction::Murmur3 { seed: seed as u32 }
        } else {
            HashFunction::Xxh3 { seed }
        };
        let ring =
            Ring::builder().nodes(nodes.clone()).vnodes(vnodes).hash(hash).build().expect("valid");
        let naive = NaiveRing::new(&nodes, hash, vnodes);
        let points: Vec<u64> = naive.points().collect();
        prop_assert_eq!(ring.points().map(|point| point.0).collect::<Vec<_>>(), points.clone());
        for (number, probe) in probes(points, seed).into_iter().enumerate() {
            prop_assert_eq!(ring.get_hashed(probe).map(Node::id), naive.owner(probe));
            if number % 7 == 0 {
                let all: Vec<&str> = ring.replicas_iter_hashed(probe).map(Node::id).collect();
                prop_assert_eq!(&all, &naive.candidates(probe));
                for count in 0..=all.len() + 1 {
                    let replicas = ring.replicas_hashed(probe, count);
                    let ids: Vec<&str> = replicas.iter().map(|node| node.id()).collect();
                    prop_assert_eq!(&ids[..], &all[..count.min(all.len())]);
                    prop_assert_eq!(replicas.is_complete(), count <= all.len());
                }
            }
        }
    }

    /// A ring that was changed step by step is the ring that is built of what came out.
    #[test]
    fn changes_one_by_one_give_the_ring_of_the_outcome(
        given in nodes(8),
        vnodes in 1..12_u32,
        changes in proptest::collection::vec(change(), 0..12),
    ) {
        let mut current = ring(&given, vnodes);
        let mut model = given;
        for change in changes {
            match change {
                Change::Add(node) => {
                    let is_new = model.iter().all(|other| {
                        other.id() != node.id() && other.label_text() != node.label_text()
                    });
                    let added = current.add(node.clone());
                    prop_assert_eq!(added.is_ok(), is_new);
                    if let Ok(added) = added {
                        current = added;
                        model.push(node);
                    }
                }
                Change::Remove(at) if !model.is_empty() => {
                    let node = model.remove(at % model.len());
                    current = current.remove(node.id()).expect("it is there");
                    prop_assert!(current.remove(node.id()).is_err());
                }
                Change::Reweight(at, weight) if !model.is_empty() => {
                    let at = at % model.len();
                    model[at] = model[at].clone().weight(weight);
                    current = current.reweight(model[at].id(), weight).expect("it is there");
                }
                _ => {}
            }
            prop_assert_eq!(&current, &ring(&model, vnodes));
        }
    }

    #[test]
    fn the_order_in_which_nodes_are_given_decides_nothing(
        nodes in nodes(12),
        vnodes in 1..20_u32,
        seed in any::<u64>(),
    ) {
        let (given, other) = (ring(&nodes, vnodes), ring(&shuffled(&nodes, seed), vnodes));
        prop_assert_eq!(&given, &other);
        prop_assert_eq!(given.fingerprint(), other.fingerprint());
        prop_assert_eq!(given.snapshot().to_bytes(), other.snapshot().to_bytes());
    }

    /// Arcs cover the circle once, each belongs to whom a look-up finds, and reports add them up.
    #[test]
    fn arcs_are_a_partition_of_the_circle(nodes in nodes(10), vnodes in 1..20_u32) {
        let ring = ring(&nodes, vnodes);
        let mut covered = 0;
        for (range, owner) in ring.arcs() {
            covered += range.span();
            for hash in [range.after().wrapping_add(1), range.through()] {
                prop_assert_eq!(ring.get_hashed(hash), Some(owner));
            }
        }
        let owns = ring.points().next().is_some();
        prop_assert_eq!(covered, if owns { 1 << 64 } else { 0 });
        let sum: f64 = ring.balance_report().shares().iter().sum();
        prop_assert!((sum - f64::from(u8::from(owns))).abs() < 1e-9);
    }
}

#[test]
fn ten_thousand_nodes_are_placed_as_by_the_definition() {
    let nodes: Vec<Node> = (0..10_000).map(|n| Node::new(format!("node-{n}"))).collect();
    let ring = ring(&nodes, 16);
    let naive = NaiveRing::new(&nodes, HashFunction::XXH3, 16);
    let mut random = Random::seeded(1);
    for _ in 0..50 {
        let hash = random.next_u64();
        assert_eq!(ring.get_hashed(hash).map(Node::id), naive.owner(hash));
    }
    assert_eq!(ring.replicas_iter(b"key").count(), 10_000);
    assert_eq!(ring.points().count(), 160_000);
}
