//! What the suites of the peers observe of their bulkheads, and the bugs that their users reported.
//! Numbers in brackets are those of our collection of cases.

#![cfg(feature = "std")]

use std::future::pending;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use voussoir_breaker::{
    Bulkhead, BulkheadBuilder, BulkheadError, BulkheadObserver, BulkheadPermit, Criticality,
};

const MS: Duration = Duration::from_millis(1);

fn limit(limit: u32) -> Bulkhead {
    Bulkhead::builder(limit).build().expect("valid")
}

fn queue(limit: u32, waiting: u32) -> Bulkhead {
    Bulkhead::builder(limit).queue(waiting).build().expect("valid")
}

/// Writes down the reasons of refusals.
#[derive(Default)]
struct Refusals(Mutex<Vec<&'static str>>);

impl BulkheadObserver for Refusals {
    fn refused(&self, error: &BulkheadError) {
        self.0.lock().expect("whole").push(error.name());
    }
}

impl Refusals {
    fn read(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().expect("whole"))
    }
}

fn watched(builder: BulkheadBuilder) -> (Bulkhead, Arc<Refusals>) {
    let refusals = Arc::new(Refusals::default());
    (builder.observer(refusals.clone()).build().expect("valid"), refusals)
}

/// A timer that never ends.
fn never(_: Duration) -> std::future::Pending<()> {
    pending()
}

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// [31]
#[test]
fn the_third_of_two_is_refused_until_one_leaves() {
    let (pool, refusals) = watched(Bulkhead::builder(2));
    let (first, second) = (pool.try_acquire().expect("free"), pool.try_acquire().expect("free"));
    assert_eq!(pool.try_acquire().unwrap_err(), BulkheadError::Full);
    assert_eq!(refusals.read(), ["full"]);
    drop(first);
    let third = pool.try_acquire().expect("free again");
    assert_eq!(pool.available(), 0);
    drop((second, third));
    assert_eq!(pool.available(), 2);
}

/// [31]
#[test]
fn a_limit_of_none_refuses_all() {
    let (pool, refusals) = watched(Bulkhead::builder(0).queue(10));
    assert_eq!(pool.try_acquire().unwrap_err(), BulkheadError::Full);
    let too_heavy = BulkheadError::TooHeavy { weight: 1, limit: 0 };
    assert_eq!(pool.acquire().unwrap_err(), too_heavy);
    assert_eq!(refusals.read(), ["full", "too_heavy"]);
}

/// [31]
#[test]
fn a_wait_that_is_too_long_takes_as_long_as_it_may() {
    let pool = Bulkhead::builder(1).queue(1).max_wait(10 * MS).build().expect("valid");
    let running = pool.try_acquire().expect("free");
    let start = Instant::now();
    assert_eq!(pool.acquire().unwrap_err(), BulkheadError::TimedOut { waited: 10 * MS });
    assert!(start.elapsed() >= 10 * MS);
    assert_eq!(pool.stats().waiting, 0);
    drop(running);
}

/// [31]
#[test]
fn a_grown_limit_admits_and_a_shrunk_one_revokes_nothing() {
    let pool = limit(1);
    let first = pool.try_acquire().expect("free");
    assert!(pool.try_acquire().is_err());
    pool.set_limit(2);
    let second = pool.try_acquire().expect("one more");
    pool.set_limit(1);
    assert_eq!((pool.in_use(), pool.available()), (2, 0));
    drop(first);
    assert!(pool.try_acquire().is_err(), "one runs and one may");
    drop(second);
    assert!(pool.try_acquire().is_ok());
}

/// [32]
#[test]
fn a_thread_in_line_gets_the_permit_that_comes_free() {
    let pool = queue(2, 2);
    let permits = [pool.try_acquire().expect("free"), pool.try_acquire().expect("free")];
    thread::scope(|scope| {
        let waiting =
            scope.spawn(|| pool.claim().max_wait(Duration::from_secs(20)).acquire().is_ok());
        while pool.stats().waiting == 0 {
            thread::yield_now();
        }
        drop(permits);
        assert!(waiting.join().expect("no panic"));
    });
    assert!(pool.claim().max_wait(Duration::from_nanos(1)).acquire().is_ok(), "one is free");
}

/// [33]
#[test]
fn tasks_in_line_are_served_in_order_and_none_is_passed() {
    let pool = queue(1, 4);
    let running = pool.try_acquire().expect("free");
    let mut first = pin!(pool.acquire_async(&never));
    let mut second = pin!(pool.acquire_async(&never));
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    drop(running);
    assert_eq!(pool.try_acquire().unwrap_err(), BulkheadError::Full, "it is the first one's");
    assert!(poll(second.as_mut()).is_pending());
    let Poll::Ready(Ok(permit)) = poll(first.as_mut()) else { panic!("its turn") };
    drop(permit);
    assert!(matches!(poll(second.as_mut()), Poll::Ready(Ok(_))));
}

