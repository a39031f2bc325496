//! The strings below some places of a trie, best first, found one at a time.
//!
//! A heap of cursors. A cursor stands on the child of a node, with the best weight below it, or on a
//! string of a bucket. The top one is taken; what follows it among its siblings goes back; a child is
//! opened and its own best child takes its place. The order is that of the answers: weight
//! descending, then rank, and a node counts as its first rank: nothing below it comes earlier.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::{Ordering, Reverse};

use crate::tree::{Kind, Place, Ranks, Tree};

/// A cursor. `code` and `rank` are of what it stands on; `ranks` of what it moves in.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    code: u64,
    rank: u32,
    ranks: Ranks,
    /// The node, or [`Place::BUCKET`].
    node: u32,
    /// The place in the node's order by weight.
    place: u16,
}

impl Cursor {
    fn key(&self) -> (u64, Reverse<u32>) {
        (self.code, Reverse(self.rank))
    }
}

impl PartialEq for Cursor {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Cursor {}

impl PartialOrd for Cursor {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Cursor {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// An iterator over (code, rank), best first.
#[derive(Clone, Debug)]
pub(crate) struct Best<'a> {
    tree: Tree<'a>,
    heap: BinaryHeap<Cursor>,
    /// Runs of ranks to leave out, in order.
    without: Vec<Ranks>,
    /// How many more steps are believed. A sound trie of n strings has fewer than 2n nodes and
    /// children; an unsound order by weight may name one child again and again.
    steps: u64,
    /// How many more strings there can be.
    left: u32,
}

impl<'a> Best<'a> {
    pub(crate) fn empty(tree: Tree<'a>) -> Self {
        Self::with_heap(tree, BinaryHeap::new())
    }

    fn with_heap(tree: Tree<'a>, heap: BinaryHeap<Cursor>) -> Self {
        Self {
            tree,
            heap,
            without: Vec::new(),
            steps: 4 * u64::from(tree.count) + 64,
            left: tree.count,
        }
    }

    /// Everything below one place.
    #[inline]
    pub(crate) fn below(tree: Tree<'a>, place: Place) -> Self {
        let mut best = Self::with_heap(tree, BinaryHeap::with_capacity(32));
        best.add(place);
        best
    }

    /// Everything below places that do not overlap, but the ranks of `without`, which are sorted.
    pub(crate) fn below_all(
        tree: Tree<'a>,
        places: impl IntoIterator<Item = Place>,
        without: Vec<Ranks>,
    ) -> Self {
        let mut best = Self { without, ..Self::empty(tree) };
        for place in places {
            best.add(place);
        }
        best
    }

    fn add(&mut self, place: Place) {
        if self.is_left_out(place.ranks) {
            return;
        }
        if let Some(cursor) = self.open(place.node, place.ranks) {
            self.heap.push(cursor);
        }
    }

    fn is_left_out(&self, ranks: Ranks) -> bool {
        if self.without.is_empty() {
            return false;
        }
        let after = self.without.partition_point(|run| run.first <= ranks.first);
        after.checked_sub(1).is_some_and(|at| self.without[at].covers(ranks))
    }

    pub(crate) fn tree(&self) -> &Tree<'a> {
        &self.tree
    }

    /// A cursor on the best of a node or of a run of a bucket.
    #[inline]
    fn open(&self, node: u32, ranks: Ranks) -> Option<Cursor> {
        if node == Place::BUCKET {
            return self.best_of_bucket(ranks);
        }
        let record = self.tree.node(node)?;
        let (child, code) = record.ordered(0)?;
        Some(Cursor { code, rank: record.first_rank(child, ranks), ranks, node, place: 0 })
    }

    #[inline]
    fn best_of_bucket(&self, ranks: Ranks) -> Option<Cursor> {
        let mut best: Option<(u64, u32)> = None;
        for rank in ranks.first..ranks.end {
            let code = self.tree.codes.get(rank);
            if best.is_none_or(|(most, _)| code > most) {
                best = Some((code, rank));
            }
        }
        let (code, rank) = best?;
        Some(Cursor { code, rank, ranks, node: Place::BUCKET, place: 0 })
    }

    /// The string of the same bucket that comes next after the one that `cursor` stands on.
    #[inline]
    fn next_of_bucket(&self, cursor: &Cursor) -> Option<Cursor> {
        let mut best: Option<(u64, u32)> = None;
        for rank in cursor.ranks.first..cursor.ranks.end {
            let code = self.tree.codes.get(rank);
            let later = code < cursor.code || (code == cursor.code && rank > cursor.rank);
            if later && best.is_none_or(|(most, _)| code > most) {
                best = Some((code, rank));
            }
        }
        let (code, rank) = best?;
        Some(Cursor { code, rank, ..*cursor })
    }
}

impl Iterator for Best<'_> {
    type Item = (u64, u32);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let mut cursor = self.heap.pop()?;
        loop {
            self.steps = self.steps.checked_sub(1)?;
            if cursor.node == Place::BUCKET {
                if let Some(next) = self.next_of_bucket(&cursor) {
                    self.heap.push(next);
                }
                let found = (cursor.code, cursor.rank);
                let at = Ranks { first: cursor.rank, end: cursor.rank.saturating_add(1) };
                if !self.is_left_out(at) {
                    self.left = self.left.checked_sub(1)?;
                    return Some(found);
                }
                cursor = self.heap.pop()?;
                continue;
            }
            let opened = self.tree.node(cursor.node).and_then(|node| {
                let next = usize::from(cursor.place) + 1;
                if let Some((child, code)) = node.ordered(next) {
                    let rank = node.first_rank(child, cursor.ranks);
                    self.heap.push(Cursor { code, rank, place: next as u16, ..cursor });
                }
                let (child, _) = node.ordered(cursor.place.into())?;
                let child = node.child(child, cursor.ranks)?;
                if self.is_left_out(child.ranks) {
                    return None;
                }
                match child.kind {
                    Kind::Node(node) => self.open(node, child.ranks),
                    Kind::Bucket(_) => self.best_of_bucket(child.ranks),
                }
            });
            cursor = match opened {
                Some(opened) if self.heap.peek().is_none_or(|top| opened >= *top) => opened,
                Some(opened) => {
                    self.heap.push(opened);
                    self.heap.pop()?
                }
                None => self.heap.pop()?,
            };
        }
    }
}
