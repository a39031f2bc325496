//! A B-tree of strings whose copies share what they have in common.
//!
//! Leaves hold the bytes of their keys in one piece and an entry for each; inner nodes hold, for each
//! child, how many entries are below it and the best weight of those that live. A node that nobody
//! else holds is changed in place, a shared one is copied first: so a copy of the whole tree is one
//! counter, and a change after it copies one node a level.

use alloc::sync::Arc;

use super::entry::Entry;
use super::inner::{Border, Child, FAN, Inner};
use super::leaf::Leaf;
use crate::bytes::common;
use crate::tree::Ranks;

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Leaf(Arc<Leaf>),
    Inner(Arc<Inner>),
}

impl Default for Node {
    fn default() -> Self {
        Self::Leaf(Arc::default())
    }
}

/// The way to a key: which child at each level, and where the key is in its leaf or would be. A change
/// finds it first and then follows it, so that it compares keys once, and copies nothing where
/// nothing changes.
#[derive(Debug)]
pub(crate) struct Path {
    steps: [u8; DEEPEST],
    at: Result<usize, usize>,
}

/// A tree grows by a level when its root splits, and a node splits after half as many of its children
/// have: 2^64 changes do not make one that is deeper.
const DEEPEST: usize = 32;

/// The upper half of a node that was split, and its border.
type Split = (Border, Node);

impl Node {
    pub(crate) fn count(&self) -> u32 {
        match self {
            Self::Leaf(leaf) => leaf.len() as u32,
            Self::Inner(inner) => inner.children().iter().map(|child| child.count).sum(),
        }
    }

    /// The best weight of an entry that lives.
    pub(crate) fn best(&self) -> Option<u64> {
        match self {
            Self::Leaf(leaf) => leaf.best(),
            Self::Inner(inner) => inner.children().iter().filter_map(Child::best).max(),
        }
    }

    /// The leaf that has a key, and the place in it.
    pub(crate) fn get(&self, key: &[u8]) -> Option<(&Leaf, usize)> {
        let mut node = self;
        loop {
            match node {
                Self::Leaf(leaf) => return leaf.search(key).ok().map(|at| (&**leaf, at)),
                Self::Inner(inner) => node = &inner.children()[inner.find(key)].node,
            }
        }
    }

    /// The way to a key, and its entry.
    pub(crate) fn find(&self, key: &[u8]) -> (Path, Option<Entry>) {
        let mut path = Path { steps: [0; DEEPEST], at: Err(0) };
        let (mut node, mut depth) = (self, 0);
        loop {
            match node {
                Self::Leaf(leaf) => {
                    path.at = leaf.search(key);
                    let entry = path.at.ok().map(|at| *leaf.entry(at));
                    return (path, entry);
                }
                Self::Inner(inner) => {
                    let at = inner.find(key);
                    path.steps[depth] = at as u8;
                    depth += 1;
                    node = &inner.children()[at].node;
                }
            }
        }
    }

    /// Puts an entry at the end of the path to its key, in place of `was` if it was there.
    pub(crate) fn put(&mut self, path: &Path, key: &[u8], entry: Entry, was: Option<Entry>) {
        if let Some((border, upper)) = self.put_below(path, 0, true, key, entry, was) {
            let lower = core::mem::take(self);
            *self = Self::Inner(Arc::new(Inner::of_two(lower, &border, upper)));
        }
    }

    fn put_below(
        &mut self,
        path: &Path,
        depth: usize,
        is_last: bool,
        key: &[u8],
        entry: Entry,
        was: Option<Entry>,
    ) -> Option<Split> {
        match self {
            Self::Leaf(leaf) => {
                let leaf = Arc::make_mut(leaf);
                match path.at {
                    Ok(at) => leaf.entries_mut()[at] = entry,
                    Err(at) if leaf.is_full() => return Some(split(leaf, at, is_last, key, entry)),
                    Err(at) => leaf.insert(at, key, entry),
                }
                None
            }
            Self::Inner(inner) => {
                let inner = Arc::make_mut(inner);
                let at = usize::from(path.steps[depth]);
                let is_last = is_last && at + 1 == inner.children().len();
                let child = inner.child_mut(at);
                let split = child.node.put_below(path, depth + 1, is_last, key, entry, was);
                if let Some((border, upper)) = split {
                    inner.refresh(at);
                    return insert_child(inner, at + 1, is_last, &border, upper);
                }
                child.count += u32::from(was.is_none());
                let now = entry.live_weight();
                if now >= child.best() {
                    child.set_best(now);
                } else if was.and_then(|was| was.live_weight()) == child.best() {
                    child.set_best(child.node.best());
                }
                None
            }
        }
    }

