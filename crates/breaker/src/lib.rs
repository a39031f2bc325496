//! What stands between a caller and a callee that may fail: circuit breaker, bulkhead, retry, timeout,
//! hedge, throttle, fallback, and a policy that composes them. No I/O, no threads, no timers.
//!
//! ```
//! use std::time::Duration;
//! use voussoir_breaker::{BreakerError, CircuitBreaker, Window};
//!
//! let breaker = CircuitBreaker::builder()
//!     .failure_rate(0.5)
//!     .window(Window::count(60))
//!     .open_for(Duration::from_secs(30))
//!     .build()?;
//!
//! match breaker.call(|| "42".parse::<u32>()) {
//!     Ok(answer) => assert_eq!(answer, 42),
//!     Err(BreakerError::Open(open)) => println!("come back in {:?}", open.retry_after()),
//!     Err(BreakerError::Inner(error)) => println!("it failed: {error}"),
//! }
//! # Ok::<(), voussoir_core::ConfigError>(())
//! ```
#![doc = include_str!("../docs/states.svg")]
//! # Which one when?
//!
//! | you fear | take |
//! |---|---|
//! | a callee that is down, and calls that wait for it | [`CircuitBreaker`]; by host or tenant `BreakerRegistry` |
//! | too much work at once, here or there | `Bulkhead`, with an `AdaptiveLimit` where nobody knows the limit |
//! | errors that pass | [`Retry`] with a [`Backoff`], and a [`RetryBudget`] against retry storms |
//! | answers that come too late | [`Timeout`], and a [`Deadline`] handed down |
//! | a slow one of many replicas | [`Hedge`] |
//! | a callee that refuses most of what it gets | [`AdaptiveThrottle`] |
//! | no answer at all | [`Fallback`] |
//! | several of these | `Policy`, which has their order |
//!
//! A closure or a future that returns a `Result` goes to `call` and `call_async`; streams, callbacks and
//! outcomes known later take a permit and say how it ended; who has the time already takes the forms
//! that end in `_at`.
//!
//! Every piece is built in code, or read by serde (feature `serde`): see `PolicyConfig`, which holds the
//! others. [`BreakerObserver`], `BulkheadObserver` and [`RetryObserver`] hear what happens; behind the
//! features `tracing` and `metrics` the module `observe` has adapters for either.
#![doc = include_str!("../docs/breaker.md")]
//! # What it does not do
//!
//! A breaker does not time calls out and does not repeat them: there are [`Timeout`] and [`Retry`] for
//! that. Nothing here is shared between processes.

#![forbid(unsafe_code)]
#![warn(clippy::alloc_instead_of_core, clippy::std_instead_of_alloc, clippy::std_instead_of_core)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod backoff;
#[cfg(target_has_atomic = "64")]
mod breaker;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
mod bulkhead;
mod deadline;
#[cfg(target_has_atomic = "64")]
mod dice;
#[cfg(target_has_atomic = "64")]
mod fallback;
#[cfg(target_has_atomic = "64")]
mod fault;
#[cfg(target_has_atomic = "64")]
mod hedge;
#[cfg(all(any(feature = "tracing", feature = "metrics"), target_has_atomic = "64"))]
pub mod observe;
#[cfg(feature = "serde")]
mod optional;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
mod policy;
mod race;
#[cfg(target_has_atomic = "64")]
mod retry;
#[cfg(target_has_atomic = "64")]
mod retry_budget;
mod sleep;
#[cfg(target_has_atomic = "64")]
mod slots;
#[cfg(target_has_atomic = "64")]
mod sync;
#[cfg(target_has_atomic = "64")]
mod throttle;
mod timeout;
mod verdict;
#[cfg(target_has_atomic = "64")]
mod watch;

pub use self::backoff::{Backoff, BackoffError, BackoffErrorKind, Delays};
#[cfg(all(feature = "serde", target_has_atomic = "64"))]
pub use self::breaker::{BreakerConfig, FailuresOf, OpenGrowth, SlowCalls};
#[cfg(target_has_atomic = "64")]
pub use self::breaker::{
    BreakerError, BreakerObserver, BreakerSnapshot, CircuitBreaker, CircuitBreakerBuilder, Open,
    Permit, State, Stats, Tally, Transition, Window,
};
#[cfg(all(feature = "std", target_has_atomic = "64"))]
pub use self::breaker::{BreakerRegistry, OwnedPermit, RegistryFull};
#[cfg(all(feature = "serde", feature = "std", target_has_atomic = "64"))]
pub use self::bulkhead::{AdaptiveAlgorithm, AdaptiveConfig, BulkheadConfig};
#[cfg(all(feature = "std", target_has_atomic = "64"))]
pub use self::bulkhead::{
    AdaptiveLimit, Aimd, Bulkhead, BulkheadBuilder, BulkheadError, BulkheadObserver,
    BulkheadPermit, BulkheadStats, Claim, Criticality, Gradient, OwnedBulkheadPermit, Vegas,
};
pub use self::deadline::{Deadline, TimedOut};
#[cfg(target_has_atomic = "64")]
pub use self::fallback::Fallback;
#[cfg(target_has_atomic = "64")]
pub use self::fault::{Fault, Faults, FaultsBuilder};
#[cfg(all(feature = "serde", target_has_atomic = "64"))]
pub use self::hedge::HedgeConfig;
#[cfg(target_has_atomic = "64")]
pub use self::hedge::{Hedge, HedgeBuilder, HedgeDelay, HedgeStats};
#[cfg(all(feature = "serde", feature = "std", target_has_atomic = "64"))]
pub use self::policy::PolicyConfig;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
pub use self::policy::{
    Cause, NoFallback, Policy, PolicyBuilder, PolicyError, PolicyRun, Substitute,
};
#[cfg(all(feature = "serde", target_has_atomic = "64"))]
pub use self::retry::RetryConfig;
#[cfg(target_has_atomic = "64")]
pub use self::retry::{
    Attempt, Attempts, Retry, RetryBuilder, RetryError, RetryObserver, RetryRun, Retrying, Stop,
};
#[cfg(all(feature = "serde", target_has_atomic = "64"))]
pub use self::retry_budget::RetryBudgetConfig;
#[cfg(target_has_atomic = "64")]
pub use self::retry_budget::{RetryBucketBuilder, RetryBudget, RetryRatioBuilder, Withdrawal};
pub use self::sleep::Sleep;
#[cfg(feature = "tokio")]
pub use self::sleep::TokioSleep;
#[cfg(all(feature = "serde", target_has_atomic = "64"))]
pub use self::throttle::ThrottleConfig;
#[cfg(target_has_atomic = "64")]
pub use self::throttle::{
    AdaptiveThrottle, AdaptiveThrottleBuilder, ThrottleError, ThrottlePermit, Throttled,
    rejection_probability,
};
pub use self::timeout::{Timeout, TimeoutError};
pub use self::verdict::{EveryError, Judge, Verdict};
pub use voussoir_core::Outcome;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
