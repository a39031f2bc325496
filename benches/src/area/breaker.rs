//! Circuit breakers against `recloser`, `failsafe`, `circuitbreaker-rs` and `tower-resilience`;
//! bulkheads against the semaphore of `tokio`.
//!
//! Each breaker protects the same function, which does nothing. Windows count 60 calls and half of them
//! would have to fail; an open breaker stays open for an hour.

use core::fmt;
use core::future::{Future, Ready, ready};
use core::hint::{black_box, spin_loop};
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use failsafe::failure_policy::{consecutive_failures, success_rate_over_time_window};
use failsafe::{CircuitBreaker as _, FailurePolicy as _, backoff};
use tokio::sync::Semaphore;
use tower_resilience_circuitbreaker::{CircuitBreakerError, CircuitBreakerLayer};
use tower_service::Service;
use voussoir::breaker::{BreakerError, Bulkhead, CircuitBreaker, CircuitBreakerBuilder, Window};
use voussoir::time::{Clock, QuantaClock, SystemClock};

use super::Area;
use crate::harness::case::{Case, Contestant, Timed};
use crate::harness::floor::Floor;
use crate::inputs::Inputs;

/// The area.
pub const AREA: Area =
    Area { name: "breaker", about: "a call through a circuit breaker or a bulkhead", cases };

fn cases(_: &Inputs) -> Vec<Case> {
    let closed = |name, work: Work| {
        Timed::new(
            name,
            ours(work, SystemClock),
            vec![
                recloser(work),
                failsafe_consecutive(work),
                failsafe_default(work),
                circuitbreaker_rs(work),
                tower_resilience(work),
            ],
        )
    };
    let open = |name| closed(name, Work::Rejected).denied().alone();
    let counter =
        Timed { ours: ours(Work::Rejected, QuantaClock::new()), ..open("open, quanta clock") };
    vec![
        closed("closed, success", Work::Succeeds).floor(Floor::Load).allocations().into(),
        closed("closed, 1 % failures", Work::FailsOnce).floor(Floor::Load).into(),
        wide().into(),
        with_clock("closed, time window, std clock", |builder| {
            builder.window(Window::time(Duration::from_secs(10)))
        })
        .into(),
        // Two readings a call: no peer of recloser's and failsafe's kind times calls.
        with_clock("closed, slow calls, std clock", |builder| {
            builder.slow_calls(0.5, HOUR).window(Window::count(31))
        })
        .into(),
        open("open, std clock").floor(Floor::Instant).into(),
        // No peer can be given another clock than the system's.
        counter.floor(Floor::Quanta).into(),
        bulkhead().into(),
        full().into(),
    ]
}

/// A window of 1000 calls, beyond what one word holds.
fn wide() -> Timed {
    let build = || ours_with(Work::FailsOnce, |builder| builder.window(Window::count(1_000)));
    let peer =
        recloser::Recloser::custom().error_rate(0.5).closed_len(1_000).open_wait(HOUR).build();
    let peer = calling("recloser", Work::FailsOnce, move |index, fails| {
        !matches!(peer.call(|| work(index, fails)), Err(recloser::Error::Rejected))
    });
    Timed::new("closed, 1 % failures, window of 1000", build(), vec![peer]).floor(Floor::Lock)
}

/// What needs a clock, all calls succeeding.
fn with_clock(
    name: &'static str,
    set: impl FnOnce(CircuitBreakerBuilder) -> CircuitBreakerBuilder,
) -> Timed {
    let work = Work::Succeeds;
    let peers = vec![failsafe_default(work), circuitbreaker_rs(work), tower_resilience(work)];
    Timed::new(name, ours_with(work, set), peers).floor(Floor::Instant)
}

/// A permit of sixteen, taken and given back.
fn bulkhead() -> Timed {
    let ours = Bulkhead::builder(16).build().expect("the configuration is legal");
    let tokio = Semaphore::new(16);
    Timed::new(
        "bulkhead, acquire and release",
        Contestant::each("ours", move |_| ours.try_acquire().is_ok()),
        vec![Contestant::each("tokio try_acquire", move |_| tokio.try_acquire().is_ok())],
    )
    .floor(Floor::Cas)
    .allocations()
}

/// No permit is free.
fn full() -> Timed {
    let ours = Bulkhead::builder(0).build().expect("the configuration is legal");
    let tokio = Semaphore::new(0);
    Timed::new(
        "bulkhead, full",
        Contestant::each("ours", move |_| ours.try_acquire().is_ok()),
        vec![Contestant::each("tokio try_acquire", move |_| tokio.try_acquire().is_ok())],
    )
    .denied()
    .floor(Floor::Load)
}

/// What is called.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    /// It always succeeds.
    Succeeds,
    /// It fails once in a hundred times, far below what opens a breaker.
    FailsOnce,
    /// It is not called: the breaker is open.
    Rejected,
}

const HOUR: Duration = Duration::from_hours(1);

/// The protected function. Its error is the smallest of the standard library.
#[inline]
fn work(index: usize, fails: bool) -> Result<usize, fmt::Error> {
    if fails && index % 100 == 99 { Err(fmt::Error) } else { Ok(black_box(index)) }
}

