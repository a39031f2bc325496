//! Budgets against a naive model, the bounds of an outage, and threads that ask at once. Numbers in
//! brackets are those of our collection of cases.

#![allow(clippy::float_cmp, reason = "tokens are exact to the thousandth")]

mod common;

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use voussoir_breaker::{RetryBudget, Verdict};
use voussoir_core::Nanos;

const T0: Nanos = Nanos::from_secs(1_000);

fn millis(millis: u64) -> Nanos {
    T0.saturating_add(Duration::from_millis(millis))
}

fn withdraw(budget: &RetryBudget, now: Nanos) -> bool {
    budget.try_withdraw_at(now, Verdict::Transient).is_some()
}

fn ratio(ratio: f64, per_second: u32, ttl: u64) -> RetryBudget {
    let ttl = Duration::from_secs(ttl);
    RetryBudget::ratio(ratio).per_second(per_second).ttl(ttl).build().expect("valid")
}

/// [40] The suite of tower's budget.
#[test]
fn a_ratio_gives_what_towers_suite_expects() {
    let budget = ratio(1.0, 0, 1);
    assert!(!withdraw(&budget, T0), "nothing came in");
    budget.call_at(T0);
    assert!(!withdraw(&budget, millis(3_000)), "it has expired");

    let budget = ratio(0.5, 0, 1);
    budget.call_at(T0);
    budget.call_at(T0);
    assert!(withdraw(&budget, millis(901)));
    assert!(!withdraw(&budget, millis(901)));

    let budget = ratio(1.0, 5, 1);
    assert!((0..5).all(|_| withdraw(&budget, T0)));
    assert!(!withdraw(&budget, T0));

    let budget = ratio(0.6, 0, 1);
    (0..10).for_each(|_| budget.call_at(T0));
    assert_eq!((0..10).filter(|_| withdraw(&budget, T0)).count(), 6);
}

/// tower #857 rounds 0.6 to one retry a call, and 0.3 to one in three.
#[test]
fn no_ratio_is_rounded() {
    for share in [0.3, 0.6, 0.7, 0.9, 0.001, 1.5] {
        let budget = ratio(share, 0, 10);
        let mut retries = 0;
        for call in 1..=10_000_u32 {
            budget.call_at(T0);
            while withdraw(&budget, T0) {
                retries += 1;
            }
            let allowed = (f64::from(call) * share + 1e-6).floor();
            assert_eq!(f64::from(retries), allowed, "{share} after {call} calls");
        }
    }
}

/// All calls fail; each is tried four times if the budget lets it. Attempts, of `calls` at 1000/s.
fn outage(budget: Option<&RetryBudget>, calls: u64) -> u64 {
    let mut attempts = 0;
    for call in 0..calls {
        let now = millis(call);
        attempts += 1;
        if let Some(budget) = budget {
            budget.call_at(now);
        }
        for _ in 1..4 {
            if budget.is_some_and(|budget| !withdraw(budget, now)) {
                break;
            }
            attempts += 1;
        }
    }
    attempts
}

#[test]
fn an_outage_is_amplified_by_the_ratio_and_no_more() {
    assert_eq!(outage(None, 10_000), 40_000);
    assert!(outage(Some(&ratio(0.2, 0, 10)), 10_000) <= 12_000);
    assert!(outage(Some(&ratio(0.2, 10, 10)), 10_000) <= 12_200);
    assert!(outage(Some(&ratio(0.1, 0, 10)), 10_000) <= 11_000);
    let retries = outage(Some(&ratio(0.2, 0, 10)), 10_000) - 10_000;
    assert!(retries >= 1_990, "and it is used: {retries}");
}

/// One call through layers that each try four times. Attempts that reach the last.
fn layered(layers: &[RetryBudget], now: Nanos) -> u64 {
    let Some((budget, below)) = layers.split_first() else { return 1 };
    budget.call_at(now);
    let mut attempts = layered(below, now);
    for _ in 1..4 {
        if !withdraw(budget, now) {
            break;
        }
        attempts += layered(below, now);
    }
    attempts
}

