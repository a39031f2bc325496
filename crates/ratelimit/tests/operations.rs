//! What can be done with a limiter beside asking it: several limits at once, reservations, other
//! limits for the same state, snapshots.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use voussoir_core::{ManualClock, Nanos};
use voussoir_ratelimit::{
    Algorithm, AllOf, Carry, Decision, KeyedLimiter, LeakyBucket, Limit, LimitState, Limiter,
    Snapshot, States, TokenBucket,
};

/// Every algorithm, so that ten or so requests matter to it.
const LIMITS: [&str; 14] = [
    "7/s burst 11",
    "10/s",
    "5/s burst 12",
    "5/s burst 12 debt 7",
    "leaky 10/s burst 9",
    "leaky 10/s queue 9",
    "fixed 20/s",
    "fixed 20/s anchored",
    "fixed 20/s spread",
    "fixed 5/s burst 20",
    "sliding 15/s",
    "sliding 1000/1ms",
    "sliding 15/s strict 7",
    "log 12/s",
];

fn limit() -> impl Strategy<Value = Limit> {
    prop::sample::select(&LIMITS[..]).prop_map(|text| text.parse().expect(text))
}

/// Requests by the nanoseconds before each and their cost.
fn requests() -> impl Strategy<Value = Vec<(u64, u32)>> {
    let wait = prop_oneof![Just(0), 0..400_000_000_u64, 0..3_000_000_000_u64];
    prop::collection::vec((wait, prop_oneof![Just(1), 0..25_u32]), 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn all_of_them_allow_or_nothing_is_taken(one in limit(), other in limit(), requests in requests()) {
        let both = AllOf::new([one, other]);
        let (mut state, mut states) = (States::default(), [LimitState::default(), LimitState::default()]);
        let mut now = 5_000_000_000;
        for (wait, n) in requests {
            now += wait;
            let at = Nanos::from_nanos(now);
            let limits = [one, other];
            let each = [0, 1].map(|index| limits[index].peek(&states[index], at, n));
            let decision = both.check(&mut state, at, n);
            prop_assert_eq!(decision.is_allowed(), each.iter().all(Decision::is_allowed));
            prop_assert_eq!(decision.exceeds_capacity(), each.iter().any(Decision::exceeds_capacity));
            if decision.is_allowed() {
                prop_assert_eq!(decision.delay(), each.map(|one| one.delay()).into_iter().max().expect("two"));
                if decision.delay().is_zero() {
                    let least = each.map(|one| one.remaining()).into_iter().min().expect("two");
                    prop_assert_eq!(decision.remaining(), least);
                }
                for index in [0, 1] {
                    let _ = limits[index].check(&mut states[index], at, n);
                }
            } else if let Some(wait) = decision.retry_after() {
                prop_assert_eq!(Some(wait), each.map(|one| one.retry_after()).into_iter().max().expect("two"));
                let then = at.saturating_add(wait);
                prop_assert!(both.peek(&state, then, n).is_allowed());
                prop_assert!(!both.peek(&state, then.saturating_sub(Duration::from_nanos(1)), n).is_allowed());
            }
            let bound = decision.bound_by();
            prop_assert_eq!(decision.limit(), each[bound].limit());
            prop_assert_eq!(decision.is_allowed(), each[bound].is_allowed());
        }
    }

    /// Restored in a process whose clock shows another time.
    #[test]
    fn a_restored_state_is_never_more_generous(
        limit in limit(),
        requests in requests(),
        debt in 0..10_u32,
        restored_at in prop_oneof![Just(0), 0..100_000_000_000_u64],
        waits in prop::collection::vec(0..2_500_000_000_u64, 20),
    ) {
        // Some windows follow the clock, so it must show the same time of the window.
        let is_fixed = matches!(limit, Limit::FixedWindow(window) if !window.is_anchored() && !window.is_spread());
        let mut state = LimitState::default();
        let mut now = 7_000_000_000;
        for (wait, n) in requests {
            now += wait;
            let _ = limit.check(&mut state, Nanos::from_nanos(now), n);
        }
        limit.charge(&mut state, Nanos::from_nanos(now), debt);
        let restored_at = match limit {
            Limit::StrictWindowCounter(_) => now % 1_000_000_000_u64.div_ceil(7),
            Limit::SlidingWindowCounter(_) => now % 1_000_000_000,
            _ if is_fixed => now % 1_000_000_000,
            _ => restored_at,
        };

        let snapshot = limit.save(&state, Nanos::from_nanos(now));
        let restored = limit.load(&snapshot, Nanos::from_nanos(restored_at));
        let is_bucket = matches!(limit, Limit::TokenBucket(_) | Limit::LeakyBucket(_));
        for wait in waits.into_iter().chain([0, 2_500_000_000]) {
            let was = limit.peek(&state, Nanos::from_nanos(now + wait), 0);
            let is = limit.peek(&restored, Nanos::from_nanos(restored_at + wait), 0);
            prop_assert!(is.remaining() <= was.remaining(), "{limit}: {is:?} {was:?}");
            if is_bucket || is_fixed {
                let later = Nanos::from_nanos(restored_at + wait + 2);
                let later = limit.peek(&restored, later, 0);
                prop_assert!(later.remaining() >= was.remaining(), "{limit}: {later:?} {was:?}");
            }
        }
        let forgotten = Nanos::from_nanos(restored_at + 5_000_000_000);
        prop_assert!(limit.is_fresh(&restored, forgotten), "{limit}");
    }

    /// Whatever a snapshot says, it is restored as some state.
    #[cfg(feature = "serde")]
    #[test]
    fn no_snapshot_panics(
        limit in limit(),
        uses in prop::collection::vec((any::<u64>(), any::<u32>()), 0..20),
        now in any::<u64>(),
    ) {
        let text = serde_json::to_string(&[uses]).expect("a list");
        let snapshot: Snapshot = serde_json::from_str(&text).expect("a snapshot");
        prop_assert_eq!(serde_json::to_string(&snapshot).expect("a list"), text);
        let now = Nanos::from_nanos(now);
        let mut state = limit.load(&snapshot, now);
        for now in [now, Nanos::ZERO, Nanos::MAX] {
            let decision = limit.check(&mut state, now, 1);
            let _ = (decision.remaining(), decision.retry_after(), decision.reset_after());
        }
    }
}

/// In rounds as those of one limit, see `tests/limiter.rs`.
#[test]
fn threads_get_exactly_the_smaller_of_two_limits() {
    let long = std::env::var_os("VOUSSOIR_LONG").is_some();
    let pairs = [["1000/h", "log 700/h"], ["sliding 700/h", "fixed 1000/h"], ["700/h", "1000/h"]];
    for round in 0..if long { 1_000 } else { 3 } {
        let attempts = if long && round % 100 == 0 { 100_000 } else { 1_000 };
        let both = AllOf::new(pairs[round % pairs.len()].map(limit_of));
        for threads in [2, 4, 8, 16] {
            let clock = ManualClock::at(Nanos::from_secs(9));
            let direct = Limiter::builder(both).clock(clock.clone()).build().expect("valid");
            let keyed = KeyedLimiter::<u8>::builder(both).clock(clock).build().expect("valid");
            let (of_direct, of_keyed) = (AtomicUsize::new(0), AtomicUsize::new(0));
            thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| {
                        for _ in 0..attempts {
                            of_direct
                                .fetch_add(direct.check().is_allowed().into(), Ordering::Relaxed);
                            of_keyed
                                .fetch_add(keyed.check(&1).is_allowed().into(), Ordering::Relaxed);
                        }
                    });
                }
            });
            assert_eq!((of_direct.into_inner(), of_keyed.into_inner()), (700, 700), "{both}");
            let bound = direct.check().bound_by();
            assert!(both.limits()[bound].to_string().contains("700/h"), "{both}");
            // Of the other limit no more than that was taken.
            #[cfg(feature = "serde")]
            {
                let used = serde_json::to_value(direct.snapshot()).expect("lists");
                assert_eq!(used[1 - bound][0][1], 700, "{both}: {used}");
            }
        }
    }
}

