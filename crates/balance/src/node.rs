use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use crate::Health;

/// Something that calls can be sent to: an id, by which it is managed, and a value, which the
/// caller needs to reach it, such as an address.
///
/// ```
/// use voussoir_balance::Node;
///
/// let node = Node::new("a", "10.0.0.1:80").weight(3).zone("eu-1").priority(0);
/// assert_eq!((node.id(), *node.value()), ("a", "10.0.0.1:80"));
/// ```
///
/// With the feature `serde` a file may hold it, with the fields `id`, `value` and, where they differ
/// from the defaults, `weight`, `priority` and `zone`.
#[derive(Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Node<T> {
    id: Arc<str>,
    value: T,
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub(crate) weight: u32,
    #[cfg_attr(feature = "serde", serde(default))]
    pub(crate) priority: u8,
    #[cfg_attr(feature = "serde", serde(default))]
    pub(crate) zone: Option<Arc<str>>,
}

#[cfg(feature = "serde")]
fn one() -> u32 {
    1
}

impl<T> Node<T> {
    /// A node called `id`, reached by `value`, of weight 1, priority 0 and no zone.
    pub fn new(id: impl Into<Arc<str>>, value: T) -> Self {
        Self { id: id.into(), value, weight: 1, priority: 0, zone: None }
    }

    /// Its share of the calls in relation to the other nodes, where the algorithm looks at weights.
    /// With 0 it gets no new calls from any algorithm, as if it drained.
    pub fn weight(self, weight: u32) -> Self {
        Self { weight, ..self }
    }

    /// Its level: nodes of a higher number serve when those of the lower ones cannot. 0 comes first.
    pub fn priority(self, priority: u8) -> Self {
        Self { priority, ..self }
    }

    /// Where it is. Nodes of the caller's zone are preferred within a priority level.
    pub fn zone(self, zone: impl Into<Arc<str>>) -> Self {
        Self { zone: Some(zone.into()), ..self }
    }

    /// The name by which the node is managed.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the caller needs to reach it.
    pub fn value(&self) -> &T {
        &self.value
    }

    pub(crate) fn shared_id(&self) -> &Arc<str> {
        &self.id
    }
}

impl<T> fmt::Debug for Node<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("id", &self.id)
            .field("weight", &self.weight)
            .field("priority", &self.priority)
            .field("zone", &self.zone)
            .finish_non_exhaustive()
    }
}

/// A node at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct NodeStatus {
    /// The node's id.
    pub id: Arc<str>,
    /// Its weight as it was set, not as slow start makes it.
    pub weight: u32,
    /// Its health, by the checks.
    pub health: Health,
    /// Whether it gets no new calls, whatever its health.
    pub draining: bool,
    /// Whether it is ejected for what its calls said.
    pub ejected: bool,
    /// What it was forced to be, whatever checks and calls say.
    pub forced: Option<Health>,
    /// Whether it can get calls, all in all.
    pub available: bool,
    /// Calls that were picked for it and have not ended.
    pub in_flight: usize,
    /// Calls that were ever picked for it.
    pub picks: u64,
    /// Its mean response time, where the algorithm looks at it, once there was a response.
    #[cfg_attr(feature = "serde", serde(serialize_with = "as_text"))]
    pub response_time: Option<Duration>,
}

#[cfg(feature = "serde")]
#[expect(clippy::ref_option, reason = "serde asks for it")]
fn as_text<S: serde::Serializer>(duration: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => to.collect_str(&voussoir_core::duration::text(*duration)),
        None => to.serialize_none(),
    }
}
