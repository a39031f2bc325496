//! Backoffs against their formulas, the suites of the peers, and the simulations that the page
//! quotes. Numbers in brackets are those of our collection of cases.

#![allow(clippy::float_cmp, reason = "a share of none is exactly 0")]

mod common;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use proptest::prelude::*;
use voussoir_breaker::{Backoff, BackoffErrorKind};
use voussoir_core::Random;

const SEC: Duration = Duration::from_secs(1);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn first(backoff: Backoff, count: usize) -> Vec<Duration> {
    backoff.delays(Random::seeded(1)).take(count).collect()
}

fn in_ms(backoff: Backoff, count: usize) -> Vec<u128> {
    first(backoff, count).iter().map(Duration::as_millis).collect()
}

/// [38]
#[test]
fn curves_are_those_of_the_peers() {
    assert_eq!(in_ms(Backoff::exponential(SEC), 3), [1_000, 2_000, 4_000]);
    let slower = Backoff::exponential(SEC).factor(1.5).expect("valid");
    assert_eq!(in_ms(slower, 3), [1_000, 1_500, 2_250]);
    let capped = Backoff::exponential(2 * SEC).cap(30 * SEC);
    assert_eq!(in_ms(capped, 5), [2_000, 4_000, 8_000, 16_000, 30_000]);
    let capped = Backoff::exponential(SEC).cap(5 * SEC);
    assert_eq!(in_ms(capped, 5), [1_000, 2_000, 4_000, 5_000, 5_000]);
    assert_eq!(in_ms(Backoff::exponential(ms(30)), 3), [30, 60, 120]);
    assert_eq!(in_ms(Backoff::linear(SEC), 3), [1_000, 2_000, 3_000]);
    assert_eq!(in_ms(Backoff::fibonacci(ms(10)), 7), [10, 10, 20, 30, 50, 80, 130]);
    assert_eq!(in_ms(Backoff::fixed(ms(7)), 3), [7, 7, 7]);
}

/// [38] More than 32 attempts.
#[test]
fn the_curve_ends_at_the_cap_and_stays_there() {
    for backoff in [Backoff::exponential(SEC), Backoff::fibonacci(SEC), Backoff::linear(SEC)] {
        let delays = first(backoff.cap(20 * SEC), 100);
        assert!(delays[33..].iter().all(|&delay| delay == 20 * SEC));
    }
}

/// [39] Polly #2163: a negative delay from the 1,024th attempt.
#[test]
fn no_delay_is_zero_or_beyond_the_cap_after_a_thousand_attempts() {
    let backoff = Backoff::exponential(2 * SEC).cap(30 * SEC);
    for backoff in [backoff, backoff.equal_jitter(), backoff.jitter_around(0.25).expect("valid")] {
        for delay in first(backoff, 3_000) {
            assert!(delay > Duration::ZERO && delay <= 30 * SEC, "{backoff}: {delay:?}");
        }
    }
    let decorrelated = Backoff::decorrelated(2 * SEC).cap(30 * SEC);
    assert!(first(decorrelated, 3_000).iter().all(|d| (2 * SEC..=30 * SEC).contains(d)));
}

/// backon adds its jitter after the cap, so that a delay is up to twice `max_delay`.
#[test]
fn jitter_around_the_cap_does_not_exceed_it() {
    let backoff = Backoff::fixed(SEC).cap(SEC).jitter_around(0.5).expect("valid");
    let delays = first(backoff, 1_000);
    assert!(delays.iter().all(|&delay| delay <= SEC));
    assert!(delays.iter().any(|&delay| delay < ms(600)));
    assert_eq!(backoff.longest(), SEC);
}

#[test]
fn zero_and_the_longest_durations_are_taken_as_they_are() {
    for base in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
        for backoff in [
            Backoff::fixed(base),
            Backoff::linear(base),
            Backoff::exponential(base),
            Backoff::exponential(base).factor(1_000.0).expect("valid"),
            Backoff::fibonacci(base),
            Backoff::decorrelated(base),
        ] {
            for backoff in
                [backoff, backoff.full_jitter(), backoff.equal_jitter(), backoff.cap(SEC)]
            {
                let longest = backoff.longest();
                assert!(first(backoff, 2_000).iter().all(|&delay| delay <= longest));
            }
        }
    }
    assert_eq!(first(Backoff::exponential(Duration::ZERO), 3), [Duration::ZERO; 3]);
}

#[test]
fn the_same_seed_gives_the_same_delays() {
    let backoff = Backoff::exponential(SEC).full_jitter();
    let delays = |seed| backoff.delays(Random::seeded(seed)).take(9).collect::<Vec<_>>();
    assert_eq!(delays(7), delays(7));
    assert_ne!(delays(7), delays(8));
}

