//! Tables, lots and probes against their definitions, written out; the ring's is in `oracle.rs`.

mod common;

use std::cmp::Ordering;

use common::{NaiveRing, nodes, probes, size};
use proptest::prelude::*;
use voussoir_core::Random;
use voussoir_hashring::{HashFunction, Maglev, MultiProbe, Node, Placement, Rendezvous};

/// The paper's table, by lists of all slots in each node's order. Weighted nodes save up their weight
/// every round, and take a turn for that of the heaviest.
fn table(nodes: &[Node], hash: HashFunction, slots: u32) -> Vec<Option<String>> {
    let mut nodes: Vec<&Node> = nodes.iter().filter(|node| node.weight_units() > 0).collect();
    nodes.sort_by_key(|node| node.id());
    let orders: Vec<Vec<usize>> = nodes
        .iter()
        .map(|node| {
            let mut draws = Random::seeded(hash.hash(node.label_text().as_bytes()));
            let offset = draws.next_u64() % u64::from(slots);
            let skip = draws.next_u64() % u64::from(slots - 1) + 1;
            let nth = |n: u64| (offset + n * skip) % u64::from(slots);
            (0..u64::from(slots)).map(|n| nth(n) as usize).collect()
        })
        .collect();
    let turn = nodes.iter().map(|node| u64::from(node.weight_units())).max().unwrap_or(0);
    let mut saved = vec![turn.saturating_sub(1); nodes.len()];
    let mut table = vec![None; slots as usize];
    while !nodes.is_empty() && table.contains(&None) {
        for (number, node) in nodes.iter().enumerate() {
            saved[number] += u64::from(node.weight_units());
            let free = orders[number].iter().find(|&&slot| table[slot].is_none());
            if let Some(&slot) = free.filter(|_| saved[number] >= turn) {
                saved[number] -= turn;
                table[slot] = Some(node.id().to_owned());
            }
        }
    }
    table
}

/// A node's lot for a key, and by how much it loses: `-ln(lot) / weight`.
fn loss(node: &Node, hash: u64) -> f64 {
    let seed = HashFunction::XXH3.hash(node.label_text().as_bytes());
    // The generator's finalizer of `seed ^ hash`: it adds the golden ratio first.
    let lot = Random::seeded((seed ^ hash).wrapping_sub(0x9E37_79B9_7F4A_7C15)).next_u64();
    let lot = (lot | 1) as f64 / 2.0_f64.powi(64);
    -lot.ln() / f64::from(node.weight_units())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(size(200, 2000)))]

    #[test]
    fn slots_are_filled_as_in_the_paper(
        nodes in nodes(12),
        slots in prop_oneof![Just(13_u32), Just(101), Just(251)],
        seed in any::<u64>(),
    ) {
        let hash = HashFunction::Xxh3 { seed };
        let maglev = Maglev::builder().nodes(nodes.clone()).hash(hash).slots(slots).build();
        let maglev = maglev.expect("valid");
        let table = table(&nodes, hash, slots);
        let width = u64::MAX / u64::from(slots);
        for probe in probes((0..u64::from(slots)).map(|slot| slot * width + width / 2), seed) {
            let from = ((u128::from(probe) * u128::from(slots)) >> 64) as usize;
            let owner = table[from].as_deref();
            prop_assert_eq!(maglev.get_hashed(probe).map(Node::id), owner);
            if maglev.nodes().iter().all(|node| node.zone_name().is_none()) {
                let mut next: Vec<&str> = Vec::new();
                for id in table[from..].iter().chain(&table[..from]).flatten() {
                    if !next.contains(&id.as_str()) {
                        next.push(id);
                    }
                }
                let candidates: Vec<_> = maglev.candidates_hashed(probe).map(Node::id).collect();
                prop_assert_eq!(candidates, next);
            }
        }
    }

    /// But for near ties: the logarithm in integers is within a 2,000th.
    #[test]
    fn the_least_loss_owns_and_the_next_follow(nodes in nodes(14), asked in any::<[u64; 20]>()) {
        let plain: Vec<Node> = nodes
            .iter()
            .map(|node| Node::new(node.id()).label(node.label_text()).weight(node.weight_units()))
            .collect();
        let lots = Rendezvous::builder().nodes(plain).build().expect("valid");
        for hash in asked {
            let order: Vec<&Node> = lots.candidates_hashed(hash).collect();
            prop_assert_eq!(order.first().copied(), lots.get_hashed(hash));
            for two in order.windows(2) {
                let (better, worse) = (loss(two[0], hash), loss(two[1], hash));
                prop_assert!(better <= worse * 1.001, "{better} {worse}");
            }
        }
    }

    #[test]
    fn the_point_nearest_to_any_probe_owns(
        nodes in nodes(12),
        probes in 1..30_u32,
        asked in any::<[u64; 20]>(),
    ) {
        let built = MultiProbe::builder().nodes(nodes.clone()).probes(probes).build();
        let built = built.expect("valid");
        let naive = NaiveRing::new(&nodes, HashFunction::XXH3, 1);
        for hash in asked {
            let mut draws = Random::seeded(hash);
            let mut best: Option<(u64, &str)> = None;
            for number in 0..probes {
                let drawn = draws.next_u64();
                let probe = if number == 0 { hash } else { drawn };
                for (point, node) in naive.owned_points() {
                    let found = (point.wrapping_sub(probe), node.id());
                    if best.is_none_or(|best| found.cmp(&best) == Ordering::Less) {
                        best = Some(found);
                    }
                }
            }
            prop_assert_eq!(built.get_hashed(hash).map(Node::id), best.map(|best| best.1));
        }
    }
}
