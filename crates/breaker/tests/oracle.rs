//! The breaker against one that keeps its window in a queue and its permits in a list, for every
//! kind of window.

#![allow(clippy::unchecked_time_subtraction, reason = "a test may panic")]

use std::collections::VecDeque;
use std::time::Duration;

use proptest::prelude::*;
use voussoir_breaker::{CircuitBreaker, Permit, State, Window};
use voussoir_core::{ManualClock, Nanos};

const OPEN_FOR: Duration = Duration::from_secs(10);
const HALF_OPEN_FOR: Duration = Duration::from_secs(3);
const SLOW_AFTER: Duration = Duration::from_secs(5);

#[derive(Clone, Debug)]
enum Op {
    Acquire,
    /// Ends one of the permits that are out.
    End {
        which: usize,
        outcome: Outcome,
    },
    Advance(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Success,
    Failure,
    Ignored,
}

/// A call in the window: when it ended, and how.
#[derive(Clone, Copy, Debug)]
struct Call {
    at: Duration,
    failed: bool,
    slow: bool,
}

/// What the window keeps.
#[derive(Clone, Copy, Debug)]
enum Keep {
    Calls(usize),
    /// Sixteen slots of this length.
    Slots(Duration),
}

struct Oracle {
    keep: Keep,
    min_calls: usize,
    percent: usize,
    slow_percent: Option<usize>,
    half_open_calls: usize,
    state: State,
    generation: u64,
    window: VecDeque<Call>,
    admitted: usize,
    probes: Vec<Call>,
    until: Duration,
}

impl Oracle {
    fn become_(&mut self, state: State, until: Duration) {
        self.state = state;
        self.generation += 1;
        self.window.clear();
        self.probes.clear();
        self.admitted = 0;
        self.until = until;
    }

    fn acquire(&mut self, now: Duration) -> Result<(u64, Duration), Duration> {
        let full = self.state == State::HalfOpen && self.admitted == self.half_open_calls;
        if self.state == State::Open || full {
            if now < self.until {
                return Err(self.until - now);
            }
            self.become_(State::HalfOpen, now + HALF_OPEN_FOR);
        }
        self.admitted += usize::from(self.state == State::HalfOpen);
        Ok((self.generation, now))
    }

    fn end(&mut self, (generation, start): (u64, Duration), outcome: Outcome, now: Duration) {
        if generation != self.generation {
            return;
        }
        if outcome == Outcome::Ignored {
            self.admitted -= usize::from(self.state == State::HalfOpen);
            return;
        }
        let slow = self.slow_percent.is_some() && now - start > SLOW_AFTER;
        let call = Call { at: now, failed: outcome == Outcome::Failure, slow };
        if self.state == State::HalfOpen {
            self.probes.push(call);
            let all = self.half_open_calls;
            let open = all - self.probes.len();
            let (failures, slow) = count(&self.probes);
            if self.too_many(failures, slow, all) {
                self.become_(State::Open, now + OPEN_FOR);
            } else if !self.too_many(failures + open, slow + open, all) {
                self.become_(State::Closed, Duration::ZERO);
            }
            return;
        }
        self.window.push_back(call);
        self.forget(now);
        let (failures, slow) = count(self.window.make_contiguous());
        let calls = self.window.len();
        if calls >= self.min_calls && self.too_many(failures, slow, calls) {
            self.become_(State::Open, now + OPEN_FOR);
        }
    }

    fn forget(&mut self, now: Duration) {
        match self.keep {
            Keep::Calls(size) => drop(self.window.drain(..self.window.len().saturating_sub(size))),
            Keep::Slots(slot) => {
                let number = |at: Duration| at.as_nanos() / slot.as_nanos();
                self.window.retain(|call| number(now) - number(call.at) < 16);
            }
        }
    }

