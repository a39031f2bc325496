//! What breakers count, and over what: consecutive failures, k of N, slow calls, windows of calls
//! and of time. Numbers in brackets are those of our collection of cases.

use std::time::Duration;

use voussoir_breaker::{CircuitBreaker, CircuitBreakerBuilder, State, Window};
use voussoir_core::{ManualClock, Nanos};

type Breaker = CircuitBreaker<ManualClock>;

const SEC: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

fn build(builder: CircuitBreakerBuilder) -> (Breaker, ManualClock) {
    let clock = ManualClock::at(Nanos::from_secs(1_000));
    (builder.clock(clock.clone()).build().expect("valid"), clock)
}

fn builder() -> CircuitBreakerBuilder {
    CircuitBreaker::builder()
}

/// One call for each letter, S or F, each of which takes `time`.
fn timed(breaker: &Breaker, clock: &ManualClock, outcomes: &str, time: Duration) {
    for outcome in outcomes.chars() {
        let permit = breaker.try_acquire().expect("permitted");
        clock.advance(time);
        if outcome == 'S' { permit.success() } else { permit.failure() }
    }
}

fn calls(breaker: &Breaker, outcomes: &str) {
    timed(breaker, &ManualClock::new(), outcomes, Duration::ZERO);
}

/// Calls, failures and slow calls in the window.
fn counts(breaker: &Breaker) -> (u32, u32, u32) {
    let stats = breaker.stats();
    (stats.calls, stats.failures, stats.slow)
}

/// 50 % failures or 50 % of the calls above 4 s, at least 5 calls, in a window of 20 s.
fn slow() -> (Breaker, ManualClock) {
    let slow = builder().slow_calls(0.5, 4 * SEC).window(Window::time(20 * SEC)).min_calls(5);
    build(slow.half_open_calls(4).open_for(5 * SEC))
}

/// [3]
#[test]
fn slow_calls_open_whether_they_fail_or_not() {
    for window in [Window::time(60 * SEC), Window::count(20), Window::count(100)] {
        let (breaker, clock) =
            build(builder().slow_calls(0.5, 4 * SEC).window(window).min_calls(5));
        timed(&breaker, &clock, "FS", 5 * SEC);
        timed(&breaker, &clock, "FS", 100 * MS);
        assert_eq!((breaker.state(), counts(&breaker)), (State::Closed, (4, 2, 2)));
        let stats = breaker.stats();
        assert!(
            (stats.slow_rate() - 0.5).abs() < 1e-9 && (stats.failure_rate() - 0.5).abs() < 1e-9
        );
        timed(&breaker, &clock, "S", 5 * SEC);
        assert_eq!(breaker.state(), State::Open, "{window:?}");
    }
}

#[test]
fn a_call_that_takes_exactly_as_long_as_it_may_is_not_slow() {
    let (breaker, clock) = slow();
    timed(&breaker, &clock, "S", 4 * SEC);
    assert_eq!(counts(&breaker), (1, 0, 0));
    timed(&breaker, &clock, "S", 4 * SEC + Duration::from_nanos(1));
    assert_eq!(counts(&breaker), (2, 0, 1));
}

/// [7]
#[test]
fn slow_successes_reopen_a_half_open_breaker() {
    let (breaker, clock) = slow();
    calls(&breaker, "FFFFF");
    clock.advance(5 * SEC);
    timed(&breaker, &clock, "S", 5 * SEC);
    assert_eq!(breaker.state(), State::HalfOpen);
    timed(&breaker, &clock, "S", 5 * SEC);
    assert_eq!(breaker.state(), State::Open, "two of four are half");

    clock.advance(20 * SEC);
    timed(&breaker, &clock, "SS", SEC);
    timed(&breaker, &clock, "S", 5 * SEC);
    assert_eq!(breaker.state(), State::HalfOpen, "the fourth may be slow too");
    timed(&breaker, &clock, "S", SEC);
    assert_eq!(breaker.state(), State::Closed);
}

