//! Breakers by key: who is kept, and who makes room.

#![cfg(feature = "std")]

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use voussoir_breaker::{BreakerRegistry, CircuitBreaker, RegistryFull, State, Window};
use voussoir_core::ManualClock;

const IDLE: Duration = Duration::from_mins(10);

fn registry(max_keys: usize) -> (BreakerRegistry<String, ManualClock>, ManualClock) {
    let clock = ManualClock::new();
    let options = CircuitBreaker::builder().window(Window::count(2)).clock(clock.clone());
    (BreakerRegistry::new(options, max_keys).expect("valid"), clock)
}

fn trip(breaker: &CircuitBreaker<ManualClock>) {
    while let Ok(permit) = breaker.try_acquire() {
        permit.failure();
    }
}

#[test]
fn each_key_has_one_breaker_of_its_own() {
    let (hosts, _) = registry(10);
    trip(&hosts.get("a").expect("room"));
    assert_eq!(hosts.get("a").expect("known").state(), State::Open);
    assert_eq!(hosts.get("b").expect("room").state(), State::Closed);
    assert!(Arc::ptr_eq(&hosts.get("b").expect("known"), &hosts.peek("b").expect("known")));
    assert!(hosts.peek("c").is_none());
    let mut seen = Vec::new();
    hosts.for_each(|key, breaker| seen.push((key.clone(), breaker.state())));
    seen.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(seen, [("a".to_owned(), State::Open), ("b".to_owned(), State::Closed)]);
}

#[test]
fn the_bound_is_hard_and_the_idle_make_room() {
    let (hosts, clock) = registry(2);
    let held = hosts.get("held").expect("room");
    hosts.get("idle").expect("room");
    assert_eq!(hosts.get("new").unwrap_err(), RegistryFull { max_keys: 2 });
    clock.advance(IDLE);
    hosts.get("new").expect("in the place of the idle one");
    assert!(hosts.peek("idle").is_none());
    assert!(Arc::ptr_eq(&held, &hosts.peek("held").expect("held, and therefore kept")));
    assert_eq!(hosts.len(), 2);
}

#[test]
fn a_flood_of_keys_closes_nothing_that_is_open() {
    let (hosts, clock) = registry(100);
    trip(&hosts.get("bad").expect("room"));
    for round in 0..1_000 {
        let _ = hosts.get(format!("key-{round}").as_str());
        clock.advance(Duration::from_millis(500));
    }
    assert_eq!(hosts.get("bad").expect("known").state(), State::Open);
    assert!(hosts.len() <= 100);
}

#[test]
fn what_was_steered_by_hand_or_still_refuses_is_not_idle() {
    let (hosts, clock) = registry(2);
    hosts.get("isolated").expect("room").isolate();
    hosts.get("told").expect("room").trip_for(Duration::from_hours(1));
    clock.advance(Duration::from_mins(59));
    assert!(hosts.get("new").is_err());
    clock.advance(Duration::from_mins(1));
    assert!(hosts.get("new").is_ok());
    assert_eq!(hosts.get("isolated").expect("kept").state(), State::Isolated);
}

#[test]
fn the_idle_are_swept_as_new_keys_come_and_on_demand() {
    let (hosts, clock) = registry(1_000_000);
    for round in 0..2_000 {
        hosts.get(format!("key-{round}").as_str()).expect("room");
        clock.advance(Duration::from_secs(1));
    }
    // 600 keys are not idle; the sweep is at most once around behind.
    assert!(hosts.len() < 2_000, "{} kept", hosts.len());
    clock.advance(IDLE);
    hosts.remove_idle();
    assert!(hosts.is_empty());
}

#[test]
fn a_clock_set_back_makes_nobody_immortal() {
    let (hosts, clock) = registry(1);
    clock.advance(Duration::from_hours(10));
    hosts.get("old").expect("room");
    clock.rewind(Duration::from_hours(9));
    assert!(hosts.get("new").is_err());
    clock.advance(IDLE);
    assert!(hosts.get("new").is_ok());
}

#[test]
fn removal_leaves_the_breaker_to_those_who_hold_it() {
    let (hosts, _) = registry(1);
    let held = hosts.get("a").expect("room");
    assert!(Arc::ptr_eq(&held, &hosts.remove("a").expect("there")));
    assert!(!Arc::ptr_eq(&held, &hosts.get("a").expect("a new one")));
}

#[test]
fn threads_that_ask_at_once_get_one_breaker() {
    for _ in 0..100 {
        let (hosts, _) = registry(1);
        let asked = thread::scope(|scope| {
            let threads = [(); 4].map(|()| scope.spawn(|| hosts.get("a").expect("room")));
            threads.map(|thread| thread.join().expect("no panic"))
        });
        assert!(asked.windows(2).all(|pair| Arc::ptr_eq(&pair[0], &pair[1])));
    }
}

#[test]
fn a_registry_of_nothing_and_bad_options_are_refused() {
    assert!(BreakerRegistry::<String>::new(CircuitBreaker::builder(), 0).is_err());
    let bad = CircuitBreaker::builder().failure_rate(2.0);
    assert!(BreakerRegistry::<String>::new(bad, 1).is_err());
}
