//! Who is picked, in which order, and who is not.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use proptest::prelude::*;
use voussoir_balance::{Algorithm, Balancer, Health, HealthPolicy, Node, NodeStatus, Pick, Probe};

fn balancer(algorithm: Algorithm, ids: &[&str]) -> Balancer<()> {
    let nodes = ids.iter().map(|id| Node::new(*id, ()));
    Balancer::builder(algorithm).nodes(nodes).build().expect("valid")
}

/// The ids of the next picks, each ended before the next.
fn order(balancer: &Balancer<()>, picks: usize) -> String {
    (0..picks).map(|_| balancer.pick().expect("a node").id().to_owned()).collect()
}

fn status(balancer: &Balancer<()>, id: &str) -> NodeStatus {
    balancer.nodes().into_iter().find(|node| &*node.id == id).expect("known")
}

fn report(balancer: &Balancer<()>, id: &str, probes: &str) -> Health {
    for probe in probes.chars() {
        let probe = if probe == 'S' { Probe::Success } else { Probe::Failure };
        balancer.report(id, probe).expect("known");
    }
    status(balancer, id).health
}

#[test]
fn round_robin_goes_round() {
    let balancer = balancer(Algorithm::RoundRobin, &["a", "b", "c"]);
    assert_eq!(order(&balancer, 7), "abcabca");
}

#[test]
fn round_robin_neither_skips_nor_doubles_when_nodes_change() {
    let balancer = balancer(Algorithm::RoundRobin, &["a", "b", "c", "d"]);
    assert_eq!(order(&balancer, 2), "ab");
    balancer.remove("a").expect("known");
    assert_eq!(order(&balancer, 4), "cdbc");
    balancer.add(Node::new("e", ())).expect("new");
    assert_eq!(order(&balancer, 5), "debcd");
    report(&balancer, "e", "FFF");
    assert_eq!(order(&balancer, 3), "bcd");
    report(&balancer, "e", "SS");
    assert_eq!(order(&balancer, 2), "eb");
    balancer.remove("c").expect("known");
    assert_eq!(order(&balancer, 3), "deb");
}

#[test]
fn least_connections_takes_the_least_loaded_and_among_equals_goes_round() {
    let balancer = balancer(Algorithm::LeastConnections, &["a", "b", "c"]);
    assert_eq!(order(&balancer, 4), "abca");
    let held: Vec<_> = (0..3).map(|_| balancer.pick().expect("a node")).collect();
    assert_eq!(held.iter().map(Pick::id).collect::<String>(), "bca");
    let [b, c, a] = held.try_into().expect("three");
    drop(c);
    assert_eq!(order(&balancer, 3), "ccc");
    drop((a, b));
    assert!(balancer.nodes().iter().all(|node| node.in_flight == 0));
}

#[test]
fn three_failures_in_a_row_down_and_two_successes_in_a_row_up() {
    let balancer = balancer(Algorithm::RoundRobin, &["a"]);
    assert_eq!(report(&balancer, "a", "FFSFF"), Health::Healthy);
    assert_eq!(balancer.report("a", Probe::Failure), Ok(Some(Health::Unhealthy)));
    assert_eq!(balancer.report("a", Probe::Failure), Ok(None));
    assert_eq!(report(&balancer, "a", "SFS"), Health::Unhealthy);
    assert_eq!(balancer.report("a", Probe::Success), Ok(Some(Health::Healthy)));
    assert_eq!(report(&balancer, "a", "FF"), Health::Healthy);
}

#[test]
fn a_draining_node_gets_no_calls_whatever_its_checks_say() {
    let balancer = balancer(Algorithm::RoundRobin, &["a", "b"]);
    let call = balancer.pick().expect("a");
    balancer.drain("a").expect("known");
    assert_eq!(order(&balancer, 3), "bbb");
    report(&balancer, "a", "FFFSS");
    assert_eq!(order(&balancer, 2), "bb");
    assert_eq!(balancer.is_idle("a"), Ok(false));
    call.success();
    assert_eq!(balancer.is_idle("a"), Ok(true));
    balancer.undrain("a").expect("known");
    assert_eq!(order(&balancer, 2), "ab");
}

#[test]
fn with_no_node_available_the_answer_says_why() {
    let balancer = balancer(Algorithm::LeastConnections, &["a", "b", "c", "d"]);
    report(&balancer, "a", "FFF");
    balancer.drain("b").expect("known");
    report(&balancer, "b", "FFF");
    let why = balancer.pick_excluding(&["c", "d"]).expect_err("none is left");
    assert_eq!((why.nodes, why.unhealthy, why.draining, why.excluded), (4, 1, 1, 2));
    let message = "no node available: of 4, 1 unhealthy, 0 ejected, 1 draining, 2 excluded";
    assert_eq!(why.to_string(), message);
    assert_eq!(balancer.pick_excluding(&["c"]).expect("d").id(), "d");
    assert_eq!(balancer.pick_if(|id| id == "c").expect("c").id(), "c");

    let empty = Balancer::<()>::builder(Algorithm::RoundRobin).build().expect("may be empty");
    assert_eq!(empty.pick().expect_err("empty").nodes, 0);
}

