use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use voussoir_core::ConfigError;

use crate::Node;

/// The nodes of a placement, checked: what is asked of any of them is asked by their number here.
pub(crate) struct Members {
    nodes: Arc<[Node]>,
    /// The number of each node's zone; empty where no node was given one.
    zones: Box<[u32]>,
    /// How many zones there are among nodes of some weight; 0 where no node was given one.
    zone_count: usize,
    /// How many nodes have some weight.
    weighty: usize,
    total_weight: u64,
}

/// More nodes than a `u32` of points could tell apart is more than any placement here can hold.
pub(crate) const MAX_NODES: usize = 1 << 22;

impl Members {
    /// In the order of their ids, so that the order in which they were given decides nothing.
    pub(crate) fn sorted(mut nodes: Vec<Node>) -> Result<Self, ConfigError> {
        nodes.sort_unstable_by(|a, b| a.id().cmp(b.id()));
        Self::in_order(nodes)
    }

    /// In the order given.
    pub(crate) fn in_order(mut nodes: Vec<Node>) -> Result<Self, ConfigError> {
        check(&nodes)?;
        let mut names: BTreeMap<Arc<str>, u32> = BTreeMap::new();
        let mut zones = Vec::new();
        if nodes.iter().any(|node| node.zone_name().is_some()) {
            let mut next = 0;
            let mut fresh = || {
                next += 1;
                next - 1
            };
            for node in &mut nodes {
                let Some(name) = node.shared_zone().cloned() else {
                    zones.push(fresh());
                    continue;
                };
                if let Some((shared, &zone)) = names.get_key_value(&name) {
                    node.in_shared_zone(shared);
                    zones.push(zone);
                } else {
                    let zone = fresh();
                    names.insert(name, zone);
                    zones.push(zone);
                }
            }
        }
        let weighty = nodes.iter().filter(|node| node.weight_units() > 0).count();
        let of_weight = |(zone, node): (&u32, &Node)| (node.weight_units() > 0).then_some(*zone);
        let used: BTreeSet<u32> = zones.iter().zip(&nodes).filter_map(of_weight).collect();
        Ok(Self {
            total_weight: nodes.iter().map(|node| u64::from(node.weight_units())).sum(),
            zone_count: used.len(),
            weighty,
            zones: zones.into(),
            nodes: nodes.into(),
        })
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The nodes for a look-up that should not have to come here for them.
    pub(crate) fn shared_nodes(&self) -> Arc<[Node]> {
        Arc::clone(&self.nodes)
    }

    #[inline]
    pub(crate) fn node(&self, index: u32) -> &Node {
        &self.nodes[index as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The number of the node with this id. Complexity: O(log nodes) for sorted members.
    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        self.nodes.binary_search_by(|node| node.id().cmp(id)).ok()
    }

    /// The number of a node's zone, where zones matter.
    #[inline]
    pub(crate) fn zone(&self, index: u32) -> u32 {
        self.zones[index as usize]
    }

    #[inline]
    pub(crate) fn zone_count(&self) -> usize {
        self.zone_count
    }

    #[inline]
    pub(crate) fn weighty(&self) -> usize {
        self.weighty
    }

    pub(crate) fn total_weight(&self) -> u64 {
        self.total_weight
    }

    /// The largest weight, 0 without nodes.
    pub(crate) fn max_weight(&self) -> u32 {
        self.nodes.iter().map(Node::weight_units).max().unwrap_or(0)
    }

    /// The numbers of the nodes that have some weight, with them.
    pub(crate) fn with_weight(&self) -> impl Iterator<Item = (u32, &Node)> {
        (0..).zip(self.nodes.iter()).filter(|(_, node)| node.weight_units() > 0)
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.nodes.iter().map(Node::id)).finish()
    }
}

fn check(nodes: &[Node]) -> Result<(), ConfigError> {
    if nodes.len() > MAX_NODES {
        return Err(ConfigError::new("nodes", nodes.len(), format!("at most {MAX_NODES}")));
    }
    for node in nodes {
        text("id", node.id(), 1)?;
        text("label", node.label_text(), 1)?;
        text("zone", node.zone_name().unwrap_or_default(), 0)?;
    }
    if let Some(id) = duplicate(nodes.iter().map(Node::id)) {
        return Err(ConfigError::new("id", twice(id), "an id of its own for each node"));
    }
    let has_labels = nodes.iter().any(|node| node.own_label().is_some());
    if has_labels && let Some(label) = duplicate(nodes.iter().map(Node::label_text)) {
        let allowed = "a label of its own for each node, where none is given its id";
        return Err(ConfigError::new("label", twice(label), allowed));
    }
    Ok(())
}

/// A text that is there twice. Complexity: O(texts) where they are in order, as ids mostly are.
fn duplicate<'a>(mut texts: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    if texts.clone().is_sorted_by(|a, b| a < b) {
        return None;
    }
    let mut seen = BTreeSet::new();
    texts.find(|text| !seen.insert(*text))
}

fn twice(text: &str) -> impl core::fmt::Display {
    format!("`{text}` twice")
}

fn text(option: &'static str, text: &str, least: usize) -> Result<(), ConfigError> {
    if (least..=Node::MAX_TEXT).contains(&text.len()) {
        return Ok(());
    }
    let allowed = format!("{least} to {} bytes", Node::MAX_TEXT);
    Err(ConfigError::new(option, format!("{} bytes long", text.len()), allowed))
}
