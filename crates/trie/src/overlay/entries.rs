//! The entries of an overlay in order of their keys, one after the other.

use alloc::vec::Vec;

use super::entry::Entry;
use super::leaf::Leaf;
use super::node::Node;

#[derive(Clone, Debug)]
pub(crate) struct Entries<'a> {
    /// Nodes to come, the next last.
    nodes: Vec<&'a Node>,
    leaf: Option<(&'a Leaf, usize)>,
}

impl<'a> Entries<'a> {
    pub(crate) fn of(root: &'a Node) -> Self {
        Self { nodes: Vec::from([root]), leaf: None }
    }

    /// The next entry by its leaf and its place there.
    pub(crate) fn next_place(&mut self) -> Option<(&'a Leaf, usize)> {
        loop {
            if let Some((leaf, at)) = self.leaf.filter(|&(leaf, at)| at < leaf.len()) {
                self.leaf = Some((leaf, at + 1));
                return Some((leaf, at));
            }
            match self.nodes.pop()? {
                Node::Leaf(leaf) => self.leaf = Some((leaf, 0)),
                Node::Inner(inner) => {
                    self.nodes.extend(inner.children().iter().rev().map(|child| &child.node));
                }
            }
        }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = (&'a [u8], &'a Entry);

    fn next(&mut self) -> Option<Self::Item> {
        let (leaf, at) = self.next_place()?;
        Some((leaf.key(at), leaf.entry(at)))
    }
}