    fn too_many(&self, failures: usize, slow: usize, calls: usize) -> bool {
        let too_slow = |percent| slow * 100 >= percent * calls;
        failures * 100 >= self.percent * calls || self.slow_percent.is_some_and(too_slow)
    }
}

fn count(calls: &[Call]) -> (usize, usize) {
    let failures = calls.iter().filter(|call| call.failed).count();
    (failures, calls.iter().filter(|call| call.slow).count())
}

fn op() -> impl Strategy<Value = Op> {
    let outcome = prop_oneof![
        6 => Just(Outcome::Success),
        5 => Just(Outcome::Failure),
        1 => Just(Outcome::Ignored),
    ];
    prop_oneof![
        6 => Just(Op::Acquire),
        6 => (any::<usize>(), outcome).prop_map(|(which, outcome)| Op::End { which, outcome }),
        1 => (0..9_000_u64).prop_map(|millis| Op::Advance(Duration::from_millis(millis))),
    ]
}

/// A window and what of it the oracle keeps.
fn window() -> impl Strategy<Value = (Window, Keep, usize)> {
    prop_oneof![
        (1..=63_usize).prop_map(|size| (Window::count(size as u32), Keep::Calls(size), size)),
        (64..=300_usize).prop_map(|size| (Window::count(size as u32), Keep::Calls(size), size)),
        // Slots of a power of two nanoseconds, whose reciprocal is exact.
        (28..36_u32).prop_map(|power| {
            let slot = Duration::from_nanos(1 << power);
            (Window::time(16 * slot), Keep::Slots(slot), 300)
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if std::env::var_os("VOUSSOIR_LONG").is_some() { 20_000 } else { 500 }))]

    #[test]
    fn does_as_the_oracle(
        (window, keep, most) in window(),
        min in 1..=300_usize,
        percent in 1..=100_usize,
        slow_percent in prop::option::of(1..=100_usize),
        half_open_calls in 1..8_usize,
        ops in prop::collection::vec(op(), 0..1_500),
    ) {
        let min_calls = 1 + min % most;
        let clock = ManualClock::new();
        let mut builder = CircuitBreaker::builder()
            .failure_rate(percent as f64 / 100.0)
            .window(window)
            .min_calls(min_calls as u32)
            .half_open_calls(half_open_calls as u32)
            .open_for(OPEN_FOR)
            .open_growth(1.0, OPEN_FOR)
            .half_open_for(HALF_OPEN_FOR);
        if let Some(percent) = slow_percent {
            builder = builder.slow_calls(percent as f64 / 100.0, SLOW_AFTER);
        }
        let breaker = builder.clock(clock.clone()).build().expect("valid");
        let mut oracle = Oracle {
            keep,
            min_calls,
            percent,
            slow_percent,
            half_open_calls,
            state: State::Closed,
            generation: 0,
            window: VecDeque::new(),
            admitted: 0,
            probes: Vec::new(),
            until: Duration::ZERO,
        };
        let mut now = Duration::ZERO;
        let mut out: Vec<(Permit<'_, ManualClock>, (u64, Duration))> = Vec::new();
        for op in ops {
            match op {
                Op::Acquire => match (breaker.try_acquire(), oracle.acquire(now)) {
                    (Ok(permit), Ok(ticket)) => out.push((permit, ticket)),
                    (Err(open), Err(wait)) => prop_assert_eq!(open.retry_after(), Some(wait)),
                    (ours, theirs) => prop_assert!(false, "{ours:?}, oracle {theirs:?}"),
                },
                Op::End { which, outcome } if !out.is_empty() => {
                    let (permit, ticket) = out.swap_remove(which % out.len());
                    match outcome {
                        Outcome::Success => permit.success(),
                        Outcome::Failure => permit.failure(),
                        Outcome::Ignored => permit.ignore(),
                    }
                    oracle.end(ticket, outcome, now);
                }
                Op::End { .. } => {}
                Op::Advance(by) => {
                    clock.advance(by);
                    now += by;
                }
            }
            let stats = breaker.stats();
            prop_assert_eq!(stats.state, oracle.state);
            prop_assert_eq!(u64::from(stats.generation), oracle.generation);
            oracle.forget(now);
            let seen = if stats.state == State::HalfOpen {
                &oracle.probes
            } else {
                &*oracle.window.make_contiguous()
            };
            let counted = (stats.failures as usize, stats.slow as usize);
            prop_assert_eq!((stats.calls as usize, counted), (seen.len(), count(seen)));
        }
        drop(out);
        prop_assert_eq!(clock_reading(&clock), now);
    }
}

fn clock_reading(clock: &ManualClock) -> Duration {
    use voussoir_core::Clock;
    clock.now().saturating_duration_since(Nanos::ZERO)
}
