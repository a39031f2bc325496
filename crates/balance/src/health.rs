use core::fmt;

/// Whether a node can serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// What one check of a node found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Probe {
    /// The node answered as it should.
    Success,
    /// It did not.
    Failure,
}

/// When a node's health changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthPolicy {
    /// Failures in a row that make a healthy node unhealthy.
    pub unhealthy_after: u32,
    /// Successes in a row that make an unhealthy node healthy.
    pub healthy_after: u32,
    /// Whether the outcomes of calls count as those of checks do. An unhealthy node gets no calls,
    /// so that only checks can bring it back: without them, leave this off.
    pub passive: bool,
}

#[cfg(feature = "std")]
impl HealthPolicy {
    /// No streak is counted beyond this, and none can be asked for.
    pub(crate) const MAX_STREAK: u32 = (1 << 30) - 1;
}

impl Default for HealthPolicy {
    fn default() -> Self {
        Self { unhealthy_after: 3, healthy_after: 2, passive: false }
    }
}

/// The health of one node and how far it is from changing: a state machine that a caller can also
/// run by itself.
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
    streak: u32,
}

impl Default for HealthState {
    /// Healthy: a node serves until it is found not to.
    fn default() -> Self {
        Self { health: Health::Healthy, streak: 0 }
    }
}

impl HealthState {
    #[cfg(feature = "std")]
    pub(crate) const fn new(health: Health, streak: u32) -> Self {
        Self { health, streak }
    }

    /// The present health.
    pub const fn health(self) -> Health {
        self.health
    }

    /// How many probes in a row have spoken against the present health.
    pub const fn streak(self) -> u32 {
        self.streak
    }

    /// The state after one more probe. One that confirms the present health ends the streak.
    #[must_use = "the state is a value: keep the new one"]
    pub const fn observe(self, probe: Probe, policy: &HealthPolicy) -> Self {
        let (needed, other) = match (self.health, probe) {
            (Health::Healthy, Probe::Failure) => (policy.unhealthy_after, Health::Unhealthy),
            (Health::Unhealthy, Probe::Success) => (policy.healthy_after, Health::Healthy),
            (health, _) => return Self { health, streak: 0 },
        };
        let streak = self.streak.saturating_add(1);
        if streak >= needed { Self { health: other, streak: 0 } } else { Self { streak, ..self } }
    }
}
