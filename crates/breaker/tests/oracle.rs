//! The breaker against one that keeps its window in a queue and its permits in a list.

#![allow(clippy::unchecked_time_subtraction, reason = "a test may panic")]

use std::collections::VecDeque;
use std::time::Duration;

use proptest::prelude::*;
use voussoir_breaker::{CircuitBreaker, Permit, State, Window};
use voussoir_core::{ManualClock, Nanos};

const OPEN_FOR: Duration = Duration::from_secs(10);
const HALF_OPEN_FOR: Duration = Duration::from_secs(3);

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

struct Oracle {
    size: usize,
    min_calls: usize,
    percent: usize,
    half_open_calls: usize,
    state: State,
    generation: u64,
    window: VecDeque<bool>,
    admitted: usize,
    probes: Vec<bool>,
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

    fn acquire(&mut self, now: Duration) -> Result<u64, Duration> {
        let full = self.state == State::HalfOpen && self.admitted == self.half_open_calls;
        if self.state == State::Open || full {
            if now < self.until {
                return Err(self.until - now);
            }
            self.become_(State::HalfOpen, now + HALF_OPEN_FOR);
        }
        self.admitted += usize::from(self.state == State::HalfOpen);
        Ok(self.generation)
    }

    fn end(&mut self, generation: u64, outcome: Outcome, now: Duration) {
        if generation != self.generation {
            return;
        }
        if outcome == Outcome::Ignored {
            self.admitted -= usize::from(self.state == State::HalfOpen);
            return;
        }
        let failed = outcome == Outcome::Failure;
        if self.state == State::HalfOpen {
            self.probes.push(failed);
            let failures = self.probes.iter().filter(|failed| **failed).count();
            let at_most = failures + self.half_open_calls - self.probes.len();
            if failures * 100 >= self.percent * self.half_open_calls {
                self.become_(State::Open, now + OPEN_FOR);
            } else if at_most * 100 < self.percent * self.half_open_calls {
                self.become_(State::Closed, Duration::ZERO);
            }
            return;
        }
        self.window.push_back(failed);
        if self.window.len() > self.size {
            self.window.pop_front();
        }
        let failures = self.window.iter().filter(|failed| **failed).count();
        let calls = self.window.len();
        if calls >= self.min_calls && failures * 100 >= self.percent * calls {
            self.become_(State::Open, now + OPEN_FOR);
        }
    }
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
        1 => (0..12_000_u64).prop_map(|millis| Op::Advance(Duration::from_millis(millis))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn does_as_the_oracle(
        size in 1..=63_usize,
        min in 1..=63_usize,
        percent in 1..=100_usize,
        half_open_calls in 1..8_usize,
        ops in prop::collection::vec(op(), 0..800),
    ) {
        let min_calls = min.min(size);
        let clock = ManualClock::new();
        let breaker = CircuitBreaker::builder()
            .failure_rate(percent as f64 / 100.0)
            .window(Window::count(size as u32))
            .min_calls(min_calls as u32)
            .half_open_calls(half_open_calls as u32)
            .open_for(OPEN_FOR)
            .open_growth(1.0, OPEN_FOR)
            .half_open_for(HALF_OPEN_FOR)
            .clock(clock.clone())
            .build()
            .expect("valid");
        let mut oracle = Oracle {
            size,
            min_calls,
            percent,
            half_open_calls,
            state: State::Closed,
            generation: 0,
            window: VecDeque::new(),
            admitted: 0,
            probes: Vec::new(),
            until: Duration::ZERO,
        };
        let mut now = Duration::ZERO;
        let mut out: Vec<(Permit<'_, ManualClock>, u64)> = Vec::new();
        for op in ops {
            match op {
                Op::Acquire => match (breaker.try_acquire(), oracle.acquire(now)) {
                    (Ok(permit), Ok(generation)) => out.push((permit, generation)),
                    (Err(open), Err(wait)) => prop_assert_eq!(open.retry_after(), Some(wait)),
                    (ours, theirs) => prop_assert!(false, "{ours:?}, oracle {theirs:?}"),
                },
                Op::End { which, outcome } if !out.is_empty() => {
                    let (permit, generation) = out.swap_remove(which % out.len());
                    match outcome {
                        Outcome::Success => permit.success(),
                        Outcome::Failure => permit.failure(),
                        Outcome::Ignored => permit.ignore(),
                    }
                    oracle.end(generation, outcome, now);
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
            let seen = if stats.state == State::HalfOpen {
                oracle.probes.len()
            } else {
                oracle.window.len()
            };
            prop_assert_eq!(stats.calls as usize, seen);
        }
        drop(out);
        prop_assert_eq!(clock_reading(&clock), now);
    }
}

fn clock_reading(clock: &ManualClock) -> Duration {
    use voussoir_core::Clock;
    clock.now().saturating_duration_since(Nanos::ZERO)
}