/// [13]
#[test]
fn slow_calls_leave_the_window_as_others_do() {
    let (breaker, clock) =
        build(builder().slow_calls(1.0, 4 * SEC).failure_rate(1.0).window(Window::count(2)));
    timed(&breaker, &clock, "S", 5 * SEC);
    assert_eq!(counts(&breaker), (1, 0, 1));
    timed(&breaker, &clock, "SS", SEC);
    assert_eq!(counts(&breaker), (2, 0, 0));
}

/// [14] R4j: the counts of a window of 1 s went wrong when its time had passed.
#[test]
fn calls_leave_a_window_of_time_when_it_has_passed() {
    let (breaker, clock) =
        build(builder().slow_calls(1.0, 400 * MS).failure_rate(1.0).window(Window::time(5 * SEC)));
    calls(&breaker, "F");
    clock.advance(100 * MS);
    calls(&breaker, "S");
    clock.advance(200 * MS);
    timed(&breaker, &clock, "F", 500 * MS);
    clock.advance(3_990 * MS);
    assert_eq!(counts(&breaker), (3, 2, 1), "at 4.79 s");
    clock.advance(SEC);
    assert_eq!(counts(&breaker), (0, 0, 0), "at 5.79 s");
    timed(&breaker, &clock, "SS", 500 * MS);
    timed(&breaker, &clock, "SSS", 100 * MS);
    assert_eq!(counts(&breaker), (5, 0, 2));
    assert!((breaker.stats().slow_rate() - 0.4).abs() < 1e-9);
}

/// [24]
#[test]
fn a_window_of_time_slides() {
    let (breaker, clock) = build(builder().failure_rate(1.0).window(Window::time(10 * SEC)));
    for pairs in [1, 2, 3, 4, 5, 5, 5, 5] {
        calls(&breaker, "SF");
        assert_eq!(counts(&breaker), (2 * pairs, pairs, 0));
        clock.advance(2 * SEC);
    }
    clock.advance(10 * SEC);
    assert_eq!(counts(&breaker), (0, 0, 0));
}