/// Mean and extremes of each jitter over many draws of one delay of 1 s. A uniform draw over a width
/// `w` has the standard deviation `w / √12`; the bound is five of the mean's.
#[test]
fn each_jitter_is_uniform_over_what_its_formula_says() {
    let count = common::sized(20_000, 1_000_000);
    let fixed = Backoff::fixed(SEC);
    let around = fixed.jitter_around(0.2).expect("valid");
    for (backoff, low, high) in
        [(fixed.full_jitter(), 0.0, 1.0), (fixed.equal_jitter(), 0.5, 1.0), (around, 0.8, 1.2)]
    {
        let drawn: Vec<f64> = first(backoff, count).iter().map(Duration::as_secs_f64).collect();
        let width: f64 = high - low;
        let mean = drawn.iter().sum::<f64>() / count as f64;
        let bound = 5.0 * width / 12.0_f64.sqrt() / (count as f64).sqrt();
        assert!((mean - f64::midpoint(low, high)).abs() < bound, "{backoff}: mean {mean}");
        assert!(drawn.iter().all(|d| (low..=high).contains(d)), "{backoff}");
        // None in a thousandth of the range at either end happens once in e^20 runs.
        let edge = width / 1_000.0;
        assert!(drawn.iter().any(|d| *d < low + edge) && drawn.iter().any(|d| *d > high - edge));
        // Each tenth of the range: five standard deviations of a binomial.
        for tenth in 0..10 {
            let from = low + width * f64::from(tenth) / 10.0;
            let found = drawn.iter().filter(|d| (from..from + width / 10.0).contains(*d)).count();
            let expected = count as f64 / 10.0;
            let bound = 5.0 * (expected * 0.9).sqrt();
            assert!((found as f64 - expected).abs() < bound, "{backoff}: {tenth}: {found}");
        }
    }
}

proptest! {
    /// The iterator against the formulas, in 128 bits and without state.
    #[test]
    fn delays_follow_the_formulas(
        base in 0_u64..10_u64.pow(12),
        cap in 0_u64..10_u64.pow(13),
        millionths in 1_000_000_u32..5_000_000,
        seed: u64,
    ) {
        let (base_d, cap_d) = (Duration::from_nanos(base), Duration::from_nanos(cap));
        let factor = f64::from(millionths) / 1e6;
        let (base, cap) = (u128::from(base), u128::from(cap));
        let (mut fib, mut grown) = ((0, base), base);
        let at = |backoff: Backoff| backoff.cap(cap_d).delays(Random::seeded(seed));
        let mut doubling = at(Backoff::exponential(base_d));
        let mut exponential = at(Backoff::exponential(base_d).factor(factor).expect("valid"));
        let mut linear = at(Backoff::linear(base_d));
        let mut fibonacci = at(Backoff::fibonacci(base_d));
        let mut equal = at(Backoff::exponential(base_d).equal_jitter());
        let mut full = at(Backoff::exponential(base_d).full_jitter());
        let mut decorrelated = at(Backoff::decorrelated(base_d));
        let mut last = base;
        for n in 0..60_u32 {
            let doubled = (base << n).min(cap);
            prop_assert_eq!(doubling.next().unwrap().as_nanos(), doubled);
            prop_assert_eq!(exponential.next().unwrap().as_nanos(), grown.min(cap));
            prop_assert_eq!(linear.next().unwrap().as_nanos(), (base * u128::from(n + 1)).min(cap));
            prop_assert_eq!(fibonacci.next().unwrap().as_nanos(), fib.1.min(cap));
            let drawn = equal.next().unwrap().as_nanos();
            prop_assert!(drawn >= doubled - doubled / 2 && drawn <= doubled);
            prop_assert!(full.next().unwrap().as_nanos() <= doubled);
            let drawn = decorrelated.next().unwrap().as_nanos();
            prop_assert!(drawn >= base.min(cap) && drawn <= (3 * last).max(base).min(cap));
            last = drawn;
            grown = (grown * u128::from(millionths) / 1_000_000).min(u128::from(u64::MAX));
            fib = (fib.1, (fib.0 + fib.1).min(u128::from(u64::MAX)));
        }
    }

    #[test]
    fn what_is_shown_is_read_back(
        curve in 0..5,
        base in 0_u64..,
        cap in proptest::option::of(0_u64..u64::MAX),
        millionths in 1_000_000_u32..=1_000_000_000,
        jitter in 0..4,
        share in 0_u32..=1_000,
    ) {
        let base = Duration::from_nanos(base);
        let backoff = match curve {
            0 => Backoff::fixed(base),
            1 => Backoff::linear(base),
            2 => Backoff::exponential(base).factor(f64::from(millionths) / 1e6).expect("valid"),
            3 => Backoff::fibonacci(base),
            _ => Backoff::decorrelated(base),
        };
        let backoff = cap.map_or(backoff, |cap| backoff.cap(Duration::from_nanos(cap)));
        let backoff = match jitter {
            0 => backoff,
            1 => backoff.full_jitter(),
            2 => backoff.equal_jitter(),
            _ => backoff.jitter_around(f64::from(share) / 1e3).expect("valid"),
        };
        prop_assert_eq!(backoff.to_string().parse(), Ok(backoff));
    }

    /// The body of the fuzz target `backoff`, on texts that are nearly right.
    #[test]
    fn no_text_panics_and_errors_name_a_word(
        words in proptest::collection::vec(
            prop_oneof![
                Just("fixed"), Just("linear"), Just("exponential"), Just("fibonacci"),
                Just("decorrelated"), Just("cap"), Just("factor"), Just("full"), Just("equal"),
                Just("jitter"), Just("100ms"), Just("1h30m"), Just("1.5"), Just("20%"), Just("x"),
                Just("\u{b5}s"), Just("99999999999999999999d"), Just("NaN"), Just("-1"),
            ],
            0..9,
        ),
    ) {
        let text = words.join(" ");
        match text.parse::<Backoff>() {
            Ok(backoff) => prop_assert_eq!(backoff.to_string().parse(), Ok(backoff)),
            Err(error) => prop_assert!((1..=words.len() + 1).contains(&error.word()), "{}", error),
        }
    }
}

