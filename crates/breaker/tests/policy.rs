//! All parts together: what each sees of the others. Numbers in brackets are those of our collection
//! of cases.

mod common;

use std::cell::Cell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use common::Sim;
use voussoir_breaker::{
    AdaptiveThrottle, Backoff, Bulkhead, BulkheadError, Cause, CircuitBreaker, Deadline, Fallback,
    Hedge, HedgeDelay, Policy, PolicyBuilder, PolicyError, Retry, RetryBudget, RetryBuilder, Sleep,
    State, Stop, Verdict,
};
use voussoir_core::ManualClock;

const SEC: Duration = Duration::from_secs(1);

fn policy(sim: &Sim) -> PolicyBuilder<ManualClock> {
    Policy::builder_on(sim.clock.clone())
}

fn retry(sim: &Sim) -> RetryBuilder<ManualClock> {
    Retry::builder(Backoff::fixed(SEC)).idempotent().clock(sim.clock.clone())
}

/// Opens after so many failures in a row, for a minute.
fn breaker(sim: &Sim, failures: u32) -> Arc<CircuitBreaker<ManualClock>> {
    let builder = CircuitBreaker::builder().consecutive_failures(failures).open_for(60 * SEC);
    let builder = builder.open_jitter(0.0).half_open_calls(1);
    Arc::new(builder.clock(sim.clock.clone()).build().expect("valid"))
}

fn bulkhead(sim: &Sim, limit: u32, queue: u32) -> Arc<Bulkhead<ManualClock>> {
    let builder = Bulkhead::builder(limit).queue(queue).clock(sim.clock.clone());
    Arc::new(builder.build().expect("valid"))
}

fn sleep(sim: &Sim) -> impl FnMut(Duration) {
    let clock = sim.clock.clone();
    move |delay| clock.advance(delay)
}

#[test]
fn without_parts_a_call_is_made_once() {
    let sim = Sim::new();
    let policy = policy(&sim).build().expect("valid");
    assert_eq!(policy.call(sleep(&sim), |_| Ok::<_, ()>(7)), Ok(7));
    let error = policy.call(sleep(&sim), |_| Err::<(), _>("no")).expect_err("it fails");
    assert_eq!((error.cause, error.attempts, error.stop), (Cause::Inner("no"), 1, None));
    assert_eq!(error.to_string(), "no (attempt 1)");
}

/// [20] Of failsafe-go's seven executions, four refused ones were in vain: an open breaker is not
/// asked again.
#[test]
fn an_open_breaker_ends_the_retries() {
    let sim = Sim::new();
    let retry = retry(&sim).max_attempts(7).build().expect("valid");
    let policy = policy(&sim).breaker(breaker(&sim, 3)).retry(retry).build().expect("valid");
    let mut calls = 0;
    let error = policy.call(sleep(&sim), |_| {
        calls += 1;
        Err::<(), _>("no")
    });
    let error = error.expect_err("it fails");
    assert_eq!((calls, error.attempts, error.stop), (3, 4, Some(Stop::Refused)));
    assert!(matches!(error.cause, Cause::Open(_)) && error.is_refused());
}

#[test]
fn who_wants_to_asks_an_open_breaker_again_but_not_before_its_time() {
    let sim = Sim::new();
    let retry = retry(&sim).max_attempts(7).max_retry_after(120 * SEC).build().expect("valid");
    let builder = policy(&sim).breaker(breaker(&sim, 3)).retry(retry).retry_refused();
    let policy = builder.build().expect("valid");
    let mut at = Vec::new();
    let result = policy.call(sleep(&sim), |_| {
        at.push(sim.elapsed().as_secs());
        if at.len() < 4 { Err("no") } else { Ok(()) }
    });
    // Refused at 3 s, open from 2 s to 62 s, and the pause of 1 s on top.
    assert_eq!((result, at), (Ok(()), vec![0, 1, 2, 63]));
}

