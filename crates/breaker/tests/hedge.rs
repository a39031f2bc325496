//! Hedges: when they start, who wins, and that nothing is left behind. Numbers in brackets are those
//! of our collection of cases.

mod common;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use common::Sim;
use voussoir_breaker::{Attempt, Deadline, Hedge, HedgeBuilder, HedgeDelay, RetryBudget, Sleep};
use voussoir_core::ManualClock;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn after(sim: &Sim, delay: Duration) -> HedgeBuilder<ManualClock> {
    Hedge::builder(HedgeDelay::fixed(delay)).unlimited().clock(sim.clock.clone())
}

/// Attempts that take so long, and then succeed with their number or fail with it.
fn work(
    sim: &Sim,
    plan: &[(u64, bool)],
) -> impl FnMut(Attempt) -> std::pin::Pin<Box<dyn Future<Output = Result<u32, u32>>>> {
    let (sim, plan) = (sim.clone(), plan.to_vec());
    move |attempt| {
        let (millis, succeeds) = plan[attempt.number as usize - 1];
        let wait = sim.sleep(ms(millis));
        Box::pin(async move {
            wait.await;
            if succeeds { Ok(attempt.number) } else { Err(attempt.number) }
        })
    }
}

/// [43] A call that is ready at once is not hedged, and no timer is set.
#[test]
fn an_instant_call_is_not_hedged() {
    let sim = Sim::new();
    let hedge = after(&sim, ms(1_000)).build().expect("valid");
    let sleep = |_: Duration| -> std::future::Ready<()> { unreachable!("nothing to wait for") };
    let result = sim.block_on(hedge.call_async(sleep, async |_| Ok::<_, ()>(7)));
    assert_eq!((result, hedge.stats().hedges), (Ok(7), 0));
}

/// [43] The second request goes out when the delay has passed, and not before.
#[test]
fn a_slow_call_is_started_again_and_the_faster_wins() {
    let sim = Sim::new();
    let hedge = after(&sim, ms(10)).build().expect("valid");
    let result = sim.block_on(hedge.call_async(sim.clone(), work(&sim, &[(100, true), (5, true)])));
    assert_eq!((result, sim.elapsed()), (Ok(2), ms(15)));
    assert_eq!((hedge.stats().hedges, hedge.stats().wins, sim.waits()), (1, 1, 0));

    let sim = Sim::new();
    let hedge = after(&sim, ms(10)).build().expect("valid");
    let result = sim.block_on(hedge.call_async(sim.clone(), work(&sim, &[(9, true)])));
    assert_eq!((result, hedge.stats().hedges), (Ok(1), 0));
}

/// [43] At most two hedges, and one result.
#[test]
fn there_are_no_more_hedges_than_allowed() {
    let sim = Sim::new();
    let hedge = after(&sim, ms(10)).max_hedges(2).build().expect("valid");
    let plan = [(100, true), (200, true), (300, true)];
    let result = sim.block_on(hedge.call_async(sim.clone(), work(&sim, &plan)));
    assert_eq!((result, sim.elapsed(), hedge.stats().hedges), (Ok(1), ms(100), 2));
    assert_eq!(hedge.stats().wins, 0);
}

/// [42] failsafe-go #141: an exhausted budget ended the attempts in flight.
#[test]
fn a_call_whose_hedge_is_refused_still_returns_its_own_result() {
    let sim = Sim::new();
    let budget = Arc::new(RetryBudget::bucket(1).build().expect("valid"));
    let hedge = after(&sim, ms(20)).max_hedges(2).budget(budget).build().expect("valid");
    let plan = [(200, true), (500, true)];
    let result = sim.block_on(hedge.call_async(sim.clone(), work(&sim, &plan)));
    assert_eq!((result, sim.elapsed(), hedge.stats().hedges), (Ok(1), ms(200), 1));
}

/// [43] A quantile needs its warm-up, and then starts what is slower again.
#[test]
fn a_quantile_hedges_nothing_before_it_is_known() {
    let sim = Sim::new();
    let builder = Hedge::builder(HedgeDelay::quantile(0.95)).unlimited();
    let hedge = builder.clock(sim.clock.clone()).build().expect("valid");
    for call in 0..20 {
        assert_eq!(hedge.delay(), None);
        let millis = if call == 7 { 500 } else { 10 };
        sim.block_on(hedge.call_async(sim.clone(), work(&sim, &[(millis, true)]))).expect("ok");
    }
    assert_eq!(hedge.stats().hedges, 0);
    let delay = hedge.delay().expect("20 calls are enough");
    assert!(delay >= ms(10) && delay <= ms(11), "{delay:?}");
    let plan = [(200, true), (10, true)];
    let result = sim.block_on(hedge.call_async(sim.clone(), work(&sim, &plan)));
    assert_eq!((result, hedge.stats().hedges), (Ok(2), 1));
}

/// When all calls are slow, the budget bounds the extra load.
#[test]
fn when_all_are_slow_the_budget_holds() {
    let sim = Sim::new();
    let builder = Hedge::builder(HedgeDelay::fixed(ms(10))).clock(sim.clock.clone());
    let hedge = builder.build().expect("valid");
    for _ in 0..1_000 {
        let plan = [(50, true), (50, true)];
        sim.block_on(hedge.call_async(sim.clone(), work(&sim, &plan))).expect("ok");
    }
    let hedges = hedge.stats().hedges;
    assert!((90..=100).contains(&hedges), "{hedges} of 1000 with a ratio of 0.1");
}

