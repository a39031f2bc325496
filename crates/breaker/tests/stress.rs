//! Many threads at one breaker.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use voussoir_breaker::{BreakerObserver, CircuitBreaker, State, Transition, Window};
use voussoir_core::{ManualClock, Nanos, Random};

const OPEN_FOR: Duration = Duration::from_secs(1);

fn breaker(half_open_calls: u32) -> (CircuitBreaker<ManualClock>, ManualClock) {
    let clock = ManualClock::at(Nanos::from_secs(1));
    let builder = CircuitBreaker::builder().window(Window::count(10)).min_calls(10);
    let builder =
        builder.half_open_calls(half_open_calls).open_for(OPEN_FOR).open_growth(1.0, OPEN_FOR);
    (builder.clock(clock.clone()).build().expect("valid"), clock)
}

fn trip(breaker: &CircuitBreaker<ManualClock>) {
    while let Ok(permit) = breaker.try_acquire() {
        permit.failure();
    }
    assert_eq!(breaker.state(), State::Open);
}

/// Polly#216, opossum#119: at the reopening instant every caller became a probe.
#[test]
fn half_open_admits_exactly_so_many_of_many_threads() {
    for half_open_calls in [1, 3, 10] {
        let (breaker, clock) = breaker(half_open_calls);
        trip(&breaker);
        for _ in 0..common::sized(3, 30) {
            clock.advance(OPEN_FOR);
            let admitted = AtomicUsize::new(0);
            let together = Barrier::new(64);
            thread::scope(|scope| {
                for _ in 0..64 {
                    scope.spawn(|| {
                        together.wait();
                        for _ in 0..1_000 {
                            if let Ok(permit) = breaker.try_acquire() {
                                // Their outcomes never come.
                                std::mem::forget(permit);
                                admitted.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                    });
                }
            });
            assert_eq!(admitted.into_inner(), half_open_calls as usize);
        }
    }
}

#[test]
fn with_all_calls_failing_few_more_than_the_minimum_reach_the_callee() {
    for _ in 0..200 {
        let (breaker, _) = breaker(1);
        let made = AtomicUsize::new(0);
        let threads = 4;
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Ok(permit) = breaker.try_acquire() {
                        made.fetch_add(1, Ordering::Relaxed);
                        permit.failure();
                    }
                });
            }
        });
        let made = made.into_inner();
        assert!((10..10 + threads).contains(&made), "{made} calls made");
        assert_eq!(breaker.stats().generation, 1, "tripped once");
    }
}

#[test]
fn however_probes_end_as_many_verdicts_as_permits_decide() {
    for round in 0..100 {
        let clock = ManualClock::at(Nanos::from_secs(1));
        let builder = CircuitBreaker::builder().window(Window::count(10)).open_for(OPEN_FOR);
        let builder = builder.half_open_calls(5).half_open_successes(5);
        let breaker = builder.clock(clock.clone()).build().expect("valid");
        trip(&breaker);
        clock.advance(OPEN_FOR);
        let verdicts = AtomicUsize::new(0);
        thread::scope(|scope| {
            for thread in 0..4 {
                let (breaker, verdicts) = (&breaker, &verdicts);
                scope.spawn(move || {
                    for step in 0.. {
                        let Ok(permit) = breaker.try_acquire() else {
                            thread::yield_now();
                            continue;
                        };
                        if breaker.state() != State::HalfOpen {
                            break;
                        }
                        if (thread + step + round) % 3 == 0 {
                            verdicts.fetch_add(1, Ordering::Relaxed);
                            permit.success();
                        } else {
                            drop(permit);
                        }
                    }
                });
            }
        });
        assert_eq!(breaker.state(), State::Closed);
        assert_eq!(verdicts.into_inner(), 5, "whatever was cancelled");
    }
}

/// Writes down each change.
#[derive(Default)]
struct Diary(Mutex<Vec<Transition>>);

impl BreakerObserver for Diary {
    fn changed(&self, transition: &Transition) {
        self.0.lock().expect("whole").push(*transition);
    }
}

/// R4j#562, #674, Polly#223: transitions that were made twice, or from a state that had passed.
#[test]
fn every_change_is_told_once_and_the_changes_are_a_legal_path() {
    for window in [Window::count(10), Window::count(100), Window::time(Duration::from_mins(1))] {
        let diary = Arc::new(Diary::default());
        let clock = ManualClock::at(Nanos::from_secs(1));
        let builder = CircuitBreaker::builder().window(window).min_calls(5).half_open_calls(3);
        let builder = builder.open_for(Duration::from_millis(1)).ramp_up(Duration::from_millis(1));
        let builder = builder.open_growth(1.0, OPEN_FOR).observer(diary.clone()).seed(1);
        let breaker = builder.clock(clock.clone()).build().expect("valid");
        let calls = common::sized(2_000, 100_000);
        thread::scope(|scope| {
            for seed in 0..16 {
                let (breaker, clock) = (&breaker, &clock);
                scope.spawn(move || {
                    let mut random = Random::seeded(seed);
                    for _ in 0..calls {
                        clock.advance(Duration::from_micros(u64::from(random.below(100))));
                        let Ok(permit) = breaker.try_acquire() else { continue };
                        match random.below(8) {
                            0..4 => permit.failure(),
                            4..7 => permit.success(),
                            _ => drop(permit),
                        }
                    }
                });
            }
        });
        let mut told = std::mem::take(&mut *diary.0.lock().expect("whole"));
        assert!(told.len() > 20, "{} changes in {window:?}", told.len());
        // From ramping up to closed the generation stays.
        told.sort_by_key(|told| (told.generation, told.to == State::Closed));
        let mut state = State::Closed;
        for (index, Transition { from, to, .. }) in told.into_iter().enumerate() {
            let legal = matches!(
                (from, to),
                (State::Closed | State::RampingUp | State::HalfOpen, State::Open)
                    | (State::Open, State::HalfOpen)
                    | (State::HalfOpen, State::RampingUp)
                    | (State::RampingUp, State::Closed)
            );
            assert!(legal && from == state, "{index}: {from} → {to}, but was {state}");
            state = to;
        }
        assert_eq!(breaker.state(), state);
    }
}
