//! Who is in service: ejection, panic, force, weights of none, priorities and zones; and who is told.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use voussoir_balance::{
    Algorithm, Balancer, BalancerBuilder, EjectionPolicy, Health, HealthPolicy, Node, NodeStatus,
    Probe,
};
use voussoir_core::{Clock, ManualClock, Nanos};

type Told = Arc<Mutex<Vec<String>>>;

/// Nodes `0` to `nodes`, on a manual clock, with all that is told.
fn watched(nodes: usize) -> (BalancerBuilder<usize, ManualClock>, ManualClock, Told) {
    let (clock, told) = (ManualClock::new(), Told::default());
    let heard = Arc::clone(&told);
    let builder = Balancer::builder(Algorithm::RoundRobin)
        .nodes((0..nodes).map(|index| Node::new(index.to_string(), index)))
        .observer(move |event: &voussoir_balance::Event<'_>| {
            heard.lock().expect("no panic").push(event.to_string());
        })
        .clock(clock.clone());
    (builder, clock, told)
}

fn take(told: &Told) -> Vec<String> {
    core::mem::take(&mut told.lock().expect("no panic"))
}

/// One call of node `id`.
fn call<C: Clock>(balancer: &Balancer<usize, C>, id: &str, success: bool) {
    let pick = balancer.pick_if(|node| node == id).expect("available");
    if success {
        pick.success()
    } else {
        pick.failure()
    };
}

fn report<C: Clock>(balancer: &Balancer<usize, C>, id: &str, probe: Probe, times: usize) {
    for _ in 0..times {
        balancer.report(id, probe).expect("known");
    }
}

fn available<C: Clock>(balancer: &Balancer<usize, C>) -> String {
    let nodes = balancer.nodes();
    let id = |node: &NodeStatus| node.available.then(|| node.id.to_string());
    nodes.iter().filter_map(id).collect()
}

fn order<C: Clock>(balancer: &Balancer<usize, C>, picks: usize) -> String {
    (0..picks).map(|_| balancer.pick().expect("a node").id().to_owned()).collect()
}

const STRICT: EjectionPolicy = EjectionPolicy {
    failure_rate: 0.5,
    min_calls: 4,
    window: Duration::from_secs(10),
    base: Duration::from_secs(30),
    max: Duration::from_mins(5),
    max_share: 0.1,
};

#[test]
fn more_than_half_failing_ejects_and_time_brings_back() {
    let (builder, clock, told) = watched(3);
    let balancer = builder.ejection(STRICT).build().expect("valid");
    for success in [true, false, false] {
        call(&balancer, "1", success);
    }
    assert_eq!(available(&balancer), "012", "three calls are too few");
    call(&balancer, "1", true);
    assert_eq!(available(&balancer), "012", "half is not more than half");
    call(&balancer, "1", false);
    assert_eq!(available(&balancer), "02");
    assert_eq!(take(&told), ["`1` is ejected for 30s"]);
    let why = balancer.pick_if(|id| id == "1").expect_err("ejected");
    assert_eq!((why.ejected, why.excluded), (1, 2));
    // The last call was 1's, and a pick that found nobody took no turn.

    clock.advance(Duration::from_secs(29));
    assert_eq!(order(&balancer, 4), "2020");
    clock.advance(Duration::from_secs(1));
    assert_eq!(order(&balancer, 4), "1201");
    assert_eq!(take(&told), ["`1` is back from its ejection"]);
}

#[test]
fn each_ejection_is_longer_until_peace_is_kept() {
    let (builder, clock, told) = watched(2);
    let balancer = builder.ejection(STRICT).build().expect("valid");
    let eject = || {
        (0..4).for_each(|_| call(&balancer, "0", false));
        take(&told).pop().expect("told")
    };
    for (peace, away) in [(0, "30s"), (0, "1m"), (9, "1m30s"), (10, "1m30s"), (1_000, "30s")] {
        clock.advance(Duration::from_secs(peace));
        assert_eq!(eject(), format!("`0` is ejected for {away}"));
        let parsed = voussoir_core::duration::parse(away).expect("a duration");
        clock.advance(parsed);
        assert_eq!(available(&balancer), "01");
    }
}