/// A bulkhead that is full says nothing about the callee.
#[test]
fn the_breaker_ignores_a_full_bulkhead() {
    let sim = Sim::new();
    let (breaker, bulkhead) = (breaker(&sim, 3), bulkhead(&sim, 1, 0));
    let builder = policy(&sim).breaker(Arc::clone(&breaker)).bulkhead(Arc::clone(&bulkhead));
    let policy = builder.build().expect("valid");
    let held = bulkhead.try_acquire().expect("free");
    for _ in 0..10 {
        let error = policy.call(sleep(&sim), |_| Ok::<_, ()>(())).expect_err("full");
        assert_eq!(error.cause, Cause::Full(BulkheadError::Full));
    }
    assert_eq!((breaker.state(), breaker.stats().calls), (State::Closed, 0));
    drop(held);
    assert_eq!(policy.call(sleep(&sim), |_| Ok::<_, ()>(())), Ok(()));
}

/// [25] A probe that finds the bulkhead full gives its place as a probe back.
#[test]
fn a_full_bulkhead_does_not_use_up_a_probe() {
    let sim = Sim::new();
    let (breaker, bulkhead) = (breaker(&sim, 1), bulkhead(&sim, 1, 0));
    let builder = policy(&sim).breaker(Arc::clone(&breaker)).bulkhead(Arc::clone(&bulkhead));
    let policy = builder.build().expect("valid");
    let _ = policy.call(sleep(&sim), |_| Err::<(), _>(()));
    sim.clock.advance(60 * SEC);
    let held = bulkhead.try_acquire().expect("free");
    assert!(policy.call(sleep(&sim), |_| Ok::<_, ()>(())).is_err());
    drop(held);
    assert_eq!(policy.call(sleep(&sim), |_| Ok::<_, ()>(())), Ok(()));
    assert_eq!(breaker.state(), State::Closed);
}

/// What found no place was not done, so that it is tried again even if it must not be done twice.
#[test]
fn a_full_bulkhead_is_tried_again() {
    let sim = Sim::new();
    let bulkhead = bulkhead(&sim, 1, 0);
    let retry = Retry::builder(Backoff::fixed(SEC)).clock(sim.clock.clone()).build();
    let builder = policy(&sim).bulkhead(Arc::clone(&bulkhead)).retry(retry.expect("valid"));
    let policy = builder.build().expect("valid");
    let mut held = Some(bulkhead.try_acquire().expect("free"));
    let result = policy.call(|_| drop(held.take()), |attempt| Ok::<_, ()>(attempt.number));
    assert_eq!(result, Ok(2));
}

#[test]
fn no_place_is_held_between_attempts() {
    let sim = Sim::new();
    let bulkhead = bulkhead(&sim, 1, 0);
    let builder = policy(&sim).bulkhead(Arc::clone(&bulkhead));
    let policy = builder.retry(retry(&sim).build().expect("valid")).build().expect("valid");
    let mut pauses = 0;
    let result = policy.call(
        |_| {
            pauses += 1;
            assert_eq!(bulkhead.available(), 1);
        },
        |_| {
            assert_eq!(bulkhead.available(), 0);
            Err::<(), _>(())
        },
    );
    assert_eq!((result.expect_err("it fails").attempts, pauses), (3, 2));
}

/// What the callee answered to a bad question says nothing against it.
#[test]
fn a_permanent_error_is_neither_retried_nor_counted() {
    let sim = Sim::new();
    let breaker = breaker(&sim, 1);
    let retry = retry(&sim).build().expect("valid");
    let policy = policy(&sim).breaker(Arc::clone(&breaker)).retry(retry).build().expect("valid");
    let judge = |_: &u16| Verdict::Permanent;
    let error = policy.when(judge).call(sleep(&sim), |_| Err::<(), _>(404));
    let error = error.expect_err("it fails");
    assert_eq!((error.attempts, error.stop), (1, Some(Stop::Permanent)));
    assert_eq!((breaker.state(), breaker.stats().calls), (State::Closed, 0));
}

