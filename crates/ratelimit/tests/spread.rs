//! Fixed windows that each key has at times of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use voussoir_core::{ManualClock, Nanos};
use voussoir_ratelimit::{
    AllOf, Carry, FixedWindow, KeyedLimiter, Limit, Limiter, Tiers, TokenBucket,
};

const START: Nanos = Nanos::from_secs(1_000);
const MINUTE: Duration = Duration::from_mins(1);
/// A window is as long as asked for, and two ticks at most: of a limit of 7 they are 2 ns long.
const WINDOW: Duration = MINUTE.saturating_add(Duration::from_nanos(4));

fn spread() -> FixedWindow {
    FixedWindow::per_minute(7).spread()
}

/// How evenly moments lie in a minute: how many in each of its tenths.
fn tenths(moments: impl Iterator<Item = Duration>) -> [usize; 10] {
    let mut tenths = [0; 10];
    for moment in moments {
        tenths[usize::try_from(moment.as_nanos() * 10 / WINDOW.as_nanos()).expect("within")] += 1;
    }
    tenths
}

#[test]
fn keys_that_begin_together_reset_at_different_moments() {
    let limits: [Limit; 2] = [spread().into(), FixedWindow::per_minute(7).anchored().into()];
    for limit in limits {
        let limiter = KeyedLimiter::<u32>::builder(limit).build().expect("valid");
        let all_at_once = (0..1_000).map(|key| {
            assert!(limiter.check_n_at(START, &key, 7).is_allowed());
            limiter.check_at(START, &key).retry_after().expect("used up")
        });
        let tenths = tenths(all_at_once);
        let is_even = tenths.iter().all(|count| (50..200).contains(count));
        assert_eq!(is_even, limit == spread().into(), "{limit}: {tenths:?}");
    }
}

#[test]
fn the_windows_of_a_key_follow_each_other_also_when_it_was_forgotten() {
    let limiter = KeyedLimiter::<u32>::builder(spread()).build().expect("valid");
    let ends = |now: Nanos, key| {
        assert!(limiter.check_n_at(now, &key, 7).is_allowed());
        now.saturating_add(limiter.peek_n_at(now, &key, 0).reset_after())
    };
    for key in 0..50 {
        let mut ended = ends(START, key);
        for pause in [0_u64, 1, 59, 60, 61, 150, 6_000] {
            let now = ended.saturating_add(Duration::from_secs(pause));
            limiter.forget_fresh_at(now, 100_000);
            let next = ends(now, key);
            let apart = next.saturating_duration_since(ended);
            let windows = u32::try_from(pause / 60).expect("few") + 1;
            let long = WINDOW * windows;
            assert!(apart <= long && apart > MINUTE * (windows - 1), "{pause}: {apart:?}");
            assert_eq!(apart.as_nanos() % apart_of_one().as_nanos(), 0, "{pause}: {apart:?}");
            ended = next;
        }
    }
}

/// How long a window is in truth.
fn apart_of_one() -> Duration {
    let limiter = Limiter::builder(spread()).build().expect("valid");
    assert!(limiter.check_at(START).is_allowed());
    limiter.peek_n_at(START, 0).reset_after()
}

#[test]
fn a_key_keeps_its_windows_under_another_limit() {
    let clock = ManualClock::at(START);
    let builder = KeyedLimiter::<u32>::builder(Limit::from(TokenBucket::per_minute(7)));
    let mut limiter = builder.clock(clock.clone()).build().expect("valid");
    let used: Vec<_> =
        (0..1_000).inspect(|key| assert!(limiter.check_n(key, 7).is_allowed())).collect();
    for carry in [Carry::AsIs, Carry::Additive, Carry::Proportional] {
        limiter.reconfigure(spread().into(), carry).expect("valid");
        let waits = used.iter().map(|key| limiter.check(key).retry_after().expect("used up"));
        let tenths = tenths(waits);
        assert!(tenths.iter().all(|count| (50..200).contains(count)), "{carry:?}: {tenths:?}");
    }
    // The same moments at which they would have begun had there never been another limit.
    let never = KeyedLimiter::<u32>::builder(spread()).hasher(Same).build().expect("valid");
    let builder = KeyedLimiter::<u32>::builder(FixedWindow::per_minute(9)).hasher(Same);
    let mut limiter = builder.build().expect("valid");
    for key in 0..20 {
        assert!(limiter.check_n_at(START, &key, 7).is_allowed());
        assert!(never.check_n_at(START, &key, 7).is_allowed());
    }
    limiter.reconfigure_at(START, spread(), Carry::Reset).expect("valid");
    for key in 0..20 {
        assert!(limiter.check_n_at(START, &key, 7).is_allowed());
        let ours = limiter.check_at(START, &key).retry_after();
        assert_eq!(ours, never.check_at(START, &key).retry_after());
    }
}