#[test]
fn three_layers_amplify_by_the_third_power_of_one_plus_the_ratio() {
    let budgets = [ratio(0.1, 0, 10), ratio(0.1, 0, 10), ratio(0.1, 0, 10)];
    let attempts: u64 = (0..10_000).map(|index| layered(&budgets, millis(index))).sum();
    assert!(attempts <= 13_310, "{attempts}");
    assert!(attempts >= 13_000, "{attempts}");
}

#[test]
fn a_spent_budget_is_full_again_within_its_time() {
    let budget = ratio(0.1, 10, 10);
    let mut spent = 0;
    while withdraw(&budget, T0) {
        spent += 1;
    }
    assert_eq!(spent, 100);
    assert_eq!(budget.tokens_at(millis(5_000)), 50.0);
    assert_eq!(budget.tokens_at(millis(10_000)), 100.0);
    assert_eq!(budget.tokens_at(millis(99_000)), 100.0);
}

/// Where withdrawals expire as well as deposits, as in a sum over a window, retries stop for the time
/// of the window once all is spent, and then come back all at once.
#[test]
fn in_a_long_outage_retries_come_evenly() {
    let budget = ratio(0.2, 0, 10);
    let mut retries = [0; 60];
    for call in 0..60_000_u64 {
        let now = millis(call);
        budget.call_at(now);
        // It works for 15 s, and then no more.
        if call >= 15_000 && withdraw(&budget, now) {
            retries[call as usize / 1_000] += 1;
        }
    }
    // What ten seconds have brought, less a sixteenth that may have expired, is gone in three.
    let first: i32 = retries[15..18].iter().sum();
    assert!((2_300..=2_700).contains(&first), "{first}");
    assert!(retries[18..].iter().all(|second| (195..=205).contains(second)), "{retries:?}");
}

/// [40] AWS: 100 retries at a cost of 5, 50 at 10, 35 at 14, then none.
#[test]
fn the_aws_bucket_holds_a_hundred_fifty_or_thirty_five_retries() {
    let spend = |budget: RetryBudget, why| {
        (0..1_000).take_while(|_| budget.try_withdraw_at(T0, why).is_some()).count()
    };
    let throttled = Verdict::Throttled { retry_after: Duration::ZERO };
    assert_eq!(spend(RetryBudget::aws_2025(), Verdict::Transient), 100);
    assert_eq!(spend(RetryBudget::aws_2025(), Verdict::TimedOut), 50);
    assert_eq!(spend(RetryBudget::aws(), Verdict::Transient), 35);
    assert_eq!(spend(RetryBudget::aws(), throttled), 100);
}

/// [41] smithy: a retry that succeeds returns its cost, a first attempt brings one.
#[test]
fn success_returns_what_its_retry_cost() {
    let budget = RetryBudget::aws_2025();
    let paid = budget.try_withdraw_at(T0, Verdict::TimedOut);
    assert_eq!(budget.tokens_at(T0), 490.0);
    budget.success_at(T0, paid);
    assert_eq!(budget.tokens_at(T0), 500.0);
    budget.success_at(T0, None);
    assert_eq!(budget.tokens_at(T0), 500.0, "never above the capacity");
    assert!(withdraw(&budget, T0));
    budget.success_at(T0, None);
    assert_eq!(budget.tokens_at(T0), 496.0);
}

/// [41] A rate per second restores; a cost of 0 has no limit.
#[test]
fn time_restores_a_bucket_and_nothing_costs_nothing() {
    let budget = RetryBudget::bucket(10).cost(5).per_second(0.5).build().expect("valid");
    assert!(withdraw(&budget, T0) && withdraw(&budget, T0) && !withdraw(&budget, T0));
    assert!(!withdraw(&budget, millis(9_999)));
    assert!(withdraw(&budget, millis(10_000)));
    assert!(!withdraw(&budget, millis(10_000)));
    assert_eq!(budget.tokens_at(millis(3_600_000)), 10.0);

    let free = RetryBudget::bucket(1).cost(0).build().expect("valid");
    assert!((0..10_000).all(|_| withdraw(&free, T0)));
}

