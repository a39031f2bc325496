//! The token bucket against one that counts in fractions, without rounding anywhere.

use std::time::Duration;

use proptest::prelude::*;
use voussoir_core::Nanos;
use voussoir_ratelimit::{Algorithm, TokenBucket};

/// Time in units of 1/tokens ns: a nanosecond is `tokens` units, a token is `period` units.
struct Exact {
    tokens: i128,
    period: i128,
    burst: i128,
    full_at: i128,
}

impl Exact {
    fn of(bucket: &TokenBucket) -> Self {
        Self {
            tokens: bucket.tokens().into(),
            period: i128::try_from(bucket.period().as_nanos()).expect("10,000 days at most"),
            burst: bucket.capacity().into(),
            full_at: 0,
        }
    }

    /// Units still free above what the request would take; negative when it must be refused.
    fn room(&self, now: u64, n: u32) -> i128 {
        let now = i128::from(now) * self.tokens;
        let after = self.full_at.max(now) + i128::from(n) * self.period;
        now + self.burst * self.period - after
    }

    fn take(&mut self, now: u64, n: u32) {
        let now = i128::from(now) * self.tokens;
        self.full_at = self.full_at.max(now) + i128::from(n) * self.period;
    }
}

/// Steps of time as they come: mostly small against the distance of tokens, some long, some back.
fn step() -> impl Strategy<Value = i64> {
    prop_oneof![
        3 => Just(0),
        6 => 0..100_i64,
        6 => 0..2_000_000_i64,
        3 => 0..3_000_000_000_i64,
        1 => 0..4_000_000_000_000_i64,
        1 => -2_000_000_000..0_i64,
    ]
}

fn requests() -> impl Strategy<Value = Vec<(i64, u32)>> {
    prop::collection::vec(
        (step(), prop_oneof![5 => Just(1_u32), 2 => 0..20_u32, 1 => any::<u32>()]),
        1..300,
    )
}

