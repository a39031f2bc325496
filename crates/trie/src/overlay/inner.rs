use smallvec::SmallVec;

use super::node::Node;

/// Children of an inner node, at most. A change of a shared one counts each of them up, and their
/// counters lie apart: few children and one level more cost less.
pub(crate) const FAN: usize = 8;

/// What parts two neighbours: no key of the first is as great, none of the second is less.
pub(crate) type Border = SmallVec<[u8; 64]>;

/// Children, and what is known of each without visiting it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inner {
    children: SmallVec<[Child; FAN]>,
    /// The borders before each child but the first, one after the other, each as short as can be.
    bytes: Border,
}

#[derive(Clone, Debug)]
pub(crate) struct Child {
    pub(crate) node: Node,
    pub(crate) count: u32,
    /// Where its border ends among the bytes: 7 of them are at most 57,351 bytes.
    end: u16,
    /// Whether any entry below lives, and the best weight of those that do.
    lives: bool,
    best: u64,
}

impl Child {
    fn new(node: Node, end: u16) -> Self {
        let (count, best) = (node.count(), node.best());
        Self { node, count, end, lives: best.is_some(), best: best.unwrap_or(0) }
    }

    pub(crate) fn best(&self) -> Option<u64> {
        self.lives.then_some(self.best)
    }

    pub(crate) fn set_best(&mut self, best: Option<u64>) {
        (self.lives, self.best) = (best.is_some(), best.unwrap_or(0));
    }

    fn refresh(&mut self) {
        self.count = self.node.count();
        self.set_best(self.node.best());
    }
}

impl Inner {
    pub(crate) fn of_two(lower: Node, border: &[u8], upper: Node) -> Self {
        let mut inner = Self::default();
        inner.insert(0, b"", lower);
        inner.insert(1, border, upper);
        inner
    }

    pub(crate) fn children(&self) -> &[Child] {
        &self.children
    }

    pub(crate) fn child_mut(&mut self, at: usize) -> &mut Child {
        &mut self.children[at]
    }

    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| self.children[before].end.into())
    }

    fn border(&self, at: usize) -> &[u8] {
        &self.bytes[self.start(at)..self.children[at].end.into()]
    }

    /// The last child whose border `before` says yes to; it does to none after one that it says no to.
    pub(crate) fn partition(&self, before: impl Fn(&[u8]) -> bool) -> usize {
        let (mut low, mut high) = (1, self.children.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if before(self.border(middle)) { low = middle + 1 } else { high = middle }
        }
        low - 1
    }

    /// The child that a key belongs to.
    pub(crate) fn find(&self, key: &[u8]) -> usize {
        self.partition(|border| border <= key)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.children.len() == FAN
    }

    pub(crate) fn insert(&mut self, at: usize, border: &[u8], node: Node) {
        let start = self.start(at);
        self.bytes.insert_from_slice(start, border);
        self.children.insert(at, Child::new(node, start as u16));
        for child in &mut self.children[at..] {
            child.end += border.len() as u16;
        }
    }

    /// Removes a child. The keys that could be in it belong to the one before, or if it was the first,
    /// to the next.
    pub(crate) fn remove(&mut self, at: usize) {
        // The first has no border; without it, the next needs none.
        let border = if at == 0 { 1 } else { at };
        if border < self.children.len() {
            let (start, end) = (self.start(border), usize::from(self.children[border].end));
            self.bytes.drain(start..end);
            for child in &mut self.children[border..] {
                child.end -= (end - start) as u16;
            }
        }
        self.children.remove(at);
    }

    pub(crate) fn refresh(&mut self, at: usize) {
        self.children[at].refresh();
    }

    /// The children from `middle` on leave, with the border before them.
    pub(crate) fn split(&mut self, middle: usize) -> (Border, Self) {
        let border = Border::from_slice(self.border(middle));
        let (start, end) = (self.start(middle), self.children[middle].end);
        let mut upper = Self {
            bytes: Border::from_slice(&self.bytes[end.into()..]),
            children: self.children.drain(middle..).collect(),
        };
        for child in &mut upper.children {
            child.end -= end;
        }
        self.bytes.truncate(start);
        self.bytes.shrink_to_fit();
        (border, upper)
    }

    /// Makes one of a child and the next where both are small.
    pub(crate) fn join(&mut self, at: usize) {
        let Some([lower, upper]) = self.children.get(at..).and_then(<[_]>::first_chunk) else {
            return;
        };
        if !lower.node.has_room_for(&upper.node) {
            return;
        }
        let border = Border::from_slice(self.border(at + 1));
        let upper = self.children[at + 1].node.clone();
        self.remove(at + 1);
        self.children[at].node.append(&border, &upper);
        self.refresh(at);
    }

    pub(crate) fn has_room_for(&self, other: &Self) -> bool {
        self.children.len() + other.children.len() <= FAN / 2
    }

    /// Takes in the children of the node that follows after `border`.
    pub(crate) fn append(&mut self, border: &[u8], other: &Self) {
        let first = self.children.len();
        self.bytes.extend_from_slice(border);
        let start = self.bytes.len() as u16;
        self.bytes.extend_from_slice(&other.bytes);
        self.children.extend(other.children.iter().cloned());
        for child in &mut self.children[first..] {
            child.end += start;
        }
    }

    /// The bytes beyond those of the node itself and of its children.
    pub(crate) fn bytes_held(&self) -> usize {
        if self.bytes.spilled() { self.bytes.capacity() } else { 0 }
    }
}
