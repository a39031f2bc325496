//! Seeing what limiters decide: an [`Observer`] is told of every decision, with the name of the
//! limiter and never with the key.
//!
//! A key is a user, an address or a token. In a log it is somebody's data, and as the label of a
//! metric it is a series for each of them, which is how monitoring falls over together with the
//! service that is being flooded. So there is none in an [`Observation`].
//!
//! A [`RuleLimiter`](crate::rules::RuleLimiter) tells the observer given to its builder; without one
//! it does nothing more than look whether there is one. Any other limiter is observed by handing its
//! decision on:
//!
//! ```
//! use std::sync::atomic::{AtomicU64, Ordering};
//! use voussoir_ratelimit::observe::{Observation, Observer};
//! use voussoir_ratelimit::{Limiter, TokenBucket};
//!
//! #[derive(Default)]
//! struct Refusals(AtomicU64);
//!
//! impl Observer for Refusals {
//!     fn on_decision(&self, seen: &Observation<'_>) {
//!         self.0.fetch_add(u64::from(!seen.outcome.is_allowed()), Ordering::Relaxed);
//!     }
//! }
//!
//! let (limiter, refusals) = (Limiter::builder(TokenBucket::per_hour(1)).build()?, Refusals::default());
//! for _ in 0..3 {
//!     let decision = limiter.check();
//!     refusals.on_decision(&Observation::new("outgoing mail", decision));
//! }
//! assert_eq!(refusals.0.into_inner(), 2);
//! # Ok::<(), voussoir_core::ConfigError>(())
//! ```
//!
//! # Adapters
//!
//! | type | feature | gives |
//! |---|---|---|
//! | `TracingObserver` | `tracing` | an event a decision, target `voussoir::ratelimit`: level TRACE if allowed, DEBUG if not |
//! | `MetricsObserver` | `metrics` | the counter `ratelimit_decisions_total` with the labels `limiter`, `outcome`, `shadow` |

#[cfg(feature = "metrics")]
mod metrics;
mod observation;
#[cfg(feature = "tracing")]
mod tracing;

#[cfg(feature = "metrics")]
pub use metrics::MetricsObserver;
pub use observation::{Observation, Observer, Outcome};
#[cfg(feature = "tracing")]
pub use tracing::TracingObserver;
