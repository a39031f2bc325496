//! Algorithms and the health state machine against naive models.

use std::net::IpAddr;
use std::time::Duration;

use proptest::prelude::*;
use voussoir_balance::{
    Algorithm, Balancer, EjectionPolicy, EjectionState, Health, HealthPolicy, HealthState, Node,
    Pick, Probe,
};
use voussoir_core::Nanos;

fn cases() -> ProptestConfig {
    let cases = if std::env::var_os("VOUSSOIR_LONG").is_some() { 8_192 } else { 256 };
    ProptestConfig::with_cases(cases)
}

fn nodes(weights: &[u32]) -> impl Iterator<Item = Node<usize>> {
    let named =
        |(index, weight): (usize, &u32)| Node::new(index.to_string(), index).weight(*weight);
    weights.iter().enumerate().map(named)
}

fn probe(success: bool) -> Probe {
    if success { Probe::Success } else { Probe::Failure }
}

/// nginx as its commit message tells it: who is down is passed over and keeps its current weight.
#[derive(Default)]
struct Nginx {
    peers: Vec<(String, i64, i64, bool)>,
}

impl Nginx {
    fn pick(&mut self) -> Option<String> {
        let total: i64 = self.peers.iter().filter(|peer| peer.3).map(|peer| peer.1).sum();
        let mut best: Option<usize> = None;
        for index in 0..self.peers.len() {
            if self.peers[index].3 {
                self.peers[index].2 += self.peers[index].1;
                if best.is_none_or(|best| self.peers[index].2 > self.peers[best].2) {
                    best = Some(index);
                }
            }
        }
        let best = &mut self.peers[best?];
        best.2 -= total;
        Some(best.0.clone())
    }
}

#[derive(Clone, Debug)]
enum Change {
    Picks(u8),
    Down(usize),
    Up(usize),
    Remove(usize),
    Add(u32),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => any::<u8>().prop_map(Change::Picks),
        1 => any::<usize>().prop_map(Change::Down),
        1 => any::<usize>().prop_map(Change::Up),
        1 => any::<usize>().prop_map(Change::Remove),
        1 => (1..9_u32).prop_map(Change::Add),
    ]
}

/// Weights that differ from node to node, so that the smooth order is never the plain one.
fn smooth_follows_nginx(weights: &[u32], changes: Vec<Change>) -> Result<(), TestCaseError> {
    let balancer = Balancer::builder(Algorithm::WeightedRoundRobin).nodes(nodes(weights)).build();
    let balancer = balancer.expect("valid");
    let mut model = Nginx::default();
    let peer = |(index, weight): (usize, &u32)| (index.to_string(), i64::from(*weight), 0, true);
    model.peers = weights.iter().enumerate().map(peer).collect();
    let mut next = weights.len();
    for change in changes {
        let up: Vec<_> = (0..model.peers.len()).filter(|&at| model.peers[at].3).collect();
        match change {
            Change::Picks(picks) => {
                for _ in 0..picks {
                    let picked = balancer.pick().ok().map(|pick| pick.id().to_owned());
                    prop_assert_eq!(picked, model.pick());
                }
            }
            Change::Down(which) if up.len() > 1 => {
                let peer = &mut model.peers[up[which % up.len()]];
                peer.3 = false;
                balancer.force(&peer.0, Some(Health::Unhealthy)).expect("known");
            }
            Change::Up(which) => {
                let at = which % model.peers.len();
                model.peers[at].3 = true;
                balancer.force(&model.peers[at].0, None).expect("known");
            }
            Change::Remove(which) if up.len() > 1 => {
                let peer = model.peers.remove(which % model.peers.len());
                balancer.remove(&peer.0).expect("known");
                if model.peers.iter().all(|peer| !peer.3) {
                    let peer = &mut model.peers[0];
                    peer.3 = true;
                    balancer.force(&peer.0, None).expect("known");
                }
            }
            Change::Add(weight) => {
                // Above all others, and so different from each of them.
                let weight = weight
                    + model
                        .peers
                        .iter()
                        .map(|peer| peer.1.unsigned_abs() as u32)
                        .max()
                        .unwrap_or(0);
                balancer.add(Node::new(next.to_string(), next).weight(weight)).expect("new id");
                model.peers.push((next.to_string(), weight.into(), 0, true));
                next += 1;
            }
            _ => {}
        }
    }
    Ok(())
}

