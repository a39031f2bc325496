//! Steering by hand, being watched, and going on after a restart. Numbers in brackets are those of our
//! collection of cases.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use voussoir_breaker::{
    BreakerObserver, CircuitBreaker, CircuitBreakerBuilder, Open, Outcome, State, Stats,
    Transition, Window,
};
use voussoir_core::{ManualClock, Nanos};

type Breaker = CircuitBreaker<ManualClock>;

const SEC: Duration = Duration::from_secs(1);
const OPEN_FOR: Duration = Duration::from_secs(5);

fn builder() -> CircuitBreakerBuilder {
    CircuitBreaker::builder().min_calls(5).half_open_calls(4).open_for(OPEN_FOR)
}

fn build(builder: CircuitBreakerBuilder) -> (Breaker, ManualClock) {
    let clock = ManualClock::at(Nanos::from_secs(1_000));
    (builder.clock(clock.clone()).build().expect("valid"), clock)
}

fn calls(breaker: &Breaker, outcomes: &str) {
    for outcome in outcomes.chars() {
        let permit = breaker.try_acquire().expect("permitted");
        if outcome == 'S' { permit.success() } else { permit.failure() }
    }
}

/// Writes down what it is told.
#[derive(Debug, Default)]
struct Diary(Mutex<Vec<String>>);

impl BreakerObserver for Diary {
    fn changed(&self, transition: &Transition) {
        let Transition { from, to, .. } = transition;
        self.0.lock().expect("whole").push(format!("{from} → {to}"));
    }

    fn refused(&self, open: &Open) {
        self.0.lock().expect("whole").push(open.to_string());
    }

    fn would_open(&self, stats: &Stats) {
        let (failures, calls) = (stats.failures, stats.calls);
        self.0.lock().expect("whole").push(format!("would open: {failures} of {calls}"));
    }
}

impl Diary {
    fn read(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("whole"))
    }
}

fn observed() -> (Breaker, ManualClock, Arc<Diary>) {
    let diary = Arc::new(Diary::default());
    let (breaker, clock) = build(builder().observer(diary.clone()));
    (breaker, clock, diary)
}

/// [4]
#[test]
fn an_open_time_can_be_dictated() {
    let (breaker, clock) = build(builder());
    breaker.trip_for(Duration::from_hours(1));
    clock.advance(Duration::from_mins(59));
    let open = breaker.try_acquire().expect_err("open");
    assert_eq!(open.retry_after(), Some(Duration::from_mins(1)));
    clock.advance(Duration::from_mins(1));
    assert!(breaker.try_acquire().is_ok());

    breaker.trip();
    assert_eq!(breaker.try_acquire().expect_err("open").retry_after(), Some(2 * OPEN_FOR));
}

/// [9] There is no way to make a breaker half-open by hand; to what it is already it can be made again,
/// which begins anew.
#[test]
fn a_breaker_can_be_made_what_it_is() {
    let (breaker, _, diary) = observed();
    calls(&breaker, "FF");
    breaker.reset();
    assert_eq!((breaker.state(), breaker.stats().calls), (State::Closed, 0));
    breaker.isolate();
    breaker.isolate();
    breaker.trip();
    breaker.trip();
    assert_eq!(breaker.state(), State::Open);
    breaker.disable();
    breaker.disable();
    let told = ["closed → isolated", "isolated → open", "open → disabled"];
    assert_eq!(diary.read(), told);
}

/// [10], [21] The time of an open breaker does not end an isolation (R4j#991).
#[test]
fn an_isolated_breaker_refuses_until_it_is_reset() {
    let (breaker, clock) = build(builder());
    calls(&breaker, "FFFFF");
    breaker.isolate();
    clock.advance(Duration::from_hours(24));
    let open = breaker.try_acquire().expect_err("isolated");
    assert_eq!(
        (open.retry_after(), open.to_string()),
        (None, "circuit breaker open: isolated".into())
    );
    assert_eq!(breaker.state(), State::Isolated);
    breaker.reset();
    assert!(breaker.try_acquire().is_ok());
}

/// [10]
#[test]
fn a_disabled_breaker_permits_and_counts_nothing() {
    let (breaker, _) = build(builder());
    breaker.disable();
    calls(&breaker, "FFFFFFFF");
    let stats = breaker.stats();
    assert_eq!((stats.state, stats.calls, stats.failures), (State::Disabled, 0, 0));
    breaker.reset();
    assert_eq!(breaker.stats().calls, 0);
}

/// [11]
#[test]
fn a_metrics_only_breaker_says_once_that_it_would_open() {
    let (breaker, _, diary) = observed();
    breaker.metrics_only();
    calls(&breaker, "FFFSSFFF");
    let stats = breaker.stats();
    assert_eq!((stats.state, stats.calls, stats.failures), (State::MetricsOnly, 8, 6));
    assert_eq!(diary.read(), ["closed → metrics-only", "would open: 3 of 5"]);
    breaker.metrics_only();
    calls(&breaker, "FFFFF");
    assert_eq!(diary.read(), ["would open: 5 of 5"], "anew after it was set again");
}

/// [12]
#[test]
fn a_reset_empties_the_window_and_closes() {
    for window in [Window::count(20), Window::count(100), Window::time(Duration::from_mins(1))] {
        let diary = Arc::new(Diary::default());
        let (breaker, _) = build(builder().window(window).observer(diary.clone()));
        calls(&breaker, "SS");
        breaker.reset();
        assert_eq!(breaker.stats().calls, 0);
        assert!(diary.read().is_empty(), "closed as before");
        calls(&breaker, "FFFFF");
        breaker.reset();
        assert_eq!((breaker.state(), breaker.stats().calls), (State::Closed, 0));
        assert_eq!(diary.read(), ["closed → open", "open → closed"]);
    }
}