/// gRPC with 10 tokens and a ratio of 0.1: throttled after 5 failures, and after one success not.
#[test]
fn a_grpc_throttle_needs_more_than_half_of_its_tokens() {
    let budget = RetryBudget::grpc(10, 0.1).expect("valid");
    for failures in 1..=5 {
        budget.failure_at(T0);
        assert_eq!(withdraw(&budget, T0), failures < 5, "after {failures}");
    }
    budget.success_at(T0, None);
    assert_eq!(budget.tokens_at(T0), 5.1);
    assert!(withdraw(&budget, T0));
    (0..100).for_each(|_| budget.failure_at(T0));
    assert_eq!(budget.tokens_at(T0), 0.0);
}

#[test]
fn a_clock_set_back_grants_nothing_twice_and_locks_nobody_out() {
    let budget = ratio(1.0, 10, 1);
    let year = Duration::from_hours(365 * 24);
    let ahead = T0.saturating_add(year);
    (0..10).for_each(|_| assert!(withdraw(&budget, ahead)));
    assert!(!withdraw(&budget, ahead));
    assert!(!withdraw(&budget, T0), "going back brings nothing");
    assert!(!withdraw(&budget, Nanos::ZERO));
    assert!(withdraw(&budget, Nanos::from_secs(1)), "and time counts on from there");

    let budget = RetryBudget::bucket(10).cost(10).per_second(10.0).build().expect("valid");
    assert!(withdraw(&budget, ahead));
    assert!(!withdraw(&budget, T0));
    assert!(withdraw(&budget, millis(1_000)));
    for now in [Nanos::ZERO, Nanos::MAX, T0, Nanos::ZERO, Nanos::MAX] {
        budget.call_at(now);
        budget.success_at(now, None);
        let _ = withdraw(&budget, now);
    }
}

#[test]
fn what_makes_no_budget_is_refused() {
    for wrong in [f64::NAN, -0.1, 1_000.5, f64::INFINITY] {
        assert_eq!(RetryBudget::ratio(wrong).build().unwrap_err().option(), "ratio");
        assert!(RetryBudget::bucket(1).per_second(wrong).build().is_err());
        assert!(RetryBudget::grpc(10, wrong).is_err());
    }
    assert!(RetryBudget::ratio(0.1).ttl(Duration::ZERO).build().is_err());
    assert!(RetryBudget::ratio(0.1).ttl(Duration::MAX).build().is_err());
    assert!(RetryBudget::bucket(0).build().is_err());
    assert!(RetryBudget::bucket(u32::MAX).build().is_err());
    assert!(RetryBudget::grpc(0, 0.1).is_err());
}