#[test]
fn outcomes_of_calls_count_only_where_asked_for() {
    let passive = HealthPolicy { passive: true, ..HealthPolicy::default() };
    for (policy, health) in
        [(HealthPolicy::default(), Health::Healthy), (passive, Health::Unhealthy)]
    {
        let builder = Balancer::builder(Algorithm::RoundRobin).health(policy);
        let balancer = builder.node(Node::new("a", ())).build().expect("valid");
        for _ in 0..3 {
            balancer.pick().expect("a").failure();
            drop(balancer.pick());
            balancer.pick().map(Pick::ignore).ok();
        }
        assert_eq!(status(&balancer, "a").health, health);
    }
}

#[test]
fn unknown_and_duplicate_ids_are_told_and_nothing_is_lost() {
    let balancer = balancer(Algorithm::RoundRobin, &["a"]);
    let unknown = balancer.report("x", Probe::Success).expect_err("unknown");
    assert_eq!(unknown.to_string(), "no node has the id `x`");
    assert!(balancer.drain("x").is_err() && balancer.remove("x").is_err());
    let duplicate = balancer.add(Node::new("a", ())).expect_err("taken");
    assert_eq!(duplicate.to_string(), "a node has the id `a` already");
    assert_eq!(duplicate.node.id(), "a");

    let twice = Balancer::builder(Algorithm::RoundRobin)
        .nodes(["a", "b", "a"].map(|id| Node::new(id, ())))
        .build();
    assert_eq!(twice.expect_err("twice").to_string(), "`node` is a; allowed: each id once");
    let never = HealthPolicy { healthy_after: 0, ..HealthPolicy::default() };
    let refused = Balancer::<()>::builder(Algorithm::RoundRobin).health(never).build();
    assert!(
        refused.expect_err("never").to_string().starts_with("`healthy_after` is 0; allowed: 1")
    );
}

#[test]
fn a_pick_outlives_the_removal_of_its_node() {
    let balancer = balancer(Algorithm::RoundRobin, &["a"]);
    let pick = balancer.pick().expect("a");
    balancer.remove("a").expect("known");
    assert_eq!(pick.id(), "a");
    pick.failure();
    balancer.add(Node::new("a", ())).expect("free again");
    assert_eq!(status(&balancer, "a").in_flight, 0);
}

#[test]
fn no_call_is_lost_while_nodes_come_and_go() {
    for algorithm in [Algorithm::RoundRobin, Algorithm::LeastConnections] {
        let balancer = balancer(algorithm, &["a", "b"]);
        let done = AtomicBool::new(false);
        let made = thread::scope(|scope| {
            let callers = [(); 4].map(|()| {
                scope.spawn(|| {
                    let mut made = 0_u64;
                    while !done.load(Ordering::Relaxed) {
                        let pick = balancer.pick().expect("a and b stay");
                        made += u64::from(pick.id() != "c");
                        if made.is_multiple_of(3) {
                            pick.success();
                        } else {
                            drop(pick);
                        }
                    }
                    made
                })
            });
            for _ in 0..2_000 {
                balancer.add(Node::new("c", ())).expect("removed before");
                balancer.remove("c").expect("just added");
            }
            done.store(true, Ordering::Relaxed);
            callers.map(|caller| caller.join().expect("no panic")).iter().sum::<u64>()
        });
        let nodes = balancer.nodes();
        assert_eq!(nodes.iter().map(|node| node.picks).sum::<u64>(), made);
        assert!(nodes.iter().all(|node| node.in_flight == 0));
    }
}

proptest! {
    /// Against a list of held picks: nobody gets a call while another has fewer in flight.
    #[test]
    fn least_connections_never_prefers_the_more_loaded(
        nodes in 1..8_usize,
        ops in prop::collection::vec(prop_oneof![Just(None), any::<usize>().prop_map(Some)], 0..200),
    ) {
        let ids: Vec<_> = (0..nodes).map(|id| id.to_string()).collect();
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        let balancer = balancer(Algorithm::LeastConnections, &ids);
        let mut held: Vec<Pick<()>> = Vec::new();
        for op in ops {
            if let Some(which) = op {
                if !held.is_empty() {
                    drop(held.swap_remove(which % held.len()));
                }
                continue;
            }
            let mut loads: HashMap<&str, usize> = ids.iter().map(|id| (*id, 0)).collect();
            for pick in &held {
                *loads.get_mut(pick.id()).expect("known") += 1;
            }
            let pick = balancer.pick().expect("all are healthy");
            prop_assert_eq!(loads[pick.id()], *loads.values().min().expect("one node or more"));
            held.push(pick);
        }
    }

    /// Over any whole number of rounds with a steady set, everyone available is picked as often.
    #[test]
    fn round_robin_shares_equally(nodes in 1..10_usize, down in any::<u16>(), rounds in 1..20_usize) {
        let ids: Vec<_> = (0..nodes).map(|id| id.to_string()).collect();
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        let balancer = balancer(Algorithm::RoundRobin, &ids);
        let up: Vec<_> = (0..nodes).filter(|node| down >> node & 1 == 0).collect();
        for node in (0..nodes).filter(|node| !up.contains(node)) {
            report(&balancer, ids[node], "FFF");
        }
        for _ in 0..rounds * up.len() {
            balancer.pick().expect("some are up").success();
        }
        for (node, status) in balancer.nodes().iter().enumerate() {
            let expected = if up.contains(&node) { rounds as u64 } else { 0 };
            prop_assert_eq!(status.picks, expected);
        }
    }
}
