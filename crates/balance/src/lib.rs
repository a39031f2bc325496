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
//! let reply = send_to(pick.value());
//! if reply.is_ok() { pick.success(); } else { pick.failure(); }
//! # fn send_to(address: &str) -> Result<(), ()> { Ok(()) }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which algorithm?
//!
//! | your calls | take | because |
//! |---|---|---|
//! | take about the same time each | [`Algorithm::RoundRobin`] | the order is known, the shares are equal |
//! | differ in length, or the nodes differ | [`Algorithm::LeastConnections`] | a slow node finishes fewer and so gets fewer |
//!
//! # Health
//!
//! A node is healthy until `unhealthy_after` failures in a row are reported, and unhealthy until
//! `healthy_after` successes in a row are; anything else in between starts the count again. The
//! caller makes the checks, at its own interval, and tells [`Balancer::report`]. A node that
//! *drains* gets no new calls whatever its health, until it is told otherwise; when
//! [`Balancer::is_idle`] it can be stopped without losing a call.
//!
//! # What it does not do
//!
//! It opens no connection and checks nothing by itself. It does not queue: with no node available
//! [`Balancer::pick`] says why.
//!
//! # Limits and defaults
//!
//! | option | default | allowed | why the default |
//! |---|---|---|---|
//! | `unhealthy_after` | 3 | 1 to 2^30 − 1 | one lost packet is no outage; at one check a second, three seconds are borne |
//! | `healthy_after` | 2 | 1 to 2^30 − 1 | one success may be luck |
//! | `passive` | off | | only checks bring a node back: see [`HealthPolicy::passive`] |
//!
//! A pick is O(nodes), without allocation. A node takes some 400 bytes beside its value.

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
mod dice;
mod ejection;
#[cfg(feature = "std")]
mod error;
mod health;
#[cfg(feature = "std")]
mod ip_hash;
#[cfg(feature = "std")]
mod latency;
#[cfg(feature = "std")]
mod member;
#[cfg(feature = "std")]
mod node;
#[cfg(feature = "std")]
mod observe;
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
    latency::LatencyPolicy,
    node::{Node, NodeStatus},
    observe::{Event, Observer},
    pick::Pick,
    slow_start::SlowStart,
};
pub use ejection::{EjectionPolicy, EjectionState};
pub use health::{Health, HealthPolicy, HealthState, Probe};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
