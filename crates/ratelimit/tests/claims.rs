//! What holds for every algorithm, whatever its configuration: the claims of the crate's page.

use std::time::Duration;

use proptest::prelude::*;
use voussoir_core::Nanos;
use voussoir_ratelimit::{
    Algorithm, Decision, FixedWindow, LeakyBucket, Limit, SlidingWindowCounter, SlidingWindowLog,
    StrictWindowCounter, TokenBucket, WideWindowCounter,
};

const NANO: Duration = Duration::from_nanos(1);

/// Limits and periods as they are meant, and at the ends of their ranges.
fn rate() -> impl Strategy<Value = (u32, Duration)> {
    let limit = prop_oneof![1..20_u32, 1..2_000_u32, any::<u32>()];
    let period = prop_oneof![
        Just(1_000_000_000_u64),
        Just(60_000_000_000),
        1..1_000_u64,
        1..1_000_000_000_000_u64,
        Just(86_400_000_000_000 * 365),
    ];
    (limit, period.prop_map(Duration::from_nanos))
}

/// Steps of time as they come: mostly small against a period, some long, some back.
fn step(period: Duration) -> impl Strategy<Value = i64> {
    let period = i64::try_from(period.as_nanos()).expect("a year at most");
    prop_oneof![
        3 => Just(0),
        4 => 0..period / 8 + 2,
        4 => 0..period + 2,
        2 => 0..period.saturating_mul(4),
        1 => -period..0,
    ]
}

#[derive(Clone, Debug)]
enum Op {
    Check(u32),
    Refund(u32),
    Charge(u32),
    Reserve(u32),
}

/// A configuration and what happens to it.
#[derive(Clone, Debug)]
struct Story {
    limit: u32,
    period: Duration,
    start: u64,
    ops: Vec<(i64, Op)>,
}

fn story() -> impl Strategy<Value = Story> {
    rate().prop_flat_map(|(limit, period)| {
        let cost = prop_oneof![
            4 => Just(1),
            4 => 0..=limit.saturating_mul(2),
            2 => 0..=limit / 3 + 1,
            1 => any::<u32>(),
        ];
        let op = (0..8_u8, cost).prop_map(|(kind, n)| match kind {
            0 => Op::Refund(n),
            1 => Op::Charge(n),
            2 => Op::Reserve(n),
            _ => Op::Check(n),
        });
        let ops = prop::collection::vec((step(period), op), 1..60);
        let start = prop_oneof![6 => 0..1_u64 << 59, 1 => Just(0)];
        (ops, start).prop_map(move |(ops, start)| Story { limit, period, start, ops })
    })
}

/// Tells the story to `algorithm` and holds every answer against the claims.
fn claims_hold<A: Algorithm>(algorithm: A, story: &Story) -> Result<(), TestCaseError>
where
    A::State: PartialEq + std::fmt::Debug,
{
    if algorithm.validate().is_err() {
        return Ok(());
    }
    let mut state = A::State::default();
    let mut now = story.start;
    for (step, op) in &story.ops {
        now = now.saturating_add_signed(*step);
        let at = Nanos::from_nanos(now);
        match *op {
            Op::Refund(n) => algorithm.refund(&mut state, at, n),
            Op::Charge(n) => algorithm.charge(&mut state, at, n),
            Op::Reserve(n) => drop(algorithm.reserve(&mut state, at, n)),
            Op::Check(n) => check(&algorithm, &mut state, at, n)?,
        }
        let left = algorithm.peek(&state, at, 0);
        remaining_is_honest(&algorithm, &state, at, left)?;
        reset_is_honest(&algorithm, &state, at, left)?;
    }
    Ok(())
}

fn check<A: Algorithm>(
    algorithm: &A,
    state: &mut A::State,
    at: Nanos,
    n: u32,
) -> Result<(), TestCaseError>
where
    A::State: PartialEq + std::fmt::Debug,
{
    let before = state.clone();
    let had = algorithm.peek(state, at, 0).remaining();
    let foreseen = algorithm.peek(state, at, n);
    let decision = algorithm.check(state, at, n);
    prop_assert_eq!(foreseen.is_allowed(), decision.is_allowed());
    prop_assert_eq!(foreseen.remaining(), decision.remaining());
    prop_assert_eq!(decision.is_allowed(), n <= had);
    prop_assert_eq!(decision.exceeds_capacity(), n > decision.limit());
    prop_assert_eq!(decision.cost(), n);
    if decision.is_allowed() {
        prop_assert_eq!(decision.retry_after(), None);
        prop_assert_eq!(decision.remaining(), had - n);
        if n == 0 {
            prop_assert_eq!(&*state, &before, "a cost of 0 changes nothing");
        }
        let mut undone = state.clone();
        algorithm.refund(&mut undone, at, n);
        prop_assert_eq!(algorithm.peek(&undone, at, 0).remaining(), had, "a refund undoes it");
    } else {
        prop_assert_eq!(&*state, &before, "a refusal changes nothing");
        prop_assert_eq!(decision.retry_after().is_none(), decision.exceeds_capacity());
        if let Some(wait) = decision.retry_after() {
            prop_assert!(wait > Duration::ZERO);
            let then = at.saturating_add(wait);
            prop_assert!(!algorithm.peek(state, then.saturating_sub(NANO), n).is_allowed());
            prop_assert!(then == Nanos::MAX || algorithm.peek(state, then, n).is_allowed());
        }
    }
    Ok(())
}

