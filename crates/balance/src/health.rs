use core::fmt;

/// Whether a node can serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Health {
    /// It gets calls.
    Healthy,
    /// It gets none.
    Unhealthy,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        })
    }
}

/// What one check of a node found, or one call of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Probe {
    /// The node answered as it should.
    Success,
    /// It did not.
    Failure,
}

/// When a row of checks changes a node's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct HealthPolicy {
    /// Failures in a row that make a healthy node unhealthy. 3 by default.
    pub unhealthy_after: u32,
    /// Successes in a row that make an unhealthy node healthy. 2 by default.
    pub healthy_after: u32,
    /// Whether the very first probe of a node decides alone, as it does in Envoy: a node that is
    /// down when it is added gets at most the calls before its first check. Off by default.
    pub first_decides: bool,
    /// Whether the outcomes of calls count as those of checks do. An unhealthy node gets no calls,
    /// so that only checks can bring it back: without them, leave this off and see
    /// [`EjectionPolicy`](crate::EjectionPolicy). Off by default.
    pub passive: bool,
}

impl HealthPolicy {
    /// No streak is counted beyond this, and none can be asked for.
    pub const MAX_STREAK: u32 = (1 << 30) - 1;
}

impl Default for HealthPolicy {
    fn default() -> Self {
        Self { unhealthy_after: 3, healthy_after: 2, first_decides: false, passive: false }
    }
}

/// The health of one node and how far it is from changing: a state machine that a caller can also
/// run by itself, without `std`.
///
/// ```
/// use voussoir_balance::{Health, HealthPolicy, HealthState, Probe};
///
/// let policy = HealthPolicy::default();
/// let mut state = HealthState::default();
/// for _ in 0..3 {
///     state = state.observe(Probe::Failure, &policy);
/// }
/// assert_eq!(state.health(), Health::Unhealthy);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthState {
    health: Health,
    /// At most [`HealthPolicy::MAX_STREAK`].
    streak: u32,
    /// Whether there was a probe.
    probed: bool,
}

impl Default for HealthState {
    /// Healthy: a node serves until it is found not to.
    fn default() -> Self {
        Self { health: Health::Healthy, streak: 0, probed: false }
    }
}

impl HealthState {
    #[cfg(feature = "std")]
    pub(crate) const fn new(health: Health, streak: u32, probed: bool) -> Self {
        Self { health, streak, probed }
    }

    /// The present health.
    pub const fn health(self) -> Health {
        self.health
    }

    /// How many probes in a row have spoken against the present health.
    pub const fn streak(self) -> u32 {
        self.streak
    }

    /// Whether there was any probe.
    pub const fn is_probed(self) -> bool {
        self.probed
    }

    /// The state after one more probe. One that confirms the present health ends the streak.
    /// Complexity: O(1).
    #[must_use = "the state is a value: keep the new one"]
    pub const fn observe(self, probe: Probe, policy: &HealthPolicy) -> Self {
        let (needed, other) = match (self.health, probe) {
            (Health::Healthy, Probe::Failure) => (policy.unhealthy_after, Health::Unhealthy),
            (Health::Unhealthy, Probe::Success) => (policy.healthy_after, Health::Healthy),
            (health, _) => return Self { health, streak: 0, probed: true },
        };
        let streak = self.streak.saturating_add(1);
        let decides = streak >= needed || (policy.first_decides && !self.probed);
        if decides {
            return Self { health: other, streak: 0, probed: true };
        }
        let streak =
            if streak > HealthPolicy::MAX_STREAK { HealthPolicy::MAX_STREAK } else { streak };
        Self { health: self.health, streak, probed: true }
    }
}