#[test]
fn no_more_than_the_share_are_ejected_at_a_time() {
    let (builder, clock, _) = watched(10);
    let policy = EjectionPolicy { max_share: 0.25, ..STRICT };
    let balancer = builder.ejection(policy).build().expect("valid");
    for id in ["0", "1", "2", "3"] {
        (0..4).for_each(|_| call(&balancer, id, false));
    }
    assert_eq!(available(&balancer), "23456789");
    // Their time is over; the next to fail takes the room, though nobody picked meanwhile.
    let waiting = balancer.pick_if(|id| id == "2").expect("there");
    clock.advance(Duration::from_secs(30));
    (0..4).for_each(|_| call(&balancer, "3", false));
    drop(waiting);
    assert_eq!(available(&balancer), "012456789");
}

/// Always one, or a small set could never lose its bad node.
#[test]
fn one_of_two_may_be_ejected_and_the_other_then_not() {
    let (builder, ..) = watched(2);
    let balancer = builder.ejection(STRICT).build().expect("valid");
    for id in ["0", "1"] {
        (0..9).for_each(|_| {
            if let Ok(pick) = balancer.pick_if(|node| node == id) {
                pick.failure();
            }
        });
    }
    assert_eq!(available(&balancer), "1");
}

#[test]
fn calls_that_end_during_an_ejection_count_nowhere() {
    let (builder, clock, told) = watched(2);
    let balancer = builder.ejection(STRICT).build().expect("valid");
    let late: Vec<_> =
        (0..50).map(|_| balancer.pick_if(|id| id == "0").expect("available")).collect();
    (0..4).for_each(|_| call(&balancer, "0", false));
    for pick in late {
        pick.failure();
    }
    clock.advance(Duration::from_secs(30));
    assert_eq!(available(&balancer), "01");
    assert_eq!(take(&told).len(), 2);
}

#[test]
fn a_removed_node_is_ejected_by_nobody_and_told_of_to_nobody() {
    let (builder, _, told) = watched(2);
    let passive = HealthPolicy { passive: true, ..HealthPolicy::default() };
    let balancer = builder.ejection(STRICT).health(passive).build().expect("valid");
    let late: Vec<_> =
        (0..9).map(|_| balancer.pick_if(|id| id == "0").expect("available")).collect();
    balancer.remove("0").expect("known");
    balancer.add(Node::new("0", 0)).expect("free again");
    for pick in late {
        pick.failure();
    }
    assert_eq!(available(&balancer), "10");
    assert!(take(&told).is_empty());
}

#[test]
fn with_too_few_well_health_is_ignored_until_enough_are() {
    let (builder, _, told) = watched(4);
    let balancer = builder.panic_below(0.5).build().expect("valid");
    report(&balancer, "0", Probe::Failure, 3);
    report(&balancer, "1", Probe::Failure, 3);
    assert_eq!((available(&balancer).as_str(), balancer.is_panicking()), ("23", false));
    balancer.force("2", Some(Health::Unhealthy)).expect("known");
    assert_eq!((available(&balancer).as_str(), balancer.is_panicking()), ("013", true));
    balancer.drain("0").expect("known");
    assert_eq!(available(&balancer), "13", "of three in service one is well");
    report(&balancer, "1", Probe::Success, 2);
    assert_eq!((available(&balancer).as_str(), balancer.is_panicking()), ("13", false));
    let panics =
        take(&told).into_iter().filter(|told| told.contains("health ")).collect::<Vec<_>>();
    assert_eq!(panics, ["health is ignored: too few nodes are well", "health counts again"]);
}

#[test]
fn force_overrules_checks_and_calls_but_not_drain() {
    let (builder, ..) = watched(2);
    let balancer = builder.ejection(STRICT).build().expect("valid");
    report(&balancer, "0", Probe::Failure, 3);
    balancer.force("0", Some(Health::Healthy)).expect("known");
    assert_eq!(available(&balancer), "01");
    balancer.force("1", Some(Health::Unhealthy)).expect("known");
    report(&balancer, "1", Probe::Success, 5);
    assert_eq!(available(&balancer), "0");
    balancer.drain("0").expect("known");
    assert_eq!(available(&balancer), "");
    balancer.undrain("0").expect("known");
    balancer.force("0", None).expect("known");
    balancer.force("1", None).expect("known");
    assert_eq!(available(&balancer), "1");
}