/// [33] tower: a response future that is dropped frees its permit, served or not.
#[test]
fn a_future_that_is_dropped_leaves_the_line_and_its_permit() {
    let pool = queue(1, 4);
    let running = pool.try_acquire().expect("free");
    let mut behind = pin!(pool.acquire_async(&never));
    {
        let mut served = pin!(pool.acquire_async(&never));
        assert!(poll(served.as_mut()).is_pending());
        assert!(poll(behind.as_mut()).is_pending());
        drop(running);
        assert_eq!(pool.in_use(), 1, "given to the first in line, who has not looked");
    }
    let Poll::Ready(Ok(permit)) = poll(behind.as_mut()) else { panic!("the next in line") };
    drop(permit);
    assert_eq!((pool.in_use(), pool.stats().waiting), (0, 0));
}

/// [34]
#[test]
fn the_newest_can_go_first() {
    let pool = Bulkhead::builder(4).queue(10).newest_first().build().expect("valid");
    let mut running: Vec<_> = (0..4).map(|_| pool.try_acquire().expect("free")).collect();
    let mut line: Vec<_> = (0..10).map(|_| Box::pin(pool.acquire_async(&never))).collect();
    assert!(line.iter_mut().all(|waiting| poll(waiting.as_mut()).is_pending()));
    assert_eq!(pool.acquire().unwrap_err(), BulkheadError::Full, "the fifteenth, at once");
    running.pop();
    let Poll::Ready(Ok(newest)) = poll(line[9].as_mut()) else { panic!("the newest first") };
    assert!(line[..9].iter_mut().all(|waiting| poll(waiting.as_mut()).is_pending()));

    pool.set_limit(5);
    let Poll::Ready(Ok(admitted)) = poll(line[8].as_mut()) else { panic!("admitted at once") };
    pool.set_limit(3);
    drop(newest);
    assert!(line[..8].iter_mut().all(|waiting| poll(waiting.as_mut()).is_pending()));
    drop((admitted, line, running));
    assert_eq!((pool.in_use(), pool.stats().waiting), (0, 0));
}

/// [37] Netflix then still lets 7 of the other kind in, 17 in all.
#[test]
fn idle_shares_are_lent_and_the_total_is_never_exceeded() {
    let pool = Bulkhead::builder(10).queue(10).partition("live", 0.7).partition("batch", 0.3);
    let pool = pool.lend_idle().build().expect("valid");
    let batch = || pool.claim().partition("batch").try_acquire();
    let mut lent: Vec<_> = (0..10).map(|_| batch().expect("idle")).collect();
    let live = || pool.claim().partition("live");
    assert!(live().try_acquire().is_err(), "ten is ten");

    let mut more = Box::pin(pool.claim().partition("batch").acquire_async(&never));
    assert!(poll(more.as_mut()).is_pending());
    let mut waiting: Vec<_> = (0..7).map(|_| Box::pin(live().acquire_async(&never))).collect();
    assert!(waiting.iter_mut().all(|waiting| poll(waiting.as_mut()).is_pending()));
    // What comes free goes to the one that has less than its share, though it came later.
    let mut served = Vec::new();
    for waiting in &mut waiting {
        lent.pop();
        let Poll::Ready(Ok(permit)) = poll(waiting.as_mut()) else { panic!("its share") };
        served.push(permit);
        assert!(poll(more.as_mut()).is_pending());
        assert_eq!(pool.in_use(), 10);
    }
    served.pop();
    assert!(matches!(poll(more.as_mut()), Poll::Ready(Ok(_))));
}

