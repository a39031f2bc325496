//! Many threads: every call is counted once, in every algorithm, while nodes come, go, fall ill and
//! are weighed anew.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use voussoir_balance::{
    Algorithm, Balancer, EjectionPolicy, Event, Health, HealthPolicy, Node, Pick, Probe,
};
use voussoir_core::ManualClock;

const THREADS: usize = 4;

fn rounds(full: u64) -> u64 {
    if std::env::var_os("VOUSSOIR_LONG").is_some() { full * 50 } else { full }
}

fn nodes(count: u64) -> impl Iterator<Item = Node<AtomicU64>> {
    (0..count).map(|index| Node::new(index.to_string(), AtomicU64::new(0)).weight(1 + index as u32))
}

/// Makes calls, some of which are held for a while, and counts them at the node itself.
fn make_calls<C: voussoir_core::Clock>(balancer: &Balancer<AtomicU64, C>, calls: u64) {
    let mut held: Vec<Pick<AtomicU64, C>> = Vec::new();
    for turn in 0..calls {
        let pick = match turn % 3 {
            0 => balancer.pick(),
            1 => balancer.pick_excluding(&["1"]),
            _ => balancer.pick_for_ip([192, 0, turn as u8, 1].into(), |_| true),
        };
        let pick = pick.expect("two stay at least");
        pick.value().fetch_add(1, Ordering::Relaxed);
        held.push(pick);
        if held.len() == 8 {
            for (index, pick) in held.drain(..).enumerate() {
                match index % 4 {
                    0 => pick.ignore(),
                    1 => _ = pick.failure(),
                    2 => _ = pick.success(),
                    _ => drop(pick),
                }
            }
        }
    }
}

#[test]
fn every_call_of_every_algorithm_is_counted_once_while_all_changes() {
    for algorithm in Algorithm::ALL {
        let clock = ManualClock::new();
        let passive = HealthPolicy { passive: true, ..HealthPolicy::default() };
        let balancer = Balancer::builder(algorithm)
            .health(passive)
            .ejection(EjectionPolicy { min_calls: 5, failure_rate: 0.2, ..Default::default() })
            .panic_below(0.5)
            .clock(clock.clone())
            .nodes(nodes(5))
            .build()
            .expect("valid");
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let callers: Vec<_> = (0..THREADS)
                .map(|_| scope.spawn(|| make_calls(&balancer, rounds(3_000))))
                .collect();
            let changer = scope.spawn(|| {
                let mut round = 0_u32;
                while !done.load(Ordering::Relaxed) {
                    round += 1;
                    clock.advance(Duration::from_millis(7));
                    balancer.add(Node::new("new", AtomicU64::new(0))).expect("removed before");
                    balancer.set_weight("3", 1 + round % 5).expect("known");
                    balancer
                        .force("4", round.is_multiple_of(2).then_some(Health::Unhealthy))
                        .expect("known");
                    balancer.report("2", Probe::Success).expect("known");
                    balancer.remove("new").expect("just added");
                }
            });
            for caller in callers {
                caller.join().expect("no panic");
            }
            done.store(true, Ordering::Relaxed);
            changer.join().expect("no panic");
        });
        for node in balancer.nodes() {
            assert_eq!(node.in_flight, 0, "{algorithm}");
            balancer.force(&node.id, Some(Health::Healthy)).expect("known");
            let served = balancer.pick_ordered([&*node.id]).expect("forced up");
            assert_eq!(served.value().load(Ordering::Relaxed), node.picks, "{algorithm}");
        }
    }
}

/// Each thread goes round by itself, so that one round is unfinished for each. Two plans: the second
/// goes on where one of the threads left the first, the others begin anew.
#[test]
fn round_robin_of_many_threads_shares_to_a_round_a_thread_and_plan() {
    let calls = rounds(25_000);
    for algorithm in [Algorithm::RoundRobin, Algorithm::WeightedRoundRobin] {
        let balancer = Balancer::builder(algorithm).nodes(nodes(4)).build().expect("valid");
        let half = std::sync::Barrier::new(THREADS);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    (0..calls).for_each(|_| drop(balancer.pick()));
                    if half.wait().is_leader() {
                        balancer.set_weight("0", 1).expect("known");
                    }
                    half.wait();
                    (0..calls).for_each(|_| drop(balancer.pick()));
                });
            }
        });
        let total = 2 * calls * THREADS as u64;
        let shares = if algorithm.is_weighted() { [1, 2, 3, 4] } else { [1; 4] };
        let sum: u64 = shares.iter().sum();
        let nodes = balancer.nodes();
        assert_eq!(nodes.iter().map(|node| node.picks).sum::<u64>(), total, "{algorithm}");
        for (node, share) in nodes.iter().zip(shares) {
            let expected = total * share / sum;
            let slack = 2 * THREADS as u64 * share;
            assert!(
                node.picks.abs_diff(expected) <= slack,
                "{algorithm}: {node:?}, not {expected}"
            );
        }
    }
}

