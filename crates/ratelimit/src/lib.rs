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
//! | you promise, or you fear | take | state | bound |
//! |---|---|---|---|
//! | an average rate, bursts are fine | [`TokenBucket`], `"100/min burst 20"` | 8 B | burst + rate × L in any time L |
//! | a callee that bears no burst at all | [`LeakyBucket::queue`], `"leaky 5/s queue 50"` | 8 B | evenly spaced, none waits longer than the queue |
//! | "1000 a day, reset at midnight" | [`FixedWindow`], `"fixed 1000/day"` | 8 B | the limit in each window, twice it around its end |
//! | the same, but not all keys at once | [`FixedWindow::spread`], `"fixed 1000/day spread"` | 8 B | the same |
//! | about so many in any minute, cheaply | [`SlidingWindowCounter`], `"sliding 100/min"` | 8 B | below twice the limit, 1.2 times on random traffic |
//! | never more in any minute | `StrictWindowCounter`, `"sliding 100/min strict 10"` | 48 B + 4 B a part | the limit; refuses up to a part's worth too much |
//! | exactly so many in any hour, by contract | `SlidingWindowLog`, `"log 100/h"` | 48 B + 8 B a request | the limit, nothing refused without need |
//!
#![doc = include_str!("../docs/five.svg")]
//!
//! What the counter gives for its 8 bytes, on requests that come at random moments:
//!
#![doc = include_str!("../docs/error.svg")]
//!
//! | you limit | hold it in |
//! |---|---|
//! | one thing: an outgoing client, a log, a worker | [`Limiter`], one atomic word |
//! | one thing that many cores are at | `StripedLimiter`, a word a core |
//! | one state a user, address or key | `KeyedLimiter`, bounded in memory |
//! | several limits at once, all or nothing | `AllOf`, in either |
//! | limits that differ by key: plans, penalties | `Tiers`, in a `KeyedLimiter` |
//! | what a configuration says, as `"100/min burst 20"` | [`Limit`], in either |
//! | requests by method, path, header, tenant | `rules::RuleLimiter`, from a `RuleSet` |
//!
//! # What it answers
//!
//! A [`Decision`] is `Copy` and computes what it is asked for: `limit`, `remaining`, `retry_after` to
//! the nanosecond, `reset_after`, and whether the cost will *never* fit. Beside `check` there are
//! `peek`, `refund`, `charge` for a cost known afterwards, `consume_up_to`, `reserve` and `cancel`,
//! `until_ready` and `pace` for streams (feature `tokio`; by key too), `reconfigure` with a choice of
//! what carries over, `snapshot` and `restore`. Those that do not wait have a form in `_at` that takes
//! the time.
//!
//! # What it does not do
//!
//! It keeps its state in this process; a limit shared by several processes needs a store.
//!
//! # Limits
//!
//! | | |
//! |---|---|
//! | tokens, burst | 1 to 2^32 − 1 |
//! | period | 1 ns to 10,000 days |
//! | rate | up to 4 tokens a nanosecond |
//! | admitted in any time L by a [`TokenBucket`] | at most burst + ⌊(L + ½ ns) × rate⌋ |
//! | memory of a `KeyedLimiter` | `(size_of::<(K, State)>() + 1) × 8/7 … 16/7` bytes a key, and 128 a shard |
//! | complexity | O(1), but O(limits) of `AllOf` and O(parts) of a strict counter; no allocation but for a new key and a longer log |
//!
//! # Defaults
//!
//! | option | default | why |
//! |---|---|---|
//! | `burst` | the tokens of one period | `"100/min"` then means what people expect: 100 at once are fine |
//! | `max_keys` | 1,000,000 | some 23 MB for small keys: a flood ends there, not in the machine's memory |
//! | `overflow` | `Overflow::Share` | newcomers beyond the bound are slowed together, old keys not at all |
//! | hasher | the standard library's | keys come from users, who must not choose the collisions |
//! | `initial` | the limit | a service that restarts often gives a burst each time; see the builders |
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
#[cfg(target_has_atomic = "64")]
mod initial;
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
#[cfg(feature = "serde")]
mod text;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
mod tiers;
mod token_bucket;
mod verdict;
#[cfg(all(feature = "tokio", target_has_atomic = "64"))]
mod wait;
mod windows;

pub use algorithm::Algorithm;
pub use carry::Carry;
pub use decision::{Decision, Denied};
pub use fixed_window::FixedWindow;
pub use leaky_bucket::LeakyBucket;
pub use limit::{Limit, LimitError, LimitErrorKind, LimitState};
pub use sliding_counter::SlidingWindowCounter;
pub use snapshot::Snapshot;
pub use token_bucket::TokenBucket;

#[cfg(target_has_atomic = "64")]
pub use {
    limiter::{Limiter, LimiterBuilder},
    reservation::Reservation,
};

#[cfg(all(feature = "std", target_has_atomic = "64"))]
pub use {
    all_of::{AllOf, States},
    keyed::{KeyedLimiter, KeyedLimiterBuilder, Overflow},
    sliding_counter::{StrictCounts, StrictWindowCounter, WideCount, WideWindowCounter},
    sliding_log::{Events, SlidingWindowLog},
    striped::{StripedLimiter, StripedLimiterBuilder},
    tiers::{TierError, TierState, Tiers},
};

#[cfg(all(feature = "tokio", target_has_atomic = "64"))]
pub use {
    keyed::Lines,
    wait::{Line, NotReady, Paced, PacedByKey, Refused},
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
