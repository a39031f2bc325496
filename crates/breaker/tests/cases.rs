//! What the suites of the peers observe of their breakers, as far as this one has the feature, and
//! the bugs that their users reported. Numbers in brackets are those of our collection of cases.

#![allow(clippy::unchecked_time_subtraction, reason = "a test may panic")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use voussoir_breaker::{
    BreakerError, BreakerObserver, CircuitBreaker, CircuitBreakerBuilder, Open, Permit, State,
    Window,
};
use voussoir_core::{Clock, ManualClock, Nanos};

type Breaker = CircuitBreaker<ManualClock>;

const OPEN_FOR: Duration = Duration::from_secs(5);

/// One of each kind.
const WINDOWS: [Window; 3] =
    [Window::count(20), Window::count(100), Window::time(Duration::from_secs(20))];

/// 50 % of at least 5 calls, 4 calls when half-open, open for 5 s.
fn breaker() -> (Breaker, ManualClock) {
    with(|builder| builder)
}

/// The same with other options.
fn with(
    set: impl FnOnce(CircuitBreakerBuilder) -> CircuitBreakerBuilder,
) -> (Breaker, ManualClock) {
    let clock = ManualClock::at(Nanos::from_secs(1_000));
    let builder = CircuitBreaker::builder()
        .window(Window::count(20))
        .min_calls(5)
        .half_open_calls(4)
        .open_for(OPEN_FOR)
        .open_growth(1.0, OPEN_FOR);
    let breaker = set(builder).clock(clock.clone()).build().expect("valid");
    (breaker, clock)
}

/// One call for each letter: S succeeds, F fails, I is ignored, C is cancelled.
fn calls(breaker: &Breaker, outcomes: &str) {
    for outcome in outcomes.chars() {
        end(breaker.try_acquire().expect("permitted"), outcome);
    }
}

fn end(permit: Permit<'_, ManualClock>, outcome: char) {
    match outcome {
        'S' => permit.success(),
        'F' => permit.failure(),
        'I' => permit.ignore(),
        'C' => drop(permit),
        other => unreachable!("no such outcome: {other}"),
    }
}

fn half_open() -> (Breaker, ManualClock) {
    let (breaker, clock) = breaker();
    calls(&breaker, "FFFFF");
    clock.advance(OPEN_FOR);
    (breaker, clock)
}

/// Counts refusals.
#[derive(Default)]
struct Refusals(AtomicU32);

