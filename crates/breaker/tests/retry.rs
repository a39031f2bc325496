//! Retries: when they stop, what they wait, what hooks see, and that nothing is left behind when
//! they are dropped. Numbers in brackets are those of our collection of cases.

#![allow(clippy::float_cmp, reason = "tokens are exact to the thousandth")]

mod common;

use std::cell::Cell;
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::Sim;
use proptest::prelude::*;
use voussoir_breaker::{
    Attempt, Backoff, Deadline, Retry, RetryBudget, RetryBuilder, RetryObserver, Retrying, Sleep,
    Stop, TimeoutError, Verdict,
};
use voussoir_core::{ManualClock, Nanos};

const SEC: Duration = Duration::from_secs(1);

fn builder(sim: &Sim) -> RetryBuilder<ManualClock> {
    Retry::builder(Backoff::exponential(SEC)).idempotent().clock(sim.clock.clone())
}

fn retry(sim: &Sim) -> Retry<ManualClock> {
    builder(sim).build().expect("valid")
}

fn sleep(sim: &Sim) -> impl FnMut(Duration) {
    let clock = sim.clock.clone();
    move |delay| clock.advance(delay)
}

#[test]
fn the_first_success_ends_it() {
    let sim = Sim::new();
    let mut numbers = Vec::new();
    let result = retry(&sim).call(sleep(&sim), |attempt| {
        numbers.push(attempt.number);
        if attempt.number == 3 { Ok("done") } else { Err("not yet") }
    });
    assert_eq!(result, Ok("done"));
    assert_eq!((numbers, sim.elapsed()), (vec![1, 2, 3], 3 * SEC));
}

#[test]
fn sync_async_and_local_make_the_same_attempts_at_the_same_times() {
    let run = |form: u8| {
        let sim = Sim::new();
        let at = Mutex::new(Vec::new());
        let work = |attempt: Attempt| {
            at.lock().expect("no panic").push((attempt.number, sim.now()));
            Err::<(), _>("no")
        };
        let retry = builder(&sim).max_attempts(5).build().expect("valid");
        let error = match form {
            0 => retry.call(sleep(&sim), work),
            1 => sim.block_on(retry.call_async(sim.clone(), |attempt| ready(work(attempt)))),
            _ => sim.block_on(retry.call_local(sim.clone(), async |attempt| work(attempt))),
        };
        let error = error.expect_err("all fail");
        assert_eq!((error.stop, error.attempts), (Stop::Attempts, 5));
        at.into_inner().expect("no panic")
    };
    let expected: Vec<_> =
        [(1, 0), (2, 1), (3, 3), (4, 7), (5, 15)].map(|(n, s)| (n, Nanos::from_secs(s))).into();
    assert!((0..3).all(|form| run(form) == expected));
}

/// An async closure that changes what it captures, which `FnMut() -> Future` cannot be.
#[test]
fn a_local_closure_may_change_what_it_captures() {
    let sim = Sim::new();
    let mut count = 0;
    let result = sim.block_on(retry(&sim).call_local(sim.clone(), async |_| {
        count += 1;
        sim.sleep(SEC).await;
        if count == 2 { Ok(count) } else { Err(()) }
    }));
    assert_eq!(result, Ok(2));
}

#[test]
fn what_may_not_be_done_twice_is_not() {
    let sim = Sim::new();
    let retry = Retry::builder(Backoff::fixed(SEC)).clock(sim.clock.clone()).build();
    let retry = retry.expect("valid");
    let attempts = |verdict: Verdict| {
        let result = retry.when(|(): &()| verdict).call(sleep(&sim), |_| Err::<(), _>(()));
        let error = result.expect_err("all fail");
        (error.attempts, error.stop)
    };
    assert_eq!(attempts(Verdict::Transient), (1, Stop::NotIdempotent));
    assert_eq!(attempts(Verdict::TimedOut), (1, Stop::NotIdempotent));
    assert_eq!(attempts(Verdict::Unsent), (3, Stop::Attempts));
    let refused = Verdict::Throttled { retry_after: Duration::ZERO };
    assert_eq!(attempts(refused), (3, Stop::Attempts));
    assert_eq!(attempts(Verdict::Permanent), (1, Stop::Permanent));
    let once = retry.run().idempotent(true).call(sleep(&sim), |_| Err::<(), _>(()));
    assert_eq!(once.expect_err("all fail").attempts, 3);
}

