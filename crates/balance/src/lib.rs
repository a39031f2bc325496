//! Load balancing: picks a node for each call, follows the nodes' health, and lets them drain.
//!
//! ```
//! use voussoir_balance::{Algorithm, Balancer, Node};
//!
//! let balancer = Balancer::builder(Algorithm::LeastConnections)
//!     .node(Node::new("a", "10.0.0.1:80"))
//!     .node(Node::new("b", "10.0.0.2:80"))
//!     .build()?;
//!
//! let pick = balancer.pick()?;
//! assert_eq!((pick.id(), *pick.value()), ("a", "10.0.0.1:80"));
//! let second = balancer.pick_excluding(&[pick.id()])?; // a retry goes elsewhere
//! pick.failure(); // success(), failure(), ignore(); dropped: cancelled
//! assert_eq!(second.id(), "b");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which algorithm?
//!
//! | your calls | take | because |
//! |---|---|---|
//! | take about the same time each | [`RoundRobin`](Algorithm::RoundRobin), [`WeightedRoundRobin`](Algorithm::WeightedRoundRobin) | the order is known, the shares are exact |
//! | differ in length, or the nodes do | [`LeastConnections`](Algorithm::LeastConnections), [`WeightedLeastConnections`](Algorithm::WeightedLeastConnections) | a slow node finishes fewer and so gets fewer |
//! | the same, with hundreds of nodes or many balancers | [`PowerOfTwo`](Algorithm::PowerOfTwo) | nearly as even in O(1), and balancers that know nothing of each other do not herd |
//! | meet nodes that are slow at times | [`PeakEwma`](Algorithm::PeakEwma), [`LeastResponseTime`](Algorithm::LeastResponseTime) | they see slowness before calls pile up |
//! | should stay with a node | [`Balancer::pick_ordered`] over a ring, [`IpHash`](Algorithm::IpHash) | caches stay warm |
//! | come from many short-lived processes | [`Random`](Algorithm::Random), [`WeightedRandom`](Algorithm::WeightedRandom) | nothing to agree on |
//!
#![doc = include_str!("../docs/slow-server.svg")]
//!
//! One of ten nodes is ten times as slow as the others: the longest of 1,000 calls, by algorithm.
//! Run it: `cargo run --release --example slow_server --features balance`.
//!
//! # Who gets calls
//!
//! A node is *unhealthy* after [`unhealthy_after`](HealthPolicy::unhealthy_after) failed checks in a
//! row, until [`healthy_after`](HealthPolicy::healthy_after) good ones; the caller makes the checks
//! and tells [`Balancer::report`]. It is *ejected* for a time when its calls fail
//! ([`EjectionPolicy`]). [`Balancer::force`] overrules both, [`Balancer::drain`] all: no new calls,
//! and when [`Balancer::is_idle`] says so, the node can be stopped without losing one. With
//! [`panic_below`](BalancerBuilder::panic_below), too many sick nodes make health count for nothing.
//! Of those left, the lowest [`priority`](Node::priority) serves, and in it the caller's own
//! [`zone`](Node::zone). Whoever comes into service may [start slowly](SlowStart). A change of any
//! of this makes a new plan, on the thread that made the change; a pick only follows the plan.
//!
//! # What it does not do
//!
//! It opens no connection, checks nothing by itself, owns no timer and no thread. It does not queue:
//! with no node available, [`NoNode`] says why. Balancers of different processes do not talk.
//!
//! # Defaults and limits
//!
//! | option | default | allowed | why the default |
//! |---|---|---|---|
//! | `unhealthy_after` | 3 | 1 to 2^30 − 1 | one lost packet is no outage; at one check a second, three seconds are borne |
//! | `healthy_after` | 2 | 1 to 2^30 − 1 | one success may be luck |
//! | `passive`, `ejection`, `slow_start`, `load_bound` | off | see [`HealthPolicy`], [`EjectionPolicy`], [`SlowStart`] | what calls mean is the caller's to say |
//! | `panic_below`, `min_available` | 0 | 0 to 1 | failing fast is the safer surprise |
//! | `latency.decay` | 10 s | above 0 | Finagle's |
//! | `latency.failure_penalty` | 1 s | | a node that refuses at once must not look quick |
//! | `random_start` | off | | the order of nginx; switch it on for a fleet |
//!
//! A smooth order is made beforehand if its turns (sum of weights / their divisor) × nodes are at
//! most 2^20; beyond, a turn takes O(nodes), and one that meets another thread's is drawn by weight.
//! Slow start goes by twentieths of a weight.
//! [`IpHash`](Algorithm::IpHash) reaches no node beyond a sum of weights of 6271, as in nginx.
//!
//! A pick allocates nothing and waits for nobody, see [`Balancer`] about many threads. Changes are
//! O(nodes). Memory: some 900 bytes a node beside its value, 16 bytes more for each thread that picks,
//! and 4 bytes a turn of a smooth order.
//!
//! Features: `std` (default; without it the state machines [`HealthState`] and [`EjectionState`]),
//! `serde` ([`BalancerConfig`], [`Node`]), `tracing` and `metrics` (what an [`Observer`] is told, as
//! events and as counters: the module `observe`).

#![forbid(unsafe_code)]
#![warn(clippy::alloc_instead_of_core, clippy::std_instead_of_alloc, clippy::std_instead_of_core)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

#[cfg(feature = "std")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
mod algorithm;
#[cfg(feature = "std")]
mod alias;
#[cfg(feature = "std")]
mod balancer;
#[cfg(feature = "std")]
mod builder;
#[cfg(feature = "std")]
mod config;
#[cfg(feature = "std")]
mod desk;
#[cfg(feature = "std")]
mod dice;
mod ejection;
#[cfg(feature = "std")]
mod error;
#[cfg(feature = "std")]
mod event;
mod health;
#[cfg(feature = "std")]
mod ip_hash;
#[cfg(feature = "std")]
mod latency;
#[cfg(feature = "std")]
mod member;
#[cfg(feature = "std")]
mod node;
#[cfg(all(feature = "std", any(feature = "tracing", feature = "metrics")))]
pub mod observe;
#[cfg(feature = "std")]
mod pick;
#[cfg(feature = "std")]
mod plan;
#[cfg(feature = "std")]
mod shared;
#[cfg(feature = "std")]
mod slow_start;
#[cfg(feature = "std")]
mod smooth;
#[cfg(feature = "std")]
mod standing;
#[cfg(feature = "std")]
mod sync;
#[cfg(feature = "std")]
mod tier;

#[cfg(feature = "std")]
pub use self::{
    algorithm::{Algorithm, UnknownAlgorithm},
    balancer::Balancer,
    builder::BalancerBuilder,
    config::BalancerConfig,
    error::{DuplicateNode, NoNode, UnknownNode},
    event::{Event, Observer},
    latency::LatencyPolicy,
    node::{Node, NodeStatus},
    pick::Pick,
    slow_start::SlowStart,
};
pub use ejection::{EjectionPolicy, EjectionState};
pub use health::{Health, HealthPolicy, HealthState, Probe};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
