//! The adaptive throttle against its formula, in an outage, under a capacity, and over time. Numbers
//! in brackets are those of our collection of cases.

#![allow(clippy::float_cmp, reason = "the same formula gives the same bits")]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use voussoir_breaker::{AdaptiveThrottle, ThrottleError, rejection_probability};
use voussoir_core::{ManualClock, Nanos, Random};

const T0: Nanos = Nanos::from_secs(1_000);

fn throttle(k: f64, seed: u64) -> AdaptiveThrottle {
    AdaptiveThrottle::builder().k(k).seed(seed).build().expect("valid")
}

/// One call at `now`: whether it was sent.
fn call(throttle: &AdaptiveThrottle, now: Nanos, accepts: impl FnOnce() -> bool) -> bool {
    let Ok(permit) = throttle.try_acquire_at(now) else { return false };
    if accepts() {
        permit.accepted();
    } else {
        permit.refused();
    }
    true
}

/// [45]
#[test]
fn the_formula_gives_what_the_suite_of_failsafe_go_expects() {
    let k = 1.0 / 0.9;
    assert_eq!(rejection_probability(100, 95, k), 0.0);
    assert!((rejection_probability(120, 90, k) - 20.0 / 121.0).abs() < 1e-12);
    let heavy = rejection_probability(200, 50, k);
    assert!((0.7..0.8).contains(&heavy), "{heavy}");
    assert_eq!(rejection_probability(0, 0, k), 0.0);
}

/// [45] Capped; and nothing below the minimum.
#[test]
fn rejections_are_capped_and_need_a_minimum() {
    let builder = AdaptiveThrottle::builder().max_rejection(0.5).min_calls(10).seed(1);
    let throttle = builder.build().expect("valid");
    assert!((0..10).all(|_| call(&throttle, T0, || false)), "below the minimum");
    (0..100).for_each(|_| _ = call(&throttle, T0, || false));
    assert_eq!(throttle.rejection_probability_at(T0), 0.5);
}

/// The mean of what is sent in a total outage is the harmonic number of the requests: 7.49 of 1,000.
/// The variance is below the mean, so five standard errors are below `5 √(7.49 / runs)`.
#[test]
fn an_outage_sees_the_harmonic_number_of_the_requests() {
    let runs = common::sized(500, 2_000) as u64;
    let (mut sum, mut most) = (0, 0);
    for seed in 0..runs {
        let throttle = throttle(2.0, seed * 1_000_003);
        let sent = (0..1_000).filter(|_| call(&throttle, T0, || false)).count();
        sum += sent;
        most = most.max(sent);
    }
    let mean = sum as f64 / runs as f64;
    let harmonic: f64 = (1..=1_000).map(|n| 1.0 / f64::from(n)).sum();
    assert!((mean - harmonic).abs() < 5.0 * (harmonic / runs as f64).sqrt(), "{mean}");
    assert!(most <= 24, "{most}");
}

/// What is sent settles at `k` times what is accepted.
#[test]
fn a_callee_that_takes_a_share_sees_k_times_that() {
    for (k, expected) in [(1.5, 1.5), (2.0, 2.0)] {
        let throttle = throttle(k, 7);
        let (mut sent, mut accepted) = (0.0, 0.0);
        // 100 requests a second, of which the callee can do 30.
        for request in 0..60_000_u64 {
            let now = T0.saturating_add(Duration::from_millis(request * 10));
            let capacity = (request / 100 + 1) as f64 * 30.0;
            let was_sent = call(&throttle, now, || {
                let accepts = accepted < capacity;
                accepted += f64::from(u8::from(accepts));
                accepts
            });
            sent += f64::from(u8::from(was_sent));
        }
        let ratio = sent / accepted;
        assert!((ratio / expected - 1.0).abs() < 0.08, "k {k}: {ratio}");
    }
}

#[test]
fn a_healthy_callee_is_never_spared() {
    let throttle = throttle(2.0, 7);
    // Every second call accepted is enough at a factor of 2.
    assert!((0..10_000_u64).all(|request| call(&throttle, T0, || request % 2 == 0)));
}

/// Counters that never forget would refuse for as long as they have counted.
#[test]
fn an_outage_is_forgotten_with_its_window() {
    let throttle = throttle(2.0, 7);
    (0..100_000).for_each(|_| _ = call(&throttle, T0, || false));
    assert!(throttle.rejection_probability_at(T0) > 0.99);
    let after = T0.saturating_add(Duration::from_mins(2));
    assert_eq!(throttle.rejection_probability_at(after), 0.0);
    assert_eq!(throttle.counts_at(after), (0, 0));
}

