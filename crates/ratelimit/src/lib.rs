//! Rate limiters: one word a key, honest answers, no I/O.
//!
//! ```
//! use voussoir_ratelimit::{KeyedLimiter, TokenBucket};
//!
//! // 10 requests a second for each client, up to 100 at once.
//! let limiter = KeyedLimiter::<String>::builder(TokenBucket::per_second(10).burst(100))
//!     .max_keys(100_000)
//!     .build()?;
//!
//! let decision = limiter.check("203.0.113.7");
//! assert!(decision.is_allowed());
//! assert_eq!((decision.limit(), decision.remaining()), (100, 99));
//! # Ok::<(), voussoir_core::ConfigError>(())
//! ```
//!
//! # Which one?
//!
//! | you limit | take |
//! |---|---|
//! | one thing: an outgoing client, a log, a worker | [`Limiter`], one atomic word |
//! | one state a user, address or key | [`KeyedLimiter`], bounded in memory |
//! | what the code knows | [`TokenBucket`] |
//! | what a configuration says, as `"100/min burst 20"` | [`Limit`] |
//! | requests by method, path, header, tenant | [`RuleLimiter`](rules::RuleLimiter), from a [`RuleSet`](rules::RuleSet) |
//!
//! # Around a limiter
//!
//! | module | gives |
//! |---|---|
//! | [`client_key`] | who a request is counted for: the client behind trusted proxies, IPv6 by network |
//! | [`rules`] | which request is counted against which limit, as a configuration says it; shadow rules |
//! | `http` (feature `http`) | `RateLimit`, `RateLimit-Policy`, `X-RateLimit-*`, `Retry-After` |
//! | [`observe`] | decisions for logs and metrics, by limiter and never by key; `tracing`, `metrics` |
//!
//! # What it does not do
//!
//! It keeps its state in this process; a limit shared by several processes needs a store. It does
//! not queue: a refusal says when to come back, and the caller decides whether to wait.
//!
//! # Limits
//!
//! | | |
//! |---|---|
//! | tokens, burst | 1 to 2^32 − 1 |
//! | period | 1 ns to 10,000 days |
//! | rate | up to 4 tokens a nanosecond |
//! | admitted in any time L | at most burst + ⌊(L + ¼ ns) × rate⌋, see [`TokenBucket`] |
//! | memory of a [`Limiter`] | 8 bytes of state |
//! | memory of a [`KeyedLimiter`] | `(size_of::<(K, u64)>() + 1) × 8/7 … 16/7` bytes a key |
//!
//! # Defaults
//!
//! | option | default | why |
//! |---|---|---|
//! | `burst` | the tokens of one period | `"100/min"` then means what people expect: 100 at once are fine |
//! | `max_keys` | 1,000,000 | some 23 MB for small keys: a flood ends there, not in the machine's memory |
//! | `overflow` | [`Overflow::Share`] | newcomers beyond the bound are slowed together, old keys not at all |
//! | hasher | the standard library's | keys come from users, who must not choose the collisions |
//! | clock | [`SystemClock`](voussoir_core::SystemClock) | monotonic everywhere |

#![forbid(unsafe_code)]
#![warn(clippy::alloc_instead_of_core, clippy::std_instead_of_alloc, clippy::std_instead_of_core)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod client_key;
#[cfg(feature = "http")]
pub mod http;
pub mod observe;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
pub mod rules;

mod algorithm;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
mod all_of;
mod carry;
#[cfg(target_has_atomic = "64")]
mod cell;
mod decision;
mod fixed_window;
mod gcra;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
mod keyed;
mod leaky_bucket;
mod limit;
#[cfg(target_has_atomic = "64")]
mod limiter;
mod rate;
#[cfg(target_has_atomic = "64")]
mod reservation;
mod sliding_counter;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
mod sliding_log;
mod snapshot;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
mod striped;
#[cfg(target_has_atomic = "64")]
mod sync;
mod token_bucket;
mod verdict;
mod windows;

pub use algorithm::Algorithm;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
pub use all_of::{AllOf, States};
pub use carry::Carry;
pub use decision::{Decision, Denied};
pub use fixed_window::FixedWindow;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
pub use keyed::{KeyedLimiter, KeyedLimiterBuilder, Overflow};
pub use leaky_bucket::LeakyBucket;
pub use limit::{Limit, LimitError, LimitErrorKind, LimitState};
#[cfg(target_has_atomic = "64")]
pub use limiter::{Limiter, LimiterBuilder};
#[cfg(all(feature = "tokio", target_has_atomic = "64"))]
pub use limiter::{Line, NotReady};
#[cfg(target_has_atomic = "64")]
pub use reservation::Reservation;
pub use sliding_counter::SlidingWindowCounter;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
pub use sliding_counter::{StrictCounts, StrictWindowCounter, WideCount, WideWindowCounter};
#[cfg(all(feature = "std", target_has_atomic = "64"))]
pub use sliding_log::{Events, SlidingWindowLog};
pub use snapshot::Snapshot;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
pub use striped::{StripedLimiter, StripedLimiterBuilder};
pub use token_bucket::TokenBucket;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