/// [19]
#[test]
fn what_has_left_the_window_trips_nothing() {
    let at_once = Duration::from_nanos(1);
    let builder = builder().window(Window::time(200 * MS)).min_calls(3).half_open_calls(3);
    let (breaker, clock) = build(builder.open_for(at_once).open_growth(1.0, at_once));
    calls(&breaker, "FS");
    clock.advance(210 * MS);
    calls(&breaker, "FS");
    clock.advance(50 * MS);
    calls(&breaker, "S");
    assert_eq!((breaker.state(), counts(&breaker)), (State::Closed, (3, 1, 0)));
    calls(&breaker, "F");
    assert_eq!(breaker.state(), State::Open);
    clock.advance(at_once);
    calls(&breaker, "F");
    assert_eq!(breaker.state(), State::HalfOpen);
    calls(&breaker, "F");
    assert_eq!(breaker.state(), State::Open);
    clock.advance(at_once);
    calls(&breaker, "SS");
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn time_that_passes_can_raise_the_rate_and_a_success_can_then_trip() {
    let (breaker, clock) = build(builder().window(Window::time(16 * SEC)).min_calls(4));
    calls(&breaker, "SSSS");
    clock.advance(8 * SEC);
    calls(&breaker, "FFF");
    assert_eq!((breaker.state(), counts(&breaker)), (State::Closed, (7, 3, 0)));
    clock.advance(8 * SEC);
    assert_eq!(counts(&breaker), (3, 3, 0));
    calls(&breaker, "S");
    assert_eq!(breaker.state(), State::Open, "the fourth call, and three of four failed");
}

#[test]
fn a_closed_breaker_begins_with_an_empty_window_of_time() {
    let (breaker, clock) = build(
        builder().window(Window::time(100 * SEC)).min_calls(4).half_open_calls(1).open_for(SEC),
    );
    let late = breaker.try_acquire().expect("closed");
    calls(&breaker, "FFFF");
    clock.advance(SEC);
    calls(&breaker, "S");
    assert_eq!((breaker.state(), counts(&breaker)), (State::Closed, (0, 0, 0)));
    late.failure();
    assert_eq!(counts(&breaker), (0, 0, 0), "of an earlier generation");
    calls(&breaker, "FFF");
    assert_eq!((breaker.state(), counts(&breaker)), (State::Closed, (3, 3, 0)));
}

#[test]
fn a_clock_set_back_neither_empties_a_window_of_time_nor_keeps_it_for_ever() {
    let (breaker, clock) = build(builder().failure_rate(1.0).window(Window::time(16 * SEC)));
    calls(&breaker, "FS");
    clock.rewind(Duration::from_mins(10));
    calls(&breaker, "F");
    assert_eq!(counts(&breaker), (3, 2, 0));
    clock.advance(16 * SEC);
    assert_eq!(counts(&breaker), (0, 0, 0));
}

/// [15]
#[test]
fn consecutive_failures_are_consecutive() {
    let (breaker, _) = build(builder().consecutive_failures(3));
    calls(&breaker, "FSFF");
    assert_eq!(breaker.state(), State::Closed);
    calls(&breaker, "F");
    assert_eq!(breaker.state(), State::Open);

    let (breaker, _) = build(builder().consecutive_failures(2));
    calls(&breaker, &"SF".repeat(20));
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn so_many_consecutive_failures_that_no_word_holds_them_are_counted_too() {
    let (breaker, _) = build(builder().consecutive_failures(1_000));
    calls(&breaker, &"F".repeat(999));
    calls(&breaker, "S");
    calls(&breaker, &"F".repeat(999));
    assert_eq!(breaker.state(), State::Closed);
    calls(&breaker, "F");
    assert_eq!(breaker.state(), State::Open);
}

/// [15]
#[test]
fn k_of_n_do_not_wait_for_the_window_to_fill() {
    let (breaker, _) = build(builder().failures_of(2, 3));
    calls(&breaker, "FSF");
    assert_eq!(breaker.state(), State::Open);

    let (breaker, _) = build(builder().failures_of(3, 4));
    calls(&breaker, &"SF".repeat(20));
    assert_eq!(breaker.state(), State::Closed);
}

/// [17]
#[test]
fn the_counts_are_those_of_the_last_calls() {
    let (breaker, _) = build(builder().failures_of(5, 10));
    calls(&breaker, "SFSFSFS");
    assert_eq!(counts(&breaker), (7, 3, 0));
    calls(&breaker, "SSSFSSSFSSSFSSS");
    assert_eq!(counts(&breaker), (10, 2, 0));
}

/// [26] A window beyond one word decides at its last call, not one later, and slides.
#[test]
fn a_window_of_many_calls_slides() {
    let (breaker, _) = build(builder().window(Window::count(200)).min_calls(200));
    calls(&breaker, &"SF".repeat(99));
    assert_eq!((breaker.state(), counts(&breaker)), (State::Closed, (198, 99, 0)));
    calls(&breaker, "SS");
    assert_eq!((breaker.state(), counts(&breaker)), (State::Closed, (200, 99, 0)));
    calls(&breaker, &"S".repeat(10_000));
    assert_eq!(counts(&breaker), (200, 0, 0));
    calls(&breaker, &"F".repeat(99));
    assert_eq!((breaker.state(), counts(&breaker)), (State::Closed, (200, 99, 0)));
    calls(&breaker, "F");
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn late_results_count_nowhere_in_any_window() {
    for window in [Window::count(63), Window::count(64), Window::time(60 * SEC)] {
        let (breaker, _) = build(builder().window(window).min_calls(5));
        let late: Vec<_> = (0..1_000).map(|_| breaker.try_acquire().expect("closed")).collect();
        calls(&breaker, "FFFFF");
        breaker.reset();
        for (index, permit) in late.into_iter().enumerate() {
            if index % 2 == 0 { permit.success() } else { permit.failure() }
        }
        assert_eq!((breaker.state(), counts(&breaker)), (State::Closed, (0, 0, 0)), "{window:?}");
        calls(&breaker, "FFFF");
        assert_eq!((breaker.state(), counts(&breaker)), (State::Closed, (4, 4, 0)), "{window:?}");
        calls(&breaker, "F");
        assert_eq!(breaker.state(), State::Open, "{window:?}");
    }
}
