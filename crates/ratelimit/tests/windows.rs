//! The algorithms with windows against naive models that remember every request, and their bounds
//! in any window.

use std::time::Duration;

use proptest::prelude::*;
use voussoir_core::Nanos;
use voussoir_ratelimit::{
    Algorithm, FixedWindow, LeakyBucket, SlidingWindowCounter, SlidingWindowLog, TokenBucket,
};

/// What passed: when and how much of it.
type Passed = Vec<(u64, u32)>;

/// A limit, a period in nanoseconds, and requests by their times and costs.
#[derive(Clone, Debug)]
struct Traffic {
    limit: u32,
    period: u64,
    requests: Vec<(u64, u32)>,
}

/// Traffic near its limit, by a clock that goes back at times when `goes_back`.
fn traffic(goes_back: bool) -> impl Strategy<Value = Traffic> {
    (1..60_u32, prop_oneof![1..50_u64, 1_000..1_000_000_u64, Just(60_000_000_000)]).prop_flat_map(
        move |(limit, period)| {
            // The limit is rounded up to two bits, so that the narrow counters hold it.
            let period = period.max(u64::from(limit) * u64::from(limit) * 4);
            let gap = i64::try_from(period / u64::from(limit)).expect("a minute at most");
            let back = if goes_back { gap * 5 } else { 0 };
            let step = prop_oneof![
                8 => 0..gap * 2 + 2,
                4 => Just(0),
                1 => 0..gap * 40 + 2,
                1 => -back..=0,
            ];
            let cost = prop_oneof![6 => Just(1_u32), 2 => 0..=limit * 2];
            (0..period * 10, prop::collection::vec((step, cost), 1..400)).prop_map(
                move |(start, steps)| {
                    let mut now = start + (1 << 40);
                    let requests = steps.into_iter().map(|(step, cost)| {
                        now = now.saturating_add_signed(step);
                        (now, cost)
                    });
                    Traffic { limit, period, requests: requests.collect() }
                },
            )
        },
    )
}

/// Runs `traffic` through `algorithm`, comparing every answer with that of `model`, which is told
/// what passed so far, and the time and the cost.
fn run<A: Algorithm>(
    algorithm: A,
    traffic: &Traffic,
    mut model: impl FnMut(&Passed, u64, u32) -> bool,
) -> Result<Passed, TestCaseError> {
    algorithm.validate().expect("a configuration that is allowed");
    let (mut state, mut passed) = (A::State::default(), Passed::new());
    for &(now, n) in &traffic.requests {
        let decision = algorithm.check(&mut state, Nanos::from_nanos(now), n);
        prop_assert_eq!(
            decision.is_allowed(),
            n == 0 || model(&passed, now, n),
            "{} at {}",
            n,
            now
        );
        if decision.is_allowed() && n > 0 {
            passed.push((now, n));
        }
    }
    Ok(passed)
}

/// The most that passed in any time `(t − period, t]`, by a clock that only went forward.
fn most_in_any(period: u64, passed: &Passed) -> u64 {
    let (mut first, mut sum, mut most) = (0, 0, 0);
    for &(at, n) in passed {
        sum += u64::from(n);
        while passed[first].0 + period <= at {
            sum -= u64::from(passed[first].1);
            first += 1;
        }
        most = most.max(sum);
    }
    most
}

