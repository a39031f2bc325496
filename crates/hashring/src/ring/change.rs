use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use thiserror::Error;
use voussoir_core::ConfigError;

use super::layout::at_most_max_points;
use super::{Layout, Points, Ring};
use crate::Node;
use crate::members::Members;

/// A ring with one node more, less or of other weight was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// No node has this id.
    #[error("no node has the id `{id}`")]
    UnknownNode {
        /// The id that was asked for.
        id: String,
    },
    /// The nodes would be no valid ring.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// Another ring, from this one.
impl Ring {
    /// With one node more. Keys move to the new node only.
    ///
    /// Complexity: O(points), one pass that merges the new points in; nothing is hashed or sorted but
    /// these. (In the layouts `Ketama` and `Nginx` all is made anew.)
    ///
    /// # Errors
    ///
    /// An id or label that another node has, texts or weights out of range.
    pub fn add(&self, node: impl Into<Node>) -> Result<Self, ChangeError> {
        let node = node.into();
        let mut nodes = self.nodes().to_vec();
        let at = nodes.partition_point(|other| other.id() < node.id());
        nodes.insert(at, node);
        self.changed(nodes, |index| Some(index + u32::from(index as usize >= at)), Some(at))
    }

    /// Without one node. Only its own keys move.
    ///
    /// Complexity: as [`add`](Self::add).
    ///
    /// # Errors
    ///
    /// An id that no node has.
    pub fn remove(&self, id: &str) -> Result<Self, ChangeError> {
        let at = self.position(id)?;
        let mut nodes = self.nodes().to_vec();
        nodes.remove(at);
        let number = |index: u32| match (index as usize).cmp(&at) {
            core::cmp::Ordering::Less => Some(index),
            core::cmp::Ordering::Equal => None,
            core::cmp::Ordering::Greater => Some(index - 1),
        };
        self.changed(nodes, number, None)
    }

    /// With another weight of one node. Keys move to it only, or from it only.
    ///
    /// Complexity: as [`add`](Self::add).
    ///
    /// # Errors
    ///
    /// An id that no node has, or more points than a ring holds.
    pub fn reweight(&self, id: &str, weight: u32) -> Result<Self, ChangeError> {
        let at = self.position(id)?;
        let mut nodes = self.nodes().to_vec();
        nodes[at] = nodes[at].clone().weight(weight);
        self.changed(nodes, |index| (index as usize != at).then_some(index), Some(at))
    }

    fn position(&self, id: &str) -> Result<usize, ChangeError> {
        self.members.position(id).ok_or_else(|| ChangeError::UnknownNode { id: id.into() })
    }

    /// `number` is what a node's number becomes, if its points stay; `fresh` the one whose points are
    /// to be made.
    fn changed(
        &self,
        nodes: Vec<Node>,
        number: impl Fn(u32) -> Option<u32>,
        fresh: Option<usize>,
    ) -> Result<Self, ChangeError> {
        let members = Members::sorted(nodes)?;
        let points = if self.layout == Layout::Absolute {
            at_most_max_points(members.total_weight(), self.vnodes)?;
            self.merged(&members, number, fresh)
        } else {
            self.layout.points(&members, self.hash, self.vnodes)?
        };
        let Self { hash, layout, vnodes, .. } = *self;
        Ok(Self { members: Arc::new(members), points, hash, layout, vnodes })
    }

    fn merged(
        &self,
        members: &Members,
        number: impl Fn(u32) -> Option<u32>,
        fresh: Option<usize>,
    ) -> Points {
        let mut new: Vec<(u64, u32)> = Vec::new();
        if let Some(fresh) = fresh {
            let node = &members.nodes()[fresh];
            let count = node.weight_units() as usize * self.vnodes as usize;
            let hashes = self.hash.sequence(node.label_text()).take(count);
            new.extend(hashes.map(|hash| (hash, fresh as u32)));
            new.sort_unstable();
        }
        let kept = self.points.iter();
        let kept = kept.filter_map(|(hash, owner)| Some((hash, number(owner)?)));
        let (mut kept, mut new) = (kept.peekable(), new.into_iter().peekable());
        let next = core::iter::from_fn(|| match (kept.peek(), new.peek()) {
            (Some(old), Some(fresh)) if old > fresh => new.next(),
            (Some(_), _) => kept.next(),
            (None, _) => new.next(),
        });
        let count = members.total_weight() as usize * self.vnodes as usize;
        Points::from_sorted(members.len(), count, next)
    }
}
