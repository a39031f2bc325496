use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use ::metrics::{Label, counter, describe_counter, describe_gauge, gauge};

use crate::{Event, Health, Observer};

/// What changes as counters of `metrics`:
///
/// | counter | labels |
/// |---|---|
/// | [`balance_health_changes_total`](Self::HEALTH_CHANGES) | `balancer`, `to`: `healthy`, `unhealthy` |
/// | [`balance_ejections_total`](Self::EJECTIONS) | `balancer` |
/// | [`balance_returns_total`](Self::RETURNS), ejections that ended | `balancer` |
/// | [`balance_panic`](Self::PANIC), a gauge: 1 while health is ignored | `balancer` |
///
/// With [`label_nodes`](Self::label_nodes) the counters have the label `node` too. What never occurs
/// makes no series. Changes are rare, so each looks its counter up in the recorder.
///
/// ```
/// use voussoir_balance::{Algorithm, Balancer, Node, observe::MetricsObserver};
///
/// let balancer = Balancer::builder(Algorithm::RoundRobin)
///     .node(Node::new("a", "10.0.0.1:80"))
///     .observer(MetricsObserver::new("payments"))
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct MetricsObserver {
    name: String,
    by_node: bool,
}

impl MetricsObserver {
    /// Changes of nodes' health.
    pub const HEALTH_CHANGES: &str = "balance_health_changes_total";
    /// Ejections for what calls said.
    pub const EJECTIONS: &str = "balance_ejections_total";
    /// Ejections that ended.
    pub const RETURNS: &str = "balance_returns_total";
    /// Whether so few nodes are well that health is ignored.
    pub const PANIC: &str = "balance_panic";

    /// An observer of the balancer called `name`.
    pub fn new(name: impl Into<String>) -> Self {
        describe_counter!(Self::HEALTH_CHANGES, "Changes of nodes' health.");
        describe_counter!(Self::EJECTIONS, "Ejections of nodes for what calls said.");
        describe_counter!(Self::RETURNS, "Ejections of nodes that ended.");
        describe_gauge!(Self::PANIC, "1 while so few nodes are well that health is ignored.");
        Self { name: name.into(), by_node: false }
    }

    /// Counts by node, with its id as the label `node`. A series lives as long as the process: for
    /// nodes whose ids are a bounded set, such as hosts that are named in a file; not for pods, each
    /// of which has a new one.
    pub fn label_nodes(self) -> Self {
        Self { by_node: true, ..self }
    }

    fn labels(&self, node: &str) -> Vec<Label> {
        let mut labels = vec![Label::new("balancer", self.name.clone())];
        if self.by_node {
            labels.push(Label::new("node", node.to_owned()));
        }
        labels
    }
}

impl Observer for MetricsObserver {
    fn on_event(&self, event: &Event<'_>) {
        match *event {
            Event::Health { id, now } => {
                let mut labels = self.labels(id);
                let to = match now {
                    Health::Healthy => "healthy",
                    Health::Unhealthy => "unhealthy",
                };
                labels.push(Label::from_static_parts("to", to));
                counter!(Self::HEALTH_CHANGES, labels).increment(1);
            }
            Event::Ejected { id, .. } => {
                counter!(Self::EJECTIONS, self.labels(id)).increment(1);
            }
            Event::Returned { id } => counter!(Self::RETURNS, self.labels(id)).increment(1),
            Event::Panic { on } => {
                gauge!(Self::PANIC, "balancer" => self.name.clone()).set(f64::from(u8::from(on)));
            }
        }
    }
}