fn sum<'a>(passed: impl Iterator<Item = &'a (u64, u32)>) -> u64 {
    passed.map(|(_, n)| u64::from(*n)).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn a_fixed_window_counts_what_passed_in_it(traffic in traffic(true), origin in any::<u64>()) {
        let window = |now: u64| (u128::from(now) + u128::from(traffic.period - origin % traffic.period)) / u128::from(traffic.period);
        let algorithm = FixedWindow::new(traffic.limit, Duration::from_nanos(traffic.period))
            .starting_at(Nanos::from_nanos(origin));
        run(algorithm, &traffic, |passed, now, n| {
            let latest = passed.iter().map(|(at, _)| window(*at)).max().unwrap_or(0);
            let counted = counted_in(passed, window(now).max(latest), window);
            counted + u64::from(n) <= u64::from(traffic.limit)
        })?;
    }

    /// Of periods whose ticks are exact: with limits of 1 to 7 they are a nanosecond or two.
    #[test]
    fn an_anchored_window_begins_with_a_request_and_lasts_its_period(
        traffic in traffic(false),
        limit in 1..8_u32,
    ) {
        let period = traffic.period / 2 * 2;
        // The clock ticks in steps of two, so that none is rounded.
        let requests = traffic.requests.iter().map(|(now, n)| (now / 2 * 2, *n)).collect();
        let slack = if limit < 4 { 0 } else { 2 };
        let anchored = FixedWindow::new(limit, Duration::from_nanos(period)).anchored();
        let (mut began, mut count) = (0, 0);
        run(anchored, &Traffic { limit, period, requests }, |_, now, n| {
            if count == 0 || now >= began + period + slack {
                (began, count) = (now, 0);
            }
            let allowed = u64::from(count) + u64::from(n) <= u64::from(limit);
            count += if allowed { n } else { 0 };
            allowed
        })?;
    }

    #[test]
    fn a_fixed_window_lets_no_more_than_twice_its_limit_through_in_any_period(traffic in traffic(false)) {
        for algorithm in [
            FixedWindow::new(traffic.limit, Duration::from_nanos(traffic.period)),
            FixedWindow::new(traffic.limit, Duration::from_nanos(traffic.period)).anchored(),
        ] {
            let mut state = 0;
            let passed = traffic.requests.iter().copied().filter(|(now, n)| {
                algorithm.check(&mut state, Nanos::from_nanos(*now), *n).is_allowed()
            });
            let most = most_in_any(traffic.period, &passed.collect());
            prop_assert!(most <= 2 * u64::from(traffic.limit));
        }
    }

    /// Rational arithmetic: both sides multiplied by the period.
    #[test]
    fn a_sliding_counter_weighs_the_last_window_exactly(traffic in traffic(true)) {
        let counter = SlidingWindowCounter::new(traffic.limit, Duration::from_nanos(traffic.period));
        prop_assume!(counter.validate().is_ok());
        let period = traffic.period;
        for wide in [false, true] {
            // The window each request was counted in.
            let (mut counted, mut latest): (Vec<(u64, u32)>, u64) = (Vec::new(), 0);
            let model = |_: &Passed, now: u64, n: u32| {
                let (index, elapsed) = if now / period < latest { (latest, 0) } else { (now / period, now % period) };
                let of = |window: u64| sum(counted.iter().filter(|(w, _)| *w == window));
                let last = u128::from(of(index - 1)) * u128::from(period - elapsed);
                let this = (u128::from(of(index)) + u128::from(n)) * u128::from(period);
                let allowed = last + this <= u128::from(traffic.limit) * u128::from(period);
                if allowed {
                    counted.push((index, n));
                    latest = index;
                }
                allowed
            };
            let passed = if wide { run(counter.wide(), &traffic, model)? } else { run(counter, &traffic, model)? };
            drop(passed);
        }
    }

    #[test]
    fn a_strict_counter_counts_the_oldest_part_in_full(traffic in traffic(true), parts in 1..20_u32) {
        let strict = SlidingWindowCounter::new(traffic.limit, Duration::from_nanos(traffic.period)).strict(parts);
        let part = traffic.period.div_ceil(u64::from(parts));
        let (mut counted, mut latest): (Vec<(u64, u32)>, u64) = (Vec::new(), 0);
        run(strict, &traffic, |_, now, n| {
            let index = (now / part).max(latest);
            let live = sum(counted.iter().filter(|(at, _)| at + u64::from(parts) >= index));
            let allowed = live + u64::from(n) <= u64::from(traffic.limit);
            if allowed {
                counted.push((index, n));
                latest = index;
            }
            allowed
        })?;
    }

    #[test]
    fn a_log_equals_one_that_remembers_everything(traffic in traffic(true)) {
        let log = SlidingWindowLog::new(traffic.limit, Duration::from_nanos(traffic.period));
        let (mut counted, mut latest): (Vec<(u64, u32)>, u64) = (Vec::new(), 0);
        run(log, &traffic, |_, now, n| {
            let now = now.max(latest);
            let live = sum(counted.iter().filter(|(at, _)| at + traffic.period > now));
            let allowed = live + u64::from(n) <= u64::from(traffic.limit);
            if allowed {
                counted.push((now, n));
                latest = now;
            }
            allowed
        })?;
    }

    #[test]
    fn a_log_and_a_strict_counter_let_no_more_than_the_limit_through_in_any_period(
        traffic in traffic(false),
        parts in 1..20_u32,
    ) {
        let period = Duration::from_nanos(traffic.period);
        let log = SlidingWindowLog::new(traffic.limit, period);
        let strict = SlidingWindowCounter::new(traffic.limit, period).strict(parts);
        let (mut events, mut counts) = Default::default();
        let of_log = traffic.requests.iter().copied().filter(|(now, n)| {
            log.check(&mut events, Nanos::from_nanos(*now), *n).is_allowed()
        });
        prop_assert!(most_in_any(traffic.period, &of_log.collect()) <= u64::from(traffic.limit));
        let of_strict = traffic.requests.iter().copied().filter(|(now, n)| {
            strict.check(&mut counts, Nanos::from_nanos(*now), *n).is_allowed()
        });
        prop_assert!(most_in_any(traffic.period, &of_strict.collect()) <= u64::from(traffic.limit));
    }

    #[test]
    fn a_sliding_counter_lets_less_than_twice_its_limit_through_in_any_period(traffic in traffic(false)) {
        let counter = SlidingWindowCounter::new(traffic.limit, Duration::from_nanos(traffic.period));
        let mut state = 0;
        let passed = traffic.requests.iter().copied().filter(|(now, n)| {
            counter.check(&mut state, Nanos::from_nanos(*now), *n).is_allowed()
        });
        prop_assert!(most_in_any(traffic.period, &passed.collect()) < 2 * u64::from(traffic.limit));
    }

    /// The bucket is compared with exact arithmetic in `tests/oracle.rs`; the leaky ones are that bucket
    /// seen from the other side, and say the same.
    #[test]
    fn leaky_buckets_admit_as_a_token_bucket_of_their_capacity_does(
        traffic in traffic(true),
        capacity in 1..50_u32,
    ) {
        let period = Duration::from_nanos(traffic.period);
        let bucket = TokenBucket::new(traffic.limit, period).burst(capacity);
        let meter = LeakyBucket::new(traffic.limit, period).burst(capacity);
        let queue = LeakyBucket::new(traffic.limit, period).queue(capacity - 1);
        let (mut of_bucket, mut of_meter, mut of_queue) = (0, 0, 0);
        for &(now, n) in &traffic.requests {
            let now = Nanos::from_nanos(now);
            let expected = bucket.check(&mut of_bucket, now, n);
            for decision in [meter.check(&mut of_meter, now, n), queue.check(&mut of_queue, now, n)] {
                prop_assert_eq!(decision.is_allowed(), expected.is_allowed());
                prop_assert_eq!(decision.remaining(), expected.remaining());
                prop_assert_eq!(decision.retry_after(), expected.retry_after());
            }
        }
    }

    /// Releases in the order of arrival, at least a turn apart, and no wait above the queue's length.
    #[test]
    fn a_queue_spaces_what_it_lets_in(traffic in traffic(false), waiting in 1..50_u32) {
        let queue = LeakyBucket::new(traffic.limit, Duration::from_nanos(traffic.period)).queue(waiting);
        let mut state = 0;
        let mut free_at = 0_u128;
        for &(now, n) in traffic.requests.iter().filter(|(_, n)| *n > 0) {
            let decision = queue.check(&mut state, Nanos::from_nanos(now), n);
            if !decision.is_allowed() {
                prop_assert_eq!(decision.delay(), Duration::ZERO);
                continue;
            }
            // In units of 1/limit ns, in which a turn is `period` units; the clock is rounded to a
            // quarter of a nanosecond, and the release up to a whole one.
            let limit = u128::from(traffic.limit);
            let delay = decision.delay().as_nanos();
            let released = (u128::from(now) + delay) * limit;
            prop_assert!(released + limit > free_at, "{released} before {free_at}");
            prop_assert!(delay == 0 || released <= free_at + 2 * limit, "held without need");
            prop_assert!(delay <= u128::from(waiting) * u128::from(traffic.period) / limit + 1);
            free_at = free_at.max(u128::from(now) * limit) + u128::from(n) * u128::from(traffic.period);
        }
    }
}

