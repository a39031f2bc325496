use alloc::string::String;

use thiserror::Error;

use crate::Node;

/// There is no node to pick, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "no node available: of {nodes}, {unhealthy} unhealthy, {ejected} ejected, {draining} draining, \
     {excluded} excluded"
)]
#[non_exhaustive]
pub struct NoNode {
    /// Nodes there are.
    pub nodes: usize,
    /// Of them, those that are unhealthy, or forced down, and not draining.
    pub unhealthy: usize,
    /// Those that are healthy by their checks and ejected for what their calls said.
    pub ejected: usize,
    /// Those that drain or have no weight.
    pub draining: usize,
    /// Those that could serve but were excluded by the caller.
    pub excluded: usize,
}

/// No node has this id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no node has the id `{id}`")]
pub struct UnknownNode {
    /// The id asked for.
    pub id: String,
}

/// A node with this id is there already. Carries the one that was not taken.
#[derive(Clone, Error)]
#[error("a node has the id `{}` already", node.id())]
pub struct DuplicateNode<T> {
    /// The node that was not taken.
    pub node: Node<T>,
}

impl<T> core::fmt::Debug for DuplicateNode<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DuplicateNode").field("id", &self.node.id()).finish_non_exhaustive()
    }
}
