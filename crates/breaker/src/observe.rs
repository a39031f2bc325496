//! What breakers, bulkheads and retries do, for logs and metrics: adapters that stand for all three
//! observers, with a name that says what is called and never a key.
//!
//! The name is one of few, as `payments` or `warehouse`: it becomes a label, and so a series of its
//! own. All breakers of a [`BreakerRegistry`](crate::BreakerRegistry) share their builder's observer,
//! and so its name; a key is somebody's host, account or token, of which there is no end.
//!
//! | type | feature | gives |
//! |---|---|---|
//! | `TracingObserver` | `tracing` | events, target `voussoir::breaker` |
//! | `MetricsObserver` | `metrics` | counters, and a gauge for limits that move |
//!
//! Whoever counts by other means implements [`BreakerObserver`](crate::BreakerObserver),
//! [`BulkheadObserver`](crate::BulkheadObserver) and [`RetryObserver`](crate::RetryObserver).

#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "tracing")]
mod tracing;

#[cfg(feature = "metrics")]
pub use metrics::MetricsObserver;
#[cfg(feature = "tracing")]
pub use tracing::TracingObserver;