    /// Takes out `was`, the entry at the end of a path.
    pub(crate) fn remove(&mut self, path: &Path, was: &Entry) {
        self.remove_below(path, 0, was);
        while let Self::Inner(inner) = self
            && let [only] = inner.children()
        {
            *self = only.node.clone();
        }
    }

    fn remove_below(&mut self, path: &Path, depth: usize, was: &Entry) {
        match self {
            Self::Leaf(leaf) => {
                if let Ok(at) = path.at {
                    Arc::make_mut(leaf).remove(at);
                }
            }
            Self::Inner(inner) => {
                let inner = Arc::make_mut(inner);
                let at = usize::from(path.steps[depth]);
                let child = inner.child_mut(at);
                child.node.remove_below(path, depth + 1, was);
                child.count -= 1;
                if child.count == 0 && inner.children().len() > 1 {
                    inner.remove(at);
                    return;
                }
                let child = inner.child_mut(at);
                if was.live_weight() == child.best() {
                    child.set_best(child.node.best());
                }
                inner.join(at);
                if let Some(before) = at.checked_sub(1) {
                    inner.join(before);
                }
            }
        }
    }

    /// Whether another node of the same level fits in, with room to spare.
    pub(crate) fn has_room_for(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Leaf(leaf), Self::Leaf(other)) => leaf.has_room_for(other),
            (Self::Inner(inner), Self::Inner(other)) => inner.has_room_for(other),
            _ => false,
        }
    }

    /// Takes in the node that follows after `border`.
    pub(crate) fn append(&mut self, border: &[u8], other: &Self) {
        match (self, other) {
            (Self::Leaf(leaf), Self::Leaf(other)) => Arc::make_mut(leaf).append(other),
            (Self::Inner(inner), Self::Inner(other)) => {
                Arc::make_mut(inner).append(border, other);
            }
            _ => {}
        }
    }

    /// The ranks of the keys that begin with `prefix`.
    pub(crate) fn ranks(&self, prefix: &[u8]) -> Ranks {
        // An empty slice may point nowhere, and some processors are slow to compare nothing there.
        if prefix.is_empty() {
            return Ranks { first: 0, end: self.count() };
        }
        Ranks { first: self.rank(prefix, false), end: self.rank(prefix, true) }
    }

    /// How many keys are below `key`, or begin with it too if `past`.
    pub(crate) fn rank(&self, key: &[u8], past: bool) -> u32 {
        let before = |other: &[u8]| other < key || (past && other.starts_with(key));
        let (mut node, mut rank) = (self, 0);
        loop {
            match node {
                Self::Leaf(leaf) => return rank + leaf.partition(before) as u32,
                Self::Inner(inner) => {
                    let at = inner.partition(before);
                    let children = inner.children();
                    rank += children[..at].iter().map(|child| child.count).sum::<u32>();
                    node = &children[at].node;
                }
            }
        }
    }

    /// The leaf that holds a rank, and the place in it.
    pub(crate) fn at(&self, rank: u32) -> Option<(&Leaf, usize)> {
        let (mut node, mut rank) = (self, rank);
        loop {
            match node {
                Self::Leaf(leaf) => {
                    let at = rank as usize;
                    return (at < leaf.len()).then_some((leaf, at));
                }
                Self::Inner(inner) => {
                    node = &inner
                        .children()
                        .iter()
                        .find(|child| {
                            let is_in = rank < child.count;
                            if !is_in {
                                rank -= child.count;
                            }
                            is_in
                        })?
                        .node;
                }
            }
        }
    }

    /// Changes the weight of every entry that lives.
    pub(crate) fn reweigh(&mut self, weigh: &impl Fn(u64) -> u64) {
        match self {
            Self::Leaf(leaf) => {
                let entries = Arc::make_mut(leaf).entries_mut();
                for entry in entries.iter_mut().filter(|entry| entry.lives()) {
                    entry.weight = weigh(entry.weight);
                }
            }
            Self::Inner(inner) => {
                let inner = Arc::make_mut(inner);
                for at in 0..inner.children().len() {
                    inner.child_mut(at).node.reweigh(weigh);
                    inner.refresh(at);
                }
            }
        }
    }

    /// The bytes that this node and those below it hold, without what the allocator adds.
    pub(crate) fn bytes_held(&self) -> usize {
        // An `Arc` is the node and two counters.
        let counters = 2 * size_of::<usize>();
        match self {
            Self::Leaf(leaf) => size_of::<Leaf>() + counters + leaf.bytes_held(),
            Self::Inner(inner) => {
                let below: usize =
                    inner.children().iter().map(|child| child.node.bytes_held()).sum();
                size_of::<Inner>() + counters + inner.bytes_held() + below
            }
        }
    }

    /// Which part of this node, or of its children, is the best within `clip` after `after`: its
    /// weight, which nothing below exceeds, its first rank, and its place. `first` is this node's.
    pub(crate) fn best_after(
        &self,
        first: u32,
        clip: Ranks,
        after: Option<(u64, u32)>,
    ) -> Option<(u64, u32, usize)> {
        let mut best: Option<(u64, u32, usize)> = None;
        let mut consider = |weight: u64, rank: u32, at: usize| {
            let later = after.is_none_or(|(w, r)| weight < w || (weight == w && rank > r));
            if later && best.is_none_or(|(most, ..)| weight > most) {
                best = Some((weight, rank, at));
            }
        };
        match self {
            Self::Leaf(leaf) => {
                let low = clip.first.saturating_sub(first) as usize;
                let high = (clip.end.saturating_sub(first) as usize).min(leaf.len());
                for (at, entry) in leaf.entries().iter().enumerate().take(high).skip(low) {
                    if let Some(weight) = entry.live_weight() {
                        consider(weight, first + at as u32, at);
                    }
                }
            }
            Self::Inner(inner) => {
                let mut rank = first;
                for (at, child) in inner.children().iter().enumerate() {
                    let end = rank + child.count;
                    if let Some(weight) = child.best()
                        && rank < clip.end
                        && clip.first < end
                    {
                        consider(weight, rank.max(clip.first), at);
                    }
                    rank = end;
                }
            }
        }
        best
    }

    /// A child, with its first rank.
    pub(crate) fn child(&self, first: u32, at: usize) -> Option<(&Self, u32)> {
        let Self::Inner(inner) = self else { return None };
        let before = inner.children()[..at].iter().map(|child| child.count).sum::<u32>();
        Some((&inner.children()[at].node, first + before))
    }
}