/// [44] Max-duration stops early; a delay is cut to what is left of it.
#[test]
fn max_elapsed_cuts_the_last_delay_and_ends_it() {
    let sim = Sim::new();
    let retry = builder(&sim).unlimited_attempts().max_elapsed(5 * SEC).build().expect("valid");
    let mut at = Vec::new();
    let error = retry.call(sleep(&sim), |_| {
        at.push(sim.elapsed().as_secs());
        Err::<(), _>(())
    });
    let error = error.expect_err("all fail");
    assert_eq!((error.stop, error.attempts, at), (Stop::Elapsed, 4, vec![0, 1, 3, 5]));
}

/// [44] Inner and outer attempts multiply.
#[test]
fn nested_retries_multiply() {
    let sim = Sim::new();
    let (outer, inner) = (retry(&sim), builder(&sim).max_attempts(4).build().expect("valid"));
    let mut calls = 0;
    let error = outer.call(sleep(&sim), |_| {
        inner.call(sleep(&sim), |_| {
            calls += 1;
            Err::<(), _>(())
        })
    });
    assert_eq!((error.expect_err("all fail").attempts, calls), (3, 12));
}

/// [44] What is permanent stops at once, also after retries.
#[test]
fn a_permanent_error_stops_at_once() {
    let sim = Sim::new();
    let judge = |error: &u32| if *error == 2 { Verdict::Permanent } else { Verdict::Transient };
    let retry = builder(&sim).max_attempts(9).build().expect("valid");
    let result = retry.when(judge).call(sleep(&sim), |attempt| Err::<(), _>(attempt.number));
    let error = result.expect_err("all fail");
    assert_eq!((error.stop, error.attempts, error.into_inner()), (Stop::Permanent, 2, Ok(2)));
}

#[test]
fn who_is_told_when_to_come_back_does_not_come_earlier() {
    let sim = Sim::new();
    let backoff = Backoff::exponential(SEC).full_jitter();
    let retry = Retry::builder(backoff).clock(sim.clock.clone()).build().expect("valid");
    let mut attempts = retry.attempts_at(sim.now());
    let asked = Verdict::Throttled { retry_after: 7 * SEC };
    let delay = attempts.failed_at(sim.now(), asked).expect("another");
    assert!((7 * SEC..=8 * SEC).contains(&delay), "and the jitter comes on top: {delay:?}");

    let mut attempts = retry.attempts_at(sim.now());
    let asked = Verdict::Throttled { retry_after: 21 * SEC };
    assert_eq!(attempts.failed_at(sim.now(), asked), Err(Stop::RetryAfter));

    let retry = builder(&sim).max_elapsed(5 * SEC).build().expect("valid");
    let mut attempts = retry.attempts_at(sim.now());
    let asked = Verdict::Throttled { retry_after: 6 * SEC };
    assert_eq!(attempts.failed_at(sim.now(), asked), Err(Stop::Elapsed));
}

#[test]
fn no_attempt_is_waited_for_that_would_begin_after_the_deadline() {
    let sim = Sim::new();
    let deadline = Deadline::after(sim.now(), 3 * SEC);
    let retry = builder(&sim).unlimited_attempts().build().expect("valid");
    let result = retry.run().until(deadline).call(sleep(&sim), |attempt| {
        assert_eq!(attempt.deadline, deadline);
        Err::<(), _>(())
    });
    let error = result.expect_err("all fail");
    // At 0 and 1 s; the next would begin at 3 s, which is too late, and nobody waits for it.
    assert_eq!((error.stop, error.attempts, sim.elapsed()), (Stop::Deadline, 2, SEC));
}

#[test]
fn nothing_is_called_once_the_deadline_has_passed() {
    let sim = Sim::new();
    let (retry, past) = (retry(&sim), Deadline::at(sim.now()));
    let work = |_: Attempt| -> Result<(), ()> { unreachable!("there is no time") };
    let error = retry.run().until(past).call(sleep(&sim), work).expect_err("no time");
    assert_eq!((error.stop, error.last.is_timed_out()), (Stop::Deadline, true));
    let run = retry.run().until(past);
    let error = sim.block_on(run.call_async(sim.clone(), |attempt| ready(work(attempt))));
    assert!(error.expect_err("no time").last.is_timed_out());
}