/// Makes a contestant of `call`, which is told the index and whether some calls fail, and says
/// whether the function was called.
fn calling(
    name: &str,
    kind: Work,
    call: impl Fn(usize, bool) -> bool + Send + Sync + 'static,
) -> Contestant {
    if kind == Work::Rejected {
        // Index 99 fails; 200 failures fill every window.
        for _ in 0..200 {
            call(99, true);
        }
    }
    // The branch is taken here, once, and not in the timed loop.
    if kind == Work::FailsOnce {
        Contestant::each(name, move |index| call(index, true))
    } else {
        Contestant::each(name, move |index| call(index, false))
    }
}

fn ours<C: Clock + Send + Sync + 'static>(kind: Work, clock: C) -> Contestant {
    ours_of(kind, base().clock(clock))
}

fn ours_with(
    kind: Work,
    set: impl FnOnce(CircuitBreakerBuilder) -> CircuitBreakerBuilder,
) -> Contestant {
    ours_of(kind, set(base()))
}

fn base() -> CircuitBreakerBuilder {
    CircuitBreaker::builder().failure_rate(0.5).window(Window::count(60)).open_for(HOUR)
}

fn ours_of<C: Clock + Send + Sync + 'static>(
    kind: Work,
    builder: CircuitBreakerBuilder<C>,
) -> Contestant {
    let breaker = builder.build().expect("the configuration is legal");
    calling("ours", kind, move |index, fails| {
        !matches!(breaker.call(|| work(index, fails)), Err(BreakerError::Open(_)))
    })
}

fn recloser(kind: Work) -> Contestant {
    let breaker =
        recloser::Recloser::custom().error_rate(0.5).closed_len(60).open_wait(HOUR).build();
    calling("recloser", kind, move |index, fails| {
        !matches!(breaker.call(|| work(index, fails)), Err(recloser::Error::Rejected))
    })
}

/// Its cheapest policy: a counter under a lock.
fn failsafe_consecutive(kind: Work) -> Contestant {
    let policy = consecutive_failures(5, backoff::constant(HOUR));
    let breaker = failsafe::Config::new().failure_policy(policy).build();
    calling("failsafe consecutive", kind, move |index, fails| {
        !matches!(breaker.call(|| work(index, fails)), Err(failsafe::Error::Rejected))
    })
}

/// Its default policy, a success rate over a time window or five failures in a row, but for the
/// time that it stays open.
fn failsafe_default(kind: Work) -> Contestant {
    let hour = || backoff::constant(HOUR);
    let rate = success_rate_over_time_window(0.8, 5, Duration::from_secs(30), hour());
    let policy = rate.or_else(consecutive_failures(5, hour()));
    let breaker = failsafe::Config::new().failure_policy(policy).build();
    calling("failsafe default", kind, move |index, fails| {
        !matches!(breaker.call(|| work(index, fails)), Err(failsafe::Error::Rejected))
    })
}

fn circuitbreaker_rs(kind: Work) -> Contestant {
    use circuitbreaker_rs::{BreakerError, CircuitBreaker, DefaultPolicy};
    let breaker = CircuitBreaker::<DefaultPolicy, fmt::Error>::builder()
        .failure_threshold(0.5)
        .cooldown(HOUR)
        .build();
    calling("circuitbreaker-rs", kind, move |index, fails| {
        !matches!(breaker.call(|| work(index, fails)), Err(BreakerError::Open))
    })
}

/// A service, polled until it is ready as an executor would, without one.
fn tower_resilience(kind: Work) -> Contestant {
    let layer = CircuitBreakerLayer::builder()
        .failure_rate_threshold(0.5)
        .sliding_window_size(60)
        .wait_duration_in_open(HOUR)
        .build()
        .expect("the configuration is legal");
    let breaker = layer.layer_fn(Protected { fails: kind != Work::Succeeds });
    let called = |answer: Result<usize, CircuitBreakerError<fmt::Error>>| {
        !matches!(answer, Err(CircuitBreakerError::OpenCircuit))
    };
    let mut first = breaker.clone();
    if kind == Work::Rejected {
        for _ in 0..200 {
            let _ = poll_ready(&mut first);
            let _ = finish(first.call(99));
        }
    }
    Contestant::looping("tower-resilience", move |span| {
        // Its methods take `&mut self`; a service is cloned for each task.
        let mut breaker = breaker.clone();
        let mut yes = 0;
        for index in span.indices() {
            let _ = poll_ready(&mut breaker);
            yes += u64::from(black_box(called(finish(breaker.call(index)))));
        }
        yes
    })
}

/// The protected function as a service.
#[derive(Clone)]
struct Protected {
    fails: bool,
}

impl Service<usize> for Protected {
    type Response = usize;
    type Error = fmt::Error;
    type Future = Ready<Result<usize, fmt::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), fmt::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, index: usize) -> Self::Future {
        ready(work(index, self.fails))
    }
}

fn poll_ready<S: Service<usize>>(service: &mut S) -> Result<(), S::Error> {
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(answer) = service.poll_ready(&mut context) {
            return answer;
        }
        spin_loop();
    }
}

fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        spin_loop();
    }
}