impl BreakerObserver for Refusals {
    fn refused(&self, _: &Open) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// [1]
#[test]
fn the_call_that_completes_the_minimum_may_be_a_success_and_trip() {
    for window in WINDOWS {
        let refusals = Arc::new(Refusals::default());
        let (breaker, _) = with(|builder| builder.window(window).observer(refusals.clone()));
        calls(&breaker, "FFFS");
        assert_eq!((breaker.state(), breaker.stats().calls), (State::Closed, 4));
        calls(&breaker, "S");
        assert_eq!(breaker.state(), State::Open, "{window:?}");
        assert!(breaker.try_acquire().is_err());
        assert_eq!(refusals.0.load(Ordering::Relaxed), 1);

        // What it opened on shows where it may not.
        breaker.metrics_only();
        calls(&breaker, "FFFSS");
        let stats = breaker.stats();
        assert_eq!((stats.calls, stats.failures), (5, 3));
        assert!((stats.failure_rate() - 0.6).abs() < 1e-9);
    }
}

/// [2] With a second between calls.
#[test]
fn the_threshold_is_inclusive() {
    for window in WINDOWS {
        let (breaker, clock) = with(|builder| builder.window(window));
        let each = |outcomes: &str| {
            for outcome in outcomes.chars() {
                calls(&breaker, &outcome.to_string());
                clock.advance(Duration::from_secs(1));
            }
        };
        each("SSSFF");
        let stats = breaker.stats();
        assert_eq!((stats.state, stats.calls, stats.failures), (State::Closed, 5, 2));
        each("F");
        assert_eq!(breaker.state(), State::Open, "{window:?}");
    }
}

/// [4]
#[test]
fn an_open_breaker_refuses_to_the_nanosecond() {
    let (breaker, clock) = breaker();
    calls(&breaker, "FFFFF");
    clock.advance(OPEN_FOR - Duration::from_nanos(1));
    assert!(breaker.try_acquire().is_err());
    assert_eq!(breaker.state(), State::Open);
    clock.advance(Duration::from_nanos(1));
    assert!(breaker.try_acquire().is_ok());
    assert_eq!(breaker.state(), State::HalfOpen);
}

/// [6]
#[test]
fn a_half_open_breaker_admits_exactly_what_it_says() {
    let (breaker, clock) = half_open();
    let mut permits: Vec<_> = (0..4).map(|_| breaker.try_acquire().expect("permitted")).collect();
    assert!(breaker.try_acquire().is_err());
    permits.pop().expect("four").ignore();
    permits.push(breaker.try_acquire().expect("the place of the ignored one"));
    assert!(breaker.try_acquire().is_err());

    permits.drain(..2).for_each(Permit::failure);
    assert_eq!(breaker.state(), State::Open);
    clock.advance(OPEN_FOR);
    let again: Vec<_> = (0..4).map(|_| breaker.try_acquire().expect("permitted")).collect();
    assert!(breaker.try_acquire().is_err());
    // Those of the half-open period before count nowhere, and give no place back.
    drop(permits);
    assert!(breaker.try_acquire().is_err());
    drop(again);
}

/// [7]
#[test]
fn a_half_open_breaker_decides_as_soon_as_it_is_certain() {
    for (outcomes, state) in [
        ("FF", State::Open),
        ("FSF", State::Open),
        ("SSF", State::HalfOpen),
        ("SSFF", State::Open),
        ("SSS", State::Closed),
        ("FSSS", State::Closed),
    ] {
        let (breaker, _) = half_open();
        calls(&breaker, outcomes);
        assert_eq!(breaker.state(), state, "{outcomes}");
    }
}

/// [8]
#[test]
fn ignored_and_cancelled_probes_decide_nothing() {
    let (breaker, _) = half_open();
    calls(&breaker, "IIIICCCCSS");
    assert_eq!(breaker.state(), State::HalfOpen);
    calls(&breaker, "ICS");
    assert_eq!(breaker.state(), State::Closed);
}

/// [12], [13]
#[test]
fn the_window_slides_and_a_closed_breaker_begins_with_an_empty_one() {
    let window = CircuitBreaker::builder().window(Window::count(4)).failure_rate(1.0);
    let breaker = window.clock(ManualClock::new()).build().expect("valid");
    calls(&breaker, "FSSS");
    assert_eq!((breaker.stats().calls, breaker.stats().failures), (4, 1));
    calls(&breaker, "S");
    assert_eq!((breaker.stats().calls, breaker.stats().failures), (4, 0));

    let (breaker, _) = half_open();
    calls(&breaker, "SSS");
    assert_eq!((breaker.state(), breaker.stats().calls), (State::Closed, 0));
    calls(&breaker, "FFFF");
    assert_eq!(breaker.state(), State::Closed, "below the minimum again");
}

/// [21]
#[test]
fn a_refusal_says_when_to_come_back() {
    let (breaker, clock) = breaker();
    calls(&breaker, "FFFFF");
    clock.advance(Duration::from_millis(1));
    let open = breaker.try_acquire().expect_err("open");
    assert_eq!(open.retry_after(), Some(OPEN_FOR - Duration::from_millis(1)));
    assert_eq!(open.to_string(), "circuit breaker open: retry after 4s999ms");
}

/// [21] Polly's break duration overflowed.
#[test]
fn an_open_time_beyond_the_end_of_time_never_ends() {
    let clock = ManualClock::at(Nanos::from_secs(1));
    let breaker = CircuitBreaker::builder()
        .window(Window::count(1))
        .open_for(Duration::MAX)
        .clock(clock.clone())
        .build()
        .expect("valid");
    calls(&breaker, "F");
    clock.advance(Duration::from_hours(24 * 365 * 100));
    assert!(breaker.try_acquire().is_err());
}

/// [23]
#[test]
fn a_failure_that_arrives_when_open_does_not_prolong_it() {
    let (breaker, clock) = breaker();
    let late = breaker.try_acquire().expect("closed");
    calls(&breaker, "FFFFF");
    let generation = breaker.stats().generation;
    clock.advance(Duration::from_secs(3));
    late.failure();
    assert_eq!(breaker.stats().generation, generation);
    clock.advance(Duration::from_secs(2));
    assert!(breaker.try_acquire().is_ok());
}

/// Polly#217, #218, and every breaker whose source we read.
#[test]
fn late_results_of_an_earlier_generation_count_nowhere() {
    for outcome in ['S', 'F', 'I', 'C'] {
        let (breaker, clock) = breaker();
        let late: Vec<_> = (0..1_000).map(|_| breaker.try_acquire().expect("closed")).collect();
        calls(&breaker, "FFFFF");
        clock.advance(OPEN_FOR);
        let probe = breaker.try_acquire().expect("half-open");
        for permit in late {
            end(permit, outcome);
        }
        let stats = breaker.stats();
        assert_eq!((stats.state, stats.calls, stats.failures), (State::HalfOpen, 0, 0));
        probe.success();
        calls(&breaker, "SS");
        assert_eq!((breaker.state(), breaker.stats().calls), (State::Closed, 0));
    }
}

/// [26] recloser decides one call late; the "sliding" window of tower-resilience never slides.
#[test]
fn a_full_window_of_successes_does_not_protect_what_fails_now() {
    let breaker = CircuitBreaker::builder()
        .window(Window::count(10))
        .clock(ManualClock::new())
        .build()
        .expect("valid");
    for _ in 0..1_000 {
        calls(&breaker, "S");
    }
    calls(&breaker, "FFFF");
    assert_eq!(breaker.state(), State::Closed);
    calls(&breaker, "F");
    assert_eq!(breaker.state(), State::Open);
}

/// [29] A probe that was cancelled leaves its place.
#[test]
fn a_cancelled_probe_is_followed_by_another() {
    let (breaker, _) = half_open();
    for _ in 0..100 {
        drop(breaker.try_acquire().expect("a place"));
    }
    assert_eq!(breaker.state(), State::HalfOpen);
}

/// R4j#935, Polly#1979: a probe whose outcome never comes kept the breaker half-open for days.
#[test]
fn lost_probes_are_replaced_at_the_deadline() {
    let (breaker, clock) = half_open();
    (0..4).for_each(|_| std::mem::forget(breaker.try_acquire().expect("permitted")));
    let refused = breaker.try_acquire().expect_err("all permits are out");
    assert_eq!(refused.retry_after(), Some(OPEN_FOR));
    clock.advance(OPEN_FOR);
    let again: Vec<_> = (0..4).map(|_| breaker.try_acquire().expect("new permits")).collect();
    assert!(breaker.try_acquire().is_err());
    drop(again);
}

/// [30]
#[test]
fn a_panic_is_a_failure_and_the_breaker_goes_on() {
    let (breaker, clock) = breaker();
    for _ in 0..5 {
        let call = || breaker.call(|| -> Result<(), ()> { panic!("inside") });
        assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    }
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.try_acquire().expect_err("open").retry_after(), Some(OPEN_FOR));
    clock.advance(OPEN_FOR);
    calls(&breaker, "SSS");
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn a_clock_set_back_keeps_an_open_breaker_open_no_longer_than_it_should_be() {
    let (breaker, clock) = breaker();
    calls(&breaker, "FFFFF");
    clock.rewind(Duration::from_mins(15));
    assert_eq!(breaker.try_acquire().expect_err("open").retry_after(), Some(OPEN_FOR));
    clock.advance(OPEN_FOR);
    assert!(breaker.try_acquire().is_ok());
}

#[test]
fn a_clock_that_jumps_a_century_does_no_harm() {
    let (breaker, clock) = breaker();
    calls(&breaker, "FFFFF");
    clock.set(Nanos::MAX);
    calls(&breaker, "FF");
    assert_eq!(breaker.state(), State::Open);
    clock.set(Nanos::ZERO);
    assert_eq!(breaker.try_acquire().expect_err("open").retry_after(), Some(OPEN_FOR));
}

#[test]
fn calls_are_counted_by_their_results() {
    let (breaker, clock) = breaker();
    assert_eq!(breaker.call(|| Ok::<_, ()>(7)), Ok(7));
    for _ in 0..4 {
        let failed = breaker.call(|| Err::<(), _>("no"));
        assert_eq!(failed, Err(BreakerError::Inner("no")));
    }
    let refused = breaker.call(|| -> Result<(), ()> { unreachable!("the breaker is open") });
    assert!(refused.expect_err("open").is_open());
    assert_eq!(clock.now(), Nanos::from_secs(1_000));
}

#[test]
fn an_awaited_call_that_is_dropped_counts_nowhere() {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    let (breaker, _) = half_open();
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..10 {
        let mut hung = pin!(breaker.call_async(std::future::pending::<Result<(), ()>>));
        assert!(hung.as_mut().poll(&mut context).is_pending());
        assert_eq!(breaker.state(), State::HalfOpen);
    }
    for _ in 0..3 {
        let mut done = pin!(breaker.call_async(async || Ok::<_, ()>(7)));
        assert_eq!(done.as_mut().poll(&mut context), Poll::Ready(Ok(7)));
    }
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn options_out_of_range_are_refused_with_what_is_allowed() {
    let builder = CircuitBreaker::builder;
    let refusals = [
        (builder().window(Window::count(0)), "`window` is 0; allowed: 1 to 65535 calls"),
        (builder().window(Window::count(65_536)), "`window` is 65536"),
        (
            builder().window(Window::time(Duration::from_millis(99))),
            "`window` is 99ms; allowed: 100ms or more",
        ),
        (builder().failure_rate(0.0), "`failure_rate` is 0; allowed: 0.000001 to 1"),
        (builder().failure_rate(1.1), "`failure_rate` is 1.1"),
        (builder().failure_rate(-0.5), "`failure_rate` is -0.5"),
        (builder().failure_rate(f64::NAN), "`failure_rate` is NaN"),
        (builder().min_calls(0), "`min_calls` is 0; allowed: 1 to the size of the window"),
        (builder().min_calls(61), "`min_calls` is 61"),
        (builder().half_open_calls(0), "`half_open_calls` is 0; allowed: 1 to 511"),
        (builder().half_open_calls(512), "`half_open_calls` is 512"),
        (builder().open_for(Duration::ZERO), "`open_for` is 0s; allowed: 1ns or more"),
        (builder().half_open_for(Duration::ZERO), "`half_open_for` is 0s"),
    ];
    for (builder, message) in refusals {
        let error = builder.build().expect_err(message);
        assert!(error.to_string().starts_with(message), "{error}");
    }
}

#[test]
fn a_rate_is_decimal() {
    // In binary fractions 0.1 × 30 is above 3.
    let breaker = CircuitBreaker::builder()
        .failure_rate(0.1)
        .window(Window::count(30))
        .min_calls(30)
        .clock(ManualClock::new())
        .build()
        .expect("valid");
    calls(&breaker, &"S".repeat(27));
    calls(&breaker, "FFF");
    assert_eq!(breaker.state(), State::Open);
}
