//! What several voussoir primitives need and none of them should own: time, text for durations,
//! the sharded map, and the error of a refused configuration.
//!
//! Most services never name this crate. They meet its types through the primitives, or through the
//! umbrella as `voussoir::time` and `voussoir::map`.
//!
//! ```
//! use std::time::Duration;
//! use voussoir_core::{Clock, ManualClock, ShardedMap};
//!
//! let clock = ManualClock::new();
//! let last_seen = ShardedMap::<String, _>::new();
//!
//! last_seen.insert("ada".to_owned(), clock.now());
//! clock.advance(Duration::from_secs(3));
//!
//! let idle = last_seen.update("ada", |seen| clock.now().saturating_duration_since(*seen));
//! assert_eq!(idle, Some(Duration::from_secs(3)));
//! ```
//!
//! # What is here
//!
//! * Time: [`Nanos`], a point on a clock; [`Clock`], which reads one; [`SystemClock`] and
//!   `WallClock` of the operating system (feature `std`); [`ManualClock`] for tests; behind
//!   features of their names `QuantaClock` and `TokioClock`.
//! * [`duration`]: `"1m30s"` to [`Duration`](core::time::Duration) and back.
//! * [`Lock`]: mutual exclusion for a few nanoseconds, at half the price.
//! * [`prefetch`]: a hint that memory will be looked at soon.
//! * [`ShardedMap`]: a concurrent hash map whose guards cannot escape, for state by key.
//! * [`WaitQueue`]: a line for tasks and threads, first come, first served, by class.
//! * [`Striped`] and [`StripedCounter`]: counts that threads do not fight over.
//! * [`PerThread`]: a value for each thread, in an object instead of in a `static`.
//! * [`Gate`]: what limiters, breakers and bulkheads have in common, with [`Outcome`] and [`Rejected`].
//! * [`Random`]: seedable numbers for jitter and choices among equals.
//! * [`ConfigError`]: what a builder answers when it refuses.
//!
//! # What it does not do
//!
//! No I/O, no threads, no timers. The map is no cache: it never evicts by itself, see
//! [`ShardedMap::sweep`].

#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]
#![warn(clippy::alloc_instead_of_core, clippy::std_instead_of_alloc, clippy::std_instead_of_core)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod clock;
mod config_error;
pub mod duration;
mod gate;
#[cfg(feature = "std")]
mod lock;
#[cfg(feature = "std")]
mod map;
mod nanos;
#[cfg(feature = "std")]
mod per_thread;
mod prefetch;
mod random;
#[cfg(feature = "std")]
mod striped;
#[cfg(feature = "std")]
mod sync;
#[cfg(feature = "std")]
mod wait_queue;

#[cfg(target_has_atomic = "64")]
pub use clock::ManualClock;
#[cfg(feature = "quanta")]
pub use clock::QuantaClock;
#[cfg(feature = "tokio")]
pub use clock::TokioClock;
pub use clock::{Clock, SystemClock, WallClock};
pub use config_error::ConfigError;
pub use gate::{Gate, Guard, Outcome, Rejected};
#[cfg(feature = "std")]
pub use lock::{Lock, RawLock};
#[cfg(feature = "std")]
pub use map::{Full, MemoryUse, ShardedMap, Swept};
pub use nanos::Nanos;
#[cfg(feature = "std")]
pub use per_thread::PerThread;
pub use prefetch::prefetch;
pub use random::Random;
#[cfg(feature = "std")]
pub use striped::{Striped, StripedCounter};
#[cfg(feature = "std")]
pub use wait_queue::{Line, Serve, Turn, WaitQueue, Waiter};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
