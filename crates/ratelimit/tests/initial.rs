//! Limiters that begin with less than their limit.

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;
use voussoir_core::{ManualClock, Nanos, SystemClock};
use voussoir_ratelimit::{
    AllOf, Carry, KeyedLimiter, Limit, Limiter, Overflow, StripedLimiter, TokenBucket,
};

const LIMITS: [&str; 11] = [
    "10/s",
    "100/min burst 20",
    "7/s burst 9 debt 5",
    "leaky 5/s queue 8",
    "leaky 5/s burst 10",
    "fixed 10/s",
    "fixed 10/s anchored",
    "fixed 2/s burst 10",
    "sliding 10/s",
    "sliding 10/s strict 4",
    "log 10/s",
];

fn parsed(text: &str) -> Limit {
    text.parse().expect(text)
}

const START: Nanos = Nanos::from_millis(1_234_567);

#[test]
fn what_begins_with_less_is_as_if_the_rest_had_been_taken_at_the_start() {
    for limit in LIMITS.map(parsed) {
        for initial in [0, 3, 7] {
            let began = Limiter::builder(limit).initial_at(START, initial).build().expect("valid");
            let keyed = KeyedLimiter::<u8>::builder(limit).initial_at(START, initial);
            let keyed = keyed.build().expect("valid");
            let charged = Limiter::builder(limit).build().expect("valid");
            charged.charge_at(START, charged.peek_n_at(START, 0).limit() - initial);
            for (key, step) in
                (0..40_u64).map(|step| (step as u8, Duration::from_millis(step * 50)))
            {
                let now = START.saturating_add(step);
                let left = charged.peek_n_at(now, 0).remaining();
                assert_eq!(began.peek_n_at(now, 0).remaining(), left, "{limit} after {step:?}");
                // A key that comes only now, and one that is still to come.
                assert_eq!(keyed.peek_n_at(now, &key, 0).remaining(), left, "{limit}: {step:?}");
                assert_eq!(keyed.check_n_at(now, &key, 0).remaining(), left, "{limit}: {step:?}");
            }
            assert_eq!(began.peek_n_at(START, 0).remaining(), initial, "{limit}");
        }
    }
}

#[test]
fn the_smallest_of_several_limits_begins_with_what_was_said() {
    let both = AllOf::new([parsed("10/s"), parsed("1000/h")]);
    let limiter = KeyedLimiter::<u8>::builder(both).initial_at(START, 4).build().expect("valid");
    assert_eq!(limiter.peek_n_at(START, &1, 0).remaining(), 4);
    assert!(limiter.check_n_at(START, &1, 4).is_allowed());
    assert!(!limiter.check_at(START, &1).is_allowed());
}

#[test]
fn a_bucket_in_parts_begins_with_what_was_said() {
    let bucket = TokenBucket::per_hour(3_600).burst(6_400);
    for initial in [0, 1, 99, 6_299, 6_300, 6_301, 6_399, 6_400] {
        let builder = StripedLimiter::builder(bucket).parts(4).clock(ManualClock::at(START));
        let limiter = builder.initial(initial).build().expect("valid");
        assert_eq!(limiter.remaining(), initial);
        let passed = (0..6_500).filter(|_| limiter.check_at(START).is_ok()).count();
        assert_eq!(passed, initial as usize);
        let later = START.saturating_add(Duration::from_secs(2));
        assert_eq!((0..10).filter(|_| limiter.check_at(later).is_ok()).count(), 2);
    }
}

#[test]
fn more_than_the_limit_and_another_clock_are_refused() {
    let bucket = TokenBucket::per_second(10).burst(20);
    let text = "`initial` is 21; allowed: 0 to 20, the limit";
    let refused = Limiter::builder(bucket).initial(21).build().expect_err("more than there is");
    assert_eq!(refused.to_string(), text);
    let refused = KeyedLimiter::<u8>::builder(bucket).initial(21).build().expect_err("more");
    assert_eq!(refused.to_string(), text);
    let refused = StripedLimiter::builder(bucket).initial(21).build().expect_err("more");
    assert_eq!(refused.to_string(), text);

    let text = "`initial` is 2; allowed: a call after that of `clock`";
    let refused = Limiter::builder(bucket).initial(2).clock(ManualClock::new()).build();
    assert_eq!(refused.expect_err("read elsewhere").to_string(), text);
    let refused = KeyedLimiter::<u8>::builder(bucket).initial(2).clock(ManualClock::new()).build();
    assert_eq!(refused.expect_err("read elsewhere").to_string(), text);
    let refused = StripedLimiter::builder(bucket).initial(2).clock(ManualClock::new()).build();
    assert_eq!(refused.expect_err("read elsewhere").to_string(), text);
    // A time that was given is the caller's to know.
    let given = Limiter::builder(bucket).initial_at(START, 2).clock(SystemClock).build();
    assert_eq!(given.expect("valid").peek_n_at(START, 0).remaining(), 2);
}

