use alloc::string::String;
use core::time::Duration;

use voussoir_core::ConfigError;

use crate::{Algorithm, EjectionPolicy, HealthPolicy, LatencyPolicy, SlowStart};

/// All options of a balancer but its nodes, its clock and its observer, as a file would hold them
/// (feature `serde`, every field optional, durations as text, unknown fields refused). The crate's
/// page lists defaults and ranges.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use voussoir_balance::{Algorithm, Balancer, BalancerConfig, Node};
///
/// let config: BalancerConfig = serde_json::from_str(
///     r#"{
///         "algorithm": "power-of-two",
///         "ejection": { "window": "30s", "min_calls": 50 },
///         "panic_below": 0.5
///     }"#,
/// )?;
/// assert_eq!(config.algorithm, Algorithm::PowerOfTwo);
/// let balancer = Balancer::with_config(config).node(Node::new("a", 1)).build()?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct BalancerConfig {
    /// How a node is chosen. Round robin by default.
    pub algorithm: Algorithm,
    /// When a row of checks changes a node's health.
    pub health: HealthPolicy,
    /// When the outcomes of calls take a node out of service for a while. Never by default.
    pub ejection: Option<EjectionPolicy>,
    /// How the share of a node grows that has just come into service. At once by default.
    pub slow_start: Option<SlowStart>,
    /// How response times are averaged, where the algorithm looks at them.
    pub latency: LatencyPolicy,
    /// With a smaller share of the nodes well, health and ejections are ignored: the few that are
    /// left would only fall to the load of all. 0 by default, which is never; Envoy has 0.5.
    pub panic_below: f64,
    /// The share of a priority level, or of the own zone in it, that must be available for its nodes
    /// to take all calls. 0 by default: one node is enough.
    pub min_available: f64,
    /// The zone of the caller. Nodes of this zone are preferred. None by default.
    pub zone: Option<String>,
    /// What [`pick_ordered`](crate::Balancer::pick_ordered) lets a node have at most of calls in
    /// flight, times its fair share. None by default: no bound.
    pub load_bound: Option<f64>,
    /// Whether the first turn of a round is drawn by chance. Without it every process begins with
    /// the same node, and a restarted fleet falls on that one (lua-resty-balancer#44). Off by
    /// default, as in nginx.
    pub random_start: bool,
}

impl BalancerConfig {
    /// Options with this algorithm, the others being the defaults.
    pub fn new(algorithm: Algorithm) -> Self {
        Self { algorithm, ..Self::default() }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let HealthPolicy { unhealthy_after, healthy_after, .. } = self.health;
        for (option, given) in
            [("unhealthy_after", unhealthy_after), ("healthy_after", healthy_after)]
        {
            if given == 0 || given > HealthPolicy::MAX_STREAK {
                return Err(ConfigError::new(option, given, "1 to 1073741823"));
            }
        }
        share("panic_below", self.panic_below)?;
        share("min_available", self.min_available)?;
        if let Some(policy) = &self.ejection {
            share("failure_rate", policy.failure_rate)?;
            share("max_share", policy.max_share)?;
            time("window", policy.window)?;
            time("base", policy.base)?;
            time("max", policy.max)?;
            if policy.min_calls == 0 {
                return Err(ConfigError::new("min_calls", 0, "1 or more"));
            }
        }
        if let Some(slow_start) = &self.slow_start {
            time("window", slow_start.window)?;
            share("min_weight", slow_start.min_weight)?;
            if !(0.01..=100.0).contains(&slow_start.aggression) {
                return Err(ConfigError::new("aggression", slow_start.aggression, "0.01 to 100"));
            }
        }
        if let Some(bound) = self.load_bound.filter(|bound| !(1.0..=1000.0).contains(bound)) {
            return Err(ConfigError::new("load_bound", bound, "1 to 1000"));
        }
        self.latency.check()
    }
}

fn share(option: &'static str, given: f64) -> Result<(), ConfigError> {
    if (0.0..=1.0).contains(&given) {
        return Ok(());
    }
    Err(ConfigError::new(option, given, "0 to 1"))
}

fn time(option: &'static str, given: Duration) -> Result<(), ConfigError> {
    if !given.is_zero() {
        return Ok(());
    }
    Err(ConfigError::new(option, "0s", "more than 0s"))
}
