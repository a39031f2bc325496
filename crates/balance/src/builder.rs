use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use voussoir_core::{Clock, ConfigError, SystemClock};

use crate::shared::{Settings, Shared};
use crate::{
    Algorithm, Balancer, BalancerConfig, EjectionPolicy, HealthPolicy, LatencyPolicy, Node,
    Observer, SlowStart,
};

/// Options of a [`Balancer`]. The crate's page lists defaults and ranges.
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct BalancerBuilder<T, C = SystemClock> {
    config: BalancerConfig,
    nodes: Vec<Node<T>>,
    clock: C,
    observer: Option<Arc<dyn Observer>>,
    seed: Option<u64>,
}

impl<T> BalancerBuilder<T> {
    pub(crate) fn new(config: BalancerConfig) -> Self {
        Self { config, nodes: Vec::new(), clock: SystemClock, observer: None, seed: None }
    }
}

impl<T, C> BalancerBuilder<T, C> {
    /// How a node is chosen.
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.config.algorithm = algorithm;
        self
    }

    /// When a row of checks changes a node's health.
    pub fn health(mut self, policy: HealthPolicy) -> Self {
        self.config.health = policy;
        self
    }

    /// Lets the outcomes of calls take a node out of service for a while.
    pub fn ejection(mut self, policy: EjectionPolicy) -> Self {
        self.config.ejection = Some(policy);
        self
    }

    /// Lets the share of a node grow slowly when it comes into service.
    pub fn slow_start(mut self, slow_start: SlowStart) -> Self {
        self.config.slow_start = Some(slow_start);
        self
    }

    /// How response times are averaged.
    pub fn latency(mut self, policy: LatencyPolicy) -> Self {
        self.config.latency = policy;
        self
    }

    /// Ignores health while a smaller share of the nodes than this is well.
    pub fn panic_below(mut self, share: f64) -> Self {
        self.config.panic_below = share;
        self
    }

    /// The share of a priority level, or of the own zone in it, that must be available for its nodes
    /// to take all calls.
    pub fn min_available(mut self, share: f64) -> Self {
        self.config.min_available = share;
        self
    }

    /// The zone of the caller, whose nodes are preferred.
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.config.zone = Some(zone.into());
        self
    }

    /// What [`pick_ordered`](Balancer::pick_ordered) lets a node have at most, times its fair share.
    pub fn load_bound(mut self, factor: f64) -> Self {
        self.config.load_bound = Some(factor);
        self
    }

    /// Begins the rounds with a node drawn by chance.
    pub fn random_start(mut self) -> Self {
        self.config.random_start = true;
        self
    }

    /// Names the sequence of numbers that draws are made from, so that a test replays. Threads then
    /// share it; by default each has its own, from entropy.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Who is told what changes.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// The clock that is read where time matters: by the algorithms that look at response times, by
    /// ejections and slow start. The system's by default.
    pub fn clock<D>(self, clock: D) -> BalancerBuilder<T, D> {
        let Self { config, nodes, observer, seed, .. } = self;
        BalancerBuilder { config, nodes, clock, observer, seed }
    }

    /// One more node.
    pub fn node(mut self, node: Node<T>) -> Self {
        self.nodes.push(node);
        self
    }

    /// Several more nodes.
    pub fn nodes(mut self, nodes: impl IntoIterator<Item = Node<T>>) -> Self {
        self.nodes.extend(nodes);
        self
    }

    /// The balancer. It may be without nodes at first.
    ///
    /// # Errors
    ///
    /// An option out of its range, or two nodes of one id.
    pub fn build(self) -> Result<Balancer<T, C>, ConfigError>
    where
        C: Clock,
    {
        let Self { config, nodes, clock, observer, seed } = self;
        config.check()?;
        let mut ids = BTreeSet::new();
        if let Some(twice) = nodes.iter().find(|node| !ids.insert(node.id())) {
            return Err(ConfigError::new("node", twice.id(), "each id once"));
        }
        let settings = Arc::new(Settings::new(config, clock, observer, seed));
        Ok(Balancer::of(Shared::new(settings, nodes)))
    }
}

impl<T, C> fmt::Debug for BalancerBuilder<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BalancerBuilder")
            .field("config", &self.config)
            .field("nodes", &self.nodes)
            .finish_non_exhaustive()
    }
}
