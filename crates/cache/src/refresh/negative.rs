use core::time::Duration;

use voussoir_core::Nanos;

/// How long a failed load is remembered, so that what cannot be loaded is not asked for at every call.
///
/// ```
/// use std::time::Duration;
/// use voussoir_cache::refresh::NegativeTtl;
/// use voussoir_core::Nanos;
///
/// let negative = NegativeTtl::new(Duration::from_secs(1));
/// let failed = Nanos::from_secs(10);
/// assert!(negative.holds_at(Nanos::from_millis(10_999), failed));
/// assert!(!negative.holds_at(Nanos::from_secs(11), failed));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NegativeTtl {
    ttl: Duration,
}

impl NegativeTtl {
    /// Failures are remembered for `ttl`; not at all, the default, for a `ttl` of zero.
    pub const fn new(ttl: Duration) -> Self {
        Self { ttl }
    }

    /// Whether failures are remembered at all.
    pub const fn is_on(self) -> bool {
        !self.ttl.is_zero()
    }

    /// For how long failures are remembered; zero for not at all.
    pub const fn ttl(self) -> Duration {
        self.ttl
    }

    /// Until when a failure of `now` is remembered.
    pub const fn until(self, now: Nanos) -> Nanos {
        now.saturating_add(self.ttl)
    }

    /// Whether a failure of the time `failed` is still remembered. A clock that was set back does not
    /// make it last longer: what failed in the future is forgotten.
    ///
    /// Complexity: O(1).
    pub fn holds_at(self, now: Nanos, failed: Nanos) -> bool {
        failed <= now && now < self.until(failed)
    }
}