#[test]
fn no_limits_at_all_are_refused() {
    let none = AllOf::<Limit, 0>::new([]);
    let error = Limiter::builder(none).build().expect_err("no limits");
    assert_eq!(error.to_string(), "`limits` is 0; allowed: 1 to 65535");
    assert_eq!(
        AllOf::new([TokenBucket::per_second(10).burst(20), TokenBucket::per_hour(1000)])
            .to_string(),
        "10/s burst 20 and 1000/h",
    );
}

#[test]
fn a_reservation_waits_for_what_it_takes_and_the_last_can_be_given_back() {
    let bucket = TokenBucket::per_second(10).burst(2).debt(3);
    let clock = ManualClock::at(Nanos::from_secs(5));
    let direct = Limiter::builder(bucket).clock(clock.clone()).build().expect("valid");
    let keyed = KeyedLimiter::<u8>::builder(bucket).clock(clock.clone()).build().expect("valid");
    let mut reserved = Vec::new();
    for millis in [0, 0, 100, 200, 300] {
        let ours = direct.reserve(1).expect("within the debt");
        assert_eq!(ours.delay(), Duration::from_millis(millis));
        assert_eq!(keyed.reserve(&1, 1).expect("within the debt").delay(), ours.delay());
        reserved.push(ours);
    }
    assert!(direct.reserve(1).is_err() && keyed.reserve(&1, 1).is_err());
    assert!(!direct.check().is_allowed(), "a check is never let through on credit");

    let last = reserved.pop().expect("five");
    let earlier = reserved.pop().expect("four");
    assert!(!direct.cancel(earlier.clone()), "another waits behind it");
    assert!(direct.cancel(last));
    assert!(direct.cancel(earlier), "now it is the last");
    assert_eq!(direct.reserve(1).expect("given back").delay(), Duration::from_millis(200));

    // What was told to wait passes when it was told, and no sooner.
    clock.advance(Duration::from_millis(299));
    assert_eq!(direct.peek().retry_after(), Some(Duration::from_millis(1)));

    let queue = Limiter::builder(LeakyBucket::per_second(10).queue(1)).clock(clock).build();
    let queue = queue.expect("valid");
    assert_eq!(queue.reserve(1).expect("free").delay(), Duration::ZERO);
    let waiting = queue.reserve(1).expect("a place");
    assert_eq!(waiting.delay(), Duration::from_millis(100));
    assert!(queue.reserve(1).is_err());
    assert!(queue.cancel(waiting));
    assert!(queue.reserve(1).is_ok());
}

