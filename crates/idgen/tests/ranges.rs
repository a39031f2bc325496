//! No number is given twice, however the source behaves.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use voussoir_core::ManualClock;
use voussoir_idgen::{AsyncRangeAllocator, Block, BlockError, RangeAllocator, RangeError};

/// What a source answers, one after the other; then it is away.
fn script(
    answers: impl IntoIterator<Item = Result<Block, &'static str>>,
) -> impl Fn(u64) -> Result<Block, &'static str> {
    let mut answers: Vec<_> = answers.into_iter().collect();
    answers.reverse();
    let answers = Mutex::new(answers);
    move |_| answers.lock().expect("no panic").pop().unwrap_or(Err("away"))
}

#[test]
fn the_next_block_is_asked_for_at_the_low_water_mark() {
    let asked = AtomicUsize::new(0);
    let next = AtomicU64::new(0);
    let claim = |n| {
        asked.fetch_add(1, Ordering::Relaxed);
        let start = next.fetch_add(n, Ordering::Relaxed);
        Ok::<_, ()>(Block::new(start..start + n, 0))
    };
    let builder = RangeAllocator::builder(claim).block(100).max_block(100).low_water(25);
    let keys = builder.build().expect("valid");
    let mut asked_by = Vec::new();
    for number in 0..301 {
        assert_eq!(keys.next(), Ok(number));
        asked_by.push(asked.load(Ordering::Relaxed));
    }
    // When 25 are left: before number 75 of a block.
    assert_eq!((asked_by[0], asked_by[74], asked_by[75]), (1, 1, 2));
    assert_eq!((asked_by[174], asked_by[175], asked_by[275]), (2, 3, 4));
}

#[test]
fn a_source_that_is_away_is_not_missed_while_numbers_are_left() {
    let keys = RangeAllocator::builder(script([
        Ok(Block::new(0..10, 0)),
        Err("away"),
        Err("away"),
        Ok(Block::new(50..52, 0)),
    ]));
    let keys = keys.block(10).low_water(50).build().expect("valid");
    let numbers: Vec<_> = (0..12).map(|_| keys.next().expect("left")).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 50, 51]);
    assert_eq!(keys.next(), Err(RangeError::Source("away")));
    assert_eq!(keys.next(), Err(RangeError::Source("away")));
}

#[test]
fn blocks_that_no_source_should_give_are_refused_and_said_why() {
    let cases = [
        (Block::new(5..5, 1), BlockError::Empty { start: 5, end: 5 }),
        (Block::new(9..20, 1), BlockError::Overlap { start: 9, earlier: 10 }),
        (Block::new(0..10, 1), BlockError::Overlap { start: 0, earlier: 10 }),
        (Block::new(10..20, 0), BlockError::Fenced { fence: 0, seen: 1 }),
    ];
    for (bad, why) in cases {
        let keys = RangeAllocator::builder(script([Ok(Block::new(0..10, 1)), Ok(bad)]));
        let keys = keys.block(10).low_water(0).build().expect("valid");
        (0..10).for_each(|number| assert_eq!(keys.next(), Ok(number)));
        assert_eq!(keys.next(), Err(RangeError::Block(why)));
    }
}

/// Leaf's rule.
#[test]
fn blocks_grow_when_they_last_too_short_and_shrink_when_too_long() {
    let sizes = Mutex::new(Vec::new());
    let next = AtomicU64::new(0);
    let claim = |n| {
        sizes.lock().expect("no panic").push(n);
        let start = next.fetch_add(n, Ordering::Relaxed);
        Ok::<_, ()>(Block::new(start..start + n, 0))
    };
    let clock = ManualClock::new();
    let builder = RangeAllocator::builder(claim).block(10).max_block(40).low_water(0);
    let builder = builder.lasts(Duration::from_mins(15)).clock(clock.clone());
    let keys = builder.build().expect("valid");
    let use_up = |lasting: u64| {
        let asked = sizes.lock().expect("no panic").len();
        clock.advance(Duration::from_mins(lasting));
        while sizes.lock().expect("no panic").len() == asked {
            keys.next().expect("there");
        }
    };
    [0, 1, 14, 1, 20, 31, 31, 31].into_iter().for_each(use_up);
    assert_eq!(*sizes.lock().expect("no panic"), [10, 20, 40, 40, 40, 20, 10, 10]);
}