/// What nginx's `ip_hash` does, written down from its description, one try after another.
fn ip_hash_model(ip: IpAddr, weights: &[u32], up: &[bool]) -> Option<usize> {
    let octets = match ip {
        IpAddr::V4(ip) => ip.octets()[..3].to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let total: u32 = weights.iter().sum();
    let mut hash = 89_u32;
    for _try in 0..20 {
        for octet in &octets {
            hash = (hash * 113 + u32::from(*octet)) % 6271;
        }
        let mut left = hash % total;
        let mut peer = 0;
        while left >= weights[peer] {
            left -= weights[peer];
            peer += 1;
        }
        if up[peer] {
            return Some(peer);
        }
    }
    None
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn smooth_order_is_that_of_nginx_while_nodes_come_and_go(
        (weights, changes) in (
            Just(vec![5, 1, 2, 9, 4]).prop_shuffle(),
            prop::collection::vec(change(), 0..20),
        ),
    ) {
        smooth_follows_nginx(&weights, changes)?;
    }

    /// Weights without a common divisor, whose order is too long to be made beforehand.
    #[test]
    fn long_smooth_orders_are_those_of_nginx(
        changes in prop::collection::vec(change(), 0..12),
    ) {
        smooth_follows_nginx(&[1_000_003, 999_983, 7], changes)?;
    }

    #[test]
    fn ip_hash_is_that_of_nginx(
        ip in prop_oneof![
            any::<[u8; 4]>().prop_map(IpAddr::from),
            any::<[u8; 16]>().prop_map(IpAddr::from),
        ],
        peers in prop::collection::vec((1..50_u32, any::<bool>()), 1..12),
    ) {
        let (weights, up): (Vec<_>, Vec<_>) = peers.into_iter().unzip();
        let balancer = Balancer::builder(Algorithm::IpHash).nodes(nodes(&weights)).build();
        let balancer = balancer.expect("valid");
        for (index, up) in up.iter().enumerate() {
            if !up {
                balancer.drain(&index.to_string()).expect("known");
            }
        }
        let pick = balancer.pick_for_ip(ip, |_| true);
        if let Some(index) = ip_hash_model(ip, &weights, &up) {
            prop_assert_eq!(*pick.expect("one is up").value(), index);
        } else {
            prop_assert_eq!(pick.is_ok(), up.contains(&true));
        }
    }

    /// Nobody gets a call while another has fewer in flight per weight, and filters are obeyed.
    #[test]
    fn weighted_least_connections_takes_the_least(
        weights in prop::collection::vec(1..6_u32, 1..8),
        ops in prop::collection::vec((any::<usize>(), any::<u8>(), any::<bool>()), 0..150),
    ) {
        let balancer = Balancer::builder(Algorithm::WeightedLeastConnections)
            .nodes(nodes(&weights))
            .build()
            .expect("valid");
        let mut held: Vec<Pick<usize>> = Vec::new();
        for (which, accepted, ends) in ops {
            if ends && !held.is_empty() {
                drop(held.swap_remove(which % held.len()));
                continue;
            }
            let load = |node: usize| {
                let calls = held.iter().filter(|pick| *pick.value() == node).count();
                calls as f64 / f64::from(weights[node])
            };
            let is_accepted = |node: usize| accepted >> node & 1 == 1;
            let least = (0..weights.len()).filter(|node| is_accepted(*node)).map(load);
            let least = least.min_by(f64::total_cmp);
            match balancer.pick_if(|id| is_accepted(id.parse().expect("a number"))) {
                Err(none) => prop_assert!(least.is_none() && none.excluded == weights.len()),
                Ok(pick) => {
                    prop_assert!(is_accepted(*pick.value()));
                    let least = least.expect("one was accepted");
                    prop_assert!((load(*pick.value()) - least).abs() < 1e-9);
                    held.push(pick);
                }
            }
        }
    }

    /// Every algorithm obeys drain and exclusion, finds whoever is left, and counts every call.
    #[test]
    fn no_algorithm_misses_the_last_node_nor_picks_one_that_is_out(
        algorithm in prop::sample::select(&Algorithm::ALL),
        weights in prop::collection::vec(0..5_u32, 1..10),
        drained in any::<u16>(),
        excluded in any::<u16>(),
        picks in 1..30_usize,
    ) {
        let balancer = Balancer::builder(algorithm).nodes(nodes(&weights)).build().expect("valid");
        let has = |set: u16, node: usize| set >> node & 1 == 1;
        for node in (0..weights.len()).filter(|node| has(drained, *node)) {
            balancer.drain(&node.to_string()).expect("known");
        }
        let is_out = |node: usize| has(drained, node) || has(excluded, node) || weights[node] == 0;
        let left = (0..weights.len()).filter(|node| !is_out(*node)).count();
        let ip = IpAddr::from([192, 0, 2, 1]);
        let accepts = |id: &str| !has(excluded, id.parse().expect("a number"));
        let mut held = Vec::new();
        for turn in 0..picks {
            let pick = if turn % 2 == 0 {
                balancer.pick_if(accepts)
            } else {
                balancer.pick_for_ip(ip, accepts)
            };
            prop_assert_eq!(pick.is_ok(), left > 0);
            if let Ok(pick) = pick {
                prop_assert!(!is_out(*pick.value()));
                held.push(pick);
            }
        }
        let status = balancer.nodes();
        prop_assert_eq!(status.iter().map(|node| node.in_flight).sum::<usize>(), held.len());
        prop_assert_eq!(status.iter().map(|node| node.picks).sum::<u64>(), held.len() as u64);
        drop(held);
        prop_assert!(balancer.nodes().iter().all(|node| node.in_flight == 0));
    }

    /// The list of all probes so far decides: the last change, and the row since.
    #[test]
    fn health_follows_the_last_rows(
        unhealthy_after in 1..5_u32,
        healthy_after in 1..5_u32,
        first_decides in any::<bool>(),
        probes in prop::collection::vec(any::<bool>(), 0..60),
    ) {
        let policy =
            HealthPolicy { unhealthy_after, healthy_after, first_decides, ..Default::default() };
        let mut state = HealthState::default();
        let (mut well, mut row) = (true, Vec::new());
        for (index, success) in probes.into_iter().enumerate() {
            state = state.observe(probe(success), &policy);
            if success == well { row.clear() } else { row.push(success) }
            let needed = if well { unhealthy_after } else { healthy_after };
            let first = first_decides && index == 0 && success != well;
            if row.len() >= needed as usize || first {
                well = !well;
                row.clear();
            }
            prop_assert_eq!(state.health() == Health::Healthy, well);
            prop_assert_eq!(state.streak() as usize, row.len());
        }
    }

    /// Against the list of all calls, by tenths of the window; the clock may go back.
    #[test]
    fn ejection_follows_the_list_of_calls(
        calls in prop::collection::vec((-3..40_i64, any::<bool>()), 0..200),
        min_calls in 1..8_u32,
        failure_rate in prop::sample::select(vec![0.0, 0.3, 0.5, 0.9]),
    ) {
        let policy = EjectionPolicy {
            failure_rate,
            min_calls,
            window: Duration::from_millis(100),
            base: Duration::from_millis(300),
            max: Duration::from_secs(1),
            ..Default::default()
        };
        let mut state = EjectionState::default();
        let (mut millis, mut latest) = (0_u64, 0);
        let mut remembered: Vec<(u64, bool)> = Vec::new();
        let (mut until, mut times) = (0_u64, 0_u64);
        for (step, success) in calls {
            millis = millis.saturating_add_signed(step);
            let now = Nanos::from_millis(millis);
            let deserved = state.observe_at(now, probe(success), &policy);
            let expected = if millis < until { false } else {
                latest = latest.max(millis / 10);
                remembered.push((latest, success));
                remembered.retain(|(tenth, _)| tenth + 10 > latest);
                let failures = remembered.iter().filter(|(_, success)| !success).count() as f64;
                remembered.len() >= min_calls as usize
                    && failures > failure_rate * remembered.len() as f64
            };
            prop_assert_eq!(deserved, expected);
            if deserved {
                let peace = millis.saturating_sub(until) / 100;
                times = (if times == 0 { 0 } else { times.saturating_sub(peace) }) + 1;
                let away = (300 * times).min(1_000);
                until = millis + away;
                remembered.clear();
                prop_assert_eq!(state.eject_at(now, &policy), Duration::from_millis(away));
                prop_assert_eq!(u64::from(state.times()), times);
            }
            prop_assert_eq!(state.is_ejected_at(now), millis < until);
        }
    }

    /// The first of the list that is up and below its bound; the bound leaves room to somebody.
    #[test]
    fn bounded_loads_are_never_exceeded_and_never_refused(
        weights in prop::collection::vec(1..6_u32, 1..8),
        bound in prop::sample::select(vec![1.0, 1.1, 1.25, 2.0]),
        ops in prop::collection::vec((any::<u64>(), any::<bool>()), 0..150),
    ) {
        let balancer = Balancer::builder(Algorithm::Random)
            .load_bound(bound)
            .nodes(nodes(&weights))
            .build()
            .expect("valid");
        let total: u32 = weights.iter().sum();
        let mut held: Vec<Pick<usize>> = Vec::new();
        for (key, ends) in ops {
            if ends && !held.is_empty() {
                drop(held.swap_remove(key as usize % held.len()));
                continue;
            }
            let mut list: Vec<_> = (0..weights.len()).collect();
            list.rotate_left(key as usize % weights.len());
            let load = |node: usize| held.iter().filter(|pick| *pick.value() == node).count();
            let capacity = |node: usize| {
                let calls = (held.len() + 1) as f64;
                (bound * calls * f64::from(weights[node]) / f64::from(total) - 1e-9).ceil()
            };
            let expected = list.iter().copied().find(|node| (load(*node) as f64) < capacity(*node));
            let pick = balancer.pick_ordered(list.iter().map(ToString::to_string)).expect("all up");
            prop_assert_eq!(Some(*pick.value()), expected);
            held.push(pick);
        }
    }
}
