//! The line of a bulkhead under many random schedules. A permit that is lost leaves the count wrong,
//! a wake-up that is lost a thread that never ends, which shuttle takes for the deadlock that it is.

use core::future::{Future, pending};
use core::pin::pin;
use core::task::{Context, Waker};
use core::time::Duration;

use shuttle::rand::Rng;
use shuttle::sync::Arc;
use shuttle::thread;

use super::{Bulkhead, BulkheadBuilder};
use crate::sync::{AtomicU32, Ordering};

const SCHEDULES: usize = 3_000;

fn never(_: Duration) -> core::future::Pending<()> {
    pending()
}

/// Enters in every way, with one or two permits, and gives up in every way.
fn work(pool: &Bulkhead, inside: &AtomicU32, partition: &str) {
    let limit = 2;
    for _ in 0..2 {
        let weight = shuttle::rand::thread_rng().gen_range(1..=2);
        let claim = pool.claim().weight(weight).partition(partition);
        match shuttle::rand::thread_rng().gen_range(0..3) {
            0 => {
                let mut waiting = pin!(claim.acquire_async(&never));
                let mut context = Context::from_waker(Waker::noop());
                if waiting.as_mut().poll(&mut context).is_pending() {
                    thread::yield_now();
                    let _ = waiting.as_mut().poll(&mut context);
                }
            }
            1 => drop(claim.try_acquire()),
            _ => {
                let permit = claim.acquire().unwrap();
                let before = inside.fetch_add(weight, Ordering::SeqCst);
                assert!(before + weight <= limit, "{before} and {weight} at once");
                inside.fetch_sub(weight, Ordering::SeqCst);
                drop(permit);
            }
        }
    }
}

fn check(build: fn(BulkheadBuilder) -> BulkheadBuilder) {
    shuttle::check_random(
        move || {
            let pool = Arc::new(build(Bulkhead::builder(2).queue(8)).build().unwrap());
            let inside = Arc::new(AtomicU32::new(0));
            let threads = ["a", "b", "none"].map(|partition| {
                let (pool, inside) = (Arc::clone(&pool), Arc::clone(&inside));
                thread::spawn(move || work(&pool, &inside, partition))
            });
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            // Neither a permit out nor the mark that somebody waits.
            assert_eq!(pool.word.load(Ordering::SeqCst), 0);
            assert_eq!(pool.stats().waiting, 0);
            drop(pool.claim().weight(2).partition("a").try_acquire().unwrap());
        },
        SCHEDULES,
    );
}

#[test]
fn no_permit_and_no_wake_up_is_lost() {
    check(|builder| builder);
}

#[test]
fn nor_where_the_newest_goes_first() {
    check(BulkheadBuilder::newest_first);
}

#[test]
fn nor_where_partitions_lend_to_each_other() {
    check(|builder| builder.partition("a", 0.5).partition("b", 0.5).lend_idle());
}

/// A limit that shrinks while threads wait, and grows again, serves all.
#[test]
fn a_limit_that_moves_strands_nobody() {
    shuttle::check_random(
        || {
            let pool = Arc::new(Bulkhead::builder(1).queue(8).build().unwrap());
            let threads = [(); 3].map(|()| {
                let pool = Arc::clone(&pool);
                thread::spawn(move || drop(pool.acquire()))
            });
            for limit in [2, 1, 0, 2] {
                pool.set_limit(limit);
            }
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert_eq!(pool.word.load(Ordering::SeqCst), 0);
        },
        SCHEDULES,
    );
}