#[test]
fn a_source_that_is_away_does_not_make_blocks_grow() {
    let sizes = Mutex::new(Vec::new());
    let claim = |n| {
        sizes.lock().expect("no panic").push(n);
        Err::<Block, _>("away")
    };
    let keys = RangeAllocator::builder(claim).block(10).build().expect("valid");
    (0..5).for_each(|_| assert_eq!(keys.next(), Err(RangeError::Source("away"))));
    assert_eq!(*sizes.lock().expect("no panic"), [10; 5]);
}

/// One slow failure answers all who waited for it: they do not ask one after the other.
#[test]
fn those_who_wait_share_the_failure() {
    let calls = AtomicUsize::new(0);
    let arrived = AtomicUsize::new(0);
    let claim = |_| {
        calls.fetch_add(1, Ordering::SeqCst);
        while arrived.load(Ordering::SeqCst) < 8 {
            thread::yield_now();
        }
        // Long enough for all to be waiting, in all but the strangest of cases; who comes later may
        // ask once more, which is allowed.
        thread::sleep(Duration::from_millis(50));
        Err::<Block, _>("away")
    };
    let keys = RangeAllocator::builder(claim).build().expect("valid");
    let answers: Vec<_> = thread::scope(|scope| {
        let ask = || {
            arrived.fetch_add(1, Ordering::SeqCst);
            keys.next()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let told = answers.iter().filter(|answer| **answer == Err(RangeError::Source("away"))).count();
    let shared =
        answers.iter().filter(|answer| **answer == Err(RangeError::FailedElsewhere)).count();
    assert_eq!((told, told + shared), (calls.load(Ordering::SeqCst), 8));
}

#[test]
fn tasks_that_wait_share_the_failure_and_a_later_one_asks_again() {
    let calls = AtomicUsize::new(0);
    let is_answered = AtomicBool::new(false);
    let claim = async |_| {
        let call = calls.fetch_add(1, Ordering::SeqCst);
        let answer = |_: &mut Context<'_>| {
            if is_answered.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        };
        std::future::poll_fn(answer).await;
        if call == 0 { Err("away") } else { Ok(Block::new(0..10, 0)) }
    };
    let keys = AsyncRangeAllocator::builder(claim).build_async().expect("valid");
    let mut context = Context::from_waker(Waker::noop());
    let (mut asks, mut waits) = (pin!(keys.next()), pin!(keys.next()));
    assert!(asks.as_mut().poll(&mut context).is_pending());
    assert!(waits.as_mut().poll(&mut context).is_pending());
    is_answered.store(true, Ordering::SeqCst);
    assert_eq!(asks.as_mut().poll(&mut context), Poll::Ready(Err(RangeError::Source("away"))));
    assert_eq!(waits.as_mut().poll(&mut context), Poll::Ready(Err(RangeError::FailedElsewhere)));
    assert_eq!(pin!(keys.next()).poll(&mut context), Poll::Ready(Ok(0)));
}

#[test]
fn threads_get_every_number_once_and_each_sees_its_own_increase() {
    let next = AtomicU64::new(0);
    let calls = AtomicUsize::new(0);
    let claim = |n| {
        // Every third claim fails, of which half have taken their numbers.
        let call = calls.fetch_add(1, Ordering::Relaxed);
        if call % 6 == 1 {
            return Err("away");
        }
        let start = next.fetch_add(n, Ordering::Relaxed);
        thread::yield_now();
        if call % 6 == 4 { Err("lost") } else { Ok(Block::new(start..start + n, 0)) }
    };
    let keys = RangeAllocator::builder(claim).block(7).max_block(100).build().expect("valid");
    let numbers: Vec<Vec<u64>> = thread::scope(|scope| {
        let numbers = || (0..20_000).filter_map(|_| keys.next().ok()).collect();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(numbers)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(numbers.iter().all(|numbers| numbers.is_sorted_by(|a, b| a < b)));
    let all = numbers.concat();
    assert!(all.len() > 100_000);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
}

#[test]
fn a_source_that_panics_is_asked_again() {
    let calls = AtomicUsize::new(0);
    let claim = |_| match calls.fetch_add(1, Ordering::Relaxed) {
        0 => panic!("the driver"),
        _ => Ok::<_, ()>(Block::new(0..10, 0)),
    };
    let keys = RangeAllocator::builder(claim).build().expect("valid");
    assert!(catch_unwind(AssertUnwindSafe(|| keys.next())).is_err());
    assert_eq!(keys.next(), Ok(0));
}

#[test]
fn a_dropped_future_uses_no_number_and_lets_another_ask() {
    let calls = AtomicUsize::new(0);
    let claim = async |_| {
        if calls.fetch_add(1, Ordering::Relaxed) == 0 {
            std::future::pending::<()>().await;
        }
        Ok::<_, ()>(Block::new(0..10, 0))
    };
    let keys = AsyncRangeAllocator::builder(claim).low_water(0).build_async();
    let keys = keys.expect("valid");
    let mut context = Context::from_waker(Waker::noop());
    let mut waits = pin!(keys.next());
    {
        let mut hangs = pin!(keys.next());
        assert!(hangs.as_mut().poll(&mut context).is_pending());
        assert!(waits.as_mut().poll(&mut context).is_pending());
        assert_eq!(calls.load(Ordering::Relaxed), 1, "one asks for all");
    }
    assert_eq!(waits.as_mut().poll(&mut context), Poll::Ready(Ok(0)));
    assert_eq!(pin!(keys.next()).poll(&mut context), Poll::Ready(Ok(1)));
}

#[tokio::test]
async fn tasks_that_wait_are_woken_by_the_one_that_asks() {
    let next = AtomicU64::new(0);
    let claim = async |n: u64| {
        tokio::task::yield_now().await;
        let start = next.fetch_add(n, Ordering::Relaxed);
        Ok::<_, ()>(Block::new(start..start + n, 0))
    };
    let keys = AsyncRangeAllocator::builder(claim).block(3).max_block(3);
    let keys = keys.build_async().expect("valid");
    let mut tasks: Vec<_> = (0..10).map(|_| Box::pin(keys.next())).collect();
    let mut numbers = Vec::new();
    std::future::poll_fn(|context| {
        tasks.retain_mut(|task| match task.as_mut().poll(context) {
            Poll::Ready(number) => {
                numbers.push(number.expect("the source is there"));
                false
            }
            Poll::Pending => true,
        });
        if tasks.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    numbers.sort_unstable();
    assert_eq!(numbers, (0..10).collect::<Vec<_>>());
}

#[test]
fn options_out_of_range_are_refused() {
    let builder = || RangeAllocator::builder(script([]));
    let refusals = [
        (builder().block(0), "`block` is 0; allowed: 1 to `max_block`"),
        (builder().block(2).max_block(1), "`block` is 2; allowed: 1 to `max_block`"),
        (builder().max_block(u64::MAX), "`max_block` is 18446744073709551615"),
        (builder().low_water(100), "`low_water` is 100; allowed: 0 to 99 per cent"),
        (builder().lasts(Duration::ZERO), "`lasts` is 0s; allowed: 1ns or more"),
    ];
    for (builder, message) in refusals {
        let Err(error) = builder.build() else { panic!("{message}") };
        assert!(error.to_string().starts_with(message), "{error}");
    }
}

proptest! {
    /// Against the obvious model: a set of what was given, and a source that may answer anything.
    #[test]
    fn no_answer_of_a_source_makes_a_number_come_twice(
        answers in prop::collection::vec((0..60_u64, 0..12_u64, 0..3_u64, 0..4_u8), 0..60),
        low_water in 0..100_u32,
    ) {
        let answers = answers.into_iter().map(|(start, len, fence, kind)| match kind {
            0 => Err("away"),
            _ => Ok(Block::new(start..start + len, fence)),
        });
        let keys = RangeAllocator::builder(script(answers)).block(5).low_water(low_water).build();
        let keys = keys.expect("valid");
        let numbers: Vec<_> = (0..400).filter_map(|_| keys.next().ok()).collect();
        prop_assert!(numbers.is_sorted_by(|a, b| a < b), "{:?}", numbers);
    }
}