#[test]
fn the_order_of_the_builders_calls_does_not_matter() {
    let run = |order: [u8; 5]| {
        let sim = Sim::new();
        let mut builder = policy(&sim);
        for part in order {
            builder = match part {
                0 => builder.timeout(20 * SEC),
                1 => builder.retry(retry(&sim).max_attempts(9).build().expect("valid")),
                2 => builder.breaker(breaker(&sim, 4)),
                3 => builder.bulkhead(bulkhead(&sim, 1, 0)),
                _ => builder.attempt_timeout(2 * SEC),
            };
        }
        let policy = builder.build().expect("valid");
        let calls = Cell::new(0);
        let error = sim.block_on(policy.call_async(sim.clone(), |_| {
            calls.set(calls.get() + 1);
            pending::<Result<(), ()>>()
        }));
        (error.expect_err("all hang"), calls.get(), sim.elapsed())
    };
    let expected = run([0, 1, 2, 3, 4]);
    // Four attempts of 2 s with 1 s between, then the breaker is open.
    assert_eq!((expected.1, expected.2), (4, 12 * SEC));
    for order in [[4, 3, 2, 1, 0], [2, 0, 4, 1, 3], [1, 3, 0, 2, 4], [3, 4, 1, 0, 2]] {
        assert_eq!(run(order), expected, "{order:?}");
    }
}

#[test]
fn nothing_goes_beyond_the_deadline_of_the_whole_call() {
    for seconds in 1..12 {
        let sim = Sim::new();
        let builder = policy(&sim).timeout(seconds * SEC).attempt_timeout(2 * SEC);
        let retry = retry(&sim).unlimited_attempts().build().expect("valid");
        let policy = builder.retry(retry).build().expect("valid");
        let hangs = |_| pending::<Result<(), ()>>();
        let error = sim.block_on(policy.call_async(sim.clone(), hangs)).expect_err("all hang");
        assert_eq!(error.stop, Some(Stop::Deadline));
        assert!(sim.elapsed() <= seconds * SEC, "{seconds} s: {:?}", sim.elapsed());
        // Attempts begin every 3 s; one more would begin in time unless it ends exactly then.
        assert_eq!(error.attempts, seconds.div_ceil(3), "{seconds} s");
    }
}

#[test]
fn the_wait_in_line_ends_with_the_deadline() {
    let sim = Sim::new();
    let (breaker, bulkhead) = (breaker(&sim, 1), bulkhead(&sim, 1, 8));
    let builder = policy(&sim).timeout(5 * SEC).breaker(Arc::clone(&breaker));
    let policy = builder.bulkhead(Arc::clone(&bulkhead)).build().expect("valid");
    let held = bulkhead.try_acquire().expect("free");
    let error = sim.block_on(policy.call_async(sim.clone(), async |_| Ok::<_, ()>(())));
    let error = error.expect_err("nobody leaves");
    assert_eq!(error.cause, Cause::Full(BulkheadError::TimedOut { waited: 5 * SEC }));
    assert_eq!((sim.elapsed(), bulkhead.stats().waiting), (5 * SEC, 0));
    assert_eq!(breaker.state(), State::Closed);
    drop(held);
}

#[test]
fn a_callee_that_hangs_has_failed_and_a_caller_in_a_hurry_has_not() {
    let sim = Sim::new();
    let hangs = |_| pending::<Result<(), ()>>();
    let failed = breaker(&sim, 1);
    let builder = policy(&sim).attempt_timeout(2 * SEC).breaker(Arc::clone(&failed));
    let of_attempts = builder.build().expect("valid");
    let hurried = Deadline::after(sim.now(), SEC);
    let error = sim.block_on(of_attempts.run().until(hurried).call_async(sim.clone(), hangs));
    assert!(matches!(error.expect_err("it hangs").cause, Cause::TimedOut(_)));
    assert_eq!((failed.state(), failed.stats().calls), (State::Closed, 0));
    assert!(sim.block_on(of_attempts.call_async(sim.clone(), hangs)).is_err());
    assert_eq!(failed.state(), State::Open);

    // Without a timeout of attempts, the whole call's stands for it.
    let failed = breaker(&sim, 1);
    let builder = policy(&sim).timeout(2 * SEC).breaker(Arc::clone(&failed));
    let of_the_whole = builder.build().expect("valid");
    assert!(sim.block_on(of_the_whole.call_async(sim.clone(), hangs)).is_err());
    assert_eq!(failed.state(), State::Open);
}

