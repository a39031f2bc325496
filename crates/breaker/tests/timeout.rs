//! Timeouts and deadlines, fallbacks, injected faults; and all of them on tokio's paused time.

mod common;

use std::cell::Cell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use common::Sim;
use proptest::prelude::*;
use voussoir_breaker::{Deadline, Fallback, Faults, Sleep, Timeout, TimeoutError};
use voussoir_core::Nanos;

const SEC: Duration = Duration::from_secs(1);

#[test]
fn a_late_future_is_dropped_and_its_timer_too() {
    struct Dropped<'a>(&'a Cell<bool>);
    impl Drop for Dropped<'_> {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }

    let sim = Sim::new();
    let timeout = Timeout::new(SEC).expect("valid").clock(sim.clock.clone());
    let dropped = Cell::new(false);
    let guard = Dropped(&dropped);
    let result = sim.block_on(timeout.call_async(sim.clone(), |_| async move {
        let _guard = guard;
        pending::<Result<(), ()>>().await
    }));
    assert!(result.expect_err("it hangs").is_timed_out());
    assert_eq!((dropped.get(), sim.elapsed(), sim.waits()), (true, SEC, 0));
}

#[test]
fn what_is_ready_at_the_deadline_counts() {
    let sim = Sim::new();
    let timeout = Timeout::new(SEC).expect("valid").clock(sim.clock.clone());
    let work = |_| {
        let wait = sim.sleep(SEC);
        async move {
            wait.await;
            Ok::<_, ()>(7)
        }
    };
    assert_eq!(sim.block_on(timeout.call_async(sim.clone(), work)), Ok(7));
}

#[test]
fn a_caller_with_less_time_gives_less() {
    let sim = Sim::new();
    let timeout = Timeout::new(10 * SEC).expect("valid").clock(sim.clock.clone());
    let outer = Deadline::after(sim.now(), 2 * SEC);
    let result = sim.block_on(timeout.call_async_until(outer, sim.clone(), |deadline| {
        assert_eq!(deadline, outer);
        pending::<Result<(), ()>>()
    }));
    assert!(result.is_err());
    assert_eq!(sim.elapsed(), 2 * SEC);
    let begun = Cell::new(false);
    let result = sim.block_on(timeout.call_async_until(outer, sim.clone(), |_| {
        begun.set(true);
        async { Ok::<_, ()>(()) }
    }));
    assert!(
        matches!(result, Err(TimeoutError::TimedOut(late)) if late.overdue() == Duration::ZERO)
    );
    assert!(!begun.get(), "there was no time to begin");
}

#[test]
fn deadlines_at_the_ends_of_the_clock_are_harmless() {
    assert!(!Deadline::NEVER.has_passed_at(Nanos::MAX));
    assert_eq!(Deadline::after(Nanos::MAX, SEC), Deadline::NEVER);
    assert_eq!(Deadline::after(Nanos::ZERO, Duration::MAX), Deadline::NEVER);
    assert!(Deadline::at(Nanos::ZERO).has_passed_at(Nanos::ZERO));
    let late = Deadline::at(Nanos::from_secs(5)).check_at(Nanos::from_secs(7)).unwrap_err();
    assert_eq!(late.to_string(), "timed out, 2s after the deadline");
    assert!(Timeout::new(Duration::ZERO).is_err());
    assert!(Timeout::new(Duration::MAX).is_ok());
}

/// Dropped after each number of polls: no timer is left.
#[test]
fn it_can_be_dropped_at_every_await() {
    for polls in 0..4 {
        let sim = Sim::new();
        let timeout = Timeout::new(SEC).expect("valid").clock(sim.clock.clone());
        let hangs = |_| pending::<Result<(), ()>>();
        let done = sim.poll_times(polls, timeout.call_async(sim.clone(), hangs));
        assert_eq!((done.is_some(), sim.waits()), (polls >= 2, 0), "after {polls} polls");
    }
}

#[test]
fn a_panic_passes_through_and_leaves_no_timer() {
    let sim = Sim::new();
    let timeout = Timeout::new(SEC).expect("valid").clock(sim.clock.clone());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        sim.block_on(timeout.call_async(sim.clone(), |_| {
            let (wait, sim) = (sim.sleep(SEC / 2), &sim);
            async move {
                wait.await;
                assert!(sim.elapsed().is_zero(), "the work is broken");
                Ok::<_, ()>(())
            }
        }))
    }));
    assert!(panicked.is_err());
    assert_eq!(sim.waits(), 0);
}

#[test]
fn a_fallback_answers_what_it_knows_and_leaves_the_rest() {
    let fallback = Fallback::when(|error: &u16| (*error >= 500).then_some("an older page"));
    assert_eq!(fallback.apply(Ok("the page")), Ok("the page"));
    assert_eq!(fallback.clone().apply(Err(503)), Ok("an older page"));
    assert_eq!(fallback.apply(Err(404)), Err(404));
    assert_eq!(Fallback::value(0).apply(Err::<i32, _>("any")), Ok(0));
    let sim = Sim::new();
    let result = sim.block_on(fallback.call_async(async || Err(500)));
    assert_eq!(result, Ok("an older page"));
}

