//! The bucket in parts against the bucket in one piece.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use voussoir_core::{Clock, Gate, ManualClock, Nanos};
use voussoir_ratelimit::{LeakyBucket, Limiter, StripedLimiter, TokenBucket};

fn striped(bucket: TokenBucket, parts: usize) -> StripedLimiter<ManualClock> {
    StripedLimiter::builder(bucket).parts(parts).clock(ManualClock::new()).build().expect("valid")
}

#[test]
fn threads_under_a_frozen_clock_get_exactly_the_burst() {
    for (burst, parts, threads) in [(1, 16, 4), (63, 2, 4), (1_000, 2, 2), (10_000, 16, 16)] {
        let limiter = striped(TokenBucket::per_hour(1).burst(burst), parts);
        let passed = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let ours = (0..burst).filter(|_| limiter.check().is_ok()).count();
                    passed.fetch_add(ours as u64, Ordering::Relaxed);
                });
            }
        });
        // Tokens that one thread carried from pocket to pocket may have been missed by another.
        let left = (0..burst).filter(|_| limiter.check().is_ok()).count() as u64;
        assert_eq!(passed.into_inner() + left, u64::from(burst), "burst {burst}, {parts} parts");
    }
}

#[test]
fn a_refusal_says_when_there_is_a_token() {
    let limiter = striped(TokenBucket::per_second(4).burst(1_000), 4);
    for _ in 0..1_000 {
        limiter.check().expect("of the burst");
    }
    let wait = limiter.check().unwrap_err().wait().expect("it comes");
    let then = Nanos::from_duration(wait);
    assert!(limiter.check_at(Nanos::from_nanos(then.as_nanos() - 1)).is_err());
    assert!(limiter.check_at(then).is_ok());
    assert_eq!(limiter.check_n(1_001).unwrap_err().wait(), None);
}

#[test]
fn a_cost_is_gathered_from_pockets_and_bucket() {
    let limiter = striped(TokenBucket::per_hour(1).burst(6_400), 4);
    assert!(limiter.check_n(6_390).is_ok());
    assert!(limiter.check_n(11).is_err());
    assert_eq!(limiter.remaining(), 10);
    assert!(limiter.check_n(10).is_ok());
    assert!(limiter.check().is_err());
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let bucket = TokenBucket::per_second(1).burst(0);
    assert!(StripedLimiter::builder(bucket).build().is_err());
    let bucket = TokenBucket::per_second(1);
    let error = StripedLimiter::builder(bucket).parts(0).build().unwrap_err();
    assert_eq!(error.to_string(), "`parts` is 0; allowed: 1 or more");
}

#[test]
fn a_limiter_is_a_gate() {
    let limiter = Limiter::builder(TokenBucket::per_second(1)).build().expect("valid");
    assert!(limiter.try_pass_at(Nanos::ZERO).is_ok());
    let refused = limiter.try_pass_at(Nanos::ZERO).unwrap_err();
    assert_eq!(refused.wait(), Some(Duration::from_secs(1)));
}

#[test]
fn a_gate_does_not_let_into_a_queue() {
    let queue = Limiter::builder(LeakyBucket::per_second(1).queue(5)).build().expect("valid");
    assert!(queue.try_pass_at(Nanos::ZERO).is_ok());
    for _ in 0..3 {
        let refused = queue.try_pass_at(Nanos::ZERO).unwrap_err();
        assert_eq!(refused.wait(), Some(Duration::from_secs(1)));
    }
}

/// What a gate refuses is not let in for a moment and given back: others in the queue would be told to
/// wait for a turn that nobody takes.
#[test]
fn a_gate_that_refuses_takes_no_turn() {
    let queue = LeakyBucket::per_second(1).queue(2_000_000);
    let limiter = Limiter::builder(queue).build().expect("valid");
    assert!(limiter.try_pass_at(Nanos::ZERO).is_ok());
    let is_over = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while is_over.load(Ordering::Relaxed) == 0 {
                    assert!(limiter.try_pass_at(Nanos::ZERO).is_err());
                }
            });
        }
        let delays = (0..100_000).map(|_| limiter.check_at(Nanos::ZERO).delay().as_secs());
        let in_turn = delays.zip(1..).filter(|(delay, turn)| delay == turn).count();
        is_over.store(1, Ordering::Relaxed);
        assert_eq!(in_turn, 100_000);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    /// In any time L at most burst + ⌊L × rate⌋; and never less than the bucket in one piece would
    /// give it, but for the share of the pockets.
    #[test]
    fn between_the_bucket_and_the_bucket_less_its_pockets(
        burst in 1..5_000_u32,
        parts in 1..17_usize,
        steps in prop::collection::vec((0..2_000_u64, 1..400_u32), 1..60),
    ) {
        const PER_SECOND: u32 = 1_000;
        let bucket = TokenBucket::per_second(PER_SECOND).burst(burst);
        let limiter = striped(bucket, parts);
        let short = burst - burst / 64;
        let less = Limiter::builder(bucket.burst(short)).build().expect("valid");
        let clock = ManualClock::new();
        let mut passed: Vec<(Nanos, u64)> = Vec::new();
        let (mut ours, mut least) = (0_u64, 0_u64);
        for (pause, asks) in steps {
            clock.advance(Duration::from_millis(pause));
            let now = clock.now();
            let here = (0..asks).filter(|_| limiter.check_at(now).is_ok()).count() as u64;
            least += (0..asks).filter(|_| less.check_at(now).is_allowed()).count() as u64;
            ours += here;
            passed.push((now, here));
            prop_assert!(ours >= least, "{ours} passed where {least} must");
            let mut sum = 0;
            for &(then, count) in passed.iter().rev() {
                sum += count;
                let length = now.saturating_duration_since(then);
                let most = u64::from(burst)
                    + u64::try_from(length.as_millis()).expect("short") * u64::from(PER_SECOND) / 1_000;
                prop_assert!(sum <= most, "{sum} in {length:?}, at most {most}");
            }
        }
    }
}

fn cases() -> u32 {
    if std::env::var_os("VOUSSOIR_LONG").is_some() { 5_000 } else { 300 }
}