/// Splits a leaf and puts a key into one of the halves. What is added in order of its bytes fills its
/// leaves.
fn split(leaf: &mut Leaf, at: usize, is_last: bool, key: &[u8], entry: Entry) -> Split {
    let middle = if is_last && at == leaf.len() { leaf.len() } else { leaf.len() / 2 };
    let mut upper = leaf.split(middle);
    if at <= middle && upper.len() > 0 {
        leaf.insert(at, key, entry);
    } else {
        upper.insert(at - middle, key, entry);
    }
    let (last, first) = (leaf.key(leaf.len() - 1), upper.key(0));
    let border = Border::from_slice(&first[..=common(last, first)]);
    (border, Node::Leaf(Arc::new(upper)))
}

/// Puts a child into an inner node, which is split first if it is full.
fn insert_child(
    inner: &mut Inner,
    at: usize,
    is_last: bool,
    border: &[u8],
    node: Node,
) -> Option<Split> {
    if !inner.is_full() {
        inner.insert(at, border, node);
        return None;
    }
    if is_last {
        // The new one begins a node of its own, and its border goes up.
        let mut upper = Inner::default();
        upper.insert(0, b"", node);
        return Some((Border::from_slice(border), Node::Inner(Arc::new(upper))));
    }
    let middle = FAN / 2;
    let (above, mut upper) = inner.split(middle);
    if at <= middle {
        inner.insert(at, border, node);
    } else {
        upper.insert(at - middle, border, node);
    }
    Some((above, Node::Inner(Arc::new(upper))))
}
