//! Many threads at one breaker.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use voussoir_breaker::{CircuitBreaker, State, Window};
use voussoir_core::{ManualClock, Nanos};

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
        for _ in 0..20 {
            clock.advance(OPEN_FOR);
            let admitted = AtomicUsize::new(0);
            let together = Barrier::new(16);
            thread::scope(|scope| {
                for _ in 0..16 {
                    scope.spawn(|| {
                        together.wait();
                        for _ in 0..200 {
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
        let (breaker, clock) = breaker(5);
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
        // Three successes of five leave no doubt at 50 %.
        assert_eq!(breaker.state(), State::Closed);
        assert!(verdicts.into_inner() >= 3);
    }
}
