//! A B-tree of strings whose copies share what they have in common.
//!
//! Leaves hold the bytes of their keys in one piece and an entry for each; inner nodes hold, for each
//! child, how many entries are below it and the best weight of those that live. A node that nobody
//! else holds is changed in place, a shared one is copied first: so a copy of the whole tree is one
//! counter, and a change after it copies one node a level.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::tree::Ranks;

/// Entries of a leaf, at most. A change of a shared leaf copies 1.3 kB.
const LEAF: usize = 32;
/// Children of an inner node, at most. A change of a shared one counts each of them up.
const FAN: usize = 16;

/// How many bytes more a leaf asks for when its keys outgrow it.
const ROOM: usize = 32;

/// What is known about a string.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) weight: u64,
    pub(crate) payload: u64,
    /// When it was changed last, and in its lowest bit whether it is deleted.
    stamp: u64,
    /// Its rank in the index below, or [`Entry::NO_BASE`].
    pub(crate) base: u32,
    /// Where its key ends among the leaf's bytes.
    end: u32,
}

impl Entry {
    pub(crate) const NO_BASE: u32 = u32::MAX;

    pub(crate) fn new(weight: u64, payload: u64, epoch: u64, base: Option<u32>) -> Self {
        let base = base.unwrap_or(Self::NO_BASE);
        Self { weight, payload, stamp: epoch << 1, base, end: 0 }
    }

    pub(crate) fn deleted(epoch: u64, base: Option<u32>) -> Self {
        let entry = Self::new(0, 0, epoch, base);
        Self { stamp: entry.stamp | 1, ..entry }
    }

    pub(crate) fn lives(&self) -> bool {
        self.stamp & 1 == 0
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.stamp >> 1
    }
}

#[derive(Debug, Default)]
pub(crate) struct Leaf {
    entries: Vec<Entry>,
    bytes: Vec<u8>,
}

impl Clone for Leaf {
    /// A leaf is copied to be changed: there is room for one more entry.
    fn clone(&self) -> Self {
        let mut copy = Self {
            entries: Vec::with_capacity(self.entries.len() + 1),
            bytes: Vec::with_capacity(self.bytes.len() + ROOM),
        };
        copy.entries.extend_from_slice(&self.entries);
        copy.bytes.extend_from_slice(&self.bytes);
        copy
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Inner {
    children: Vec<Child>,
    /// The least key of each child but the first, one after the other.
    bytes: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Child {
    node: Arc<Node>,
    count: u32,
    /// Where the least key ends among the bytes.
    end: u32,
    best: Option<u64>,
}

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Leaf(Leaf),
    Inner(Inner),
}

impl Default for Node {
    fn default() -> Self {
        Self::Leaf(Leaf::default())
    }
}

/// The upper half of a node that became too large, and its least key.
type Split = Option<(Vec<u8>, Arc<Node>)>;

/// The weight that was there, if an entry was and if it lived.
type Was = Option<Option<u64>>;

impl Leaf {
    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| self.entries[before].end as usize)
    }

    pub(crate) fn key(&self, at: usize) -> &[u8] {
        &self.bytes[self.start(at)..self.entries[at].end as usize]
    }

    pub(crate) fn entry(&self, at: usize) -> &Entry {
        &self.entries[at]
    }