#[test]
fn no_time_left_means_no_call() {
    let sim = Sim::new();
    let policy = policy(&sim).build().expect("valid");
    let past = Deadline::at(sim.now());
    let result = policy
        .run()
        .until(past)
        .call(sleep(&sim), |_| -> Result<(), ()> { unreachable!("there is no time") });
    assert!(matches!(result.expect_err("no time").cause, Cause::TimedOut(_)));
}

/// [43] What cannot be done twice is never started again.
#[test]
fn only_what_may_be_done_twice_is_hedged() {
    for idempotent in [false, true] {
        let sim = Sim::new();
        let hedge = Hedge::builder(HedgeDelay::fixed(SEC)).unlimited().clock(sim.clock.clone());
        let (hedge, breaker) = (Arc::new(hedge.build().expect("valid")), breaker(&sim, 1));
        let builder = policy(&sim).hedge(Arc::clone(&hedge)).breaker(Arc::clone(&breaker));
        let policy = builder.attempt_timeout(20 * SEC).build().expect("valid");
        let calls = Cell::new(0_u32);
        let work = |_| {
            calls.set(calls.get() + 1);
            let wait = sim.sleep(10 * SEC / calls.get().pow(3));
            async move {
                wait.await;
                Ok::<_, ()>(())
            }
        };
        let run = policy.run().idempotent(idempotent);
        assert_eq!(sim.block_on(run.call_async(sim.clone(), work)), Ok(()));
        assert_eq!(hedge.stats().hedges, u64::from(idempotent));
        assert_eq!(sim.elapsed() < 10 * SEC, idempotent);
        // The loser was cancelled, which is no failure.
        assert_eq!((breaker.state(), sim.waits()), (State::Closed, 0));
    }
}

#[test]
fn what_the_throttle_refuses_is_not_tried_again() {
    let sim = Sim::new();
    let throttle = AdaptiveThrottle::builder().seed(7).clock(sim.clock.clone());
    let throttle = Arc::new(throttle.build().expect("valid"));
    let builder = policy(&sim).throttle(Arc::clone(&throttle));
    let retry = retry(&sim).unlimited_attempts().build().expect("valid");
    let policy = builder.retry(retry).build().expect("valid");
    let error = policy.call(|_| {}, |_| Err::<(), _>(())).expect_err("it fails");
    assert!(matches!(error.cause, Cause::Throttled(_)));
    assert_eq!(error.stop, Some(Stop::Refused));
    let (requests, accepts) = throttle.counts_at(sim.now());
    assert_eq!((requests, accepts), (u64::from(error.attempts), 0));
}

/// An open breaker behind the throttle is no refusal of the callee.
#[test]
fn the_throttle_does_not_count_what_the_breaker_refused() {
    let sim = Sim::new();
    let throttle = AdaptiveThrottle::builder().min_calls(10).clock(sim.clock.clone());
    let throttle = Arc::new(throttle.build().expect("valid"));
    let builder = policy(&sim).throttle(Arc::clone(&throttle)).breaker(breaker(&sim, 1));
    let policy = builder.build().expect("valid");
    for _ in 0..100 {
        let _ = policy.call(|_| {}, |_| Err::<(), _>(()));
    }
    assert_eq!(throttle.counts_at(sim.now()), (1, 0), "the call that opened the breaker");
}

