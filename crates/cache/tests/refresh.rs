//! Claims of when a value is renewed and what is served meanwhile, to the nanosecond.

use std::time::Duration;

use proptest::prelude::*;
use voussoir_cache::refresh::{Freshness, NegativeTtl, Verdict, XFetch};
use voussoir_core::{Nanos, Random};

const TTL: Duration = Duration::from_mins(1);
const WRITTEN: Nanos = Nanos::from_secs(1_000);

/// The verdict `age` nanoseconds after the writing, for a load that took no time.
fn after(rules: Freshness, age: u64) -> Verdict {
    let now = WRITTEN.saturating_add(Duration::from_nanos(age));
    rules.judge_at(now, WRITTEN, Some(TTL), Duration::ZERO, &mut Random::seeded(1))
}

const SEC: u64 = 1_000_000_000;

#[test]
fn each_boundary_is_exact_to_the_nanosecond() {
    let rules = Freshness::new()
        .refresh_ahead(Duration::from_secs(10))
        .stale(Duration::from_secs(5))
        .stale_if_error(Duration::from_secs(20));
    for (at, before, from) in [
        (50 * SEC, Verdict::Fresh, Verdict::RefreshEarly),
        (60 * SEC, Verdict::RefreshEarly, Verdict::Stale),
        (65 * SEC, Verdict::Stale, Verdict::StaleIfError),
        (80 * SEC, Verdict::StaleIfError, Verdict::Expired),
    ] {
        assert_eq!((after(rules, at - 1), after(rules, at)), (before, from), "{at}");
    }
}

#[test]
fn without_rules_a_value_is_fresh_for_its_time_and_gone_after_it() {
    let rules = Freshness::new();
    assert!(rules.is_plain());
    assert_eq!(after(rules, 60 * SEC - 1), Verdict::Fresh);
    assert_eq!(after(rules, 60 * SEC), Verdict::Expired);
}

#[test]
fn a_shorter_grace_for_errors_adds_nothing_to_the_one_for_all() {
    let rules =
        Freshness::new().stale(Duration::from_secs(5)).stale_if_error(Duration::from_secs(1));
    assert_eq!(after(rules, 65 * SEC - 1), Verdict::Stale);
    assert_eq!(after(rules, 65 * SEC), Verdict::Expired);
    assert_eq!(rules.grace(), Duration::from_secs(5));
}

#[test]
fn what_lives_for_ever_is_never_renewed() {
    let rules = Freshness::new().early(XFetch::default()).refresh_ahead(Duration::MAX);
    let verdict = rules.judge_at(Nanos::MAX, WRITTEN, None, Duration::MAX, &mut Random::seeded(1));
    assert_eq!(verdict, Verdict::Fresh);
    assert_eq!(rules.gone_at(WRITTEN, None), None);
}

#[test]
fn a_time_to_live_of_zero_is_over_at_once() {
    let verdict = Freshness::new().judge_at(
        WRITTEN,
        WRITTEN,
        Some(Duration::ZERO),
        Duration::ZERO,
        &mut Random::seeded(1),
    );
    assert_eq!(verdict, Verdict::Expired);
}

#[test]
fn times_beyond_the_end_of_the_clock_do_not_wrap() {
    let rules = Freshness::new().stale(Duration::MAX).stale_if_error(Duration::MAX);
    let almost = Nanos::from_nanos(u64::MAX - 1);
    let judge = |now| {
        rules.judge_at(now, WRITTEN, Some(Duration::MAX), Duration::MAX, &mut Random::seeded(1))
    };
    assert_eq!(judge(almost), Verdict::Fresh);
    assert_eq!(rules.gone_at(WRITTEN, Some(Duration::MAX)), Some(Nanos::MAX));
}

#[test]
fn a_clock_that_was_set_back_makes_a_value_as_fresh_as_when_it_was_written() {
    let rules = Freshness::new().refresh_ahead(Duration::from_secs(10));
    let judge = |now| rules.judge_at(now, WRITTEN, Some(TTL), TTL, &mut Random::seeded(1));
    assert_eq!(judge(Nanos::ZERO), judge(WRITTEN));
}

/// Over a million readers the share of those that renew is that of the formula, within three standard
/// deviations of a binomial.
#[test]
fn xfetch_renews_with_the_probability_of_its_formula() {
    let readers = 1_000_000_u32;
    let mut random = Random::seeded(2015);
    for beta in [0.5, 1.0, 3.0] {
        for (left_ms, delta_ms) in [(10, 100), (100, 100), (300, 100), (500, 100), (1, 1)] {
            let xfetch = XFetch::new(beta).unwrap();
            let (left, delta) = (Duration::from_millis(left_ms), Duration::from_millis(delta_ms));
            let renewed = (0..readers).filter(|_| xfetch.is_due(left, delta, &mut random)).count();
            let expected = (-(left_ms as f64) / (beta * delta_ms as f64)).exp();
            assert!((xfetch.probability(left, delta) - expected).abs() < 1e-12);
            let deviation = (expected * (1.0 - expected) / f64::from(readers)).sqrt();
            let share = renewed as f64 / f64::from(readers);
            assert!((share - expected).abs() < 3.0 * deviation, "{share} for {expected}");
        }
    }
}

#[test]
fn a_load_that_takes_no_time_is_never_done_early() {
    let mut random = Random::seeded(1);
    let xfetch = XFetch::default();
    let nano = Duration::from_nanos(1);
    assert!((0..1000).all(|_| !xfetch.is_due(nano, Duration::ZERO, &mut random)));
    assert!(xfetch.probability(nano, Duration::ZERO).abs() < f64::MIN_POSITIVE);
}

#[test]
fn xfetch_refuses_what_is_no_factor() {
    for beta in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(XFetch::new(beta).unwrap_err().option(), "beta");
    }
}

#[test]
fn a_failure_is_remembered_for_its_time_and_not_longer() {
    let negative = NegativeTtl::new(Duration::from_secs(2));
    let holds = |now| negative.holds_at(Nanos::from_nanos(now), Nanos::from_secs(10));
    assert!(holds(10 * SEC) && holds(12 * SEC - 1));
    assert!(!holds(12 * SEC) && !holds(10 * SEC - 1));
    assert!(!NegativeTtl::default().is_on());
    assert!(!NegativeTtl::default().holds_at(WRITTEN, WRITTEN));
}

proptest! {
    /// Time only makes a verdict worse, while the dice are out of the game.
    #[test]
    fn verdicts_follow_each_other_in_one_order(
        ahead in 0..100_u64, stale in 0..100_u64, error in 0..100_u64, ttl in 0..100_u64,
    ) {
        let rules = Freshness::new()
            .refresh_ahead(Duration::from_nanos(ahead))
            .stale(Duration::from_nanos(stale))
            .stale_if_error(Duration::from_nanos(error));
        let ttl = Duration::from_nanos(ttl);
        let order = [
            Verdict::Fresh,
            Verdict::RefreshEarly,
            Verdict::Stale,
            Verdict::StaleIfError,
            Verdict::Expired,
        ];
        let mut last = 0;
        for age in 0..310 {
            let now = WRITTEN.saturating_add(Duration::from_nanos(age));
            let verdict =
                rules.judge_at(now, WRITTEN, Some(ttl), Duration::ZERO, &mut Random::seeded(1));
            let place = order.iter().position(|one| *one == verdict).unwrap();
            prop_assert!(place >= last);
            prop_assert_eq!(verdict == Verdict::Expired, Some(now) >= rules.gone_at(WRITTEN, Some(ttl)));
            last = place;
        }
    }
}
