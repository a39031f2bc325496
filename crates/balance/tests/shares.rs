//! Long-run shares: exact where the order is, within three standard deviations where chance decides.

use std::collections::HashMap;
use std::time::Duration;

use voussoir_balance::{Algorithm, Balancer, BalancerBuilder, Node, Pick};
use voussoir_core::{ManualClock, Nanos};

fn picks(full: u64) -> u64 {
    if std::env::var_os("VOUSSOIR_LONG").is_some() { full * 20 } else { full }
}

fn weighted(algorithm: Algorithm, weights: &[u32]) -> BalancerBuilder<usize> {
    let nodes = weights
        .iter()
        .enumerate()
        .map(|(index, weight)| Node::new(index.to_string(), index).weight(*weight));
    Balancer::builder(algorithm).seed(0x5EED).nodes(nodes)
}

/// Each call ends before the next begins.
fn counts(balancer: &Balancer<usize>, nodes: usize, picks: u64) -> Vec<u64> {
    let mut counts = vec![0; nodes];
    for _ in 0..picks {
        counts[*balancer.pick().expect("all are well").value()] += 1;
    }
    counts
}

/// Three standard deviations of a binomial; the seeds are fixed.
fn assert_within(count: u64, picks: u64, chance: f64) {
    let (mean, deviation) =
        (picks as f64 * chance, (picks as f64 * chance * (1.0 - chance)).sqrt());
    let off = (count as f64 - mean).abs();
    assert!(off <= 3.0 * deviation, "{count} of {picks}, expected {mean} ± {deviation}");
}

#[test]
fn rounds_share_exactly() {
    for algorithm in [Algorithm::RoundRobin, Algorithm::LeastConnections] {
        let balancer = weighted(algorithm, &[9, 1, 5]).build().expect("valid");
        assert_eq!(counts(&balancer, 3, 300), [100, 100, 100], "{algorithm}");
    }
    let by_weight = [Algorithm::WeightedRoundRobin, Algorithm::WeightedLeastConnections];
    for algorithm in by_weight {
        let balancer = weighted(algorithm, &[9, 1, 5]).build().expect("valid");
        assert_eq!(counts(&balancer, 3, 300), [180, 20, 100], "{algorithm}");
    }
    let balancer = weighted(Algorithm::IpHash, &[9, 1, 5]).build().expect("valid");
    assert_eq!(counts(&balancer, 3, 300), [180, 20, 100], "without an address");
}

#[test]
fn draws_share_by_chance() {
    let picks = picks(100_000);
    for (algorithm, weights, chances) in [
        (Algorithm::Random, [5, 1, 10], [1.0 / 3.0; 3]),
        (Algorithm::WeightedRandom, [5, 1, 10], [5.0 / 16.0, 1.0 / 16.0, 10.0 / 16.0]),
        // With nobody busy two choices are one: either of two by equal chances.
        (Algorithm::PowerOfTwo, [7, 7, 7], [1.0 / 3.0; 3]),
    ] {
        let balancer = weighted(algorithm, &weights).build().expect("valid");
        for (count, chance) in counts(&balancer, 3, picks).into_iter().zip(chances) {
            assert_within(count, picks, chance);
        }
    }
}

/// A pair is drawn by weight without replacement, and an idle pair's winner by a fair coin.
#[test]
fn two_choices_by_weight_share_as_computed() {
    let weights = [1, 2, 7];
    let total = 10.0;
    let balancer = weighted(Algorithm::PowerOfTwo, &weights).build().expect("valid");
    let picks = picks(100_000);
    let counts = counts(&balancer, 3, picks);
    for (index, count) in counts.into_iter().enumerate() {
        let own = f64::from(weights[index]);
        let as_second: f64 = (0..3)
            .filter(|&other| other != index)
            .map(|other| f64::from(weights[other]))
            .map(|other| other / total * own / (total - other))
            .sum();
        assert_within(count, picks, f64::midpoint(own / total, as_second));
    }
}