#[test]
fn the_first_check_decides_where_asked_for() {
    let first = HealthPolicy { first_decides: true, ..HealthPolicy::default() };
    let (builder, ..) = watched(1);
    let balancer = builder.health(first).build().expect("valid");
    assert_eq!(balancer.report("0", Probe::Failure), Ok(Some(Health::Unhealthy)));
    assert_eq!(balancer.report("0", Probe::Success), Ok(None));
    assert_eq!(balancer.report("0", Probe::Success), Ok(Some(Health::Healthy)));
    assert_eq!(balancer.report("0", Probe::Failure), Ok(None));
}

#[test]
fn without_weight_no_calls_and_with_it_again() {
    for algorithm in Algorithm::ALL {
        let nodes = (0..3).map(|index| Node::new(index.to_string(), index));
        let balancer = Balancer::builder(algorithm).nodes(nodes).build().expect("valid");
        balancer.set_weight("1", 0).expect("known");
        assert!(!order(&balancer, 30).contains('1'), "{algorithm}");
        balancer.set_weight("1", u32::MAX).expect("known");
        let held: Vec<_> = (0..60).map(|_| balancer.pick().expect("a node")).collect();
        assert!(held.iter().any(|pick| pick.id() == "1"), "{algorithm}");
    }
}

#[test]
fn lower_levels_serve_while_they_can() {
    let builder = Balancer::builder(Algorithm::RoundRobin).min_available(0.6);
    let levels = [0, 0, 1, 1, 2].into_iter().enumerate();
    let nodes = levels.map(|(index, level)| Node::new(index.to_string(), index).priority(level));
    let balancer = builder.nodes(nodes).build().expect("valid");
    assert_eq!(order(&balancer, 4), "0101");
    assert_eq!(balancer.pick_excluding(&["0", "1"]).expect("the next level").id(), "2");
    report(&balancer, "0", Probe::Failure, 3);
    assert!(["2323", "3232"].contains(&&*order(&balancer, 4)), "half is not 0.6");
    report(&balancer, "2", Probe::Failure, 3);
    assert_eq!(order(&balancer, 2), "44");
    report(&balancer, "4", Probe::Failure, 3);
    assert_eq!(order(&balancer, 2), "11", "none suffices: the first that has any");
    assert_eq!(balancer.pick_excluding(&["1"]).expect("the next level").id(), "3");
}

#[test]
fn the_own_zone_serves_while_it_can() {
    let builder = Balancer::builder(Algorithm::RoundRobin).zone("here").min_available(0.6);
    let zones = ["here", "there", "here", "there"].into_iter().enumerate();
    let nodes = zones.map(|(index, zone)| Node::new(index.to_string(), index).zone(zone));
    let balancer = builder.nodes(nodes).build().expect("valid");
    assert_eq!(order(&balancer, 4), "0202");
    assert_eq!(balancer.pick_excluding(&["0", "2"]).expect("the other zone").id(), "1");
    report(&balancer, "0", Probe::Failure, 3);
    let served = order(&balancer, 6);
    assert!(["1", "2", "3"].iter().all(|id| served.matches(id).count() == 2), "{served}");
}

#[test]
fn changes_of_health_are_told_once_and_to_the_call_that_made_them() {
    let (builder, _, told) = watched(2);
    let passive = HealthPolicy { passive: true, ..HealthPolicy::default() };
    let balancer = builder.health(passive).build().expect("valid");
    let picks: Vec<_> =
        (0..5).map(|_| balancer.pick_if(|id| id == "0").expect("available")).collect();
    let changes: Vec<_> = picks.into_iter().map(voussoir_balance::Pick::failure).collect();
    assert_eq!(changes, [None, None, Some(Health::Unhealthy), None, None]);
    assert_eq!(take(&told), ["`0` is unhealthy"]);
    assert_eq!(balancer.pick().expect("1").success(), None);
    report(&balancer, "0", Probe::Success, 2);
    assert_eq!(take(&told), ["`0` is healthy"]);
}

