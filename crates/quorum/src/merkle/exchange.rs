use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::{BITS, FAN_OUT, Merkle};

/// A node of the tree: the `index`-th of its level, the root being the only one of level 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
pub struct MerkleNode {
    /// How far below the root.
    pub level: u8,
    /// Which of its level.
    pub index: u32,
}

/// A range of positions on the ring, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
pub struct KeyRange {
    /// The first position.
    pub first: u64,
    /// The last position.
    pub last: u64,
}

impl KeyRange {
    /// Whether the position is in it.
    pub const fn contains(self, position: u64) -> bool {
        self.first <= position && position <= self.last
    }
}

impl MerkleNode {
    /// The root.
    pub const ROOT: Self = Self { level: 0, index: 0 };

    /// The positions below it.
    pub const fn range(self) -> KeyRange {
        let shift = u64::BITS - BITS * self.level as u32;
        if shift >= u64::BITS {
            return KeyRange { first: 0, last: u64::MAX };
        }
        let first = (self.index as u64) << shift;
        KeyRange { first, last: first | ((1 << shift) - 1) }
    }
}

/// Finds the differing ranges of a tree here and one elsewhere: questions go to the other replica,
/// its answers come back, ranges come out, in order.
///
/// Both trees may change meanwhile: what is found then may be too much, and is never missed for good,
/// since the next exchange finds it. Memory: 8 bytes for each node not yet asked about.
///
/// ```
/// use voussoir_quorum::{Merkle, MerkleExchange};
///
/// let (mut here, there) = (Merkle::new(4, [7; 16])?, Merkle::new(4, [7; 16])?);
/// here.update(42, None, Some(here.entry(b"x", b"1")));
///
/// let mut exchange = MerkleExchange::new(&here, there.root());
/// while let Some(node) = exchange.question() {
///     let answer = there.children(node).expect("a node of the same shape"); // over the network
///     exchange.on_answer(&here, node, answer);
/// }
/// assert!(exchange.next_range().expect("one range differs").contains(42));
/// # Ok::<(), voussoir_quorum::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MerkleExchange {
    /// The last one is asked about next.
    open: Vec<MerkleNode>,
    found: VecDeque<KeyRange>,
}

impl MerkleExchange {
    /// Begins with the other's root.
    pub fn new(here: &Merkle, root_there: u128) -> Self {
        let mut open = Vec::new();
        if here.root() != root_there {
            open.push(MerkleNode::ROOT);
        }
        Self { open, found: VecDeque::new() }
    }

    /// The node whose [`children`](Merkle::children) are to be asked for; none when all is known. The
    /// same until it is answered.
    pub fn question(&self) -> Option<MerkleNode> {
        self.open.last().copied()
    }

    /// The other replica's sums of a node's children. An answer to another question is ignored.
    ///
    /// Complexity: O(16).
    pub fn on_answer(&mut self, here: &Merkle, node: MerkleNode, there: &[u128; FAN_OUT]) {
        if self.question() != Some(node) {
            return;
        }
        self.open.pop();
        let Some(ours) = here.children(node) else { return };
        let child = |at: usize| MerkleNode {
            level: node.level + 1,
            index: node.index * FAN_OUT as u32 + at as u32,
        };
        let differing = (0..FAN_OUT).filter(|&at| ours[at] != there[at]).map(child);
        if node.level + 1 == here.depth {
            differing.for_each(|leaf| self.add(leaf.range()));
        } else {
            // The last one is asked about first: so the first one goes last.
            self.open.extend(differing.rev());
        }
    }

    /// The next range that differs and that no question can make longer; none if none is known yet.
    pub fn next_range(&mut self) -> Option<KeyRange> {
        if self.found.len() > 1 || self.open.is_empty() {
            return self.found.pop_front();
        }
        None
    }

    fn add(&mut self, range: KeyRange) {
        match self.found.back_mut() {
            Some(last) if last.last.wrapping_add(1) == range.first => last.last = range.last,
            _ => self.found.push_back(range),
        }
    }
}

/// The differing ranges of two trees at hand.
#[derive(Clone, Debug)]
pub struct MerkleDiff<'a> {
    ours: &'a Merkle,
    theirs: &'a Merkle,
    exchange: MerkleExchange,
}

impl<'a> MerkleDiff<'a> {
    pub(super) fn new(ours: &'a Merkle, theirs: &'a Merkle) -> Self {
        Self { ours, theirs, exchange: MerkleExchange::new(ours, theirs.root()) }
    }
}

impl Iterator for MerkleDiff<'_> {
    type Item = KeyRange;

    fn next(&mut self) -> Option<KeyRange> {
        loop {
            if let Some(range) = self.exchange.next_range() {
                return Some(range);
            }
            let node = self.exchange.question()?;
            let answer = self.theirs.children(node)?;
            self.exchange.on_answer(self.ours, node, answer);
        }
    }
}
