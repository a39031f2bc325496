//! Retries and their company against `backon`, `backoff` and `tower`.
//!
//! Delays are exponential from 100 ms with full jitter (`backoff` has ± 50 %), and nothing is waited
//! for. Budgets let a fifth of the calls be retried.

use core::fmt;
use core::hint::black_box;
use core::time::Duration;
use std::sync::Arc;

use ::backoff::backoff::Backoff as _;
use backon::{BackoffBuilder as _, BlockingRetryable as _};
use tower::retry::budget::{Budget as _, TpsBudget};
use voussoir::Random;
use voussoir::breaker::{
    AdaptiveThrottle, Backoff, Bulkhead, CircuitBreaker, Policy, Retry, RetryBudget, Verdict,
};
use voussoir::time::{Clock, SystemClock};

use super::Area;
use crate::harness::case::{Case, Contestant, Timed};
use crate::harness::floor::Floor;
use crate::inputs::Inputs;

/// The area.
pub const AREA: Area =
    Area { name: "retry", about: "delays, budgets and calls that may be repeated", cases };

fn cases(_: &Inputs) -> Vec<Case> {
    vec![
        delays().allocations().into(),
        budgets().floor(Floor::Instant).allocations().into(),
        at_once().allocations().into(),
        second_time().allocations().into(),
        throttle().floor(Floor::Instant).allocations().into(),
        policy().floor(Floor::Instant).allocations().into(),
    ]
}

const BASE: Duration = Duration::from_millis(100);
const CAP: Duration = Duration::from_secs(20);

/// Sixteen delays to a sequence, as of a call that is not given up soon.
const SEQUENCE: usize = 16;

fn sequences<D: Iterator<Item = Duration>>(
    name: &str,
    delays: impl Fn(u64) -> D + Send + Sync + 'static,
) -> Contestant {
    Contestant::looping(name, move |span| {
        let (mut yes, mut left, mut seed) = (0, span.count, span.first as u64);
        while left > 0 {
            let count = left.min(SEQUENCE);
            seed += 1;
            yes += delays(seed)
                .take(count)
                .map(|delay| u64::from(black_box(delay) <= 2 * CAP))
                .sum::<u64>();
            left -= count;
        }
        yes
    })
}

fn delays() -> Timed {
    let ours = Backoff::exponential(BASE).cap(CAP).full_jitter();
    let ours = sequences("voussoir", move |seed| ours.delays(Random::seeded(seed)));
    let backon = backon::ExponentialBuilder::default()
        .with_min_delay(BASE)
        .with_max_delay(CAP)
        .without_max_times()
        .with_jitter();
    let backon = sequences("backon", move |seed| backon.with_jitter_seed(seed).build());
    let theirs = sequences("backoff", |_| {
        let mut backoff = ::backoff::ExponentialBackoffBuilder::new()
            .with_initial_interval(BASE)
            .with_max_interval(CAP)
            .with_max_elapsed_time(None)
            .build();
        core::iter::from_fn(move || backoff.next_backoff())
    });
    Timed::new("jittered delay", ours, vec![backon, theirs]).alone()
}

fn budgets() -> Timed {
    let ours = RetryBudget::ratio(1.0).build().expect("valid");
    let ours = Contestant::each("voussoir", move |_| {
        let now = SystemClock.now();
        ours.call_at(now);
        ours.try_withdraw_at(now, Verdict::Transient).is_some()
    });
    let tower = TpsBudget::new(Duration::from_secs(10), 10, 1.0);
    let tower = Contestant::each("tower TpsBudget", move |_| {
        tower.deposit();
        tower.withdraw()
    });
    Timed::new("budget, a call and its retry", ours, vec![tower])
}

/// The work. Its error is the smallest of the standard library.
#[inline]
fn work(index: usize, fails: bool) -> Result<usize, fmt::Error> {
    if fails { Err(fmt::Error) } else { Ok(black_box(index)) }
}

fn at_once() -> Timed {
    let backoff = Backoff::exponential(BASE).cap(CAP).full_jitter();
    let retry = Retry::builder(backoff).idempotent().build().expect("valid");
    let ours = Contestant::each("voussoir", move |index| {
        retry.call(|_| unreachable!(), |_| work(index, false)).is_ok()
    });
    let backon = backon::ExponentialBuilder::default().with_min_delay(BASE).with_jitter();
    let backon = Contestant::each("backon", move |index| {
        (|| work(index, false)).retry(backon).sleep(|_| unreachable!()).call().is_ok()
    });
    let theirs = Contestant::each("backoff", |index| {
        let backoff = ::backoff::ExponentialBackoff::default();
        let call = || work(index, false).map_err(::backoff::Error::transient);
        ::backoff::retry(backoff, call).is_ok()
    });
    Timed::new("first attempt succeeds", ours, vec![backon, theirs])
}

/// Without a pause: only the deciding is timed. `backoff` cannot be told not to sleep.
fn second_time() -> Timed {
    let backoff = Backoff::exponential(BASE).cap(CAP).full_jitter();
    let retry = Retry::builder(backoff).idempotent().build().expect("valid");
    let ours = Contestant::each("voussoir", move |index| {
        retry.call(|_| {}, |attempt| work(index, attempt.number == 1)).is_ok()
    });
    let backon = backon::ExponentialBuilder::default().with_min_delay(BASE).with_jitter();
    let backon = Contestant::each("backon", move |index| {
        let mut fails = true;
        let call = || work(index, core::mem::take(&mut fails));
        call.retry(backon).sleep(|_| {}).call().is_ok()
    });
    Timed::new("second attempt succeeds", ours, vec![backon])
}

/// No peer has one that can be called without a service around it.
fn throttle() -> Timed {
    let throttle = AdaptiveThrottle::builder().build().expect("valid");
    let ours = Contestant::each("voussoir", move |_| {
        throttle.try_acquire().map(voussoir::breaker::ThrottlePermit::accepted).is_ok()
    });
    Timed::new("throttle, healthy", ours, Vec::new())
}

/// Deadline, retry, breaker and bulkhead around a call that succeeds. No peer has them in one value
/// that can be called without a runtime.
fn policy() -> Timed {
    let backoff = Backoff::exponential(BASE).cap(CAP).full_jitter();
    let policy = Policy::builder()
        .timeout(Duration::from_secs(5))
        .retry(Retry::builder(backoff).idempotent().build().expect("valid"))
        .breaker(Arc::new(CircuitBreaker::builder().build().expect("valid")))
        .bulkhead(Arc::new(Bulkhead::builder(64).build().expect("valid")))
        .build()
        .expect("valid");
    let ours = Contestant::each("voussoir", move |index| {
        policy.call(|_| unreachable!(), |_| work(index, false)).is_ok()
    });
    Timed::new("policy, healthy", ours, Vec::new())
}