/// It may pick, report and change from within: no lock is held.
#[test]
fn an_observer_may_use_the_balancer() {
    let cell = Arc::new(Mutex::new(None::<Balancer<usize>>));
    let (inside, told) = (Arc::clone(&cell), Told::default());
    let heard = Arc::clone(&told);
    let balancer = Balancer::builder(Algorithm::RoundRobin)
        .nodes((0..3).map(|index| Node::new(index.to_string(), index)))
        .observer(move |event: &voussoir_balance::Event<'_>| {
            if let voussoir_balance::Event::Health { id: "0", .. } = event {
                let balancer = inside.lock().expect("no panic").clone().expect("set");
                balancer.drain("1").expect("known");
                let picked = balancer.pick().expect("2 is left").id().to_owned();
                heard.lock().expect("no panic").push(picked);
            }
        })
        .build()
        .expect("valid");
    *cell.lock().expect("no panic") = Some(balancer.clone());
    report(&balancer, "0", Probe::Failure, 3);
    assert_eq!(take(&told), ["2"], "what panics there ends there");
    assert_eq!(available(&balancer), "2");
}

/// The one whose time is over makes room for the next: both are told of, with no lock held.
#[test]
fn an_observer_may_use_the_balancer_when_one_ejection_ends_another_begins() {
    let cell = Arc::new(Mutex::new(None::<Balancer<usize, ManualClock>>));
    let (inside, clock, told) = (Arc::clone(&cell), ManualClock::new(), Told::default());
    let heard = Arc::clone(&told);
    let balancer = Balancer::builder(Algorithm::RoundRobin)
        .ejection(STRICT)
        .nodes((0..3).map(|index| Node::new(index.to_string(), index)))
        .clock(clock.clone())
        .observer(move |event: &voussoir_balance::Event<'_>| {
            let balancer = inside.lock().expect("no panic").clone().expect("set");
            balancer.set_weight("2", 2).expect("known");
            // Last: what panics here ends here.
            assert!(balancer.pick().is_ok());
            heard.lock().expect("no panic").push(event.to_string());
        })
        .build()
        .expect("valid");
    *cell.lock().expect("no panic") = Some(balancer.clone());
    (0..4).for_each(|_| call(&balancer, "0", false));
    let begun: Vec<_> =
        (0..4).map(|_| balancer.pick_if(|id| id == "1").expect("available")).collect();
    clock.advance(Duration::from_secs(30));
    for pick in begun {
        pick.failure();
    }
    let expected =
        ["`0` is ejected for 30s", "`0` is back from its ejection", "`1` is ejected for 30s"];
    assert_eq!(take(&told), expected);
    *cell.lock().expect("no panic") = None;
}

/// What accepts a node is the caller's code: it may pick, change and look.
#[test]
fn what_accepts_a_node_may_use_the_balancer() {
    for algorithm in Algorithm::ALL {
        // Weights whose smooth order is too long to be made beforehand.
        let weights = [1_000_003, 999_983, 7].into_iter().enumerate();
        let nodes = weights.map(|(index, w)| Node::new(index.to_string(), index).weight(w));
        let balancer = Balancer::builder(algorithm).nodes(nodes).build().expect("valid");
        let pick = balancer.pick_if(|id| {
            let inner = balancer.pick_excluding(&[id]).expect("another");
            balancer.drain("2").expect("known");
            assert!(inner.id() != id && balancer.nodes().len() == 3);
            id == "1"
        });
        assert_eq!(pick.expect("1").id(), "1", "{algorithm}");
        assert!(!order(&balancer, 20).contains('2'), "{algorithm}");
        let panics = AssertUnwindSafe(|| drop(balancer.pick_if(|_| panic!("in the filter"))));
        assert!(catch_unwind(panics).is_err() && balancer.pick().is_ok(), "{algorithm}");
    }
}

