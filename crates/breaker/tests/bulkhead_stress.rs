//! Many threads at one bulkhead: never above its limit, and every permit comes back.

#![cfg(feature = "std")]

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use voussoir_breaker::{Bulkhead, BulkheadError};
use voussoir_core::Random;

fn rounds(short: u64, long: u64) -> u64 {
    if std::env::var_os("VOUSSOIR_LONG").is_some() { long } else { short }
}

fn never(_: Duration) -> std::future::Pending<()> {
    pending()
}

/// Enters in every way, and half of the time does not end as it should.
fn work(pool: &Bulkhead, inside: &AtomicU32, seen: &AtomicU32, random: &mut Random) {
    let hold = || {
        let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
        seen.fetch_max(now, Ordering::SeqCst);
        if now.is_multiple_of(2) {
            thread::yield_now();
        }
        inside.fetch_sub(1, Ordering::SeqCst);
    };
    match random.below(6) {
        0 | 1 => {
            if let Ok(_permit) = pool.try_acquire() {
                hold();
            }
        }
        2 | 3 => {
            let wait = Duration::from_micros(u64::from(random.below(50)));
            if let Ok(_permit) = pool.claim().max_wait(wait).acquire() {
                hold();
            }
        }
        4 => {
            // Dropped in line, or with the permit on its way, or with the permit.
            let mut waiting = pin!(pool.acquire_async(&never));
            let mut context = Context::from_waker(Waker::noop());
            for _ in 0..random.below(3) {
                if waiting.as_mut().poll(&mut context).is_ready() {
                    break;
                }
                thread::yield_now();
            }
        }
        _ => {
            let panics = || {
                let _permit = pool.acquire().map(|permit| (permit, hold()));
                std::panic::resume_unwind(Box::new(()));
            };
            assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        }
    }
}

#[test]
fn never_above_the_limit_and_every_permit_comes_back() {
    let rounds = rounds(2_000, 100_000);
    for (threads, limit) in [(2, 1), (8, 3), (64, 16)] {
        let pool = Bulkhead::builder(limit).queue(64).build().expect("valid");
        let (inside, seen) = (AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for thread in 0..threads {
                let (pool, inside, seen) = (&pool, &inside, &seen);
                scope.spawn(move || {
                    let mut random = Random::seeded(thread);
                    for _ in 0..rounds {
                        work(pool, inside, seen, &mut random);
                    }
                });
            }
        });
        let seen = seen.into_inner();
        assert!(seen <= limit, "{seen} at once of {limit}");
        assert_eq!((pool.in_use(), pool.stats().waiting), (0, 0), "{threads} threads");
        let all: Vec<_> = (0..limit).map(|_| pool.try_acquire()).collect();
        assert!(all.iter().all(Result::is_ok) && pool.try_acquire().is_err());
    }
}

#[test]
fn partitions_and_weights_come_back_too() {
    let pool = Bulkhead::builder(8).queue(32).partition("a", 0.5).partition("b", 0.25).lend_idle();
    let pool = pool.build().expect("valid");
    let (inside, seen) = (AtomicU32::new(0), AtomicU32::new(0));
    let rounds = rounds(2_000, 50_000);
    thread::scope(|scope| {
        for thread in 0..6_u64 {
            let (pool, inside, seen) = (&pool, &inside, &seen);
            scope.spawn(move || {
                let mut random = Random::seeded(thread);
                for _ in 0..rounds {
                    let weight = 1 + random.below(3);
                    let claim =
                        pool.claim().weight(weight).partition(["a", "b", "c"][thread as usize % 3]);
                    let wait = Duration::from_micros(u64::from(random.below(100)));
                    if let Ok(_permit) = claim.max_wait(wait).acquire() {
                        let now = inside.fetch_add(weight, Ordering::SeqCst) + weight;
                        seen.fetch_max(now, Ordering::SeqCst);
                        inside.fetch_sub(weight, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    assert!(seen.into_inner() <= 8);
    assert_eq!((pool.in_use(), pool.stats().waiting), (0, 0));
    // The partitions have all of theirs again.
    assert!(pool.claim().partition("a").weight(8).try_acquire().is_ok());
}

#[test]
fn no_wake_up_is_lost() {
    let pool = Bulkhead::builder(1).queue(64).build().expect("valid");
    let served = AtomicU64::new(0);
    let rounds = rounds(3_000, 100_000);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..rounds {
                    // Nobody gives up: were a wake-up lost, this would never end.
                    drop(pool.acquire().expect("room in line"));
                    served.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(served.into_inner(), 4 * rounds);
}

#[test]
fn a_full_line_refuses_at_once() {
    let pool = Bulkhead::builder(1).queue(2).build().expect("valid");
    let running = pool.try_acquire().expect("free");
    let refused = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| match pool.acquire() {
                Ok(permit) => drop(permit),
                Err(error) => {
                    assert_eq!(error, BulkheadError::Full);
                    refused.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        while refused.load(Ordering::Relaxed) < 4 {
            thread::yield_now();
        }
        drop(running);
    });
    assert_eq!(refused.into_inner(), 4);
}