/// A thread that has picked and sleeps holds a plan. It must not hold the caller's value with it.
#[test]
fn a_thread_that_picks_no_more_keeps_no_value_of_a_removed_node() {
    let value = std::sync::Arc::new(());
    let balancer = Balancer::builder(Algorithm::RoundRobin)
        .node(Node::new("goes", std::sync::Arc::clone(&value)))
        .build()
        .expect("valid");
    let (picked, removed) = (std::sync::Barrier::new(2), std::sync::Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            drop(balancer.pick());
            picked.wait();
            removed.wait();
        });
        picked.wait();
        balancer.remove("goes").expect("known");
        assert_eq!(std::sync::Arc::strong_count(&value), 1);
        removed.wait();
    });
}

/// Nodes go as soon as they are drained of calls, under threads that are choosing them: whoever finds
/// its choice gone chooses again, and is never told that there is none.
#[test]
fn a_node_that_goes_while_it_is_chosen_costs_nobody_a_pick() {
    for algorithm in Algorithm::ALL {
        let balancer = Balancer::builder(algorithm).nodes(nodes(1)).build().expect("valid");
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        drop(balancer.pick().expect("one is always there"));
                        drop(balancer.pick_excluding(&["none"]).expect("one is always there"));
                    }
                });
            }
            for round in 0..rounds(500) {
                let id = if round == 0 { "0".to_owned() } else { format!("new {round}") };
                let next = format!("new {}", round + 1);
                balancer.add(Node::new(next, AtomicU64::new(0))).expect("new");
                balancer.remove(&id).expect("known");
            }
            done.store(true, Ordering::Relaxed);
        });
    }
}

/// What `drain` is for: when it has returned and the node is idle, nobody will ever be sent there.
#[test]
fn a_drained_node_that_is_idle_gets_no_call_any_more() {
    for algorithm in Algorithm::ALL {
        let balancer = Balancer::builder(algorithm).nodes(nodes(3)).build().expect("valid");
        // Odd while it is drained.
        let (done, epoch) = (AtomicBool::new(false), AtomicU64::new(0));
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        let before = epoch.load(Ordering::SeqCst);
                        let pick = balancer.pick().expect("two stay");
                        let is_drained = before % 2 == 1 && epoch.load(Ordering::SeqCst) == before;
                        assert!(!is_drained || pick.id() != "1", "{algorithm}");
                    }
                });
            }
            for _ in 0..rounds(200) {
                balancer.drain("1").expect("known");
                epoch.fetch_add(1, Ordering::SeqCst);
                while !balancer.is_idle("1").expect("known") {
                    thread::yield_now();
                }
                epoch.fetch_add(1, Ordering::SeqCst);
                balancer.undrain("1").expect("known");
            }
            done.store(true, Ordering::Relaxed);
        });
    }
}

#[test]
fn each_change_of_health_is_told_exactly_once() {
    let (down, up) = (AtomicU64::new(0), AtomicU64::new(0));
    let counts: &'static [AtomicU64; 2] = Box::leak(Box::new([down, up]));
    let balancer = Balancer::builder(Algorithm::RoundRobin)
        .health(HealthPolicy { unhealthy_after: 2, healthy_after: 2, ..HealthPolicy::default() })
        .node(Node::new("a", ()))
        .observer(move |event: &Event<'_>| {
            if let Event::Health { now, .. } = event {
                counts[usize::from(*now == Health::Healthy)].fetch_add(1, Ordering::Relaxed);
            }
        })
        .build()
        .expect("valid");
    let returned: u64 = thread::scope(|scope| {
        let reporters = (0..THREADS).map(|thread| {
            let balancer = &balancer;
            scope.spawn(move || {
                let probe = if thread % 2 == 0 { Probe::Success } else { Probe::Failure };
                let report = |_| balancer.report("a", probe).expect("known");
                (0..rounds(5_000)).filter_map(report).count() as u64
            })
        });
        let reporters: Vec<_> = reporters.collect();
        reporters.into_iter().map(|reporter| reporter.join().expect("no panic")).sum()
    });
    let [down, up] = counts.each_ref().map(|count| count.load(Ordering::Relaxed));
    assert_eq!(down + up, returned);
    let is_down = balancer.nodes()[0].health == Health::Unhealthy;
    assert_eq!(down, up + u64::from(is_down));
    // The plan in force is that of the last change.
    assert_eq!(balancer.pick().is_err(), is_down);
}

