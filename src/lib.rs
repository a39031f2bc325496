//! Stones that carry load together: the primitives that distributed services stand on, each a small
//! crate of its own, no I/O inside, behind one dependency.
//!
//! ```
//! use std::time::Duration;
//! use voussoir::{breaker::CircuitBreaker, ratelimit::KeyedLimiter};
//!
//! let limiter = KeyedLimiter::<String>::builder("2/min".parse::<voussoir::ratelimit::Limit>()?).build()?;
//! let breaker = CircuitBreaker::builder().open_for(Duration::from_secs(30)).build()?;
//!
//! if limiter.check("ada").is_allowed() {
//!     let reply = breaker.call(|| "a reply".parse::<String>())?;
//!     assert_eq!(reply, "a reply");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is here
//!
//! * **[`ratelimit`]** (feature `ratelimit`): [`TokenBucket`](ratelimit::TokenBucket), as a
//!   [`Limiter`](ratelimit::Limiter) of one thing or a [`KeyedLimiter`](ratelimit::KeyedLimiter) of
//!   many; [`Limit`](ratelimit::Limit) from text; [`Decision`](ratelimit::Decision), which says what
//!   an HTTP header needs; [rules](ratelimit::rules) from configurations and the
//!   [client](ratelimit::client_key) behind trusted proxies.
//! * **[`breaker`]** (feature `breaker`): [`CircuitBreaker`](breaker::CircuitBreaker),
//!   `Bulkhead`, [`Retry`](breaker::Retry), [`Timeout`](breaker::Timeout), [`Hedge`](breaker::Hedge), and
//!   `Policy`, which composes them.
//! * **[`balance`]** (feature `balance`): [`Balancer`](balance::Balancer) by ten
//!   [algorithms](balance::Algorithm), with [`Pick`](balance::Pick)s that count themselves; health by
//!   checks and by calls, drain, slow start, priorities and zones.
//! * **[`idgen`]** (feature `idgen`): [`Snowflake`](idgen::Snowflake) ids in a
//!   [`Layout`](idgen::Layout) of your choice, [`Base62`](idgen::Base62),
//!   [`ShortCode`](idgen::ShortCode), key ranges, worker leases.
//! * **[`cache`]** (feature `cache`): `Cache`s whose eviction adapts, with expiry, loads that happen once,
//!   and stores that are read and written through or behind.
//! * **[`hashring`]** (feature `hashring`): which node owns a key: [`Ring`](hashring::Ring) with
//!   weights, zones and exact migration [`Plan`](hashring::Plan)s, [`Maglev`](hashring::Maglev),
//!   jump, rendezvous, bounded loads; layouts of memcached and nginx.
//! * **[`trie`]** (feature `trie`): top-K completion: an [`Index`](trie::Index) in one piece of bytes, a
//!   `Suggester` whose strings change while it serves, typing errors, words, folding.
//! * **[`quorum`]** (feature `quorum`): [`WriteOp`](quorum::WriteOp) and [`ReadOp`](quorum::ReadOp)
//!   over any [`Quorum`](quorum::Quorum); [`VectorClock`](quorum::VectorClock)s and
//!   [`DvvSet`](quorum::DvvSet)s of siblings; hybrid clocks, hints, Merkle trees, φ detectors, gossip.
//! * **[`time`]**: [`Nanos`](time::Nanos), [`Clock`](time::Clock) and the clocks;
//!   **[`duration`]**: `"1m30s"`; **[`map`]**: [`ShardedMap`](map::ShardedMap); **[`gate`]**: what
//!   limiters, breakers and bulkheads have in common; `sync`: a lock, a line, striped counters.
//!
//! # How they fit
//!
//! Every state machine is a pure function of its state, the time and the input: the forms that end in
//! `_at` take the time, the others read the type's clock and call them. So one reading of a clock can
//! serve a limiter, a breaker and a balancer, and a test moves a
//! [`ManualClock`](time::ManualClock) by hand. The `gateway` among the examples uses all of them on
//! real HTTP traffic.
//!
//! # Features
//!
//! Nothing is on by default but `std`. One feature a primitive, `full` for all. Features only add.
#![doc = document_features::document_features!()]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

#[cfg(feature = "balance")]
#[doc(inline)]
pub use voussoir_balance as balance;
#[cfg(feature = "breaker")]
#[doc(inline)]
pub use voussoir_breaker as breaker;
#[cfg(feature = "cache")]
#[doc(inline)]
pub use voussoir_cache as cache;
#[cfg(feature = "hashring")]
#[doc(inline)]
pub use voussoir_hashring as hashring;
#[cfg(feature = "idgen")]
#[doc(inline)]
pub use voussoir_idgen as idgen;
#[cfg(feature = "quorum")]
#[doc(inline)]
pub use voussoir_quorum as quorum;
#[cfg(feature = "ratelimit")]
#[doc(inline)]
pub use voussoir_ratelimit as ratelimit;
#[cfg(feature = "trie")]
#[doc(inline)]
pub use voussoir_trie as trie;

#[doc(inline)]
pub use voussoir_core::duration;
pub use voussoir_core::{ConfigError, Random};

/// Time: points on a clock, and the clocks.
pub mod time {
    #[cfg(target_has_atomic = "64")]
    pub use voussoir_core::ManualClock;
    #[cfg(feature = "quanta")]
    pub use voussoir_core::QuantaClock;
    #[cfg(feature = "tokio")]
    pub use voussoir_core::TokioClock;
    pub use voussoir_core::{Clock, Nanos, SystemClock, WallClock};
}

/// The sharded map, for state by key.
#[cfg(feature = "std")]
pub mod map {
    pub use voussoir_core::{Full, MemoryUse, ShardedMap, Swept};
}

/// What limiters, breakers and bulkheads have in common: work passes, or is refused at once.
pub mod gate {
    pub use voussoir_core::{Gate, Guard, Outcome, Rejected};
}

/// What threads share: a short lock, a line to wait in, counters without a common cache line.
#[cfg(feature = "std")]
pub mod sync {
    pub use voussoir_core::{Lock, Striped, StripedCounter, Turn, WaitQueue, Waiter};
}

/// Longer texts: nothing to call.
#[cfg(doc)]
pub mod _documentation {
    #[doc = include_str!("../docs/COMPARE.md")]
    pub mod comparison {}
    #[doc = include_str!("../docs/DESIGN.md")]
    pub mod design {}
}

#[cfg(all(doctest, feature = "full"))]
#[doc = include_str!("../README.md")]
struct Readme;