/// What was counted in window `current`, where a request that came late was counted in the latest
/// window of its time.
fn counted_in(passed: &Passed, current: u128, window: impl Fn(u64) -> u128) -> u64 {
    let mut latest = 0;
    let mut sum = 0;
    for &(at, n) in passed {
        latest = window(at).max(latest);
        sum += if latest == current { u64::from(n) } else { 0 };
    }
    sum
}

fn cases() -> u32 {
    if std::env::var_os("VOUSSOIR_LONG").is_some() { 20_000 } else { 400 }
}

/// The worst there is: all at the end of a window, then as soon as anything fits.
#[test]
fn a_sliding_counter_lets_less_than_twice_its_limit_through_and_nearly_that() {
    let (limit, period) = (1_000, 1_000_000_000);
    let counter = SlidingWindowCounter::per_second(limit);
    let (mut state, mut passed) = (0, Passed::new());
    let mut now = 10 * period - 1;
    while now < 12 * period {
        while counter.check(&mut state, Nanos::from_nanos(now), 1).is_allowed() {
            passed.push((now, 1));
        }
        let wait = counter.peek(&state, Nanos::from_nanos(now), 1).retry_after();
        now += u64::try_from(wait.expect("refused").as_nanos()).expect("a second at most");
    }
    let most = most_in_any(period, &passed);
    assert!(most < 2 * u64::from(limit), "{most}");
    assert!(most > 2 * u64::from(limit) - 5, "{most}: the documented worst case is real");
}