#[test]
fn a_fallback_answers_last() {
    let sim = Sim::new();
    let retry = retry(&sim).build().expect("valid");
    let policy = policy(&sim).retry(retry).build().expect("valid");
    let mut calls = 0;
    let run = policy.run().fallback(|error: PolicyError<&'static str>| match error.cause {
        Cause::Inner("unavailable") => Ok(0),
        _ => Err(error),
    });
    let result = run.call(sleep(&sim), |_| {
        calls += 1;
        Err("unavailable")
    });
    assert_eq!((result, calls), (Ok(0), 3));

    let stored =
        Fallback::when(|error: &PolicyError<&'static str>| (error.attempts == 3).then_some(1));
    let run = policy.run().fallback(&stored);
    assert_eq!(sim.block_on(run.call_async(sim.clone(), async |_| Err("any"))), Ok(1));
}

#[test]
fn a_panic_is_a_failure_and_frees_the_place() {
    let sim = Sim::new();
    let (breaker, bulkhead) = (breaker(&sim, 1), bulkhead(&sim, 1, 0));
    let builder = policy(&sim).breaker(Arc::clone(&breaker)).bulkhead(Arc::clone(&bulkhead));
    let policy = builder.retry(retry(&sim).build().expect("valid")).build().expect("valid");
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        policy.call(|_| {}, |_| -> Result<(), ()> { panic!("the work is broken") })
    }));
    assert!(panicked.is_err());
    assert_eq!((breaker.state(), bulkhead.available()), (State::Open, 1));
}

/// Dropped after each number of polls: in line, in an attempt, beside a hedge, between attempts.
#[test]
fn it_can_be_dropped_at_every_await() {
    let mut ended = 0;
    for polls in 0..40 {
        let sim = Sim::new();
        let hedge = Hedge::builder(HedgeDelay::fixed(SEC)).unlimited().clock(sim.clock.clone());
        let (breaker, bulkhead) = (breaker(&sim, 3), bulkhead(&sim, 2, 8));
        let builder = policy(&sim).breaker(Arc::clone(&breaker)).bulkhead(Arc::clone(&bulkhead));
        let builder = builder.hedge(Arc::new(hedge.build().expect("valid")));
        let retry = retry(&sim).build().expect("valid");
        let policy = builder.retry(retry).attempt_timeout(5 * SEC).timeout(60 * SEC).build();
        let policy = policy.expect("valid");
        let done = sim.poll_times(
            polls,
            policy.call_async(sim.clone(), |_| {
                let wait = sim.sleep(3 * SEC);
                async move {
                    wait.await;
                    Err::<(), _>(())
                }
            }),
        );
        assert_eq!((bulkhead.available(), sim.waits()), (2, 0), "after {polls} polls");
        assert_eq!(bulkhead.stats().waiting, 0);
        // Only what ended counts; nothing that was cancelled does.
        let counted = breaker.stats();
        assert_eq!(counted.failures, counted.calls, "after {polls} polls");
        ended += u32::from(done.is_some());
    }
    assert!((10..40).contains(&ended), "some ran to their end and some did not: {ended}");
}

/// A total outage of 2,000 calls through a policy: with the budget 1.2 times, without 4 times.
#[test]
fn a_budget_bounds_what_an_outage_sees() {
    for (budgeted, most, least) in [(true, 2_400, 2_390), (false, 8_000, 8_000)] {
        let sim = Sim::new();
        let mut builder = retry(&sim).max_attempts(4);
        if budgeted {
            let budget = RetryBudget::ratio(0.2).per_second(0).build().expect("valid");
            builder = builder.budget(Arc::new(budget));
        }
        let retry = builder.build().expect("valid");
        let policy = policy(&sim).retry(retry).build().expect("valid");
        let mut calls = 0;
        for _ in 0..2_000 {
            sim.clock.advance(Duration::from_millis(1));
            let _ = policy.call(
                |_| {},
                |_| {
                    calls += 1;
                    Err::<(), _>(())
                },
            );
        }
        assert!((least..=most).contains(&calls), "{calls}");
    }
}