/// [37]
#[test]
fn a_share_that_is_not_lent_is_there_at_once() {
    let pool = Bulkhead::builder(10).partition("live", 0.7).partition("batch", 0.2);
    let pool = pool.build().expect("valid");
    let batch = || pool.claim().partition("batch").try_acquire().ok();
    let batches: Vec<_> = std::iter::from_fn(batch).collect();
    assert_eq!(batches.len(), 3, "its two and what is promised to nobody");
    let live = || pool.claim().partition("live").try_acquire().ok();
    let lives: Vec<_> = std::iter::from_fn(live).collect();
    assert_eq!(lives.len(), 7);
    assert!(pool.try_acquire().is_err());
    drop((batches, lives));
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn partitions_do_not_hold_each_other_up_in_line() {
    let pool = Bulkhead::builder(4).queue(10).partition("a", 0.5).partition("b", 0.5);
    let pool = pool.build().expect("valid");
    let claim = |name: &str| pool.claim().partition(name);
    let [_a1, _a2] = [(); 2].map(|()| claim("a").try_acquire().expect("its share"));
    let b1 = claim("b").weight(2).try_acquire().expect("its share");
    let mut a3 = pin!(claim("a").acquire_async(&never));
    let mut b2 = pin!(claim("b").acquire_async(&never));
    assert!(poll(a3.as_mut()).is_pending() && poll(b2.as_mut()).is_pending());
    drop(b1);
    assert!(poll(a3.as_mut()).is_pending());
    assert!(matches!(poll(b2.as_mut()), Poll::Ready(Ok(_))));
}

#[test]
fn weights_are_taken_whole_and_in_turn() {
    let pool = queue(4, 4);
    let light = pool.try_acquire().expect("free");
    let mut heavy = Box::pin(pool.claim().weight(4).acquire_async(&never));
    assert!(poll(heavy.as_mut()).is_pending());
    let mut behind = Box::pin(pool.acquire_async(&never));
    assert!(poll(behind.as_mut()).is_pending(), "it would fit, but does not pass the heavy one");
    let too_heavy = BulkheadError::TooHeavy { weight: 5, limit: 4 };
    assert_eq!(pool.claim().weight(5).acquire().unwrap_err(), too_heavy);
    // The heavy one gives up, and those it held up go on.
    drop(heavy);
    assert!(matches!(poll(behind.as_mut()), Poll::Ready(Ok(_))));
    drop((light, behind));
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn a_waiter_that_the_shrunk_limit_can_never_serve_is_told_so() {
    let pool = queue(4, 4);
    let running = pool.try_acquire().expect("free");
    let mut heavy = pin!(pool.claim().weight(4).acquire_async(&never));
    assert!(poll(heavy.as_mut()).is_pending());
    pool.set_limit(3);
    let told = poll(heavy.as_mut()).map(|answer| answer.map(drop));
    assert_eq!(told, Poll::Ready(Err(BulkheadError::TooHeavy { weight: 4, limit: 3 })));
    drop(running);
}

#[test]
fn important_work_goes_first_and_pushes_the_least_important_out() {
    let (pool, refusals) = watched(Bulkhead::builder(1).queue(2));
    let running = pool.try_acquire().expect("free");
    let claim = |criticality| Box::pin(pool.claim().criticality(criticality).acquire_async(&never));
    let mut report = claim(Criticality::Sheddable);
    let mut person = claim(Criticality::Critical);
    assert!(poll(report.as_mut()).is_pending() && poll(person.as_mut()).is_pending());
    let refused = pool.claim().criticality(Criticality::Sheddable).acquire();
    assert_eq!(refused.unwrap_err(), BulkheadError::Full, "not less important than the last");

    let mut login = claim(Criticality::CriticalPlus);
    assert!(poll(login.as_mut()).is_pending());
    let told = poll(report.as_mut()).map(|answer| answer.map(drop));
    assert_eq!(told, Poll::Ready(Err(BulkheadError::Shed)));
    drop(running);
    let Poll::Ready(Ok(permit)) = poll(login.as_mut()) else { panic!("most important first") };
    drop(permit);
    assert!(matches!(poll(person.as_mut()), Poll::Ready(Ok(_))));
    assert_eq!(refusals.read(), ["full", "shed"]);
}

#[test]
fn a_wait_ends_with_the_timer_it_was_given() {
    let pool = Bulkhead::builder(1).queue(1).max_wait(5 * MS).build().expect("valid");
    let running = pool.try_acquire().expect("free");
    let at_once = |_: Duration| std::future::ready(());
    let told = poll(pin!(pool.acquire_async(&at_once)));
    let timed_out = BulkheadError::TimedOut { waited: 5 * MS };
    assert_eq!(told.map(|answer| answer.map(drop)), Poll::Ready(Err(timed_out)));
    assert_eq!(pool.stats().waiting, 0);
    drop(running);
}

#[test]
fn an_owned_permit_outlives_its_task() {
    let pool = Arc::new(queue(1, 1));
    let permit = pool.try_acquire_owned().expect("free");
    let mut waiting = pin!(Arc::clone(&pool).acquire_owned_async(&never));
    assert!(poll(waiting.as_mut()).is_pending());
    thread::spawn(move || drop(permit)).join().expect("no panic");
    assert!(matches!(poll(waiting.as_mut()), Poll::Ready(Ok(_))));
}

#[test]
fn a_panic_gives_the_permit_back() {
    let pool = limit(1);
    let work = || {
        let _permit = pool.try_acquire().expect("free");
        panic!("inside");
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err());
    assert_eq!(pool.available(), 1);
}

#[test]
fn options_out_of_range_are_refused_with_what_is_allowed() {
    let refusals = [
        (
            Bulkhead::builder(1).partition("a", 1.1),
            "`partition` is 1.1; allowed: a share of 0 to 1",
        ),
        (Bulkhead::builder(1).partition("a", f64::NAN), "`partition` is NaN"),
        (
            Bulkhead::builder(1).partition("a", 0.6).partition("b", 0.5),
            "`partition` is 1.1; allowed: shares of at most 1 in all",
        ),
        (
            Bulkhead::builder(1).partition("a", 0.1).partition("a", 0.1),
            "`partition` is a; allowed: a name of its own",
        ),
    ];
    for (builder, message) in refusals {
        let error = builder.build().expect_err(message);
        assert!(error.to_string().starts_with(message), "{error}");
    }
}

#[test]
fn permits_are_small() {
    assert!(size_of::<BulkheadPermit<'_>>() <= 32);
}