#[test]
fn wrong_texts_are_refused_with_the_word_that_is_wrong() {
    for (text, word, kind) in [
        ("", 1, BackoffErrorKind::Curve),
        ("quadratic 1s", 1, BackoffErrorKind::Curve),
        ("fixed", 2, BackoffErrorKind::Duration),
        ("fixed 10", 2, BackoffErrorKind::Duration),
        ("fixed 10ms factor 2", 4, BackoffErrorKind::Factor),
        ("exponential 10ms factor NaN", 4, BackoffErrorKind::Factor),
        ("exponential 10ms factor 0.5", 4, BackoffErrorKind::Factor),
        ("exponential 10ms full", 4, BackoffErrorKind::Jitter),
        ("exponential 10ms jitter 120%", 4, BackoffErrorKind::Jitter),
        ("exponential 10ms jitter 0.2", 4, BackoffErrorKind::Jitter),
        ("exponential 10ms please", 3, BackoffErrorKind::Word),
    ] {
        let error = text.parse::<Backoff>().expect_err(text);
        assert_eq!((error.word(), error.kind()), (word, kind), "{text}: {error}");
    }
}

/// tower #843 took a jitter that is no number.
#[test]
fn numbers_that_are_none_are_refused() {
    for wrong in [f64::NAN, f64::INFINITY, -0.1, 1.1] {
        assert!(Backoff::fixed(SEC).jitter_around(wrong).is_err(), "{wrong}");
    }
    for wrong in [f64::NAN, f64::INFINITY, 0.99, 1_000.1] {
        assert!(Backoff::exponential(SEC).factor(wrong).is_err(), "{wrong}");
    }
    assert!(Backoff::linear(SEC).factor(2.0).is_err());
}

/// 1,000 clients fail together; how many come back in the worst 10 ms, at retries 1, 3, 5 and 7.
fn herd(backoff: Backoff) -> [usize; 4] {
    let mut arrivals = vec![Vec::new(); 7];
    for client in 0..1_000 {
        let mut at = Duration::ZERO;
        for (retry, delay) in backoff.delays(Random::seeded(client)).take(7).enumerate() {
            at += delay;
            arrivals[retry].push(at.as_millis() / 10);
        }
    }
    [0, 2, 4, 6].map(|retry| {
        let mut slots = std::collections::HashMap::new();
        arrivals[retry].iter().for_each(|slot| *slots.entry(slot).or_insert(0) += 1);
        slots.into_values().max().unwrap_or(0)
    })
}

#[test]
fn jitter_breaks_up_the_herd() {
    let backoff = Backoff::exponential(ms(100)).cap(10 * SEC);
    assert_eq!(herd(backoff), [1_000; 4], "without jitter they stay together");
    let within = |peaks: [usize; 4], bars: [usize; 4]| peaks.iter().zip(bars).all(|(p, b)| *p <= b);
    let full = herd(backoff.full_jitter());
    assert!(within(full, [130, 42, 18, 10]), "{full:?}");
    let equal = herd(backoff.equal_jitter());
    assert!(within(equal, [240, 75, 28, 14]), "{equal:?}");
    let around = herd(backoff.jitter_around(0.2).expect("valid"));
    assert!(within(around, [300, 90, 36, 15]), "{around:?}");
    let decorrelated = herd(Backoff::decorrelated(ms(100)).cap(10 * SEC));
    assert!(within(decorrelated, [80, 25, 14, 10]), "{decorrelated:?}");
}

