//! Limits that learn, sample by sample. Numbers in brackets are those of our collection of cases.

#![cfg(feature = "std")]

use std::time::Duration;

use voussoir_breaker::{AdaptiveLimit, Aimd, Bulkhead, Gradient, Vegas};
use voussoir_core::{Gate, Guard, ManualClock, Nanos, Outcome};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn vegas(limit: u32, algorithm: Vegas) -> AdaptiveLimit {
    let mut vegas = AdaptiveLimit::from(algorithm.between(1, 20_000)).starting_at(limit);
    assert_eq!(vegas.on_success(ms(10), limit), limit, "the first sample is the shortest time");
    vegas
}

/// [35]
#[test]
fn vegas_keeps_a_short_queue() {
    assert_eq!(vegas(10, Vegas::new()).on_success(ms(10), 11), 16, "no queue: six more");
    assert_eq!(vegas(10, Vegas::new()).on_success(ms(50), 11), 9, "a long queue: one less");
    assert_eq!(vegas(10, Vegas::new()).on_success(ms(14), 14), 10, "as it should be");
    assert_eq!(vegas(10_000, Vegas::new()).on_success(ms(10), 10_000), 10_024);
    assert_eq!(vegas(10, Vegas::new()).on_success(ms(10), 4), 10, "unused limits prove nothing");
    assert_eq!(vegas(10, Vegas::new()).on_overload(ms(10), 10), 9);
}

/// [35]
#[test]
fn vegas_can_halve_and_can_be_smoothed() {
    let mut smooth = vegas(100, Vegas::new().decrease(0.5).smoothing(0.5));
    assert_eq!(smooth.on_success(ms(50), 100), 75);
    assert_eq!(smooth.on_success(ms(50), 100), 56);
    let mut rough = vegas(100, Vegas::new().decrease(0.5));
    assert_eq!(rough.on_success(ms(50), 100), 50);
    assert_eq!(rough.on_success(ms(50), 100), 25);
}

/// Without measuring the shortest time anew, a callee that has become slower for good would be taken
/// for one with a queue for ever.
#[test]
fn vegas_learns_that_a_callee_has_become_slower() {
    let mut vegas = vegas(10, Vegas::new());
    let limits: Vec<u32> = (0..2_000).map(|_| vegas.on_success(ms(50), 20_000)).collect();
    assert_eq!(limits[100], 7, "at first the time is taken for a queue");
    assert!(limits[limits.len() - 1] > 10, "later for what a call takes");
}

/// [36]
#[test]
fn aimd_adds_one_and_takes_a_tenth() {
    let aimd = |limit| AdaptiveLimit::from(Aimd::new().between(1, 21)).starting_at(limit);
    assert_eq!(aimd(20).on_success(ms(1), 10), 21);
    let mut at_most = aimd(21);
    assert_eq!(at_most.on_success(ms(1), 21), 21);
    let wide = AdaptiveLimit::from(Aimd::new()).starting_at(30);
    assert_eq!(wide.clone().on_overload(ms(1), 30), 27);
    assert_eq!(wide.clone().on_success(Duration::from_secs(6), 30), 27, "too long");
    assert_eq!(wide.clone().on_success(ms(1), 14), 30, "less than half used");
}

#[test]
fn gradient_bears_half_as_much_again_and_falls_beyond() {
    let gradient = || {
        let mut limit = AdaptiveLimit::from(Gradient::new()).starting_at(100);
        for _ in 0..10 {
            // Too little in flight to change the limit: it only learns the average.
            assert_eq!(limit.on_success(ms(10), 1), 100);
        }
        limit
    };
    assert_eq!(
        gradient().on_success(ms(10), 100),
        100,
        "100 × 0.8 + 0.2 × (100 + 4), rounded down"
    );
    assert_eq!(gradient().on_success(ms(15), 100), 100);
    assert_eq!(
        gradient().on_success(ms(1_000), 100),
        90,
        "at most halved, and smoothed to a fifth"
    );
    let mut recovered = gradient();
    for _ in 0..200 {
        recovered.on_success(ms(10), 200);
    }
    assert!(recovered.limit() > 100);
}

#[test]
fn no_sample_drives_a_limit_out_of_its_range() {
    let times = [Duration::ZERO, Duration::from_nanos(1), Duration::MAX];
    let limits: [AdaptiveLimit; 3] = [
        Aimd::new().between(2, 50).into(),
        Vegas::new().between(2, 50).into(),
        Gradient::new().between(2, 50).into(),
    ];
    for mut limit in limits {
        for round in 0..5_000_usize {
            let (took, in_flight) = (times[round % 3], [0, 50, u32::MAX][round / 3 % 3]);
            let now = if round % 7 == 0 {
                limit.on_overload(took, in_flight)
            } else {
                limit.on_success(took, in_flight)
            };
            assert!((2..=50).contains(&now), "{limit:?}");
        }
    }
}

#[test]
fn a_bulkhead_follows_its_adaptive_limit() {
    let clock = ManualClock::at(Nanos::from_secs(1));
    let aimd = Aimd::new().between(1, 100).into();
    let pool = Bulkhead::builder(4).adaptive(aimd).clock(clock.clone()).build().expect("valid");
    let permits: Vec<_> = (0..4).map(|_| pool.try_acquire().expect("free")).collect();
    clock.advance(ms(10));
    for permit in permits {
        permit.success();
    }
    // 4, 3 and 2 in flight are half of 4, 5 and 6 or more; then one is less than half of 6.
    assert_eq!(pool.limit(), 6);
    pool.try_acquire().expect("free").overload();
    assert_eq!(pool.limit(), 5);
    drop(pool.try_acquire());
    assert_eq!(pool.limit(), 5, "what is merely dropped teaches nothing");
    let permit = pool.try_pass_at(Nanos::ZERO).expect("free");
    permit.finish_at(Outcome::Success, Nanos::from_secs(10));
    assert_eq!(pool.limit(), 4, "10 s are too long");
}

#[test]
fn an_adaptive_limit_that_cannot_be_is_refused() {
    let build = |start, limit: AdaptiveLimit| Bulkhead::builder(start).adaptive(limit).build();
    for (start, least, most) in [(1, 0, 5), (5, 6, 4), (3, 4, 6), (7, 4, 6)] {
        assert!(build(start, Aimd::new().between(least, most).into()).is_err());
    }
}
