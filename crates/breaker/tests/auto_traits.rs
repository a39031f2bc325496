//! What may cross threads, and how large it is: part of the contract, so tested.

use voussoir_breaker::{
    AdaptiveThrottle, Attempt, Attempts, Backoff, Deadline, Delays, EveryError, Fallback, Faults,
    Hedge, Policy, PolicyError, PolicyRun, Retry, RetryBudget, RetryError, RetryRun, Stop,
    ThrottlePermit, TimedOut, Timeout, TimeoutError, Verdict, Withdrawal,
};
use voussoir_breaker::{
    BreakerError, BreakerSnapshot, CircuitBreaker, CircuitBreakerBuilder, Open, OwnedPermit,
    Permit, State, Stats, Window,
};
use voussoir_core::ManualClock;

const fn shared<T: Send + Sync + Unpin>() {}
const fn copy<T: Copy>() {}

const _: () = {
    shared::<CircuitBreaker>();
    shared::<CircuitBreaker<ManualClock>>();
    shared::<Permit<'static>>();

    shared::<CircuitBreakerBuilder>();
    shared::<OwnedPermit>();
    shared::<voussoir_breaker::BreakerRegistry<String>>();
    shared::<voussoir_breaker::Bulkhead>();
    shared::<voussoir_breaker::BulkheadBuilder>();
    shared::<voussoir_breaker::BulkheadPermit<'static>>();
    shared::<voussoir_breaker::OwnedBulkheadPermit>();
    shared::<voussoir_breaker::AdaptiveLimit>();
    shared::<BreakerSnapshot>();

    copy::<BreakerError<u8>>();
    copy::<Open>();
    copy::<State>();
    copy::<Stats>();
    copy::<Window>();
};

#[test]
fn sizes_are_as_the_page_says() {
    assert_eq!(size_of::<CircuitBreaker>(), 176);
    assert_eq!(size_of::<Permit<'_>>(), 24);
}

const _: () = {
    shared::<Retry>();
    shared::<Retry<ManualClock>>();
    shared::<RetryRun<'static>>();
    shared::<Attempts<'static>>();
    shared::<RetryBudget>();
    shared::<Delays>();
    shared::<Hedge>();
    shared::<Policy>();
    shared::<Policy<ManualClock>>();
    shared::<PolicyRun<'static>>();
    shared::<Faults>();
    shared::<Fallback<u8, u8>>();
    shared::<AdaptiveThrottle>();
    shared::<ThrottlePermit<'static>>();

    copy::<Backoff>();
    copy::<Attempt>();
    copy::<Deadline>();
    copy::<EveryError>();
    copy::<PolicyError<u8>>();
    copy::<RetryError<u8>>();
    copy::<Stop>();
    copy::<TimedOut>();
    copy::<Timeout>();
    copy::<TimeoutError<u8>>();
    copy::<Verdict>();
    copy::<Withdrawal>();
};

#[test]
fn retries_and_company_are_as_small_as_their_pages_say() {
    assert_eq!(size_of::<Deadline>(), 8);
    assert_eq!(size_of::<Timeout>(), 16);
    assert_eq!(size_of::<Policy>(), size_of::<usize>());
    assert!(size_of::<Backoff>() <= 32);
    assert!(size_of::<Delays>() <= 64);
    assert!(size_of::<Attempts<'_>>() <= 192);
    assert!(size_of::<RetryBudget>() <= 224);
    assert!(size_of::<ThrottlePermit<'_>>() <= 16);
}