#[test]
fn keys_without_room_begin_with_less_too() {
    for (overflow, left) in [(Overflow::Share, 3), (Overflow::Deny, 0), (Overflow::Allow, 10)] {
        let limiter = KeyedLimiter::<u8>::builder(TokenBucket::per_second(10)).max_keys(1);
        let limiter = limiter.overflow(overflow).initial_at(START, 3).build().expect("valid");
        assert!(limiter.check_at(START, &1).is_allowed());
        assert_eq!(limiter.peek_n_at(START, &2, 0).remaining(), left, "{overflow:?}");
        assert_eq!(limiter.check_n_at(START, &3, 0).remaining(), left, "{overflow:?}");
    }
}

#[test]
fn a_clock_set_back_behind_the_start_locks_nobody_out() {
    let clock = ManualClock::at(START);
    let limiter = KeyedLimiter::<u8>::builder(TokenBucket::per_second(10)).max_keys(2);
    let limiter = limiter.clock(clock.clone()).initial(0).build().expect("valid");
    clock.rewind(Duration::from_secs(1_000));
    assert!(!limiter.check(&1).is_allowed());
    clock.advance(Duration::from_secs(1));
    // All is full again, the keys are forgettable, and new ones find the whole limit.
    for key in 1..10 {
        assert_eq!(limiter.check(&key).remaining(), 9);
        clock.advance(Duration::from_millis(100));
    }
}

#[test]
fn another_limit_carries_what_keys_to_come_began_with() {
    let builder = KeyedLimiter::<u8>::builder(TokenBucket::per_hour(100));
    let clock = ManualClock::at(START);
    let mut limiter = builder.clock(clock.clone()).initial(40).build().expect("valid");
    limiter.reconfigure(TokenBucket::per_hour(200), Carry::Proportional).expect("valid");
    assert_eq!(limiter.peek_n(&1, 0).remaining(), 80);
    clock.advance(Duration::from_hours(1));
    limiter.reconfigure(TokenBucket::per_hour(400), Carry::AsIs).expect("valid");
    assert_eq!(limiter.peek_n(&1, 0).remaining(), 400, "it had all there was");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    /// Each key decides as a limiter of its own does that is never forgotten, however often it is
    /// forgotten and comes anew: nobody gains by it, and nobody loses.
    #[test]
    fn to_be_forgotten_changes_no_decision(
        limit in prop::sample::select(LIMITS.to_vec()),
        initial in 0..=8_u32,
        steps in prop::collection::vec((0..600_u64, 0..6_u8, 0..5_u32, any::<bool>()), 1..120),
    ) {
        let limit = parsed(limit);
        let keyed = KeyedLimiter::<u8>::builder(limit).initial_at(START, initial);
        let keyed = keyed.build().expect("valid");
        let mut alone = HashMap::new();
        let mut now = START;
        for (step, key, n, is_refund) in steps {
            now = now.saturating_add(Duration::from_millis(step));
            keyed.forget_fresh_at(now, 100_000);
            let alone = alone.entry(key).or_insert_with(|| {
                Limiter::builder(limit).initial_at(START, initial).build().expect("valid")
            });
            let (ours, theirs) = (keyed.check_n_at(now, &key, n), alone.check_n_at(now, n));
            prop_assert_eq!(ours.is_allowed(), theirs.is_allowed());
            prop_assert_eq!(ours.remaining(), theirs.remaining());
            prop_assert_eq!(ours.retry_after(), theirs.retry_after());
            if is_refund && ours.is_allowed() {
                keyed.refund_at(now, &key, n);
                alone.refund_at(now, n);
            }
        }
    }
}

fn cases() -> u32 {
    if std::env::var_os("VOUSSOIR_LONG").is_some() { 20_000 } else { 500 }
}
