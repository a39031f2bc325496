//! Threads that read the clock and are held up before they are decided on, so that a state sees an
//! older time than the one before it. Each request then counts at its own reading or at that of the
//! requests admitted before it, whichever is later; and by these times every bound holds.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use voussoir_core::{Clock, ManualClock, Nanos, SystemClock};
use voussoir_ratelimit::{
    Algorithm, FixedWindow, KeyedLimiter, LeakyBucket, Limit, SlidingWindowCounter,
    SlidingWindowLog, TokenBucket,
};

const PERIOD: u64 = 1_000_000;

/// A limit, and requests by their readings and costs, near it. Readings go back often, by little.
fn traffic() -> impl Strategy<Value = (u32, Vec<(u64, u32)>)> {
    (1..40_u32).prop_flat_map(|limit| {
        let gap = i64::try_from(PERIOD).expect("a millisecond") / i64::from(limit);
        let step = prop_oneof![
            6 => 0..gap * 2,
            4 => -gap..0,
            2 => -3_i64..=0,
            1 => 0..gap * 40,
        ];
        let cost = prop_oneof![5 => Just(1), 1 => 1..=limit];
        (0..PERIOD * 3, prop::collection::vec((step, cost), 1..300)).prop_map(
            move |(start, steps)| {
                let mut now = start + (1 << 40);
                let requests = steps.into_iter().map(|(step, cost)| {
                    now = now.saturating_add_signed(step);
                    (now, cost)
                });
                (limit, requests.collect())
            },
        )
    })
}

/// What passed, by the times at which it counts; and what holds for every algorithm.
fn passed<A: Algorithm>(
    algorithm: A,
    requests: &[(u64, u32)],
) -> Result<Vec<(u64, u64)>, TestCaseError> {
    algorithm.validate().expect("a configuration that is allowed");
    let (mut state, mut passed, mut latest) = (A::State::default(), Vec::new(), 0);
    for &(now, n) in requests {
        let at = Nanos::from_nanos(now);
        let before = state.clone();
        let decision = algorithm.check(&mut state, at, n);
        if decision.is_allowed() {
            let in_time = algorithm.peek(&before, Nanos::from_nanos(now.max(latest)), n);
            prop_assert!(in_time.is_allowed(), "a late reading grants what one in time does not");
            latest = latest.max(now);
            passed.push((latest, u64::from(n)));
        } else {
            prop_assert!(state == before, "a refusal changes nothing");
            if let Some(wait) = decision.retry_after() {
                let then = at.saturating_add(wait);
                let sooner = then.saturating_sub(Duration::from_nanos(1));
                prop_assert!(algorithm.peek(&state, then, n).is_allowed());
                prop_assert!(!algorithm.peek(&state, sooner, n).is_allowed());
            }
        }
    }
    Ok(passed)
}

/// Whether in every time from one request to another, both included, no more passed than `most` of the
/// time between them.
fn bounded(passed: &[(u64, u64)], most: impl Fn(u64) -> u64) -> Result<(), TestCaseError> {
    for (first, (from, _)) in passed.iter().enumerate() {
        let mut sum = 0;
        for (to, n) in &passed[first..] {
            sum += n;
            prop_assert!(sum <= most(to - from), "{sum} from {from} to {to}");
        }
    }
    Ok(())
}

/// Whether no more than `most` passed in any time of one period.
fn most_in_a_period(passed: &[(u64, u64)], most: u64) -> Result<(), TestCaseError> {
    bounded(passed, |length| if length < PERIOD { most } else { u64::MAX })
}