/// Hashes alike in every limiter.
#[derive(Clone, Default)]
struct Same;

impl std::hash::BuildHasher for Same {
    type Hasher = std::hash::DefaultHasher;

    fn build_hasher(&self) -> Self::Hasher {
        Self::Hasher::new()
    }
}

#[test]
fn tiers_and_composites_are_spread_too() {
    let tiers = Tiers::new([FixedWindow::per_minute(1), spread()]);
    let tiers = KeyedLimiter::<u32>::builder(tiers).build().expect("valid");
    let both = AllOf::new([spread(), FixedWindow::per_hour(100)]);
    let both = KeyedLimiter::<u32>::builder(both).build().expect("valid");
    let (mut of_tiers, mut of_both) = (Vec::new(), Vec::new());
    for key in 0..1_000 {
        tiers.set_tier_at(START, &key, 1, Carry::Reset).expect("a tier");
        assert!(tiers.check_n_at(START, &key, 7).is_allowed());
        of_tiers.push(tiers.check_at(START, &key).retry_after().expect("used up"));
        assert!(both.check_n_at(START, &key, 7).is_allowed());
        of_both.push(both.check_at(START, &key).retry_after().expect("used up"));
    }
    for waits in [of_tiers, of_both] {
        let tenths = tenths(waits.into_iter());
        assert!(tenths.iter().all(|count| (50..200).contains(count)), "{tenths:?}");
    }
}

#[test]
fn a_key_that_begins_with_less_has_less_in_the_window_that_is_under_way() {
    let builder = KeyedLimiter::<u32>::builder(spread()).initial_at(START, 2);
    let limiter = builder.build().expect("valid");
    let mut waits = Vec::new();
    for key in 0..1_000 {
        assert_eq!(limiter.peek_n_at(START, &key, 0).remaining(), 2);
        assert!(limiter.check_n_at(START, &key, 2).is_allowed());
        let wait = limiter.check_at(START, &key).retry_after().expect("used up");
        let then = START.saturating_add(wait);
        assert_eq!(limiter.peek_n_at(then, &key, 0).remaining(), 7);
        assert_eq!(limiter.peek_n_at(then, &(key + 1_000), 0).limit(), 7);
        waits.push(wait);
    }
    let tenths = tenths(waits.into_iter());
    assert!(tenths.iter().all(|count| (50..200).contains(count)), "{tenths:?}");
}

#[test]
fn a_clock_set_back_leaves_the_windows_where_they_are() {
    let clock = ManualClock::at(START);
    let limiter =
        KeyedLimiter::<u32>::builder(spread()).clock(clock.clone()).build().expect("valid");
    let length = apart_of_one();
    for key in 0..20 {
        assert!(limiter.check_n(&key, 7).is_allowed());
        let before = limiter.check(&key).retry_after().expect("used up");
        clock.rewind(length * 3);
        let after = limiter.check(&key).retry_after().expect("mended, and used up");
        assert_eq!(after, before);
        clock.advance(length * 3);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    /// At most the limit in each window, hence at most twice that in any time of its length, however
    /// often the key is forgotten; and who asks as often as that gets no less than the limit in a window.
    #[test]
    fn no_more_than_twice_the_limit_passes_in_any_period(
        steps in prop::collection::vec((0..50_000_u64, 0..4_u32, 0..9_u32), 1..200),
        start in prop_oneof![Just(0), any::<u32>().prop_map(u64::from)],
    ) {
        let limiter = KeyedLimiter::<u32>::builder(spread()).build().expect("valid");
        let mut now = Nanos::from_nanos(start);
        let mut passed: BTreeMap<u32, Vec<(Nanos, u32)>> = BTreeMap::new();
        for (step, key, n) in steps {
            now = now.saturating_add(Duration::from_millis(step));
            limiter.forget_fresh_at(now, 1_000);
            if limiter.check_n_at(now, &key, n).is_allowed() {
                passed.entry(key).or_default().push((now, n));
            }
        }
        for passed in passed.into_values() {
            for (at, (end, _)) in passed.iter().enumerate() {
                let within = passed[..=at].iter().rev();
                let within = within.take_while(|(then, _)| end.saturating_duration_since(*then) < MINUTE);
                prop_assert!(within.map(|(_, n)| n).sum::<u32>() <= 14);
            }
        }
    }
}

fn cases() -> u32 {
    if std::env::var_os("VOUSSOIR_LONG").is_some() { 20_000 } else { 300 }
}