/// Dean and Barroso's case: a service with a rare, long tail. Hedging at the 95th percentile costs
/// about 5 % and cuts the tail.
#[test]
fn a_hedge_at_the_95th_percentile_costs_a_twentieth_and_cuts_the_tail() {
    let sim = Sim::new();
    let builder = Hedge::builder(HedgeDelay::quantile(0.95)).unlimited();
    let hedge = builder.clock(sim.clock.clone()).build().expect("valid");
    let mut random = voussoir_core::Random::seeded(7);
    let mut latency =
        move || if random.below(100) < 2 { 1_000 } else { 5 + u64::from(random.below(20)) };
    let calls = common::sized(2_000, 100_000);
    let mut took: Vec<_> = (0..calls)
        .map(|_| {
            let begun = sim.elapsed();
            let plan = [(latency(), true), (latency(), true)];
            sim.block_on(hedge.call_async(sim.clone(), work(&sim, &plan))).expect("ok");
            sim.elapsed().saturating_sub(begun)
        })
        .collect();
    took.sort_unstable();
    let share = hedge.stats().hedges as f64 / calls as f64;
    assert!(share <= 0.07, "{share}");
    let tail = took[calls * 99 / 100];
    assert!(tail <= ms(60), "the 99th percentile was 1 s: {tail:?}");
}

#[test]
fn a_failure_waits_for_the_others() {
    let sim = Sim::new();
    let hedge = after(&sim, ms(10)).build().expect("valid");
    let plan = [(20, false), (30, true)];
    let result = sim.block_on(hedge.call_async(sim.clone(), work(&sim, &plan)));
    assert_eq!((result, sim.elapsed()), (Ok(2), ms(40)));

    let plan = [(50, false), (10, false)];
    let result = sim.block_on(hedge.call_async(sim.clone(), work(&sim, &plan)));
    assert_eq!(result, Err(1), "the failure that came last");
}

/// It is no retry: a failure before the delay is the answer.
#[test]
fn an_early_failure_is_returned_at_once() {
    let sim = Sim::new();
    let hedge = after(&sim, ms(10)).build().expect("valid");
    let result = sim.block_on(hedge.call_async(sim.clone(), work(&sim, &[(5, false)])));
    assert_eq!((result, sim.elapsed(), hedge.stats().hedges), (Err(1), ms(5), 0));
}

struct Guard<'a>(&'a Cell<i32>);

impl<'a> Guard<'a> {
    fn new(alive: &'a Cell<i32>) -> Self {
        alive.set(alive.get() + 1);
        Self(alive)
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// After any number of polls, with the winner and without one: every attempt is dropped.
#[test]
fn it_can_be_dropped_at_every_await() {
    for polls in 0..8 {
        let sim = Sim::new();
        let (alive, most) = (Cell::new(0), Cell::new(0));
        let hedge = after(&sim, ms(10)).max_hedges(3).build().expect("valid");
        let future = hedge.call_async(sim.clone(), |_| {
            let (guard, wait) = (Guard::new(&alive), sim.sleep(ms(25)));
            most.set(most.get().max(alive.get()));
            async move {
                wait.await;
                drop(guard);
                Ok::<_, ()>(())
            }
        });
        let done = sim.poll_times(polls, future);
        assert_eq!((alive.get(), sim.waits()), (0, 0), "after {polls} polls");
        assert_eq!(done.is_some(), polls >= 4, "10, 20, 25 ms: {polls}");
        assert_eq!(usize::try_from(most.get()), Ok(polls.min(3)), "started when due");
    }
}

#[test]
fn losers_are_dropped_when_the_winner_is_ready() {
    let sim = Sim::new();
    let alive = Cell::new(0);
    let hedge = after(&sim, ms(10)).build().expect("valid");
    let result = sim.block_on(hedge.call_async(sim.clone(), |attempt| {
        let (guard, number) = (Guard::new(&alive), attempt.number);
        let wait = sim.sleep(ms(if number == 1 { 1_000 } else { 1 }));
        async move {
            wait.await;
            drop(guard);
            Ok::<_, ()>(number)
        }
    }));
    assert_eq!((result, alive.get(), sim.elapsed()), (Ok(2), 0, ms(11)));
}

#[test]
fn a_panic_in_a_hedge_drops_the_others() {
    let sim = Sim::new();
    let alive = Cell::new(0);
    let hedge = after(&sim, ms(10)).build().expect("valid");
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        sim.block_on(hedge.call_async(sim.clone(), |attempt| {
            let (guard, wait) = (Guard::new(&alive), sim.sleep(ms(100)));
            assert_eq!(attempt.number, 1, "the hedge is broken");
            async move {
                wait.await;
                drop(guard);
                Ok::<_, ()>(())
            }
        }))
    }));
    assert!(panicked.is_err());
    assert_eq!((alive.get(), sim.waits()), (0, 0));
}

#[test]
fn nothing_is_started_after_the_deadline_of_the_caller() {
    let sim = Sim::new();
    let hedge = after(&sim, ms(10)).max_hedges(9).build().expect("valid");
    let deadline = Deadline::after(sim.now(), ms(25));
    let seen = RefCell::new(Vec::new());
    let _ = sim.block_on(hedge.call_async_until(deadline, sim.clone(), |attempt| {
        seen.borrow_mut().push((attempt.number, attempt.deadline));
        let wait = sim.sleep(ms(50));
        async move {
            wait.await;
            Ok::<_, ()>(())
        }
    }));
    assert_eq!(seen.into_inner(), [(1, deadline), (2, deadline), (3, deadline)]);
}

#[test]
fn what_makes_no_hedge_is_refused() {
    for share in [0.0, 1.0, f64::NAN, -1.0] {
        let error = Hedge::builder(HedgeDelay::quantile(share)).build().unwrap_err();
        assert_eq!(error.option(), "quantile");
    }
    let error = Hedge::builder(HedgeDelay::fixed(ms(1))).max_hedges(u32::MAX).build();
    assert_eq!(error.unwrap_err().option(), "max_hedges");
}
