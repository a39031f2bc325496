use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{AdaptiveThrottle, AdaptiveThrottleBuilder, K, WINDOW};

/// An [`AdaptiveThrottle`] as a configuration says it: `{ "k": 2.0, "window": "2m" }`. What is left out
/// has its default.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ThrottleConfig {
    /// See [`AdaptiveThrottleBuilder::k`].
    pub k: f64,
    /// See [`AdaptiveThrottleBuilder::window`].
    #[serde(with = "voussoir_core::duration")]
    pub window: Duration,
    /// See [`AdaptiveThrottleBuilder::min_calls`].
    pub min_calls: u64,
    /// See [`AdaptiveThrottleBuilder::max_rejection`].
    pub max_rejection: f64,
}

impl Default for ThrottleConfig {
    fn default() -> Self {
        Self { k: K, window: WINDOW, min_calls: 0, max_rejection: 1.0 }
    }
}

impl ThrottleConfig {
    /// A builder with these options, to add a clock or a seed.
    pub fn builder(self) -> AdaptiveThrottleBuilder {
        AdaptiveThrottle::builder()
            .k(self.k)
            .window(self.window)
            .min_calls(self.min_calls)
            .max_rejection(self.max_rejection)
    }
}
