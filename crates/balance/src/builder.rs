use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use voussoir_core::ConfigError;

use crate::node::Member;
use crate::node_set::NodeSet;
use crate::{Algorithm, Balancer, HealthPolicy, Node};

/// Options of a [`Balancer`]. The crate's page lists defaults and ranges.
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct BalancerBuilder<T> {
    algorithm: Algorithm,
    health: HealthPolicy,
    nodes: Vec<Node<T>>,
}

impl<T> BalancerBuilder<T> {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        Self { algorithm, health: HealthPolicy::default(), nodes: Vec::new() }
    }

    /// When a node's health changes.
    pub fn health(self, health: HealthPolicy) -> Self {
        Self { health, ..self }
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
    /// A health policy out of its range, or two nodes of one id.
    pub fn build(self) -> Result<Balancer<T>, ConfigError> {
        let HealthPolicy { unhealthy_after, healthy_after, .. } = self.health;
        for (option, given) in
            [("unhealthy_after", unhealthy_after), ("healthy_after", healthy_after)]
        {
            if given == 0 || given > HealthPolicy::MAX_STREAK {
                return Err(ConfigError::new(option, given, "1 to 1073741823"));
            }
        }
        let mut ids: Vec<_> = self.nodes.iter().map(Node::id).collect();
        ids.sort_unstable();
        if let Some(twice) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(ConfigError::new("node", twice[0], "each id once"));
        }
        let member = |node| Arc::new(Member::new(node, self.health));
        let set = NodeSet::new(self.nodes.into_iter().map(member).collect());
        Ok(Balancer::of(self.algorithm, self.health, set))
    }
}

impl<T> fmt::Debug for BalancerBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BalancerBuilder")
            .field("algorithm", &self.algorithm)
            .field("health", &self.health)
            .field("nodes", &self.nodes)
            .finish()
    }
}