/// [23], [28]
#[test]
fn each_change_and_each_refusal_is_told_once() {
    let (breaker, clock, diary) = observed();
    let late = breaker.try_acquire().expect("closed");
    calls(&breaker, "FFFFF");
    late.failure();
    assert!(breaker.try_acquire().is_err());
    clock.advance(OPEN_FOR);
    calls(&breaker, "SSS");
    let told = diary.read();
    let refusal = "circuit breaker open: retry after 5s";
    assert_eq!(
        told,
        ["closed → open", refusal, "open → half-open", "half-open → closed"],
        "a failure that comes late opens nothing again"
    );
}

#[test]
fn what_is_dropped_or_panics_counts_as_the_builder_says() {
    let opens = builder().count_cancelled_as(Outcome::Failure);
    let (breaker, _) = build(opens);
    (0..5).for_each(|_| drop(breaker.try_acquire()));
    assert_eq!(breaker.state(), State::Open);

    let (breaker, _) = build(builder().count_panicked_as(Outcome::Ignore));
    for _ in 0..10 {
        let call = || breaker.call(|| -> Result<(), ()> { panic!("inside") });
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).is_err());
    }
    assert_eq!((breaker.state(), breaker.stats().calls), (State::Closed, 0));
}

#[test]
fn an_owned_permit_counts_in_another_thread_and_once() {
    let clock = ManualClock::new();
    let breaker = Arc::new(builder().clock(clock).build().expect("valid"));
    let permit = |breaker: &Arc<Breaker>| breaker.try_acquire_owned().expect("closed");
    let (success, failure, dropped) = (permit(&breaker), permit(&breaker), permit(&breaker));
    std::thread::scope(|scope| {
        scope.spawn(|| success.success());
        scope.spawn(|| failure.failure());
        scope.spawn(|| drop(dropped));
    });
    assert_eq!((breaker.stats().calls, breaker.stats().failures), (2, 1));
    assert_eq!(Arc::strong_count(&breaker), 1);
}

#[test]
fn a_snapshot_restores_windows_and_what_remains_of_times() {
    for window in [Window::count(20), Window::count(100), Window::time(16 * SEC)] {
        let make = || build(builder().window(window).failure_rate(0.65));
        let (before, clock) = make();
        calls(&before, "SFSF");
        clock.advance(2 * SEC);
        let (after, other) = make();
        other.advance(Duration::from_hours(5));
        after.restore(&before.snapshot());
        let (stats, expected) = (after.stats(), before.stats());
        assert_eq!((stats.calls, stats.failures), (expected.calls, expected.failures));
        calls(&after, "FF");
        assert_eq!(after.state(), State::Open, "four of six, {window:?}");
    }
}

#[test]
fn a_snapshot_of_an_open_breaker_goes_on_where_it_was() {
    let (before, clock) = build(builder());
    calls(&before, "FFFFF");
    clock.advance(OPEN_FOR);
    calls(&before, "FF");
    clock.advance(3 * SEC);
    let (after, other) = build(builder());
    after.restore(&before.snapshot());
    assert_eq!(after.try_acquire().expect_err("open").retry_after(), Some(7 * SEC));
    other.advance(7 * SEC);
    calls(&after, "FF");
    let open = after.try_acquire().expect_err("open");
    assert_eq!(open.retry_after(), Some(4 * OPEN_FOR), "the third time in a row");
}

#[test]
fn a_half_open_breaker_is_restored_to_probe_anew() {
    let (before, clock) = build(builder());
    calls(&before, "FFFFF");
    clock.advance(OPEN_FOR);
    let _probes: Vec<_> = (0..4).map(|_| before.try_acquire().expect("a probe")).collect();
    let (after, _) = build(builder());
    after.restore(&before.snapshot());
    let probes: Vec<_> = std::iter::from_fn(|| after.try_acquire().ok()).collect();
    assert_eq!((after.state(), probes.len()), (State::HalfOpen, 4));
}

#[test]
fn a_snapshot_that_was_tampered_with_breaks_nothing() {
    let (before, _) = build(builder());
    calls(&before, "FFFFF");
    let mut snapshot = before.snapshot();
    snapshot.remaining = Duration::MAX;
    snapshot.reopenings = u32::MAX;
    let (after, clock) = build(builder());
    after.restore(&snapshot);
    clock.advance(OPEN_FOR);
    assert!(after.try_acquire().is_ok(), "no longer than the period says");
    snapshot.state = State::Closed;
    snapshot.window = vec![voussoir_breaker::Tally { calls: 0, failures: 9, slow: 9 }; 1_000];
    after.restore(&snapshot);
    assert_eq!(after.stats().calls, 60);

    let (after, _) = build(builder().window(Window::time(16 * SEC)));
    snapshot.window = vec![voussoir_breaker::Tally { calls: 2, failures: 4, slow: u32::MAX }; 9];
    after.restore(&snapshot);
    let stats = after.stats();
    assert_eq!((stats.calls, stats.failures, stats.slow), (18, 18, 18));
}

#[cfg(feature = "serde")]
#[test]
fn a_snapshot_passes_through_json() {
    let (breaker, _) = build(builder());
    calls(&breaker, "SFFFF");
    let snapshot = breaker.snapshot();
    let text = serde_json::to_string(&snapshot).expect("writes");
    assert!(text.contains(r#""state":"open""#), "{text}");
    let read: voussoir_breaker::BreakerSnapshot = serde_json::from_str(&text).expect("reads");
    assert_eq!(read, snapshot);
}