/// Polly #530: a fifth of the later delays are the cap itself, where clients meet again.
#[test]
fn decorrelated_delays_bunch_at_the_cap_and_full_ones_do_not() {
    let share = |backoff: Backoff| {
        let delays = |client| backoff.delays(Random::seeded(client)).skip(9).take(3);
        let late: Vec<_> = (0..1_000).flat_map(delays).collect();
        late.iter().filter(|&&delay| delay == 10 * SEC).count() as f64 / late.len() as f64
    };
    assert_eq!(share(Backoff::exponential(ms(100)).cap(10 * SEC).full_jitter()), 0.0);
    let decorrelated = share(Backoff::decorrelated(ms(100)).cap(10 * SEC));
    assert!((0.15..0.30).contains(&decorrelated), "{decorrelated}");
}

/// Brooker's model: clients read a row and write it if nobody else has meanwhile, else they wait and
/// begin again; each message takes |N(10, 2)| ms. Milliseconds until all have written, and writes.
fn contention(clients: usize, backoff: Option<Backoff>, runs: usize) -> (f64, f64) {
    let (mut time, mut calls) = (0.0, 0.0);
    for run in 0..runs {
        let mut random = Random::seeded(run as u64);
        let mut hop = || {
            // Box and Muller.
            let (u, v) = (1.0 - random.fraction(), random.fraction());
            let normal = (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos();
            Duration::from_secs_f64((10.0 + 2.0 * normal).abs() / 1e3).as_nanos() as u64
        };
        let mut delays: Vec<_> = (0..clients)
            .map(|client| {
                let seed = (run * 1_000 + client) as u64;
                backoff.map(|backoff| backoff.delays(Random::seeded(seed)))
            })
            .collect();
        let (mut version, mut end) = (0_u64, 0);
        // When, which client, and what arrives: a read at the row, or a write with its version.
        let mut events = BinaryHeap::new();
        (0..clients).for_each(|client| events.push(Reverse((hop(), client, None))));
        while let Some(Reverse((now, client, write))) = events.pop() {
            let Some(read) = write else {
                events.push(Reverse((now + hop() + hop(), client, Some(version))));
                continue;
            };
            calls += 1.0;
            if read == version {
                version += 1;
                end = now + hop();
            } else {
                let delay = delays[client].as_mut().and_then(Iterator::next).unwrap_or_default();
                let again = now + hop() + delay.as_nanos() as u64 + hop();
                events.push(Reverse((again, client, None)));
            }
        }
        time += end as f64 / 1e6;
    }
    (time / runs as f64, calls / runs as f64)
}

/// The bars of the simulation at 100 clients, and its published means.
#[test]
fn full_jitter_makes_the_fewest_calls_and_ends_first() {
    let runs = common::sized(15, 100);
    // A base of 5 ms, of which Brooker's first retry takes the second step.
    let expo = Backoff::exponential(ms(10)).cap(ms(2_000));
    let at = |backoff| contention(100, backoff, runs);
    let none = at(None);
    let plain = at(Some(expo));
    let equal = at(Some(expo.equal_jitter()));
    let full = at(Some(expo.full_jitter()));
    let decorrelated = at(Some(Backoff::decorrelated(ms(5)).cap(ms(2_000))));
    println!("none {none:?} plain {plain:?} equal {equal:?} full {full:?} decorr {decorrelated:?}");
    assert!(full.1 <= 0.36 * none.1, "calls: {full:?}, without a backoff {none:?}");
    assert!(full.1 <= 0.46 * plain.1, "calls: {full:?}, without jitter {plain:?}");
    assert!(full.0 <= 0.10 * plain.0, "time: {full:?}, without jitter {plain:?}");
    assert!(full.0 < equal.0, "time: {full:?}, equal {equal:?}");
    let ratio = decorrelated.1 / full.1;
    assert!((1.15..=1.40).contains(&ratio), "calls: decorrelated {decorrelated:?}, full {full:?}");
    for ((time, calls), (published_time, published_calls)) in [
        (none, (2_031.0, 2_425.0)),
        (plain, (63_573.0, 1_857.0)),
        (equal, (6_556.0, 812.0)),
        (full, (4_946.0, 795.0)),
        (decorrelated, (4_572.0, 1_002.0)),
    ] {
        assert!((calls / published_calls - 1.0).abs() <= 0.05, "{calls}, not {published_calls}");
        assert!((time / published_time - 1.0).abs() <= 0.12, "{time}, not {published_time}");
    }
}