#[test]
fn a_debt_is_paid_before_anything_passes_and_goes_no_deeper_than_allowed() {
    let bucket = TokenBucket::per_second(10).burst(5).debt(20);
    let clock = ManualClock::at(Nanos::from_secs(5));
    let limiter = Limiter::builder(bucket).clock(clock.clone()).build().expect("valid");
    assert!(limiter.check().is_allowed());
    limiter.charge(14);
    assert_eq!(limiter.peek().retry_after(), Some(Duration::from_millis(1_100)));
    limiter.charge(u32::MAX);
    assert_eq!(limiter.peek().retry_after(), Some(Duration::from_millis(2_100)));
    assert_eq!(limiter.peek().remaining(), 0);
    limiter.refund(20);
    assert_eq!(limiter.peek().retry_after(), Some(Duration::from_millis(100)));
    clock.rewind(Duration::from_secs(3));
    // Within the debt a clock set back cannot be told from one, beyond it it can.
    assert!(limiter.peek().retry_after() <= Some(Duration::from_millis(100)));

    let without = TokenBucket::per_second(10).burst(5);
    let limiter = Limiter::builder(without).clock(ManualClock::new()).build().expect("valid");
    limiter.charge(u32::MAX);
    assert_eq!(limiter.peek().retry_after(), Some(Duration::from_millis(100)));
}