fn bucket() -> impl Strategy<Value = TokenBucket> {
    let tokens = prop_oneof![1..20_u32, 1..2_000_000_u32, any::<u32>()];
    let period = prop_oneof![
        Just(1_000_000_000_u64),
        Just(60_000_000_000),
        1..1_000_u64,
        1..1_000_000_000_000_u64,
        Just(86_400_000_000_000 * 365),
    ];
    let burst = prop_oneof![1..5_u32, 1..10_000_u32, any::<u32>()];
    (tokens, period, burst)
        .prop_map(|(tokens, period, burst)| {
            TokenBucket::new(tokens, Duration::from_nanos(period)).burst(burst)
        })
        .prop_filter("a configuration that is allowed", |bucket| bucket.validate().is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    /// Of clients that come back as soon as they are told to, and at any other time.
    #[test]
    fn in_a_window_of_any_length_no_more_than_burst_and_rate_pass(
        bucket in bucket(),
        requests in requests(),
        start in 0..1_u64 << 60,
        is_greedy in any::<bool>(),
    ) {
        let Exact { tokens, period, burst, .. } = Exact::of(&bucket);
        // The clock's reading is rounded by less than a tick: as many of them a token as make at most
        // four a nanosecond, fewer where the full bucket would be more than 2^62.
        let tick = period / (4 * period / tokens).min((1 << 62) / burst) + 1;
        let (mut state, mut now) = (0, start);
        let mut passed = Vec::<(u64, u32)>::new();
        for (step, n) in requests {
            now = now.saturating_add(step.unsigned_abs());
            let decision = bucket.check(&mut state, Nanos::from_nanos(now), n);
            let wait = decision.retry_after().filter(|_| is_greedy);
            if let Some(wait) = wait {
                now = Nanos::from_nanos(now).saturating_add(wait).as_nanos();
                // 73 years; later the bucket's own clock may stand still.
                if now > 1 << 61 {
                    break;
                }
                prop_assert!(bucket.check(&mut state, Nanos::from_nanos(now), n).is_allowed());
            }
            if decision.is_allowed() || wait.is_some() {
                passed.push((now, n));
            }
        }
        for (index, (from, _)) in passed.iter().enumerate() {
            let mut sum = 0;
            for (to, n) in &passed[index..] {
                sum += i128::from(*n);
                let most = burst * period + i128::from(to - from) * tokens + tick;
                prop_assert!(sum * period <= most, "{bucket}: {sum} in {} ns", to - from);
            }
        }
    }

    /// Ours may differ only where the exact margin is less than its own resolution.
    #[test]
    fn decides_as_exact_arithmetic_does(bucket in bucket(), requests in requests(), start in 0..1_u64 << 60) {
        let mut exact = Exact::of(&bucket);
        let mut state = 0;
        let mut now = start;
        // A tick, in units: a quarter of a nanosecond, or 2^-62 of the full bucket if that is more;
        // and twice that since the clock is rounded once for the base and once for the present.
        let tick = (exact.tokens / 4 + 1).max((exact.burst * exact.period) >> 61);
        for (step, n) in requests {
            now = now.saturating_add_signed(step);
            let decision = bucket.check(&mut state, Nanos::from_nanos(now), n);
            let room = exact.room(now, n);
            if decision.is_allowed() != (room >= 0) && n > 0 {
                prop_assert!(room.abs() <= 2 * tick, "{bucket}: room {room}, tick {tick}");
            }
            prop_assert_eq!(decision.exceeds_capacity(), n > bucket.capacity());
            if decision.is_allowed() && n > 0 {
                exact.take(now, n);
            }
        }
    }

    /// No tolerance where the rate divides the nanosecond.
    #[test]
    fn decides_exactly_where_tokens_are_whole_nanoseconds_apart(
        distance in 1..10_000_000_u64,
        burst in 1..10_000_u32,
        requests in requests(),
    ) {
        let bucket = TokenBucket::new(1, Duration::from_nanos(distance)).burst(burst);
        let mut exact = Exact::of(&bucket);
        let (mut state, mut now) = (0, 1_u64 << 50);
        for (step, n) in requests {
            now = now.saturating_add_signed(step);
            let decision = bucket.check(&mut state, Nanos::from_nanos(now), n);
            prop_assert_eq!(decision.is_allowed(), exact.room(now, n) >= 0 || n == 0);
            if decision.is_allowed() && n > 0 {
                exact.take(now, n);
            }
        }
    }

    #[test]
    fn retry_after_is_the_first_nanosecond_that_passes(
        bucket in bucket(),
        now in 0..1_u64 << 60,
        spent in 0..u32::MAX,
        n in 1..u32::MAX,
    ) {
        let now = Nanos::from_nanos(now);
        let (spent, n) = (spent % bucket.capacity() + 1, n % bucket.capacity() + 1);
        let mut state = 0;
        prop_assert!(bucket.check(&mut state, now, spent).is_allowed());
        let decision = bucket.check(&mut state, now, n);
        match decision.retry_after() {
            None => prop_assert!(decision.is_allowed()),
            Some(wait) => {
                prop_assert!(wait > Duration::ZERO);
                let then = now.saturating_add(wait);
                let early = then.saturating_sub(Duration::from_nanos(1));
                prop_assert!(!bucket.peek(&state, early, n).is_allowed());
                // Some bursts fill in more than the 584 years there are.
                prop_assert!(then == Nanos::MAX || bucket.peek(&state, then, n).is_allowed());
            }
        }
    }

    #[test]
    fn remaining_and_reset_are_what_they_say(
        bucket in bucket(),
        now in 0..1_u64 << 60,
        spent in any::<u32>(),
    ) {
        let now = Nanos::from_nanos(now);
        let spent = spent % bucket.capacity() + 1;
        let mut state = 0;
        let decision = bucket.check(&mut state, now, spent);
        let left = decision.remaining();
        prop_assert_eq!(left, bucket.capacity() - spent);
        if left > 0 {
            prop_assert!(bucket.peek(&state, now, left).is_allowed());
        }
        if let Some(more) = left.checked_add(1) {
            prop_assert!(!bucket.peek(&state, now, more).is_allowed());
        }
        let full = now.saturating_add(decision.reset_after());
        prop_assert!(full == Nanos::MAX || bucket.is_fresh(&state, full));
        prop_assert!(!bucket.is_fresh(&state, full.saturating_sub(Duration::from_nanos(1))));
    }

    #[test]
    fn a_refusal_and_a_cost_of_zero_leave_the_state(
        bucket in bucket(),
        state in any::<u64>(),
        now in any::<u64>(),
        n in any::<u32>(),
    ) {
        let mut after = state;
        let decision = bucket.check(&mut after, Nanos::from_nanos(now), n);
        if !decision.is_allowed() || n == 0 {
            prop_assert_eq!(after, state);
        }
        prop_assert!(decision.is_allowed() || n > 0);
        // Whatever the state, the figures are computed without overflow.
        let _ = (decision.remaining(), decision.retry_after(), decision.reset_after());
    }
}

fn cases() -> u32 {
    if std::env::var_os("VOUSSOIR_LONG").is_some() { 50_000 } else { 1_000 }
}

/// Admits as much as it can over `seconds`, polling every `step`, and counts.
fn admitted(bucket: TokenBucket, step: Duration, during: Duration) -> u64 {
    let start = Nanos::from_secs(1_000_000);
    let (mut state, mut now, mut count) = (0, start, 0);
    while now.saturating_duration_since(start) <= during {
        while bucket.check(&mut state, now, 1).is_allowed() {
            count += 1;
        }
        now = now.saturating_add(step);
    }
    count
}

/// Peers that round the refill at each poll admitted 36, 30 and 57 here
/// (ratelimit 2.0.0, polled every 100, 119 and 1000 µs).
#[test]
fn polling_often_loses_no_tokens() {
    let once_a_minute = TokenBucket::per_minute(1);
    for micros in [60, 100, 119, 1000, 7777] {
        let count = admitted(once_a_minute, Duration::from_micros(micros), Duration::from_hours(1));
        assert!((60..=61).contains(&count), "{count} admitted, polled every {micros} µs");
    }
}

#[test]
fn a_greedy_client_gets_the_burst_and_the_rate() {
    let bucket = TokenBucket::per_second(1_000).burst(50);
    let count = admitted(bucket, Duration::from_micros(500), Duration::from_secs(1_000));
    assert_eq!(count, 50 + 1_000_000);
}

/// Takes half a bucket as soon as it is there, for a day, so that the bucket is never full and
/// every fraction of a token would show.
#[test]
fn the_long_run_rate_is_never_above_and_below_by_less_than_a_billionth() {
    let rates = [1, 3, 7, 333, 999_983, 1_000_000, 3_000_000, 300_000_000, 700_000_000];
    for rate in rates.into_iter().chain([999_999_937, 1_000_000_000, 2_000_000_000, 3_999_999_979])
    {
        let half = (rate / 2).max(1);
        let bucket = TokenBucket::per_second(rate).burst(2 * half);
        let start = Nanos::from_secs(1_000_000);
        let end = start.saturating_add(Duration::from_hours(24));
        let (mut state, mut now, mut taken) = (0, start, 0_u128);
        assert!(bucket.check(&mut state, now, 2 * half).is_allowed());
        while now < end {
            let wait =
                bucket.peek(&state, now, half).retry_after().expect("less than half is there");
            now = now.saturating_add(wait);
            assert!(bucket.check(&mut state, now, half).is_allowed());
            taken += u128::from(half);
        }
        let elapsed = now.saturating_duration_since(start).as_nanos();
        let (ideal, ours) = (elapsed * u128::from(rate), taken * 1_000_000_000);
        // Half a bucket may be waiting for its nanosecond, and the last may be a tick early.
        assert!(ours <= ideal + u128::from(rate) / 4, "{rate}/s: {ours} above {ideal}");
        assert!(
            ideal <= ours + ideal / 1_000_000_000 + u128::from(rate),
            "{rate}/s: {ours}, {ideal}"
        );
    }
}

/// governor 0.10.4 allows this in release builds, since a product wraps.
#[test]
fn a_cost_whose_product_overflows_exceeds_the_capacity() {
    let bucket = TokenBucket::per_hour(1).burst(2);
    for n in [3, 5_124_097, u32::MAX] {
        let decision = bucket.check(&mut 0, Nanos::from_secs(1), n);
        assert!(decision.exceeds_capacity() && !decision.is_allowed(), "{n}");
        assert_eq!(decision.retry_after(), None);
    }
}

/// governor 0.10.4 gives 121,186 tokens here.
#[test]
fn the_largest_burst_of_the_slowest_rate_is_all_there() {
    let bucket = TokenBucket::per_day(1).burst(u32::MAX);
    let mut state = 0;
    let now = Nanos::from_secs(60);
    assert!(bucket.check(&mut state, now, u32::MAX - 1).is_allowed());
    assert!(bucket.check(&mut state, now, 1).is_allowed());
    let refused = bucket.check(&mut state, now, 1);
    let wait = refused.retry_after().expect("it fits, later");
    let day = Duration::from_hours(24);
    assert!(wait <= day && wait + Duration::from_millis(1) > day, "{wait:?}");
}

#[test]
fn time_stands_still_at_its_end_and_grants_nothing() {
    let bucket = TokenBucket::per_second(4).burst(2);
    let mut state = 0;
    for now in [u64::MAX - 1, u64::MAX] {
        assert!(bucket.check(&mut state, Nanos::from_nanos(now), 1).is_allowed());
    }
    assert!(!bucket.check(&mut state, Nanos::MAX, 1).is_allowed());
}

#[test]
fn configurations_that_cannot_be_meant_are_refused() {
    let second = Duration::from_secs(1);
    let refusals = [
        (TokenBucket::new(0, second), "`tokens` is 0; allowed: 1 or more"),
        (TokenBucket::per_second(1).burst(0), "`burst` is 0; allowed: 1 or more"),
        (TokenBucket::new(1, Duration::ZERO), "`period` is 0s; allowed: 1ns to 10000d"),
        (TokenBucket::new(1, Duration::MAX), "allowed: 1ns to 10000d"),
        (
            TokenBucket::new(5, Duration::from_nanos(1)),
            "`tokens` is 5; allowed: at most 4 a nanosecond",
        ),
    ];
    for (bucket, message) in refusals {
        let error = bucket.validate().expect_err(message);
        assert!(error.to_string().contains(message), "{error}");
        // Used all the same, it lets nothing through and does not panic.
        assert!(!bucket.check(&mut 0, Nanos::from_secs(9), 1).is_allowed());
    }
}