/// go-zero #5011 counts a request after its call, so that a burst in flight is not seen.
#[test]
fn requests_in_flight_and_refused_ones_are_counted() {
    let throttle = throttle(2.0, 7);
    let permits: Vec<_> = (0..50).filter_map(|_| throttle.try_acquire_at(T0).ok()).collect();
    assert_eq!(throttle.counts_at(T0), (50, 0));
    assert!(!permits.is_empty() && permits.len() < 50, "some were refused here");
}

#[test]
fn a_cancelled_call_was_never_asked_for_and_a_panic_was_refused() {
    let throttle = throttle(2.0, 7);
    drop(throttle.try_acquire_at(T0));
    assert_eq!(throttle.counts_at(T0), (0, 0));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _permit = throttle.try_acquire_at(T0);
        panic!("the work is broken");
    }));
    assert!(panicked.is_err());
    assert_eq!(throttle.counts_at(T0), (1, 0));
}

#[test]
fn a_call_counts_by_its_result() {
    let clock = ManualClock::at(T0);
    let throttle = AdaptiveThrottle::builder().seed(7).clock(clock).build().expect("valid");
    assert_eq!(throttle.call(|| Ok::<_, ()>(1)), Ok(1));
    assert_eq!(throttle.call(|| Err::<(), _>("no")), Err(ThrottleError::Inner("no")));
    assert_eq!(throttle.counts_at(T0), (2, 1));
    let sim = common::Sim::new();
    let work = async || Ok::<_, ()>(2);
    assert_eq!(sim.block_on(throttle.call_async(work)), Ok(2));
    drop(throttle.call_async(work));
    assert_eq!(throttle.counts_at(T0), (3, 2));
}

#[test]
fn threads_lose_no_count() {
    let calls = common::sized(20_000, 1_000_000) as u64;
    let throttle = throttle(2.0, 7);
    let sent = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..calls {
                    sent.fetch_add(u64::from(call(&throttle, T0, || true)), Ordering::Relaxed);
                }
            });
        }
    });
    // Threads between the two counters leave some requests without their acceptance: with a factor
    // of 2 and eight threads a few of the first may be refused.
    assert_eq!(throttle.counts_at(T0), (8 * calls, sent.into_inner()));
}

#[test]
fn what_makes_no_throttle_is_refused() {
    for wrong in [f64::NAN, 0.99, f64::INFINITY] {
        assert_eq!(AdaptiveThrottle::builder().k(wrong).build().unwrap_err().option(), "k");
    }
    assert!(AdaptiveThrottle::builder().window(Duration::ZERO).build().is_err());
    assert!(AdaptiveThrottle::builder().max_rejection(f64::NAN).build().is_err());
}

proptest! {
    /// Against a list of calls, at the granularity of the slots, on a clock that also goes back.
    #[test]
    fn the_counts_are_those_of_the_last_slots(
        steps in proptest::collection::vec((0..3, 0_u64..300), 0..300),
    ) {
        let window = Duration::from_millis(1_600);
        let throttle = AdaptiveThrottle::builder().window(window).seed(3).build().expect("valid");
        let (mut now, mut calls) = (5_000_u64, Vec::new());
        for (step, wait) in steps {
            let slot = now / 100;
            let live = |&&(at, _): &&(u64, bool)| at + 16 > slot;
            let requests = calls.iter().filter(live).count() as u64;
            let accepts = calls.iter().filter(live).filter(|call| call.1).count() as u64;
            let at = Nanos::from_millis(now);
            prop_assert_eq!(throttle.counts_at(at), (requests, accepts));
            let expected = rejection_probability(requests, accepts, 2.0);
            prop_assert_eq!(throttle.rejection_probability_at(at), expected);
            if step == 0 {
                now += wait;
                continue;
            }
            match throttle.try_acquire_at(at) {
                Ok(permit) if step == 1 => {
                    permit.accepted();
                    calls.push((slot, true));
                }
                Ok(permit) => {
                    permit.refused();
                    calls.push((slot, false));
                }
                Err(_) => calls.push((slot, false)),
            }
        }
    }

    #[test]
    fn no_clock_makes_it_panic(times in proptest::collection::vec(any::<u64>(), 0..200)) {
        let throttle = throttle(2.0, 1);
        let mut random = Random::seeded(1);
        for nanos in times {
            call(&throttle, Nanos::from_nanos(nanos), || random.below(2) == 0);
            let probability = throttle.rejection_probability_at(Nanos::from_nanos(nanos));
            prop_assert!((0.0..1.0).contains(&probability));
        }
    }
}
