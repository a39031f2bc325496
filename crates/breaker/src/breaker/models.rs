use core::time::Duration;

use loom::sync::Arc;
use loom::thread;
use voussoir_core::{ManualClock, Nanos};

use super::CircuitBreaker;
use crate::{State, Window};

fn breaker() -> Arc<CircuitBreaker> {
    let builder = CircuitBreaker::builder().window(Window::count(2)).half_open_calls(1);
    Arc::new(builder.open_for(Duration::from_secs(1)).build().unwrap())
}

fn fail(breaker: &CircuitBreaker, now: Nanos) {
    breaker.try_acquire_at(now).unwrap().failure_at(now);
}

#[test]
fn one_of_two_callers_becomes_the_probe() {
    loom::model(|| {
        let breaker = breaker();
        (0..2).for_each(|_| fail(&breaker, Nanos::ZERO));
        let asks = |breaker: &CircuitBreaker| {
            let permit = breaker.try_acquire_at(Nanos::from_millis(1_500));
            permit.map(core::mem::forget).is_ok()
        };
        let other = {
            let breaker = Arc::clone(&breaker);
            thread::spawn(move || asks(&breaker))
        };
        assert!(asks(&breaker) ^ other.join().unwrap());
    });
}

#[test]
fn a_late_failure_cannot_reopen_what_a_probe_closed() {
    loom::model(|| {
        let breaker = breaker();
        fail(&breaker, Nanos::ZERO);
        let late = breaker.try_acquire_at(Nanos::ZERO).unwrap();
        fail(&breaker, Nanos::ZERO);
        let other = {
            let breaker = Arc::clone(&breaker);
            thread::spawn(move || {
                let now = Nanos::from_secs(1);
                breaker.try_acquire_at(now).unwrap().success_at(now);
            })
        };
        late.failure_at(Nanos::from_secs(1));
        other.join().unwrap();
        assert_eq!(breaker.state(), State::Closed);
        assert_eq!(breaker.stats().failures, 0);
    });
}

#[test]
fn two_failures_at_once_trip_once() {
    loom::model(|| {
        let breaker = breaker();
        let permits = [(); 2].map(|()| breaker.try_acquire_at(Nanos::ZERO).unwrap());
        let [ours, theirs] = permits.map(|permit| {
            let ticket = permit.ticket();
            core::mem::forget(permit);
            ticket
        });
        let other = {
            let breaker = Arc::clone(&breaker);
            thread::spawn(move || breaker.record(theirs, true, || Nanos::ZERO))
        };
        breaker.record(ours, true, || Nanos::ZERO);
        other.join().unwrap();
        assert_eq!((breaker.state(), breaker.stats().generation), (State::Open, 1));
    });
}

/// The second failure of two changes nothing in a window that is full of failures.
#[test]
fn whoever_fails_in_a_window_of_failures_leaves_the_breaker_open() {
    loom::model(|| {
        let builder = CircuitBreaker::builder().window(Window::count(1)).half_open_calls(1);
        let breaker = Arc::new(builder.clock(ManualClock::new()).build().unwrap());
        let permits = [(); 2].map(|()| {
            let permit = breaker.try_acquire_at(Nanos::ZERO).unwrap();
            let ticket = permit.ticket();
            core::mem::forget(permit);
            ticket
        });
        let fails = |breaker: &CircuitBreaker<ManualClock>, ticket| {
            breaker.record(ticket, true, || Nanos::ZERO);
            assert_eq!(breaker.state(), State::Open);
        };
        let other = {
            let breaker = Arc::clone(&breaker);
            thread::spawn(move || fails(&breaker, permits[1]))
        };
        fails(&breaker, permits[0]);
        other.join().unwrap();
    });
}