/// Whether no more than `most` passed in each window.
fn most_in_a_window(
    passed: &[(u64, u64)],
    most: u32,
    window: impl Fn(u64) -> u64,
) -> Result<(), TestCaseError> {
    for same in passed.chunk_by(|(one, _), (next, _)| window(*one) == window(*next)) {
        let sum: u64 = same.iter().map(|(_, n)| n).sum();
        prop_assert!(sum <= u64::from(most), "{sum} in {same:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn a_bucket_grants_its_burst_and_what_time_brings((limit, requests) in traffic(), burst in 1..60_u32) {
        // A nanosecond is rounded down to a tick, of which there are two or more.
        let most = |length: u64| {
            let halves = u128::from(2 * length + 1) * u128::from(limit);
            u64::from(burst) + u64::try_from(halves / u128::from(2 * PERIOD)).expect("few")
        };
        let period = Duration::from_nanos(PERIOD);
        bounded(&passed(TokenBucket::new(limit, period).burst(burst), &requests)?, most)?;
        bounded(&passed(LeakyBucket::new(limit, period).burst(burst), &requests)?, most)?;
        bounded(&passed(LeakyBucket::new(limit, period).queue(burst - 1), &requests)?, most)?;
    }

    /// Of late readings too the turns are in the order of the decisions, and no wait is too long.
    #[test]
    fn a_queue_gives_turns_apart_from_each_other((limit, requests) in traffic(), waiting in 1..50_u32) {
        let queue = LeakyBucket::new(limit, Duration::from_nanos(PERIOD)).queue(waiting);
        let (mut state, mut free_at) = (0, 0);
        let turns = |n: u32| u64::from(n) * PERIOD / u64::from(limit);
        for (now, n) in requests {
            let decision = queue.check(&mut state, Nanos::from_nanos(now), n);
            if decision.is_allowed() {
                let delay = u64::try_from(decision.delay().as_nanos()).expect("a moment");
                // Rounded to the nanosecond.
                prop_assert!(now + delay + 2 > free_at, "{now} + {delay} before {free_at}");
                prop_assert!(delay <= turns(waiting) + 1);
                free_at = now + delay + turns(n);
            }
        }
    }

    #[test]
    fn windows_of_the_clock_grant_their_limit((limit, requests) in traffic(), origin in 0..PERIOD) {
        let fixed = FixedWindow::new(limit, Duration::from_nanos(PERIOD)).starting_at(Nanos::from_nanos(origin));
        let passed = passed(fixed, &requests)?;
        most_in_a_window(&passed, limit, |at| (at - origin) / PERIOD)?;
        most_in_a_period(&passed, 2 * u64::from(limit))?;
    }

    /// Wherever they begin: no more than two of them reach into one period.
    #[test]
    fn windows_of_a_key_grant_their_limit_each((limit, requests) in traffic()) {
        let fixed = FixedWindow::new(limit, Duration::from_nanos(PERIOD));
        for fixed in [fixed.anchored(), fixed.spread()] {
            most_in_a_period(&passed(fixed, &requests)?, 2 * u64::from(limit))?;
        }
    }

    #[test]
    fn sliding_counters_keep_their_bounds((limit, requests) in traffic(), parts in 1..20_u32) {
        let sliding = SlidingWindowCounter::new(limit, Duration::from_nanos(PERIOD));
        for passed in [passed(sliding, &requests)?, passed(sliding.wide(), &requests)?] {
            most_in_a_window(&passed, limit, |at| at / PERIOD)?;
            most_in_a_period(&passed, 2 * u64::from(limit) - 1)?;
        }
        most_in_a_period(&passed(sliding.strict(parts), &requests)?, u64::from(limit))?;
    }

    #[test]
    fn a_log_keeps_its_bound_and_its_order((limit, requests) in traffic()) {
        let log = SlidingWindowLog::new(limit, Duration::from_nanos(PERIOD));
        let passed = passed(log, &requests)?;
        most_in_a_period(&passed, u64::from(limit))?;
        // What it remembers at the end is what counts at its newest, the oldest first.
        let mut state = <SlidingWindowLog as Algorithm>::State::default();
        for &(now, n) in &requests {
            let _ = log.check(&mut state, Nanos::from_nanos(now), n);
        }
        if let Some(&(newest, _)) = passed.last() {
            let saved = log.save(&state, Nanos::from_nanos(newest));
            let restored = log.load(&saved, Nanos::from_nanos(newest));
            let live = passed.iter().filter(|(at, _)| at + PERIOD > newest).map(|(_, n)| n);
            let left = u64::from(limit) - live.sum::<u64>();
            for state in [state, restored] {
                let found = log.peek(&state, Nanos::from_nanos(newest), 0).remaining();
                prop_assert_eq!(u64::from(found), left);
            }
        }
    }
}

fn cases() -> u32 {
    if std::env::var_os("VOUSSOIR_LONG").is_some() { 20_000 } else { 300 }
}

type Meanwhile = Box<dyn FnOnce()>;

/// Reads the time of a [`ManualClock`], and lets once something happen before who asked goes on.
#[derive(Clone, Default)]
struct HeldUp {
    clock: ManualClock,
    meanwhile: Rc<Cell<Option<Meanwhile>>>,
}

impl Clock for HeldUp {
    fn now(&self) -> Nanos {
        let now = self.clock.now();
        if let Some(meanwhile) = self.meanwhile.take() {
            meanwhile();
        }
        now
    }
}

/// A key is forgotten as fresh between a check's reading of the clock and its lock: at that reading it
/// was not fresh, so what it had used would be granted twice.
#[test]
fn a_key_that_was_forgotten_meanwhile_gets_nothing_twice() {
    for limit in ["fixed 1/s", "1/s", "sliding 1/s", "log 1/s", "leaky 1/s", "sliding 1/s strict 2"]
    {
        let clock = HeldUp::default();
        let limit: Limit = limit.parse().expect(limit);
        let limiter = KeyedLimiter::<u64>::builder(limit).clock(clock.clone()).build();
        let limiter = Rc::new(limiter.expect("valid"));
        clock.clock.set(Nanos::from_millis(10_900));
        assert!(limiter.check(&7).is_allowed());
        // In time for nothing to count any more, of any of them.
        let others = Rc::clone(&limiter);
        let time = clock.clock.clone();
        clock.meanwhile.set(Some(Box::new(move || {
            time.set(Nanos::from_millis(13_000));
            assert_eq!(others.forget_fresh_at(time.now(), usize::MAX), 1);
        })));
        // It may pass, for it is late enough, but it counts from now on.
        assert!(limiter.check(&7).is_allowed(), "{limit}");
        assert!(!limiter.check(&7).is_allowed(), "{limit}: one at its reading, one at the present");
    }
}

/// Threads on one key that is forgotten whenever it is fresh. Of each request it is known only that it
/// counts between a reading before it and one after it, so those that lie within a period altogether
/// are counted.
#[test]
fn threads_by_the_real_clock_get_no_more_than_the_limit() {
    let period = 2_000_000;
    for (text, most) in [
        ("log 20/2ms", 20),
        ("sliding 20/2ms strict 4", 20),
        ("sliding 20/2ms", 39),
        ("fixed 20/2ms", 40),
        ("fixed 20/2ms anchored", 40),
        ("fixed 20/2ms spread", 40),
        ("20/2ms", 40),
        ("leaky 20/2ms burst 20", 40),
    ] {
        let limit: Limit = text.parse().expect(text);
        let limiter = KeyedLimiter::<u64>::builder(limit).build().expect(text);
        let passed = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for thread in 0..4 {
                let (limiter, passed) = (&limiter, &passed);
                scope.spawn(move || {
                    let mut ours = Vec::new();
                    for round in 0..20_000 {
                        let before = SystemClock.now().as_nanos();
                        if limiter.check(&7).is_allowed() {
                            ours.push((before, SystemClock.now().as_nanos()));
                        }
                        if round % 16 == thread {
                            limiter.forget_fresh(1_024);
                        }
                    }
                    passed.lock().expect("no thread panicked").extend(ours);
                });
            }
        });
        let mut passed = passed.into_inner().expect("no thread panicked");
        passed.sort_unstable();
        for (first, (from, _)) in passed.iter().enumerate() {
            let begun = passed[first..].iter().take_while(|(before, _)| before - from < period);
            let within = begun.filter(|(_, after)| after - from < period).count();
            assert!(within <= most, "{text}: {within} within a period");
        }
    }
}
