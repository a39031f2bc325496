use core::time::Duration;

use voussoir_core::Nanos;

/// How the share of a node that has just come into service grows, so that cold caches and lazy
/// pools are not met by full traffic.
///
/// For `window` after it came, a node has its weight × max(`min_weight`, (t / `window`)^(1 /
/// `aggression`)): the formula of Envoy. A node comes into service when it is added to a balancer
/// that is already built, turns healthy, ends its ejection or its drain.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct SlowStart {
    /// How long it takes to the full share. 30 s by default.
    #[cfg_attr(feature = "serde", serde(with = "voussoir_core::duration"))]
    pub window: Duration,
    /// The share at the start. 0.1 by default, as in Envoy.
    pub min_weight: f64,
    /// 1 grows evenly, which is the default; 2 grows faster at first, 0.5 slower.
    pub aggression: f64,
}

impl Default for SlowStart {
    fn default() -> Self {
        Self { window: Duration::from_secs(30), min_weight: 0.1, aggression: 1.0 }
    }
}

impl SlowStart {
    /// The share of its weight that a node has which came into service at `since`: above 0, at most
    /// 1. Complexity: O(1).
    ///
    /// ```
    /// use voussoir_balance::SlowStart;
    /// use voussoir_core::Nanos;
    ///
    /// let at = |secs: u64| SlowStart::default().share_at(Nanos::from_secs(100 + secs), Nanos::from_secs(100));
    /// assert_eq!((at(0), at(15), at(30)), (0.1, 0.5, 1.0));
    /// ```
    pub fn share_at(&self, now: Nanos, since: Nanos) -> f64 {
        let window = self.window.as_secs_f64();
        let passed = now.saturating_duration_since(since).as_secs_f64();
        if passed >= window {
            return 1.0;
        }
        (passed / window).powf(1.0 / self.aggression).clamp(self.min_weight, 1.0)
    }
}