/// A value whose end asks the balancer something, as one that closes a pool and says so.
#[test]
fn the_value_of_a_removed_node_ends_with_its_last_call_and_may_use_the_balancer() {
    struct Value(Arc<Mutex<Option<Balancer<Self>>>>);

    impl Drop for Value {
        fn drop(&mut self) {
            let balancer = self.0.lock().expect("no panic").take();
            if let Some(balancer) = balancer {
                balancer.set_weight("stays", 2).expect("known");
                drop(balancer.pick());
            }
        }
    }

    let (used, unused) = (Arc::new(Mutex::new(None)), Arc::default());
    let balancer = Balancer::builder(Algorithm::RoundRobin)
        .node(Node::new("goes", Value(Arc::clone(&used))))
        .node(Node::new("stays", Value(unused)))
        .build()
        .expect("valid");
    *used.lock().expect("no panic") = Some(balancer.clone());
    let pick = balancer.pick().expect("goes");
    balancer.remove("goes").expect("known");
    assert_eq!(Arc::strong_count(&used), 2, "a call is in flight");
    drop(pick);
    assert_eq!(Arc::strong_count(&used), 1);
    assert_eq!(balancer.nodes()[0].weight, 2);

    *used.lock().expect("no panic") = Some(balancer.clone());
    balancer.add(Node::new("goes", Value(Arc::clone(&used)))).expect("new");
    drop(balancer.pick());
    balancer.remove("goes").expect("known");
    assert_eq!(Arc::strong_count(&used), 1, "none is");
}

#[test]
fn a_clock_that_goes_back_is_harmless() {
    let (builder, clock, _) = watched(3);
    clock.set(Nanos::from_secs(1_000));
    let balancer = builder
        .algorithm(Algorithm::PeakEwma)
        .ejection(STRICT)
        .slow_start(voussoir_balance::SlowStart::default())
        .build()
        .expect("valid");
    let call_late = balancer.pick().expect("a node");
    (0..4).for_each(|_| call(&balancer, "1", false));
    clock.set(Nanos::ZERO);
    call_late.success();
    assert_eq!(available(&balancer), "02");
    balancer.add(Node::new("3", 3)).expect("new id");
    assert!(balancer.pick().is_ok());
    clock.set(Nanos::MAX);
    assert_eq!(available(&balancer), "0123");
    assert!(balancer.pick().is_ok());
}

#[test]
fn options_out_of_their_range_are_refused_by_name() {
    let refused = |builder: BalancerBuilder<()>| {
        builder.build().expect_err("out of range").option().to_owned()
    };
    let builder = || Balancer::<()>::builder(Algorithm::RoundRobin);
    assert_eq!(refused(builder().panic_below(1.5)), "panic_below");
    assert_eq!(refused(builder().min_available(f64::NAN)), "min_available");
    assert_eq!(refused(builder().load_bound(0.99)), "load_bound");
    for (policy, option) in [
        (EjectionPolicy { min_calls: 0, ..STRICT }, "min_calls"),
        (EjectionPolicy { failure_rate: -0.1, ..STRICT }, "failure_rate"),
        (EjectionPolicy { window: Duration::ZERO, ..STRICT }, "window"),
        (EjectionPolicy { base: Duration::ZERO, ..STRICT }, "base"),
        (EjectionPolicy { max_share: 2.0, ..STRICT }, "max_share"),
    ] {
        assert_eq!(refused(builder().ejection(policy)), option);
    }
    let slow_start = voussoir_balance::SlowStart { aggression: 0.0, ..Default::default() };
    assert_eq!(refused(builder().slow_start(slow_start)), "aggression");
    let latency = voussoir_balance::LatencyPolicy { decay: Duration::ZERO, ..Default::default() };
    assert_eq!(refused(builder().latency(latency)), "decay");
}

#[cfg(feature = "serde")]
mod config {
    use voussoir_balance::{Algorithm, Balancer, BalancerConfig, Node};