#[test]
fn an_attempt_that_is_late_is_dropped_and_tried_again() {
    struct Dropped<'a>(&'a Cell<u32>);
    impl Drop for Dropped<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    let sim = Sim::new();
    let retry = builder(&sim).attempt_timeout(5 * SEC).build().expect("valid");
    let dropped = Cell::new(0);
    let result = sim.block_on(retry.call_async(sim.clone(), |_| {
        let guard = Dropped(&dropped);
        async move {
            let _guard = guard;
            pending::<Result<(), ()>>().await
        }
    }));
    let error = result.expect_err("all hang");
    assert!(error.last.is_timed_out());
    assert_eq!((error.stop, error.attempts, dropped.get()), (Stop::Attempts, 3, 3));
    assert_eq!((sim.elapsed(), sim.waits()), (18 * SEC, 0));
}

#[test]
fn work_on_a_thread_finds_its_deadline_in_the_attempt() {
    let sim = Sim::new();
    let retry = builder(&sim).attempt_timeout(2 * SEC).build().expect("valid");
    let result = retry.call(sleep(&sim), |attempt| {
        for step in 0.. {
            attempt.deadline.check_at(sim.now()).map_err(|_| step)?;
            sim.clock.advance(SEC);
        }
        Ok(())
    });
    assert_eq!(result.expect_err("all late").last, TimeoutError::Inner(2));
}

#[test]
fn a_budget_is_asked_before_each_retry_and_stops_them() {
    let sim = Sim::new();
    let budget = Arc::new(RetryBudget::ratio(0.5).per_second(0).build().expect("valid"));
    let builder = builder(&sim).max_attempts(4).budget(Arc::clone(&budget));
    let retry = builder.build().expect("valid");
    let mut calls = 0;
    let stops: Vec<_> = (0..10)
        .map(|_| {
            let result = retry.call(
                |_| {},
                |_| {
                    calls += 1;
                    Err::<(), _>(())
                },
            );
            result.expect_err("all fail").stop
        })
        .collect();
    assert_eq!((calls, stops[9]), (15, Stop::Budget));
}

/// [41] The cost of the retry that succeeded comes back.
#[test]
fn success_pays_a_bucket_back() {
    let sim = Sim::new();
    let budget = Arc::new(RetryBudget::aws_2025());
    let retry = builder(&sim).budget(Arc::clone(&budget)).build().expect("valid");
    let result = retry.call(|_| {}, |attempt| if attempt.number == 2 { Ok(()) } else { Err(()) });
    assert_eq!((result, budget.tokens_at(sim.now())), (Ok(()), 500.0));
    let _ = retry.call(|_| {}, |_| Err::<(), _>(()));
    assert_eq!(budget.tokens_at(sim.now()), 490.0, "two retries in vain");
}

#[derive(Debug, Default)]
struct Log(Mutex<Vec<String>>);

impl RetryObserver for Log {
    fn retrying(&self, event: Retrying) {
        let line = format!("{} {:?} {:?}", event.attempt, event.verdict, event.delay);
        self.0.lock().expect("no panic").push(line);
    }

    fn stopped(&self, attempts: u32, stop: Stop) {
        self.0.lock().expect("no panic").push(format!("{attempts} {stop}"));
    }

    fn succeeded(&self, attempts: u32) {
        self.0.lock().expect("no panic").push(format!("{attempts} ok"));
    }
}

#[test]
fn hooks_see_the_number_of_each_attempt() {
    let sim = Sim::new();
    let log = Arc::new(Log::default());
    let observer = Arc::clone(&log) as Arc<dyn RetryObserver>;
    let retry = builder(&sim).observer(observer).build().expect("valid");
    let _ = retry.call(sleep(&sim), |_| Err::<(), _>(()));
    let _ = retry.call(sleep(&sim), |attempt| if attempt.number > 1 { Ok(()) } else { Err(()) });
    let lines = log.0.lock().expect("no panic");
    let expected =
        ["1 Transient 1s", "2 Transient 2s", "3 out of attempts", "1 Transient 1s", "2 ok"];
    assert_eq!(*lines, expected);
}

#[test]
fn a_panic_is_not_retried_and_the_retry_stays_usable() {
    let sim = Sim::new();
    let retry = retry(&sim);
    let mut calls = 0;
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        retry.call(sleep(&sim), |_| {
            calls += 1;
            if calls > 0 { panic!("the work is broken") } else { Ok::<(), ()>(()) }
        })
    }));
    assert!(panicked.is_err());
    assert_eq!((calls, retry.call(sleep(&sim), |_| Ok::<_, ()>(7))), (1, Ok(7)));
}