#[test]
fn the_most_loaded_of_two_or_more_never_gets_a_call_from_two_choices() {
    let balancer = weighted(Algorithm::PowerOfTwo, &[1; 4]).build().expect("valid");
    let held: Vec<_> = (0..40).map(|_| balancer.pick_if(|id| id == "2").expect("there")).collect();
    assert_eq!(counts(&balancer, 4, 10_000)[2], 0);
    drop(held);
    assert!(counts(&balancer, 4, 10_000)[2] > 2_000);
}

#[test]
fn two_choices_spread_held_calls_within_a_few() {
    let balancer = weighted(Algorithm::PowerOfTwo, &[1; 10]).build().expect("valid");
    let held: Vec<Pick<usize>> = (0..10_000).map(|_| balancer.pick().expect("well")).collect();
    let mut loads = HashMap::<usize, u32>::new();
    for pick in &held {
        *loads.entry(*pick.value()).or_default() += 1;
    }
    // The gap above the mean is log log n / log 2 + O(1), however many calls are held.
    assert!(loads.values().all(|load| load.abs_diff(1_000) <= 8), "{loads:?}");
}

#[test]
fn held_calls_follow_the_weights() {
    let weights = [6, 3, 1];
    for algorithm in [Algorithm::WeightedLeastConnections, Algorithm::PowerOfTwo] {
        let balancer = weighted(algorithm, &weights).build().expect("valid");
        let held: Vec<_> = (0..1_000).map(|_| balancer.pick().expect("well")).collect();
        for (node, weight) in balancer.nodes().iter().zip(weights) {
            let expected = 100 * weight as usize;
            assert!(node.in_flight.abs_diff(expected) <= 12, "{algorithm}: {node:?}");
        }
        drop(held);
    }
}

/// Serves calls one at a time, `took` by node, on a manual clock.
fn timed(algorithm: Algorithm, took: &[u64], calls: u64) -> Vec<u64> {
    let clock = ManualClock::new();
    let nodes = (0..took.len()).map(|index| Node::new(index.to_string(), index));
    let builder = Balancer::builder(algorithm).seed(1).clock(clock.clone()).nodes(nodes);
    let balancer = builder.build().expect("valid");
    let mut counts = vec![0; took.len()];
    for _ in 0..calls {
        let pick = balancer.pick().expect("well");
        let node = *pick.value();
        counts[node] += 1;
        clock.advance(Duration::from_millis(took[node]));
        pick.success();
    }
    counts
}

#[test]
fn nodes_as_quick_as_each_other_share_equally() {
    for algorithm in [Algorithm::LeastResponseTime, Algorithm::PeakEwma] {
        let counts = timed(algorithm, &[5, 5, 5], 30_000);
        for count in counts {
            assert_within(count, 30_000, 1.0 / 3.0);
        }
    }
}

/// By weight over clients of all networks, as far as 6,271 hashes can be shared out.
#[test]
fn addresses_are_shared_by_weight() {
    let balancer = weighted(Algorithm::IpHash, &[5, 1, 10]).build().expect("valid");
    let (picks, mut counts, mut random) =
        (picks(100_000), [0; 3], voussoir_core::Random::seeded(1));
    for _ in 0..picks {
        let [a, b, c, d, ..] = random.next_u64().to_le_bytes();
        counts[*balancer.pick_for_ip([a, b, c, d].into(), |_| true).expect("well").value()] += 1;
    }
    for (count, weight) in counts.into_iter().zip([5.0, 1.0, 10.0]) {
        assert_within(count, picks, weight / 16.0);
    }
}

#[test]
fn the_quick_gets_most_and_the_slow_is_tried_again_in_time() {
    for algorithm in [Algorithm::LeastResponseTime, Algorithm::PeakEwma] {
        let counts = timed(algorithm, &[1, 50, 1], 20_000);
        assert!(counts[0] > 6_000 && counts[2] > 6_000, "{algorithm}: {counts:?}");
        assert!((1..1_000).contains(&counts[1]), "{algorithm}: {counts:?}");
    }
}