/// Five standard deviations of a binomial, and delays within their range.
#[test]
fn faults_befall_their_share_of_the_calls() {
    let (short, long) = (Duration::from_millis(50), Duration::from_millis(100));
    let faults = Faults::builder().fail(0.1).delay(0.3, short..=long).seed(7).build();
    let faults = faults.expect("valid");
    let drawn: Vec<_> = (0..10_000).map(|_| faults.draw()).collect();
    let failed = drawn.iter().filter(|fault| fault.fails).count();
    assert!(failed.abs_diff(1_000) < 150, "{failed}");
    let delayed: Vec<_> = drawn.iter().map(|f| f.delay).filter(|d| !d.is_zero()).collect();
    assert!(delayed.len().abs_diff(3_000) < 230, "{}", delayed.len());
    assert!(delayed.iter().all(|delay| (short..=long).contains(delay)));
    let both = drawn.iter().filter(|f| f.fails && !f.delay.is_zero()).count();
    assert!(both.abs_diff(300) < 86, "one does not bring the other: {both}");
}

#[test]
fn a_fault_is_waited_for_and_keeps_the_call_from_being_made() {
    let sim = Sim::new();
    let faults = Faults::builder().fail(1.0).delay(1.0, SEC..=SEC).build().expect("valid");
    let made = Cell::new(false);
    let result = sim.block_on(faults.call_async(
        sim.clone(),
        || "injected",
        async || {
            made.set(true);
            Ok(())
        },
    ));
    assert_eq!((result, made.get(), sim.elapsed()), (Err("injected"), false, SEC));
    let none = Faults::builder().build().expect("valid");
    assert_eq!(none.call(|_| unreachable!(), || "injected", || Ok(1)), Ok(1));
    assert!(Faults::builder().fail(1.1).build().is_err());
    assert!(Faults::builder().delay(f64::NAN, SEC..=SEC).build().is_err());
    let reversed = Faults::builder().delay(0.1, SEC..=Duration::ZERO).build();
    assert!(reversed.is_err());
}

proptest! {
    #[test]
    fn the_earlier_deadline_is_kept(a: u64, b: u64, now: u64) {
        let (a, b, now) = (Nanos::from_nanos(a), Nanos::from_nanos(b), Nanos::from_nanos(now));
        let kept = Deadline::at(a).earlier(Deadline::at(b));
        prop_assert_eq!(kept.as_nanos(), a.min(b));
        prop_assert_eq!(kept.check_at(now).is_err(), kept.has_passed_at(now));
        let left = kept.remaining_at(now);
        prop_assert!(left.is_zero() || Deadline::after(now, left) == kept);
    }
}

#[cfg(feature = "tokio")]
mod in_tokio {
    use voussoir_breaker::{Backoff, Hedge, HedgeDelay, Retry, TokioSleep};
    use voussoir_core::TokioClock;

    use super::*;

    fn shared<T: Send>(future: T) -> T {
        future
    }

    #[tokio::test(start_paused = true)]
    async fn retry_timeout_and_hedge_follow_paused_time() {
        let begun = tokio::time::Instant::now();
        let timeout = Timeout::new(SEC).expect("valid").clock(TokioClock);
        let hangs = |_| pending::<Result<(), ()>>();
        assert!(shared(timeout.call_async(TokioSleep, hangs)).await.is_err());
        assert_eq!(begun.elapsed().as_secs(), 1);

        let retry = Retry::builder(Backoff::exponential(SEC)).idempotent().attempt_timeout(SEC);
        let retry = retry.clock(TokioClock).build().expect("valid");
        let error = shared(retry.call_async(TokioSleep, |_| pending::<Result<(), ()>>()))
            .await
            .expect_err("all hang");
        assert_eq!((error.attempts, begun.elapsed().as_secs()), (3, 1 + 1 + 1 + 1 + 2 + 1));

        let hedge = Hedge::builder(HedgeDelay::fixed(SEC)).unlimited().clock(TokioClock);
        let hedge = hedge.build().expect("valid");
        let result = shared(hedge.call_async(TokioSleep, |attempt| async move {
            tokio::time::sleep(10 * SEC / attempt.number.pow(3)).await;
            Ok::<_, ()>(attempt.number)
        }));
        assert_eq!(result.await, Ok(2));
    }

    /// The function itself is a sleeper, without the feature.
    #[tokio::test(start_paused = true)]
    async fn tokios_sleep_is_a_sleep_as_it_stands() {
        let timeout = Timeout::new(SEC).expect("valid").clock(TokioClock);
        let hangs = |_| pending::<Result<(), ()>>();
        assert!(timeout.call_async(tokio::time::sleep, hangs).await.is_err());
    }
}
