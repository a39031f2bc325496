//! A circuit breaker: stops calling what keeps failing, and finds out gently when it works again.
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
//!
//! # States
//!
//! ```text
//!            failure rate reached                 open_for has passed
//!  ┌────────┐ ───────────────► ┌──────┐ ─────────────────────────► ┌───────────┐ ─┐ its deadline has
//!  │ closed │                  │ open │                            │ half-open │  │ passed: again,
//!  └────────┘ ◄──┐             └──────┘ ◄────── too many failed ── └───────────┘ ◄┘ with new permits
//!                └────────────────────────────── enough succeeded ─┘
//! ```
//!
//! * **closed**: every call passes, and the outcomes of the last ones are remembered.
//! * **open**: every call is refused, and told when to come back.
//! * **half-open**: `half_open_calls` calls pass, no more. As soon as their outcomes leave no doubt
//!   about the failure rate among them, the breaker closes or opens again.
//!
//! # Which form?
//!
//! | you have | take |
//! |---|---|
//! | a closure, or a future, that returns a `Result` | [`call`](CircuitBreaker::call), [`call_async`](CircuitBreaker::call_async) |
//! | anything else: streams, callbacks, outcomes known later | [`try_acquire`](CircuitBreaker::try_acquire) and the [`Permit`] |
//! | the time already | the forms that end in `_at` |
//!
//! # What is counted
//!
//! Each permit knows the *generation* of the state that gave it. An outcome that arrives after the
//! state has changed counts nowhere: a call that hung since before the trip can neither close nor
//! open what came after it. A permit dropped without an outcome was cancelled and counts nowhere
//! either; dropped by a panic, it counts as a failure (with `std`, which can tell).
//!
//! # What it does not do
//!
//! It does not time calls out: wrap the call in a timeout, and its error is a failure. It does not
//! retry. It keeps no task or timer: an open breaker turns half-open when the next call comes.
//!
//! # Limits and defaults
//!
//! | option | default | allowed | why the default |
//! |---|---|---|---|
//! | `failure_rate` | 0.5 | above 0, to 1 | half of the calls failing is no accident |
//! | `window` | 60 calls | 1 to 63 | one atomic word holds it, exactly |
//! | `min_calls` | 20, or the window if smaller | 1 to the window | Hystrix's: fewer say little, more react late |
//! | `open_for` | 30 s | 1 ns and more | long enough to restart a process |
//! | `half_open_calls` | 5 | 1 to 4095 | one call alone is decided by luck |
//! | `half_open_for` | as `open_for` | 1 ns and more | a probe that never returns must not keep the breaker half-open |
//!
//! A breaker takes 72 bytes with the default clock, whatever happens, and allocates nothing.

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

pub use self::backoff::{Backoff, BackoffError, BackoffErrorKind, Delays};
#[cfg(target_has_atomic = "64")]
pub use self::breaker::{
    BreakerError, BreakerObserver, BreakerSnapshot, CircuitBreaker, CircuitBreakerBuilder, Open,
    Permit, State, Stats, Tally, Transition, Window,
};
#[cfg(all(feature = "std", target_has_atomic = "64"))]
pub use self::breaker::{BreakerRegistry, OwnedPermit, RegistryFull};
#[cfg(all(feature = "std", target_has_atomic = "64"))]
pub use self::bulkhead::{
    AdaptiveLimit, Aimd, Bulkhead, BulkheadBuilder, BulkheadError, BulkheadPermit, BulkheadStats,
    Claim, Criticality, Gradient, OwnedBulkheadPermit, Vegas,
};
pub use self::deadline::{Deadline, TimedOut};
#[cfg(target_has_atomic = "64")]
pub use self::fallback::Fallback;
#[cfg(target_has_atomic = "64")]
pub use self::fault::{Fault, Faults, FaultsBuilder};
#[cfg(target_has_atomic = "64")]
pub use self::hedge::{Hedge, HedgeBuilder, HedgeDelay, HedgeStats};
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