/// Dropped after each number of polls, in an attempt and between two: no timer is left, and no call
/// is made later.
#[test]
fn it_can_be_dropped_at_every_await() {
    for polls in 0..12 {
        let sim = Sim::new();
        let calls = Cell::new(0);
        let retry = builder(&sim).attempt_timeout(10 * SEC).build().expect("valid");
        let done = sim.poll_times(
            polls,
            retry.call_async(sim.clone(), |_| {
                calls.set(calls.get() + 1);
                let wait = sim.sleep(SEC);
                async move {
                    wait.await;
                    Err::<(), _>(())
                }
            }),
        );
        assert_eq!(sim.waits(), 0, "after {polls} polls");
        assert_eq!(done.is_some(), polls >= 6, "three attempts and two waits and the end: {polls}");
        assert_eq!(calls.get(), polls.div_ceil(2).min(3) as u32, "after {polls} polls");
    }
}

#[test]
fn what_makes_no_retry_is_refused() {
    let base = || Retry::builder(Backoff::fixed(SEC));
    assert_eq!(base().max_attempts(0).build().unwrap_err().option(), "max_attempts");
    let error = base().attempt_timeout(Duration::ZERO).build().unwrap_err();
    assert_eq!(error.to_string(), "`attempt_timeout` is 0s; allowed: 1ns or more");
}

#[test]
fn two_calls_do_not_share_their_jitter() {
    let sim = Sim::new();
    let backoff = Backoff::exponential(SEC).full_jitter();
    let retry = Retry::builder(backoff).idempotent().seed(7).clock(sim.clock.clone()).build();
    let retry = retry.expect("valid");
    let delays = || {
        let mut attempts = retry.attempts_at(sim.now());
        [(); 2].map(|()| attempts.failed_at(sim.now(), Verdict::Transient).expect("another"))
    };
    let (one, two) = (delays(), delays());
    assert!(one[0] != two[0] && one[1] != two[0] && one[1] != two[1]);
}

proptest! {
    /// Whatever the clock and the verdicts do: the number of attempts, the time and the reasons are
    /// those of a plain reading of the rules.
    #[test]
    fn the_machine_follows_its_rules(
        max in 1_u32..6,
        elapsed in proptest::option::of(0_u64..60),
        idempotent: bool,
        steps in proptest::collection::vec((0..5, 0_u64..30, 0_u64..200), 1..10),
    ) {
        let mut builder = Retry::builder(Backoff::exponential(SEC)).max_attempts(max);
        if idempotent {
            builder = builder.idempotent();
        }
        if let Some(secs) = elapsed {
            builder = builder.max_elapsed(Duration::from_secs(secs));
        }
        let retry = builder.build().expect("valid");
        let start = Nanos::from_secs(100);
        let mut attempts = retry.attempts_at(start);
        for (number, (verdict, asked, at)) in (1..).zip(steps) {
            // From 100 s before the start to 100 s after it, in any order.
            let now = Nanos::from_secs(at);
            let verdict = match verdict {
                0 => Verdict::Transient,
                1 => Verdict::TimedOut,
                2 => Verdict::Throttled { retry_after: Duration::from_secs(asked) },
                3 => Verdict::Unsent,
                _ => Verdict::Permanent,
            };
            let asked = if let Verdict::Throttled { .. } = verdict { asked } else { 0 };
            let left = elapsed.map(|max| max.saturating_sub(at.saturating_sub(100)));
            let expected = if verdict == Verdict::Permanent {
                Err(Stop::Permanent)
            } else if !idempotent && !verdict.is_undone() {
                Err(Stop::NotIdempotent)
            } else if number >= max {
                Err(Stop::Attempts)
            } else if left.is_some_and(|left| left == 0 || asked > left) {
                Err(Stop::Elapsed)
            } else if asked > 20 {
                Err(Stop::RetryAfter)
            } else {
                let delay = asked + (1 << (number - 1));
                Ok(Duration::from_secs(left.map_or(delay, |left| delay.min(left))))
            };
            let decided = attempts.failed_at(now, verdict);
            prop_assert_eq!(decided, expected);
            if decided.is_err() {
                break;
            }
            prop_assert_eq!(attempts.number(), number + 1);
        }
    }
}
