//! What changes, for logs and metrics: adapters that are [`Observer`](crate::Observer)s, with a name
//! that says which balancer it is.
//!
//! The name is one of few, as `payments` or `search`: it becomes a label, and so a series of its own.
//! The ids of nodes stand in log events; as labels only where `MetricsObserver::label_nodes` asks for
//! them, because the pods of a service that is deployed every day are few and yet have no end.
//!
//! | type | feature | gives |
//! |---|---|---|
//! | `TracingObserver` | `tracing` | events, target `voussoir::balance` |
//! | `MetricsObserver` | `metrics` | counters, and a gauge that says whether health is ignored |
//!
//! A closure tells both:
//!
#![cfg_attr(all(feature = "tracing", feature = "metrics"), doc = "```")]
#![cfg_attr(not(all(feature = "tracing", feature = "metrics")), doc = "```ignore")]
//! use voussoir_balance::observe::{MetricsObserver, TracingObserver};
//! use voussoir_balance::{Algorithm, Balancer, Event, Node, Observer};
//!
//! let (log, count) = (TracingObserver::new("payments"), MetricsObserver::new("payments"));
//! let balancer = Balancer::builder(Algorithm::PowerOfTwo)
//!     .node(Node::new("a", "10.0.0.1:80"))
//!     .observer(move |event: &Event<'_>| {
//!         log.on_event(event);
//!         count.on_event(event);
//!     })
//!     .build()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Calls are no events. What [`Balancer::nodes`](crate::Balancer::nodes) says of them, picks and calls
//! in flight, is read when the metrics are.

#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "tracing")]
mod tracing;

#[cfg(feature = "metrics")]
pub use metrics::MetricsObserver;
#[cfg(feature = "tracing")]
pub use tracing::TracingObserver;