/// Nobody gets a token twice: eight threads that call and retry as fast as they can.
#[test]
fn threads_together_never_exceed_the_budget() {
    let calls = common::sized(20_000, 500_000) as u64;
    for (share, reserve) in [(0.2, 0), (0.7, 5)] {
        let budget = ratio(share, reserve, 10);
        let (made, retried) = (AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..calls {
                        budget.call_at(T0);
                        made.fetch_add(1, Ordering::Relaxed);
                        while withdraw(&budget, T0) {
                            retried.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        let exact = (8 * calls) as f64 * share + f64::from(reserve * 10);
        assert_eq!(retried.load(Ordering::Relaxed) as f64, (exact + 1e-6).floor());
    }
}

/// The same while slots begin and end under the threads' hands. One thread moves time, by less than
/// a minute in all: who is held up for longer reads, to the budget, a clock that was set back.
#[test]
fn threads_never_exceed_the_budget_while_time_passes() {
    let calls = common::sized(20_000, 500_000) as u64;
    let (share, reserve, ttl) = (0.25, 3, 2);
    let budget = ratio(share, reserve, ttl);
    let (made, retried, clock) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for thread in 0..8 {
            let (budget, made, retried, clock) = (&budget, &made, &retried, &clock);
            scope.spawn(move || {
                for _ in 0..calls {
                    let moves = u64::from(thread == 0);
                    let now = millis(clock.fetch_add(moves, Ordering::Relaxed) / 10);
                    budget.call_at(now);
                    made.fetch_add(1, Ordering::Relaxed);
                    while withdraw(budget, now) {
                        retried.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let seconds = clock.load(Ordering::Relaxed) as f64 / 10_000.0;
    let bound =
        made.load(Ordering::Relaxed) as f64 * share + f64::from(reserve) * (seconds + ttl as f64);
    assert!(retried.load(Ordering::Relaxed) as f64 <= bound);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Call,
    Retry,
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Call),
        4 => Just(Step::Retry),
        1 => (0_u64..400).prop_map(Step::Wait),
        1 => (0_u64..4_000).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 0..400)
}

proptest! {
    /// Against a list of tokens, each with its slot, of which the oldest are spent first, and a level
    /// that rises with time.
    #[test]
    fn a_ratio_is_a_row_of_tokens_and_a_reserve(
        steps in steps(),
        thousandths in 0_u64..2_000,
        reserve in prop_oneof![Just(0_u32), Just(1), Just(5), Just(10)],
        start in 0_u64..100_000,
    ) {
        let ttl = Duration::from_secs(2);
        let share = thousandths as f64 / 1e3;
        let budget = RetryBudget::ratio(share).per_second(reserve).ttl(ttl).build().expect("valid");
        let (mut now, mut tokens) = (start, Vec::<(u64, u64)>::new());
        let full = u64::from(reserve) * 2_000;
        let mut level = full;
        for step in steps {
            let slot = now / 125;
            tokens.retain(|&(at, _)| at + 16 > slot);
            let sum: u64 = tokens.iter().map(|token| token.1).sum();
            let at = Nanos::from_millis(now);
            prop_assert_eq!(budget.tokens_at(at), (sum + level) as f64 / 1e3);
            match step {
                Step::Call => {
                    budget.call_at(at);
                    tokens.push((slot, thousandths));
                }
                Step::Retry => {
                    prop_assert_eq!(withdraw(&budget, at), sum >= 1_000 || level >= 1_000);
                    let mut left = 1_000;
                    if sum >= 1_000 {
                        for (_, amount) in &mut tokens {
                            let taken = left.min(*amount);
                            *amount -= taken;
                            left -= taken;
                        }
                    } else if level >= 1_000 {
                        level -= 1_000;
                    }
                }
                Step::Wait(millis) => {
                    now += millis;
                    level = (level + millis * u64::from(reserve)).min(full);
                }
            }
        }
    }

    /// Against plain arithmetic in tokens.
    #[test]
    fn a_bucket_is_a_number(
        steps in proptest::collection::vec((0..4, 0_u64..5_000), 0..300),
        capacity in 1_u32..200,
        cost in 0_u32..20,
        per_second in 0_u32..2_000,
    ) {
        let rate = f64::from(per_second) / 1e3;
        let budget = RetryBudget::bucket(capacity).cost(cost).per_second(rate).build();
        let budget = budget.expect("valid");
        let (capacity, cost) = (u64::from(capacity) * 1_000, u64::from(cost) * 1_000);
        let (mut now, mut tokens, mut paid) = (1_000_000_u64, capacity, None);
        for (step, wait) in steps {
            let at = Nanos::from_millis(now);
            prop_assert_eq!(budget.tokens_at(at), tokens as f64 / 1e3);
            match step {
                0 => {
                    paid = budget.try_withdraw_at(at, Verdict::Transient);
                    prop_assert_eq!(paid.is_some(), tokens >= cost);
                    tokens -= if paid.is_some() { cost } else { 0 };
                }
                1 => {
                    let back = if paid.is_some() { cost } else { 1_000 };
                    budget.success_at(at, paid.take());
                    tokens = (tokens + back).min(capacity);
                }
                2 => budget.call_at(at),
                _ => {
                    // Steps of whole thousandths, so that the model needs no rounding of its own.
                    let wait = wait * 1_000;
                    now += wait;
                    tokens = (tokens + wait * u64::from(per_second) / 1_000).min(capacity);
                }
            }
        }
    }
}
