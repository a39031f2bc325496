//! Limits that differ by key.

use std::time::Duration;

use voussoir_core::{ManualClock, Nanos};
use voussoir_ratelimit::{
    AllOf, Carry, KeyedLimiter, Limit, Overflow, TierError, Tiers, TokenBucket,
};

type Plans = KeyedLimiter<u64, Tiers<TokenBucket, 3>, std::hash::RandomState, ManualClock>;

fn plans(max_keys: usize) -> Plans {
    let tiers = [10, 100, 1_000].map(TokenBucket::per_hour);
    let builder = KeyedLimiter::<u64>::builder(Tiers::new(tiers)).max_keys(max_keys);
    builder.overflow(Overflow::Deny).clock(ManualClock::new()).build().expect("valid")
}

#[test]
fn a_key_is_limited_by_its_own_tier() {
    let limiter = plans(10);
    for (key, tier, limit) in [(0, 0, 10), (1, 1, 100), (2, 2, 1_000)] {
        limiter.set_tier(&key, tier, Carry::AsIs).expect("there is such a tier");
        limiter.set_tier(&key, tier, Carry::Reset).expect("there is such a tier");
        assert_eq!((0..2_000).filter(|_| limiter.check(&key).is_allowed()).count(), limit);
        assert_eq!(limiter.check(&key).bound_by(), tier);
    }
}

#[test]
fn what_was_used_carries_over_and_back() {
    let limiter = plans(10);
    assert_eq!(limiter.check_n(&7, 4).remaining(), 6);
    limiter.set_tier(&7, 1, Carry::Additive).expect("there is such a tier");
    assert_eq!(limiter.peek_n(&7, 0).remaining(), 96);
    limiter.set_tier(&7, 0, Carry::AsIs).expect("there is such a tier");
    assert_eq!(limiter.peek_n(&7, 0).remaining(), 10);
}

#[test]
fn a_tier_is_not_forgotten_while_the_key_is_idle() {
    let limiter = plans(3);
    limiter.set_tier(&7, 2, Carry::Reset).expect("there is such a tier");
    let later = Nanos::from_duration(Duration::from_hours(100));
    for key in 100..1_000 {
        let _ = limiter.check_at(later, &key);
    }
    assert_eq!(limiter.peek_n_at(later, &7, 0).limit(), 1_000);
    limiter.set_tier(&7, 0, Carry::Reset).expect("there is such a tier");
    limiter.forget_fresh_at(later.saturating_add(Duration::from_hours(2)), 1_000);
    assert!(limiter.is_empty());
}

#[test]
fn no_such_tier_and_no_room_are_told_apart() {
    let limiter = plans(1);
    let error = limiter.set_tier(&1, 3, Carry::Reset).unwrap_err();
    assert_eq!(error.to_string(), "no tier 3; allowed: 0 to 2");
    limiter.set_tier(&1, 1, Carry::Reset).expect("there is room");
    let error = limiter.set_tier(&2, 1, Carry::Reset).unwrap_err();
    assert!(matches!(error, TierError::Full { max_keys: 1 }));
}

#[test]
fn a_snapshot_keeps_the_tier_and_what_was_used() {
    let limiter = plans(10);
    limiter.set_tier(&1, 1, Carry::Reset).expect("there is such a tier");
    limiter.set_tier(&2, 2, Carry::Reset).expect("there is such a tier");
    let _ = limiter.check_n(&2, 400);
    let restored = plans(10);
    assert_eq!(restored.restore(limiter.snapshot()), 0);
    assert_eq!(restored.peek_n(&1, 0).remaining(), 100);
    assert_eq!(restored.peek_n(&2, 0).remaining(), 600);
}

#[test]
fn a_new_configuration_keeps_the_tiers() {
    let mut limiter = plans(10);
    limiter.set_tier(&1, 1, Carry::Reset).expect("there is such a tier");
    let _ = limiter.check_n(&1, 40);
    let tiers = Tiers::new([20, 200, 2_000].map(TokenBucket::per_hour));
    limiter.reconfigure(tiers, Carry::Additive).expect("valid");
    assert_eq!(limiter.peek_n(&1, 0).remaining(), 160);
}

#[test]
fn tiers_of_limits_that_are_read_say_what_they_are() {
    let tiers = ["10/min", "leaky 5/s queue 9"].map(|text| text.parse::<Limit>().expect(text));
    assert_eq!(Tiers::new(tiers).to_string(), "10/min | leaky 5/s queue 9");
    assert_eq!(AllOf::new(tiers).to_string(), "10/min and leaky 5/s queue 9");
}