    fn search(&self, key: &[u8]) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.entries.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.key(middle).cmp(key) {
                core::cmp::Ordering::Less => low = middle + 1,
                core::cmp::Ordering::Equal => return Ok(middle),
                core::cmp::Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    fn insert(&mut self, at: usize, key: &[u8], entry: Entry) {
        let start = self.start(at);
        let len = key.len() as u32;
        if self.bytes.capacity() - self.bytes.len() < key.len() {
            self.bytes.reserve_exact(key.len() + ROOM);
        }
        if self.entries.capacity() == self.entries.len() {
            self.entries.reserve_exact(4);
        }
        self.bytes.extend_from_slice(key);
        self.bytes[start..].rotate_right(key.len());
        self.entries.insert(at, Entry { end: start as u32, ..entry });
        for entry in &mut self.entries[at..] {
            entry.end += len;
        }
    }

    fn remove(&mut self, at: usize) {
        let (start, end) = (self.start(at), self.entries[at].end as usize);
        self.bytes.drain(start..end);
        self.entries.remove(at);
        for entry in &mut self.entries[at..] {
            entry.end -= (end - start) as u32;
        }
    }

    /// The upper part leaves. What is added in order of its bytes fills its leaves.
    fn split(&mut self, appended: bool) -> (Vec<u8>, Arc<Node>) {
        let middle = if appended { self.entries.len() - 1 } else { self.entries.len() / 2 };
        let start = self.start(middle);
        let bytes = self.bytes[start..].to_vec();
        let mut entries = self.entries[middle..].to_vec();
        for entry in &mut entries {
            entry.end -= start as u32;
        }
        self.entries.truncate(middle);
        self.bytes.truncate(start);
        self.entries.shrink_to_fit();
        self.bytes.shrink_to_fit();
        let upper = Self { entries, bytes };
        (upper.key(0).to_vec(), Arc::new(Node::Leaf(upper)))
    }
}

impl Inner {
    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| self.children[before].end as usize)
    }

    fn least(&self, at: usize) -> &[u8] {
        &self.bytes[self.start(at)..self.children[at].end as usize]
    }

    /// The last child whose least key is not above `key`.
    fn find(&self, key: &[u8]) -> usize {
        let (mut low, mut high) = (1, self.children.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.least(middle) <= key { low = middle + 1 } else { high = middle }
        }
        low - 1
    }

    fn insert(&mut self, at: usize, least: &[u8], node: Arc<Node>) {
        let start = self.start(at);
        self.bytes.splice(start..start, least.iter().copied());
        let (count, best) = (node.count(), node.best());
        self.children.insert(at, Child { node, count, end: start as u32, best });
        for child in &mut self.children[at..] {
            child.end += least.len() as u32;
        }
    }

    fn remove(&mut self, at: usize) {
        let (start, end) = (self.start(at), self.children[at].end as usize);
        self.bytes.drain(start..end);
        self.children.remove(at);
        for child in &mut self.children[at..] {
            child.end -= (end - start) as u32;
        }
    }

    fn refresh(&mut self, at: usize) {
        let child = &mut self.children[at];
        (child.count, child.best) = (child.node.count(), child.node.best());
    }

    fn split(&mut self, appended: bool) -> (Vec<u8>, Arc<Node>) {
        let middle = if appended { self.children.len() - 1 } else { self.children.len() / 2 };
        let least = self.least(middle).to_vec();
        let end = self.children[middle].end;
        let bytes = self.bytes[end as usize..].to_vec();
        let mut children = self.children[middle..].to_vec();
        children[0].end = end;
        for child in &mut children {
            child.end -= end;
        }
        let start = self.start(middle);
        self.bytes.truncate(start);
        self.children.truncate(middle);
        (least, Arc::new(Node::Inner(Self { children, bytes })))
    }
}

impl Node {
    pub(crate) fn count(&self) -> u32 {
        match self {
            Self::Leaf(leaf) => leaf.entries.len() as u32,
            Self::Inner(inner) => inner.children.iter().map(|child| child.count).sum(),
        }
    }

