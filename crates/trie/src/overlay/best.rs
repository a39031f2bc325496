//! The entries of some ranks of an overlay, best first, found one at a time: as in an index, with the
//! nodes of the B-tree in place of those of the trie.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::{Ordering, Reverse};

use super::leaf::Leaf;
use super::node::Node;
use crate::tree::Ranks;

#[derive(Clone, Copy, Debug)]
struct Cursor<'a> {
    weight: u64,
    rank: u32,
    /// The place in the node.
    at: u8,
    node: &'a Node,
    first: u32,
    clip: Ranks,
}

impl PartialEq for Cursor<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Cursor<'_> {}

impl PartialOrd for Cursor<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Cursor<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.weight, Reverse(self.rank)).cmp(&(other.weight, Reverse(other.rank)))
    }
}

/// An entry, by its leaf.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    pub(crate) leaf: &'a Leaf,
    pub(crate) at: usize,
    pub(crate) rank: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct BestEntries<'a> {
    heap: BinaryHeap<Cursor<'a>>,
    without: Vec<Ranks>,
}

impl<'a> BestEntries<'a> {
    pub(crate) fn within(
        root: &'a Node,
        clips: impl IntoIterator<Item = Ranks>,
        without: Vec<Ranks>,
    ) -> Self {
        let mut heap = BinaryHeap::with_capacity(32);
        for clip in clips {
            heap.extend(cursor(root, 0, clip, None));
        }
        Self { heap, without }
    }

    fn is_left_out(&self, rank: u32) -> bool {
        let after = self.without.partition_point(|run| run.first <= rank);
        after.checked_sub(1).is_some_and(|at| self.without[at].contains(rank))
    }
}

#[inline]
fn cursor(node: &Node, first: u32, clip: Ranks, after: Option<(u64, u32)>) -> Option<Cursor<'_>> {
    let (weight, rank, at) = node.best_after(first, clip, after)?;
    Some(Cursor { weight, rank, at: at as u8, node, first, clip })
}

impl<'a> Iterator for BestEntries<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Found<'a>> {
        let mut top = self.heap.pop()?;
        loop {
            let Cursor { weight, rank, at, node, first, clip } = top;
            let at = usize::from(at);
            self.heap.extend(cursor(node, first, clip, Some((weight, rank))));
            let opened = match node {
                Node::Leaf(_) if self.is_left_out(rank) => None,
                Node::Leaf(leaf) => return Some(Found { leaf, at, rank }),
                Node::Inner(_) => node
                    .child(first, at)
                    .and_then(|(child, first)| cursor(child, first, clip, None)),
            };
            // What was opened is mostly the best: it need not go through the heap.
            top = match opened {
                Some(opened) if self.heap.peek().is_none_or(|best| opened >= *best) => opened,
                Some(opened) => {
                    self.heap.push(opened);
                    self.heap.pop()?
                }
                None => self.heap.pop()?,
            };
        }
    }
}