#[test]
fn what_makes_no_policy_is_refused() {
    let error = Policy::builder().timeout(Duration::ZERO).build().unwrap_err();
    assert_eq!(error.option(), "timeout");
    assert!(Policy::builder().attempt_timeout(Duration::ZERO).build().is_err());
    assert!(Policy::builder().timeout(Duration::MAX).build().is_ok());
}

#[cfg(feature = "tokio")]
mod in_tokio {
    use std::sync::atomic::{AtomicU32, Ordering};

    use voussoir_breaker::{Faults, TokioSleep};
    use voussoir_core::TokioClock;

    use super::*;

    /// A service holds a policy, and spawns.
    #[derive(Clone)]
    struct Client {
        policy: Policy<TokioClock>,
        faults: Arc<Faults>,
        running: Arc<AtomicU32>,
        most: Arc<AtomicU32>,
    }

    impl Client {
        async fn fetch(&self, id: u32) -> Result<u32, PolicyError<&'static str>> {
            self.policy.call_async(TokioSleep, |_attempt| self.once(id)).await
        }

        async fn once(&self, id: u32) -> Result<u32, &'static str> {
            let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(running, Ordering::SeqCst);
            let left = Leaves(Arc::clone(&self.running));
            let result = self.faults.call_async(TokioSleep, || "injected", async || Ok(id)).await;
            drop(left);
            result
        }
    }

    struct Leaves(Arc<AtomicU32>);

    impl Drop for Leaves {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Hundreds of tasks, faults, timeouts, and a third of the callers give up at some time.
    #[tokio::test(start_paused = true)]
    async fn the_bulkhead_holds_and_nothing_leaks_in_a_storm() {
        const LIMIT: u32 = 7;
        let bulkhead = Bulkhead::builder(LIMIT).queue(1_000).clock(TokioClock).build();
        let bulkhead = Arc::new(bulkhead.expect("valid"));
        let breaker = CircuitBreaker::builder().clock(TokioClock).failure_rate(0.95).build();
        let breaker = Arc::new(breaker.expect("valid"));
        let hedge = Hedge::builder(HedgeDelay::fixed(SEC / 20)).clock(TokioClock).build();
        let retry = Retry::builder(Backoff::exponential(SEC / 100).full_jitter()).idempotent();
        let retry = retry.clock(TokioClock).seed(1).build().expect("valid");
        let policy = Policy::builder_on(TokioClock)
            .timeout(30 * SEC)
            .retry(retry)
            .hedge(Arc::new(hedge.expect("valid")))
            .breaker(Arc::clone(&breaker))
            .bulkhead(Arc::clone(&bulkhead))
            .attempt_timeout(SEC / 5)
            .build()
            .expect("valid");
        let faults = Faults::builder().fail(0.2).delay(0.7, SEC / 100..=SEC / 3).seed(2).build();
        let client = Client {
            policy,
            faults: Arc::new(faults.expect("valid")),
            running: Arc::default(),
            most: Arc::default(),
        };
        let tasks: Vec<_> = (0..common::sized(300, 5_000) as u32)
            .map(|id| {
                let client = client.clone();
                tokio::spawn(async move {
                    if id % 3 == 0 {
                        let patience = SEC / 1_000 * (id % 500);
                        return tokio::time::timeout(patience, client.fetch(id)).await.ok();
                    }
                    Some(client.fetch(id).await)
                })
            })
            .collect();
        let mut served = 0;
        for task in tasks {
            served += u32::from(matches!(task.await.expect("no panic"), Some(Ok(_))));
        }
        assert!(served > 100, "{served}");
        assert_eq!(client.most.load(Ordering::SeqCst), LIMIT, "it was full, and never more");
        assert_eq!((client.running.load(Ordering::SeqCst), bulkhead.available()), (0, LIMIT));
        assert_eq!(bulkhead.stats().waiting, 0);
    }
}
