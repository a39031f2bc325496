//! The stored keys of a trie in order of their bytes, one after the other.

use alloc::vec::Vec;

use crate::tree::{Kind, LONGEST, Ranks, Strings, Tree};

/// Lends each key until the next is asked for. No key is longer than [`LONGEST`], whatever a mutated
/// snapshot says.
#[derive(Clone, Debug)]
pub(crate) struct Keys<'a> {
    tree: Tree<'a>,
    /// Nodes on the way: which, its ranks, the next child, the length of the key there.
    path: Vec<(u32, Ranks, usize, usize)>,
    strings: Option<Strings<'a>>,
    depth: usize,
    rank: u32,
    key: Vec<u8>,
}

impl<'a> Keys<'a> {
    pub(crate) fn new(tree: Tree<'a>) -> Self {
        let mut keys =
            Self { tree, path: Vec::new(), strings: None, depth: 0, rank: 0, key: Vec::new() };
        if tree.count > 0 {
            keys.enter(0, tree.all());
        }
        keys
    }

    fn enter(&mut self, node: u32, ranks: Ranks) {
        if let Some(record) = self.tree.node(node)
            && self.key.len() <= LONGEST
        {
            self.key.extend_from_slice(record.common);
            self.path.push((node, ranks, 0, self.key.len()));
        }
    }

    /// The next rank and its key.
    pub(crate) fn next(&mut self) -> Option<(u32, &[u8])> {
        loop {
            if let Some(strings) = &mut self.strings {
                if let Some((same, rest)) = strings.next() {
                    self.key.truncate(self.depth.saturating_add(same));
                    self.key.extend_from_slice(&rest[..rest.len().min(LONGEST)]);
                    let rank = self.rank;
                    self.rank = self.rank.saturating_add(1);
                    return Some((rank, &self.key[..self.key.len().min(LONGEST)]));
                }
                self.strings = None;
            }
            let (node, ranks, next, depth) = self.path.last_mut()?;
            let (ranks, depth, child) = (*ranks, *depth, *next);
            *next += 1;
            self.key.truncate(depth);
            let Some(node) = self.tree.node(*node).filter(|node| child < node.children()) else {
                self.path.pop();
                continue;
            };
            let Some(child) = node.child(child, ranks) else { continue };
            match child.kind {
                Kind::Node(to) => {
                    self.key.push(child.label);
                    self.enter(to, child.ranks);
                }
                Kind::Bucket(bucket) => {
                    (self.depth, self.rank) = (depth, child.ranks.first);
                    self.strings = Some(self.tree.bucket(bucket, child.ranks));
                }
            }
        }
    }
}
