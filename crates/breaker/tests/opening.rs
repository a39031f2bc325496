//! How long a breaker stays open, and how it closes again. Numbers in brackets are those of our
//! collection of cases.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use voussoir_breaker::{BreakerObserver, CircuitBreaker, CircuitBreakerBuilder, Open, State};
use voussoir_core::{ManualClock, Nanos};

type Breaker = CircuitBreaker<ManualClock>;

const SEC: Duration = Duration::from_secs(1);

fn build(builder: CircuitBreakerBuilder) -> (Breaker, ManualClock) {
    let clock = ManualClock::at(Nanos::from_secs(1_000));
    (builder.clock(clock.clone()).build().expect("valid"), clock)
}

/// Opens after three failures in a row, with one probe.
fn builder() -> CircuitBreakerBuilder {
    CircuitBreaker::builder().consecutive_failures(3).half_open_calls(1).open_for(5 * SEC)
}

fn calls(breaker: &Breaker, outcomes: &str) {
    for outcome in outcomes.chars() {
        let permit = breaker.try_acquire().expect("permitted");
        match outcome {
            'S' => permit.success(),
            'F' => permit.failure(),
            _ => permit.ignore(),
        }
    }
}

/// Counts refusals.
struct Refusals(Arc<AtomicU32>);

impl BreakerObserver for Refusals {
    fn refused(&self, _: &Open) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn open_for(breaker: &Breaker) -> Duration {
    breaker.try_acquire().expect_err("open").retry_after().expect("not isolated")
}

/// [5], [22]
#[test]
fn each_failed_probe_doubles_the_open_time_and_a_close_begins_anew() {
    let (breaker, clock) = build(builder().open_growth(2.0, Duration::from_mins(1)));
    calls(&breaker, "FFF");
    for seconds in [5, 10, 20, 40, 60, 60] {
        assert_eq!(open_for(&breaker), seconds * SEC);
        clock.advance(seconds * SEC);
        calls(&breaker, "F");
    }
    assert_eq!(breaker.stats().reopenings, 6);
    clock.advance(Duration::from_mins(1));
    calls(&breaker, "SFFF");
    assert_eq!((open_for(&breaker), breaker.stats().reopenings), (5 * SEC, 0));
}

/// [27]
#[test]
fn an_outage_from_its_begin_to_its_end() {
    let refusals = Arc::new(AtomicU32::new(0));
    let observer = Arc::new(Refusals(Arc::clone(&refusals)));
    let (breaker, clock) = build(builder().open_growth(2.0, 300 * SEC).observer(observer));
    calls(&breaker, "SSSSSSSSSSFF");
    assert_eq!(breaker.state(), State::Closed);
    calls(&breaker, "F");
    assert_eq!(breaker.state(), State::Open);
    assert!((0..10).all(|_| breaker.try_acquire().is_err()));
    assert_eq!(refusals.load(Ordering::Relaxed), 10);
    clock.advance(2 * SEC);
    assert!(breaker.try_acquire().is_err());
    clock.advance(4 * SEC);
    calls(&breaker, "F");
    clock.advance(5 * SEC);
    assert!(breaker.try_acquire().is_err());
    clock.advance(6 * SEC);
    calls(&breaker, "S");
    assert_eq!(breaker.state(), State::Closed);
    calls(&breaker, "FFF");
    assert_eq!(breaker.state(), State::Open);
    breaker.reset();
    assert_eq!(breaker.state(), State::Closed);
}

/// [16], [25]
#[test]
fn so_many_successes_close_and_what_makes_them_impossible_opens() {
    for (successes, of, outcomes, state) in [
        (3, 3, "SS", State::HalfOpen),
        (3, 3, "SSS", State::Closed),
        (3, 3, "SSF", State::Open),
        (3, 4, "SFS", State::HalfOpen),
        (3, 4, "SFSF", State::Open),
        (2, 4, "SFF", State::HalfOpen),
        (2, 4, "SFFF", State::Open),
        (2, 3, "FSF", State::Open),
        (2, 3, "FISIS", State::Closed),
    ] {
        let (breaker, clock) = build(builder().half_open_calls(of).half_open_successes(successes));
        calls(&breaker, "FFF");
        clock.advance(5 * SEC);
        calls(&breaker, outcomes);
        assert_eq!(breaker.state(), state, "{successes} of {of}: {outcomes}");
    }
}

/// [25] The first success of three leaves it half-open, and counts.
#[test]
fn verdicts_are_counted_when_half_open_and_forgotten_with_it() {
    let (breaker, clock) = build(builder().half_open_calls(3).half_open_successes(3));
    calls(&breaker, "FFF");
    clock.advance(5 * SEC);
    calls(&breaker, "S");
    let counted = |breaker: &Breaker| (breaker.state(), breaker.stats().calls);
    assert_eq!(counted(&breaker), (State::HalfOpen, 1));
    calls(&breaker, "F");
    assert_eq!(counted(&breaker), (State::Open, 0));
}

/// [18]
#[test]
fn probes_that_hang_leave_no_room_for_others() {
    let (breaker, clock) = build(builder().half_open_calls(3).half_open_successes(3));
    calls(&breaker, "FFF");
    clock.advance(5 * SEC);
    let hanging = [(); 3].map(|()| breaker.try_acquire().expect("a probe"));
    assert!((0..5).all(|_| breaker.try_acquire().is_err()));
    hanging.into_iter().for_each(voussoir_breaker::Permit::success);
    assert_eq!(breaker.state(), State::Closed);
}

/// [28] Polly#216, opossum#119
#[test]
fn of_nine_callers_at_the_reopening_instant_one_gets_through() {
    let (breaker, clock) = build(builder());
    calls(&breaker, "FFF");
    clock.advance(5 * SEC);
    let probes: Vec<_> = (0..9).map(|_| breaker.try_acquire()).collect();
    assert_eq!(probes.iter().filter(|probe| probe.is_ok()).count(), 1);
}

#[test]
fn jitter_spreads_a_fleet_evenly_around_the_open_time() {
    let mut times: Vec<Duration> = (0..1_000)
        .map(|seed| {
            let (breaker, _) = build(builder().open_jitter(0.2).seed(seed));
            calls(&breaker, "FFF");
            open_for(&breaker)
        })
        .collect();
    times.sort_unstable();
    assert!(times[0] >= 4 * SEC && times[999] <= 6 * SEC, "{:?} … {:?}", times[0], times[999]);
    // Even: each tenth of the range holds about 100 of 1000; five standard deviations are 47.
    for tenth in 0..10 {
        let from = 4 * SEC + SEC / 5 * tenth;
        let within = times.iter().filter(|time| (from..from + SEC / 5).contains(time)).count();
        assert!((53..=147).contains(&within), "{within} between {from:?} and a fifth more");
    }
}

#[test]
fn jitter_and_growth_saturate() {
    let most = Duration::MAX;
    let (breaker, clock) = build(
        builder().open_for(most).open_growth(1_000.0, most).open_jitter(1.0).half_open_for(SEC),
    );
    calls(&breaker, "FFF");
    assert!(open_for(&breaker) > Duration::from_hours(24 * 365 * 500));
    breaker.trip_for(Duration::ZERO);
    clock.advance(Duration::from_nanos(1));
    assert!(breaker.try_acquire().is_ok(), "no time at all is no time");
}

#[test]
fn a_ramp_lets_a_growing_share_through() {
    let (breaker, clock) = build(builder().ramp_up(100 * SEC).seed(1));
    calls(&breaker, "FFF");
    clock.advance(5 * SEC);
    calls(&breaker, "S");
    assert_eq!(breaker.state(), State::RampingUp);
    // A tenth at first, then as much as has passed of the ramp; of 10,000 calls five standard
    // deviations are 250 at most.
    for (seconds, share) in [(0, 0.1), (5, 0.1), (25, 0.25), (50, 0.5), (90, 0.9)] {
        clock.set(Nanos::from_secs(1_005 + seconds));
        let passed = (0..10_000).filter(|_| breaker.try_acquire().is_ok()).count();
        assert!(((passed as f64) - 10_000.0 * share).abs() < 250.0, "{passed} after {seconds} s");
    }
    clock.set(Nanos::from_secs(1_105));
    let generation = breaker.stats().generation;
    calls(&breaker, "S");
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.stats().generation, generation, "the window goes on");
}

#[test]
fn a_breaker_can_open_while_it_ramps_up() {
    let (breaker, clock) = build(builder().ramp_up(100 * SEC).seed(1));
    calls(&breaker, "FFF");
    clock.advance(5 * SEC);
    calls(&breaker, "S");
    let mut failed = 0;
    while breaker.state() == State::RampingUp {
        if let Ok(permit) = breaker.try_acquire() {
            permit.failure();
            failed += 1;
        }
    }
    assert_eq!((breaker.state(), failed), (State::Open, 3));
}