    #[test]
    fn a_configuration_survives_its_text() {
        let full = r#"{
            "algorithm": "weighted-least-connections",
            "health": { "unhealthy_after": 5, "first_decides": true },
            "ejection": { "window": "1m", "max_share": 0.3 },
            "slow_start": { "window": "20s", "aggression": 2.0 },
            "latency": { "failure_penalty": "250ms" },
            "panic_below": 0.5,
            "zone": "eu-1",
            "load_bound": 1.25,
            "random_start": true
        }"#;
        let config: BalancerConfig = serde_json::from_str(full).expect("valid");
        assert_eq!(config.algorithm, Algorithm::WeightedLeastConnections);
        assert_eq!(config.health.healthy_after, 2, "a default");
        let text = serde_json::to_string(&config).expect("writable");
        assert_eq!(serde_json::from_str::<BalancerConfig>(&text).expect("valid"), config);
        assert_eq!(
            serde_json::from_str::<BalancerConfig>("{}").expect("valid"),
            BalancerConfig::default()
        );
        assert!(Balancer::with_config(config).node(Node::new("a", ())).build().is_ok());
    }

    /// What a service has in its file: the options and the nodes beside them.
    #[derive(serde::Deserialize)]
    struct Upstream {
        balancer: BalancerConfig,
        nodes: Vec<Node<String>>,
    }

    fn upstream(nodes: &str) -> Result<Balancer<String>, Box<dyn std::error::Error>> {
        let text = format!(
            r#"{{ "balancer": {{ "panic_below": 0.5, "zone": "eu" }}, "nodes": {nodes} }}"#
        );
        let Upstream { balancer, nodes } = serde_json::from_str(&text)?;
        Ok(Balancer::with_config(balancer).nodes(nodes).build()?)
    }

    #[test]
    fn a_whole_balancer_comes_from_a_file() {
        let balancer = upstream(
            r#"[{ "id": "a", "value": "10.0.0.1:80" },
                { "id": "b", "value": "10.0.0.2:80", "weight": 3, "priority": 1, "zone": "eu" }]"#,
        );
        let balancer = balancer.expect("valid");
        assert_eq!(balancer.pick().expect("a").value(), "10.0.0.1:80");
        assert_eq!(balancer.nodes()[1].weight, 3);

        let refused = |nodes| upstream(nodes).expect_err("invalid").to_string();
        let twice = r#"[{ "id": "a", "value": "x" }, { "id": "a", "value": "y" }]"#;
        assert_eq!(refused(twice), "`node` is a; allowed: each id once");
        assert!(refused(r#"[{ "id": "a" }]"#).starts_with("missing field `value`"));
        let misspelt = refused(r#"[{ "id": "a", "value": "x", "wieght": 3 }]"#);
        assert!(misspelt.starts_with("unknown field `wieght`, expected one of `id`"), "{misspelt}");
    }

    #[test]
    fn a_whole_balancer_comes_from_toml() {
        let text = r#"
            [balancer]
            algorithm = "peak-ewma"
            panic_below = 0.5
            health = { unhealthy_after = 5, passive = true }
            ejection = { window = "30s", min_calls = 50 }
            slow_start = { window = "1m" }
            latency = { decay = "5s" }

            [[nodes]]
            id = "a"
            value = "10.0.0.1:80"

            [[nodes]]
            id = "b"
            value = "10.0.0.2:80"
            weight = 0
        "#;
        let Upstream { balancer, nodes } = toml::from_str(text).expect("valid");
        let built = Balancer::with_config(balancer).nodes(nodes).build().expect("valid");
        assert_eq!(built.pick().expect("a").value(), "10.0.0.1:80");

        let bad = text.replace("30s", "30 parsecs");
        let error = toml::from_str::<Upstream>(&bad).err().expect("no duration").to_string();
        assert!(error.contains(r#"ejection = { window = "30 parsecs""#), "{error}");
    }

    #[test]
    fn what_is_unknown_is_refused() {
        for text in [
            r#"{ "algorithm": "best" }"#,
            r#"{ "algoritm": "random" }"#,
            r#"{ "ejection": { "window": 10 } }"#,
            r#"{ "health": { "unhealthy": 3 } }"#,
        ] {
            assert!(serde_json::from_str::<BalancerConfig>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_those_of_the_text() {
        for algorithm in Algorithm::ALL {
            let text = serde_json::to_string(&algorithm).expect("writable");
            assert_eq!(text, format!("\"{algorithm}\""));
            assert_eq!(algorithm.name().parse(), Ok(algorithm));
        }
        let error = "best".parse::<Algorithm>().expect_err("unknown").to_string();
        assert!(Algorithm::ALL.iter().all(|algorithm| error.contains(algorithm.name())), "{error}");
    }

    #[test]
    fn a_status_can_be_written() {
        let balancer = Balancer::builder(Algorithm::PeakEwma).node(Node::new("a", ())).build();
        let text = serde_json::to_string(&balancer.expect("valid").nodes()).expect("writable");
        assert!(text.contains(r#""id":"a","weight":1,"health":"healthy""#), "{text}");
    }
}
