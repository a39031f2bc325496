//! Placements as their definitions say, without anything that makes them fast.
#![allow(dead_code, reason = "each test takes what it needs")]

use proptest::prelude::*;
use voussoir_core::Random;
use voussoir_hashring::{HashFunction, Node, Ring};

/// Sorted points, searched from the start.
#[derive(Debug)]
pub(crate) struct NaiveRing {
    points: Vec<(u64, Node)>,
    nodes: Vec<Node>,
}

impl NaiveRing {
    pub(crate) fn new(nodes: &[Node], hash: HashFunction, vnodes: u32) -> Self {
        let mut points = Vec::new();
        for node in nodes {
            let mut draws = Random::seeded(hash.hash(node.label_text().as_bytes()));
            for _ in 0..u64::from(node.weight_units()) * u64::from(vnodes) {
                points.push((draws.next_u64(), node.clone()));
            }
        }
        points.sort_by(|a, b| (a.0, a.1.id()).cmp(&(b.0, b.1.id())));
        Self { points, nodes: nodes.to_vec() }
    }

    pub(crate) fn points(&self) -> impl Iterator<Item = u64> {
        self.points.iter().map(|point| point.0)
    }

    pub(crate) fn owned_points(&self) -> impl Iterator<Item = (u64, &Node)> {
        self.points.iter().map(|(point, node)| (*point, node))
    }

    /// All points, from the owner's on.
    fn walk(&self, hash: u64) -> impl Iterator<Item = &Node> {
        let first = self.points.iter().position(|point| point.0 >= hash).unwrap_or(0);
        self.points.iter().cycle().skip(first).take(self.points.len()).map(|point| &point.1)
    }

    pub(crate) fn owner(&self, hash: u64) -> Option<&str> {
        self.walk(hash).next().map(Node::id)
    }

    /// First one of each zone, then the others, both in the order of the walk.
    pub(crate) fn candidates(&self, hash: u64) -> Vec<&str> {
        let walk: Vec<&Node> = self.walk(hash).collect();
        let has_zones = self.nodes.iter().any(|node| node.zone_name().is_some());
        let mut list: Vec<&Node> = Vec::new();
        let same_zone = |a: &Node, b: &Node| {
            a.id() == b.id() || a.zone_name().is_some() && a.zone_name() == b.zone_name()
        };
        for node in &walk {
            if has_zones && !list.iter().any(|other| same_zone(other, node)) {
                list.push(node);
            }
        }
        for node in walk {
            if !list.iter().any(|other| other.id() == node.id()) {
                list.push(node);
            }
        }
        list.into_iter().map(Node::id).collect()
    }
}

/// Up to `most` nodes of sixteen ids, so that two lists have many in common, weights from 0 to 4, some in zones, some with labels.
pub(crate) fn nodes(most: usize) -> impl Strategy<Value = Vec<Node>> {
    let node = ("[a-p]", 0..5_u32, proptest::option::of(0..4_u8), any::<bool>());
    proptest::collection::vec(node, 0..=most).prop_map(|given| {
        let mut nodes: Vec<Node> = Vec::new();
        for (id, weight, zone, has_label) in given {
            if nodes.iter().any(|node| node.id() == id) {
                continue;
            }
            let mut node = Node::new(id.as_str()).weight(weight);
            if let Some(zone) = zone {
                node = node.zone(format!("z{zone}"));
            }
            if has_label {
                node = node.label(format!("seat-of-{id}"));
            }
            nodes.push(node);
        }
        nodes
    })
}

/// The same in another order (Fisher and Yates).
pub(crate) fn shuffled<T: Clone>(given: &[T], seed: u64) -> Vec<T> {
    let mut shuffled = given.to_vec();
    let mut random = Random::seeded(seed);
    for last in (1..shuffled.len()).rev() {
        shuffled.swap(last, random.below(last as u32 + 1) as usize);
    }
    shuffled
}

pub(crate) fn ring(nodes: &[Node], vnodes: u32) -> Ring {
    Ring::builder().nodes(nodes.iter().cloned()).vnodes(vnodes).build().expect("valid")
}

/// Hashes anywhere, and at and beside every one of `points`.
pub(crate) fn probes(points: impl IntoIterator<Item = u64>, seed: u64) -> Vec<u64> {
    let mut random = Random::seeded(seed);
    let mut probes = vec![0, 1, u64::MAX];
    probes.extend((0..100).map(|_| random.next_u64()));
    for point in points {
        probes.extend([point.wrapping_sub(1), point, point.wrapping_add(1)]);
    }
    probes
}

/// `reduced`, or `full` where `VOUSSOIR_LONG` asks for it.
pub(crate) fn size(reduced: u32, full: u32) -> u32 {
    if std::env::var_os("VOUSSOIR_LONG").is_some() { full } else { reduced }
}