#[test]
fn a_greedy_client_gets_exactly_the_limit_of_each_fixed_window() {
    let algorithm = FixedWindow::per_second(100);
    let (mut state, mut windows) = (0, vec![0; 20]);
    for tick in 0..20_000 {
        let now = Nanos::from_millis(tick);
        while algorithm.check(&mut state, now, 1).is_allowed() {
            windows[usize::try_from(tick / 1000).expect("small")] += 1;
        }
    }
    assert_eq!(windows, vec![100; 20]);
}

/// Kong and others count refused requests, so that a client that keeps asking never gets in.
#[test]
fn refused_requests_count_for_nothing() {
    let second = Duration::from_secs(1);
    let (mut fixed, mut sliding, mut log) = Default::default();
    for now in (0..4_000).map(Nanos::from_millis) {
        let _ = FixedWindow::new(1, second).check(&mut fixed, now, 1);
        let _ = SlidingWindowCounter::new(1, second).check(&mut sliding, now, 1);
        let _ = SlidingWindowLog::new(1, second).check(&mut log, now, 1);
    }
    let later = Nanos::from_millis(4_999);
    assert!(FixedWindow::new(1, second).check(&mut fixed, later, 1).is_allowed());
    assert!(SlidingWindowLog::new(1, second).check(&mut log, later, 1).is_allowed());
    assert!(
        SlidingWindowCounter::new(1, second)
            .check(&mut sliding, Nanos::from_secs(6), 1)
            .is_allowed()
    );
}

/// With clocks whose origin is 1970, as a wall clock's is, indices are large.
#[test]
fn windows_follow_the_calendar_of_a_clock_that_counts_from_1970() {
    let noon = Nanos::from_secs(1_795_500_000 / 86_400 * 86_400 + 12 * 3_600);
    let daily = FixedWindow::per_day(1);
    let mut state = 0;
    assert!(daily.check(&mut state, noon, 1).is_allowed());
    assert_eq!(daily.peek(&state, noon, 1).retry_after(), Some(Duration::from_hours(12)));

    let berlin = daily.starting_at(Nanos::from_secs(23 * 3_600));
    let mut state = 0;
    assert!(berlin.check(&mut state, noon, 1).is_allowed());
    assert_eq!(berlin.peek(&state, noon, 1).retry_after(), Some(Duration::from_hours(11)));

    let counter = SlidingWindowCounter::per_second(32_767);
    assert!(
        counter.validate().is_ok() && SlidingWindowCounter::per_second(32_768).validate().is_err()
    );
    let mut state = 0;
    assert!(counter.check(&mut state, noon, 32_767).is_allowed());
    assert!(!counter.check(&mut state, noon, 1).is_allowed());
    assert!(counter.check(&mut state, noon.saturating_add(Duration::from_secs(2)), 1).is_allowed());
}

proptest! {
    /// Against a purse that gets the limit when a window begins, all at once.
    #[test]
    fn a_fixed_window_with_a_burst_is_refilled_in_intervals(
        limit in 1..20_u32,
        more in 0..50_u32,
        origin in 0..1_000_u64,
        steps in prop::collection::vec((0..3_500_u64, 0..80_u32), 1..100),
    ) {
        let burst = limit + more;
        let period = 1_000;
        let window = FixedWindow::new(limit, Duration::from_nanos(period))
            .starting_at(Nanos::from_nanos(origin))
            .burst(burst);
        let (mut state, mut purse) = (0, burst);
        let mut time = 1 << 40;
        let turn = |time: u64| (time + period - origin) / period;
        for (step, cost) in steps {
            let begun = turn(time + step) - turn(time);
            time += step;
            let brought = u32::try_from(begun).expect("few") * limit;
            purse = (purse + brought).min(burst);
            let decision = window.check(&mut state, Nanos::from_nanos(time), cost);
            prop_assert_eq!(decision.is_allowed(), cost <= purse);
            prop_assert_eq!(decision.exceeds_capacity(), cost > burst);
            if decision.is_allowed() {
                purse -= cost;
            }
            prop_assert_eq!(decision.remaining(), purse);
        }
    }
}