fn remaining_is_honest<A: Algorithm>(
    algorithm: &A,
    state: &A::State,
    at: Nanos,
    left: Decision,
) -> Result<(), TestCaseError> {
    prop_assert!(algorithm.peek(state, at, left.remaining()).is_allowed());
    if let Some(more) = left.remaining().checked_add(1) {
        prop_assert!(!algorithm.peek(state, at, more).is_allowed());
    }
    Ok(())
}

fn reset_is_honest<A: Algorithm>(
    algorithm: &A,
    state: &A::State,
    at: Nanos,
    left: Decision,
) -> Result<(), TestCaseError> {
    let reset = at.saturating_add(left.reset_after());
    prop_assert!(reset == Nanos::MAX || algorithm.is_fresh(state, reset));
    if left.reset_after() > Duration::ZERO {
        prop_assert!(!algorithm.is_fresh(state, reset.saturating_sub(NANO)));
    }
    // What is fresh decides as a key never seen.
    if algorithm.is_fresh(state, at) {
        prop_assert_eq!(left.remaining(), left.limit());
    }
    Ok(())
}

/// Whatever the state and the time, figures are computed without overflow.
fn extremes_are_survived<A: Algorithm>(algorithm: A, limit: u32) {
    for start in [0, 1, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
        let mut state = A::State::default();
        for now in [start, u64::MAX, 0, start] {
            for n in [0, 1, limit, limit.saturating_add(1), u32::MAX] {
                let at = Nanos::from_nanos(now);
                let decision = algorithm.check(&mut state, at, n);
                let _ = (decision.remaining(), decision.retry_after(), decision.reset_after());
                let _ = decision.delay();
                let _ = algorithm.is_fresh(&state, at);
                algorithm.charge(&mut state, at, n);
                algorithm.refund(&mut state, at, n / 2);
                let mut mended = state.clone();
                algorithm.mend(&mut mended, at);
                // Mended or not, a clock that shows this time is no lock for longer than it takes
                // the whole limit to come back from the deepest debt.
                let wait = algorithm.peek(&mended, at, 1).retry_after().unwrap_or_default();
                let mut deepest = algorithm.used_up(at);
                algorithm.charge(&mut deepest, at, u32::MAX);
                let most = algorithm.peek(&deepest, at, 1).reset_after();
                assert!(wait <= most, "{wait:?} {most:?}");
            }
        }
    }
}

macro_rules! claims {
    ($($name:ident: $make:expr;)*) => {$(
        mod $name {
            use super::*;

            fn algorithm(limit: u32, period: Duration) -> impl Algorithm<State: PartialEq + std::fmt::Debug> {
                let make: fn(u32, Duration) -> _ = $make;
                make(limit, period)
            }

            proptest! {
                #![proptest_config(ProptestConfig::with_cases(super::cases()))]

                #[test]
                fn answers_are_honest(story in story()) {
                    claims_hold(algorithm(story.limit, story.period), &story)?;
                }

                #[test]
                fn nothing_overflows((limit, period) in rate()) {
                    // Also of configurations that `validate` refuses.
                    extremes_are_survived(algorithm(limit, period), limit);
                }
            }
        }
    )*};
}

fn cases() -> u32 {
    if std::env::var_os("VOUSSOIR_LONG").is_some() { 20_000 } else { 500 }
}

claims! {
    token_bucket: TokenBucket::new;
    token_bucket_with_burst: |limit, period| TokenBucket::new(7, period).burst(limit);
    leaky_meter: |limit, period| LeakyBucket::new(limit, period).burst(9);
    leaky_queue: |limit, period| LeakyBucket::new(limit, period).queue(4);
    fixed_window: FixedWindow::new;
    fixed_window_moved: |limit, period| FixedWindow::new(limit, period).starting_at(Nanos::from_nanos(12_345));
    fixed_window_anchored: |limit, period| FixedWindow::new(limit, period).anchored();
    fixed_window_spread: |limit, period| FixedWindow::new(limit, period).spread();
    fixed_window_with_burst: |limit: u32, period| FixedWindow::new(limit / 3 + 1, period).burst(limit);
    sliding_window_counter: SlidingWindowCounter::new;
    wide_window_counter: |limit, period| -> WideWindowCounter { SlidingWindowCounter::new(limit, period).wide() };
    strict_window_counter: |limit, period| -> StrictWindowCounter { SlidingWindowCounter::new(limit, period).strict(7) };
    sliding_window_log: SlidingWindowLog::new;
    limit_of_one_word: |limit, period| Limit::from(TokenBucket::new(limit, period).debt(3));
    limit_of_more: |limit, period| Limit::from(SlidingWindowLog::new(limit, period));
}
