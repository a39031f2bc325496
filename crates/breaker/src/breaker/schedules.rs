//! Half-open breakers under many random schedules: more threads and longer runs than loom can try all
//! orders of. A failure prints the schedule, which `shuttle::replay` repeats.

use core::time::Duration;
use std::sync::Mutex;
use std::vec::Vec;

use shuttle::sync::Arc;
use shuttle::thread;
use voussoir_core::Nanos;

use super::CircuitBreaker;
use crate::sync::{AtomicU32, Ordering};
use crate::{BreakerObserver, State, Transition, Window};

const SCHEDULES: usize = 3_000;
const OPEN_FOR: Duration = Duration::from_secs(1);
const REOPENED: Nanos = Nanos::from_secs(1);

/// Writes down each change.
#[derive(Default)]
struct Diary(Mutex<Vec<Transition>>);

impl BreakerObserver for Diary {
    fn changed(&self, transition: &Transition) {
        self.0.lock().unwrap().push(*transition);
    }
}

/// Open since time zero.
fn open(probes: u32) -> (Arc<CircuitBreaker>, alloc::sync::Arc<Diary>) {
    let diary = alloc::sync::Arc::new(Diary::default());
    let builder = CircuitBreaker::builder().window(Window::count(2)).half_open_calls(probes);
    let builder = builder.open_for(OPEN_FOR).open_growth(1.0, OPEN_FOR).seed(1);
    let breaker = builder.observer(diary.clone()).build().unwrap();
    breaker.trip_at(Nanos::ZERO);
    (Arc::new(breaker), diary)
}

/// Polly#216: at the reopening instant every caller became a probe.
#[test]
fn cancelled_probes_make_room_for_as_many_and_no_more() {
    shuttle::check_random(
        || {
            let (breaker, _) = open(2);
            let out = Arc::new(AtomicU32::new(0));
            let asks = |breaker: &CircuitBreaker, out: &AtomicU32| {
                for _ in 0..3 {
                    let Ok(permit) = breaker.try_acquire_at(REOPENED) else { continue };
                    assert!(out.fetch_add(1, Ordering::SeqCst) < 2);
                    out.fetch_sub(1, Ordering::SeqCst);
                    drop(permit);
                }
            };
            let threads = [(); 4].map(|()| {
                let (breaker, out) = (Arc::clone(&breaker), Arc::clone(&out));
                thread::spawn(move || asks(&breaker, &out))
            });
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert_eq!(breaker.state(), State::HalfOpen);
            let probes = [(); 2].map(|()| breaker.try_acquire_at(REOPENED).unwrap());
            assert!(breaker.try_acquire_at(REOPENED).is_err());
            drop(probes);
        },
        SCHEDULES,
    );
}

/// Whatever the threads do, and at different times: every change is told once, each begins where the
/// one before it ended, and what is late counts nowhere.
#[test]
fn the_changes_of_state_are_a_legal_path() {
    shuttle::check_random(
        || {
            let (breaker, diary) = open(2);
            let runs = |breaker: &CircuitBreaker, number: u64| {
                for step in 0..3 {
                    let now = Nanos::from_secs(1 + step * number);
                    let Ok(permit) = breaker.try_acquire_at(now) else { continue };
                    match (step + number) % 4 {
                        0 => permit.failure_at(now),
                        1 => core::mem::forget(permit),
                        2 => permit.ignore(),
                        _ => permit.success_at(now),
                    }
                }
            };
            let threads = [1, 2, 3, 4].map(|number| {
                let breaker = Arc::clone(&breaker);
                thread::spawn(move || runs(&breaker, number))
            });
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            let mut told = core::mem::take(&mut *diary.0.lock().unwrap());
            told.sort_by_key(|transition| transition.generation);
            let mut state = State::Closed;
            for (index, transition) in told.iter().enumerate() {
                assert_eq!(transition.from, state);
                // Where half-open follows half-open, nothing is told.
                assert!(transition.generation > index as u32);
                let legal = matches!(
                    (transition.from, transition.to),
                    (State::Closed, State::Open)
                        | (State::Open, State::HalfOpen)
                        | (State::HalfOpen, State::Closed | State::Open)
                );
                assert!(legal, "{transition:?}");
                state = transition.to;
            }
            assert_eq!(breaker.state(), state);
        },
        SCHEDULES,
    );
}