    /// The best weight of an entry that lives.
    pub(crate) fn best(&self) -> Option<u64> {
        match self {
            Self::Leaf(leaf) => {
                leaf.entries.iter().filter(|entry| entry.lives()).map(|entry| entry.weight).max()
            }
            Self::Inner(inner) => inner.children.iter().filter_map(|child| child.best).max(),
        }
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<Entry> {
        let mut node = self;
        loop {
            match node {
                Self::Leaf(leaf) => return leaf.search(key).ok().map(|at| leaf.entries[at]),
                Self::Inner(inner) => node = &inner.children[inner.find(key)].node,
            }
        }
    }

    /// Puts an entry, in place of the one that is there.
    pub(crate) fn put(root: &mut Arc<Self>, key: &[u8], entry: Entry) {
        if let (Some((least, upper)), _) = Self::put_below(root, key, entry) {
            let lower = core::mem::take(root);
            let mut inner = Inner::default();
            inner.insert(0, b"", lower);
            inner.insert(1, &least, upper);
            *root = Arc::new(Self::Inner(inner));
        }
    }

    fn put_below(node: &mut Arc<Self>, key: &[u8], entry: Entry) -> (Split, Was) {
        match Arc::make_mut(node) {
            Self::Leaf(leaf) => match leaf.search(key) {
                Ok(at) => {
                    let was = leaf.entries[at];
                    leaf.entries[at] = Entry { end: was.end, ..entry };
                    (None, Some(was.lives().then_some(was.weight)))
                }
                Err(at) => {
                    leaf.insert(at, key, entry);
                    let appended = at + 1 == leaf.entries.len();
                    ((leaf.entries.len() > LEAF).then(|| leaf.split(appended)), None)
                }
            },
            Self::Inner(inner) => {
                let at = inner.find(key);
                let child = &mut inner.children[at];
                let (split, was) = Self::put_below(&mut child.node, key, entry);
                let now = entry.lives().then_some(entry.weight);
                if let Some((least, upper)) = split {
                    inner.refresh(at);
                    inner.insert(at + 1, &least, upper);
                } else {
                    child.count += u32::from(was.is_none());
                    if now >= child.best {
                        child.best = now;
                    } else if was.flatten() == child.best {
                        inner.refresh(at);
                    }
                }
                let appended = at + 2 >= inner.children.len();
                ((inner.children.len() > FAN).then(|| inner.split(appended)), was)
            }
        }
    }

    /// Takes an entry out.
    pub(crate) fn remove(node: &mut Arc<Self>, key: &[u8]) {
        match Arc::make_mut(node) {
            Self::Leaf(leaf) => {
                if let Ok(at) = leaf.search(key) {
                    leaf.remove(at);
                }
            }
            Self::Inner(inner) => {
                let at = inner.find(key);
                Self::remove(&mut inner.children[at].node, key);
                inner.refresh(at);
                // The first child has the least key of all there could be; it stays.
                if inner.children[at].count == 0 && at > 0 {
                    inner.remove(at);
                }
            }
        }
    }

    /// How many keys are below `key`, or begin with it too if `past`.
    pub(crate) fn rank(&self, key: &[u8], past: bool) -> u32 {
        let before = |other: &[u8]| other < key || (past && other.starts_with(key));
        let (mut node, mut rank) = (self, 0);
        loop {
            match node {
                Self::Leaf(leaf) => {
                    let (mut low, mut high) = (0, leaf.entries.len());
                    while low < high {
                        let middle = usize::midpoint(low, high);
                        if before(leaf.key(middle)) { low = middle + 1 } else { high = middle }
                    }
                    return rank + low as u32;
                }
                Self::Inner(inner) => {
                    let (mut low, mut high) = (1, inner.children.len());
                    while low < high {
                        let middle = usize::midpoint(low, high);
                        if before(inner.least(middle)) { low = middle + 1 } else { high = middle }
                    }
                    rank += inner.children[..low - 1].iter().map(|child| child.count).sum::<u32>();
                    node = &inner.children[low - 1].node;
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
                    return (at < leaf.entries.len()).then_some((leaf, at));
                }
                Self::Inner(inner) => {
                    let mut found = None;
                    for child in &inner.children {
                        if rank < child.count {
                            found = Some(&child.node);
                            break;
                        }
                        rank -= child.count;
                    }
                    node = found?;
                }
            }
        }
    }

    /// Changes the weight of every entry that lives.
    pub(crate) fn reweigh(node: &mut Arc<Self>, weigh: &impl Fn(u64) -> u64) {
        match Arc::make_mut(node) {
            Self::Leaf(leaf) => {
                for entry in leaf.entries.iter_mut().filter(|entry| entry.lives()) {
                    entry.weight = weigh(entry.weight);
                }
            }
            Self::Inner(inner) => {
                for at in 0..inner.children.len() {
                    Self::reweigh(&mut inner.children[at].node, weigh);
                    inner.refresh(at);
                }
            }
        }
    }

    /// The bytes that this node and those below it hold, without what the allocator adds.
    pub(crate) fn bytes_held(&self) -> usize {
        // An `Arc` is the node and two counters.
        let this = size_of::<Self>() + 2 * size_of::<usize>();
        this + match self {
            Self::Leaf(leaf) => {
                leaf.entries.capacity() * size_of::<Entry>() + leaf.bytes.capacity()
            }
            Self::Inner(inner) => {
                let below =
                    inner.children.iter().map(|child| child.node.bytes_held()).sum::<usize>();
                below + inner.children.capacity() * size_of::<Child>() + inner.bytes.capacity()
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
                let high = (clip.end.saturating_sub(first) as usize).min(leaf.entries.len());
                for at in low..high {
                    if leaf.entries[at].lives() {
                        consider(leaf.entries[at].weight, first + at as u32, at);
                    }
                }
            }
            Self::Inner(inner) => {
                let mut rank = first;
                for (at, child) in inner.children.iter().enumerate() {
                    let end = rank + child.count;
                    if let Some(weight) = child.best
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
        let before = inner.children[..at].iter().map(|child| child.count).sum::<u32>();
        Some((&inner.children[at].node, first + before))
    }

    /// The leaf that this is.
    pub(crate) fn as_leaf(&self) -> Option<&Leaf> {
        match self {
            Self::Leaf(leaf) => Some(leaf),
            Self::Inner(_) => None,
        }
    }
}