/// ingress-nginx#9882: a node that fails at once looks like the fastest one.
#[test]
fn failing_at_once_attracts_nothing() {
    for algorithm in [Algorithm::LeastResponseTime, Algorithm::PeakEwma] {
        let clock = ManualClock::new();
        let nodes = (0..3).map(|index: usize| Node::new(index.to_string(), index));
        let builder = Balancer::builder(algorithm).seed(1).clock(clock.clone()).nodes(nodes);
        let balancer = builder.build().expect("valid");
        let mut failed = 0;
        for _ in 0..10_000 {
            let pick = balancer.pick().expect("well");
            if *pick.value() == 1 {
                failed += 1;
                clock.advance(Duration::from_micros(1));
                pick.failure();
            } else {
                clock.advance(Duration::from_millis(5));
                pick.success();
            }
        }
        assert!(failed <= 10, "{algorithm}: {failed} of 10,000");
    }
}

/// tower#134: a new node must not be starved, nor flooded before its first response.
#[test]
fn a_new_node_is_tried_by_one_call_at_a_time_until_it_answers() {
    let clock = ManualClock::new();
    let builder = Balancer::builder(Algorithm::LeastResponseTime).clock(clock.clone());
    let balancer = builder.node(Node::new("old", ())).build().expect("valid");
    let call = balancer.pick().expect("old");
    clock.advance(Duration::from_millis(5));
    call.success();
    balancer.add(Node::new("new", ())).expect("new id");
    let first = balancer.pick().expect("new");
    assert_eq!(first.id(), "new");
    let held: Vec<_> = (0..20).map(|_| balancer.pick().expect("old")).collect();
    assert!(held.iter().all(|pick| pick.id() == "old"));
    clock.advance(Duration::from_millis(5));
    first.success();
    assert_eq!(balancer.pick().expect("new").id(), "new");
}

#[test]
fn a_random_start_begins_anywhere_and_keeps_the_order() {
    let mut begun = HashMap::<usize, u32>::new();
    for seed in 0..700 {
        let builder = weighted(Algorithm::WeightedRoundRobin, &[5, 1, 1]).random_start().seed(seed);
        let balancer = builder.build().expect("valid");
        let order: String =
            (0..14).map(|_| balancer.pick().expect("well").value().to_string()).collect();
        assert!("001020000102000010200001020000".contains(&order), "{order}");
        *begun.entry(order[..1].parse().expect("a digit")).or_default() += 1;
    }
    for (node, chance) in [(0, 5.0 / 7.0), (1, 1.0 / 7.0), (2, 1.0 / 7.0)] {
        assert_within(begun[&node].into(), 700, chance);
    }
}

#[test]
fn slow_start_grows_the_share_of_a_new_node_evenly() {
    let clock = ManualClock::new();
    let builder = Balancer::builder(Algorithm::RoundRobin).clock(clock.clone());
    let balancer = builder
        .slow_start(voussoir_balance::SlowStart {
            window: Duration::from_secs(10),
            ..Default::default()
        })
        .node(Node::new("old", ()))
        .build()
        .expect("valid");
    let share = || {
        let new = (0..420).filter(|_| balancer.pick().expect("well").id() == "new").count();
        new as f64 / (420 - new) as f64
    };
    balancer.add(Node::new("new", ())).expect("new id");
    assert!((share() - 0.1).abs() < 0.005);
    clock.advance(Duration::from_secs(5));
    assert!((share() - 0.5).abs() < 0.005);
    clock.advance(Duration::from_secs(5));
    assert!((share() - 1.0).abs() < 0.005);
    // Ill and well again: it starts anew. The other one has its full share all the time.
    for probe in "FFFSS".chars() {
        let probe = if probe == 'S' {
            voussoir_balance::Probe::Success
        } else {
            voussoir_balance::Probe::Failure
        };
        balancer.report_at(Nanos::from_secs(10), "new", probe).expect("known");
    }
    assert!((share() - 0.1).abs() < 0.005);
}