#[test]
fn no_more_than_the_share_are_ever_ejected_by_many_threads() {
    let policy = EjectionPolicy { min_calls: 1, max_share: 0.3, ..Default::default() };
    let nodes = (0..10).map(|index: usize| Node::new(index.to_string(), ()));
    let balancer = Balancer::builder(Algorithm::Random).ejection(policy).nodes(nodes).build();
    let balancer = balancer.expect("valid");
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..500 {
                    balancer.pick().expect("seven stay").failure();
                    assert!(balancer.nodes().iter().filter(|node| node.ejected).count() <= 3);
                }
            });
        }
    });
    assert_eq!(balancer.nodes().iter().filter(|node| node.ejected).count(), 3);
}

/// Weights at either end, and every node out at once: an answer or a reason, from every algorithm.
#[test]
fn no_algorithm_panics_at_the_ends_of_the_ranges() {
    for algorithm in Algorithm::ALL {
        for weights in [&[][..], &[0], &[0, 0, 0], &[u32::MAX], &[u32::MAX, 1, 0, u32::MAX]] {
            let nodes = weights.iter().enumerate();
            let nodes = nodes.map(|(index, w)| Node::new(index.to_string(), ()).weight(*w));
            let balancer = Balancer::builder(algorithm).nodes(nodes).build().expect("valid");
            let some = weights.iter().any(|weight| *weight > 0);
            for _ in 0..20 {
                assert_eq!(balancer.pick().is_ok(), some, "{algorithm} {weights:?}");
                let by_ip = balancer.pick_for_ip([10, 0, 0, 1].into(), |_| true);
                assert_eq!(by_ip.is_ok(), some, "{algorithm} {weights:?}");
                assert!(balancer.pick_if(|_| false).is_err(), "{algorithm} {weights:?}");
            }
            for index in 0..weights.len() {
                balancer.force(&index.to_string(), Some(Health::Unhealthy)).expect("known");
            }
            let why = balancer.pick().expect_err("all are down");
            assert_eq!((why.nodes, why.excluded), (weights.len(), 0), "{algorithm}");
        }
    }
}

/// Desks are handed on from threads that have ended to those that begin, with their counts.
#[test]
fn threads_that_come_and_go_lose_no_pick() {
    let balancer = Balancer::builder(Algorithm::RoundRobin).nodes(nodes(3)).build();
    let balancer = balancer.expect("valid");
    let threads = rounds(500);
    for _ in 0..threads {
        thread::scope(|scope| {
            scope.spawn(|| drop(balancer.pick().expect("a node")));
        });
    }
    let status = balancer.nodes();
    assert_eq!(status.iter().map(|node| node.picks).sum::<u64>(), threads);
    assert!(status.iter().all(|node| node.in_flight == 0));
}

/// A value whose drop panics when its node is removed: the removal is done.
#[test]
fn a_value_that_panics_in_its_drop_harms_nobody() {
    struct Value;

    impl Drop for Value {
        fn drop(&mut self) {
            panic!("in the drop");
        }
    }

    let balancer = Balancer::builder(Algorithm::RoundRobin)
        .node(Node::new("a", Some(Value)))
        .node(Node::new("b", None))
        .build()
        .expect("valid");
    let removal = std::panic::AssertUnwindSafe(|| balancer.remove("a"));
    assert!(std::panic::catch_unwind(removal).is_err());
    assert_eq!(balancer.nodes().len(), 1);
    assert_eq!(balancer.pick().expect("b").id(), "b");
    balancer.add(Node::new("a", None)).expect("free again");
}