#[test]
fn a_limiter_begins_with_less_when_it_is_charged_first() {
    for limit in LIMITS.map(|text| text.parse::<Limit>().expect(text)) {
        let limiter = Limiter::builder(limit).clock(ManualClock::new()).build().expect("valid");
        limiter.charge(4);
        assert_eq!(limiter.peek_n(0).remaining(), limiter.peek().limit() - 4, "{limit}");
    }
}

#[test]
fn what_was_available_is_carried_as_asked() {
    let cases = [
        (Carry::Reset, [50, 200]),
        (Carry::AsIs, [40, 40]),
        (Carry::Proportional, [20, 80]),
        (Carry::Additive, [0, 140]),
    ];
    let kinds = ["#/h", "leaky #/h burst #", "fixed #/h", "fixed #/h anchored", "fixed #/h spread"];
    for kind in kinds.into_iter().chain(["sliding #/h", "sliding #/h strict 7", "log #/h"]) {
        let limit = |n: u32| kind.replace('#', &n.to_string()).parse::<Limit>().expect(kind);
        for (carry, left) in cases {
            for (new, left) in [50, 200].into_iter().zip(left) {
                let clock = ManualClock::at(Nanos::from_secs(3));
                let direct = Limiter::builder(limit(100)).clock(clock.clone()).build();
                let keyed = KeyedLimiter::<u8>::builder(limit(100)).clock(clock).build();
                let (mut direct, mut keyed) = (direct.expect("valid"), keyed.expect("valid"));
                assert!(direct.check_n(60).is_allowed() && keyed.check_n(&1, 60).is_allowed());
                direct.reconfigure(limit(new), carry).expect("valid");
                keyed.reconfigure(limit(new), carry).expect("valid");
                assert_eq!(direct.peek_n(0).remaining(), left, "{kind} {carry:?}");
                assert_eq!(keyed.peek_n(&1, 0).remaining(), left, "{kind} {carry:?}");
                assert_eq!(keyed.peek_n(&2, 0).remaining(), new, "{kind} {carry:?}");
            }
        }
    }
    let mut limiter = Limiter::builder(limit_of("10/s")).clock(ManualClock::new()).build().unwrap();
    assert!(limiter.check_n(7).is_allowed());
    assert!(limiter.reconfigure(TokenBucket::per_second(0).into(), Carry::Reset).is_err());
    assert_eq!(limiter.peek_n(0).remaining(), 3, "refused, so unchanged");
    limiter.reconfigure(limit_of("log 5/s"), Carry::AsIs).expect("another algorithm");
    assert_eq!(limiter.peek_n(0).remaining(), 3);
}

fn limit_of(text: &str) -> Limit {
    text.parse().expect(text)
}

#[test]
fn keys_are_restored_with_what_they_had_used() {
    let clock = ManualClock::at(Nanos::from_secs(1_000));
    let limiter = KeyedLimiter::<String>::builder(limit_of("10/h")).clock(clock).build().unwrap();
    assert!(limiter.check_n("ada", 7).is_allowed());
    assert!(limiter.check_n("grace", 0).is_allowed());
    let keys = limiter.snapshot();
    assert_eq!(keys.len(), 1, "what was never used is not kept");

    let restored =
        KeyedLimiter::<String>::builder(limit_of("10/h")).clock(ManualClock::new()).build();
    let restored = restored.expect("valid");
    assert_eq!(restored.restore(keys.clone()), 0);
    assert_eq!(restored.peek_n("ada", 0).remaining(), 3);
    let small = KeyedLimiter::<String>::builder(limit_of("10/h")).max_keys(1).build().unwrap();
    assert!(small.check("grace").is_allowed());
    assert_eq!(small.restore(keys.clone()), 1, "no room");
    // What is as good as new makes room, as it does for a new key.
    let later = Nanos::from_secs(2_000_000);
    assert_eq!(small.restore_at(later, keys), 0);
    assert_eq!((small.len(), small.peek_n_at(later, "ada", 0).remaining()), (1, 3));
}

fn cases() -> u32 {
    if std::env::var_os("VOUSSOIR_LONG").is_some() { 50_000 } else { 500 }
}
