//! The trie of a snapshot, read in place.
//!
//! An explicit node stands for every prefix that more than [`BUCKET`] keys share; the keys below it
//! that share no such longer prefix lie in buckets of at most [`BUCKET`], front-coded. A string is
//! known by its *rank*, its place among all keys in order of their bytes; each node knows the ranks
//! of its children and the best weight below each, and holds the order of its children by weight.
//!
//! Node record: `children - 1` (1 byte), width of a rank and of a maximum (4 bits each), length of
//! the common bytes (2), first child node (4), first bucket (4), the common bytes; for each child its
//! label (1), a bit that says whether it is a node, its place in the order by weight (1), its first
//! rank relative to the node's, and its maximum.
//!
//! Nothing read here is trusted: the ranks of children are cut to those of their parent and each child
//! must have fewer, so that every walk ends; a node that contradicts itself has no children.

use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::bytes::{Packed, common, take_varint, u32_at, u64_at, uint};

/// How many keys a bucket holds at most. Measured on 1.9 million words: 16 takes 0.9 bytes a key more
/// and is no faster, 64 takes 0.5 less and a tenth to a third more time.
pub(crate) const BUCKET: u32 = 32;

/// How long what is stored for a key can be: key, a separator and the form that is shown, at most
/// 4,096 bytes each, see [`MAX_LEN`](crate::MAX_LEN). What is longer is a mutation.
pub(crate) const LONGEST: usize = 2 * crate::MAX_LEN + 1;

/// A run of ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ranks {
    pub(crate) first: u32,
    pub(crate) end: u32,
}

impl Ranks {
    pub(crate) fn len(self) -> u32 {
        self.end.saturating_sub(self.first)
    }

    pub(crate) fn contains(self, rank: u32) -> bool {
        self.first <= rank && rank < self.end
    }

    pub(crate) fn covers(self, other: Self) -> bool {
        self.first <= other.first && other.end <= self.end
    }
}

/// What lies below a prefix: a whole node, or some strings of a bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) ranks: Ranks,
    /// The node, or [`Place::BUCKET`].
    pub(crate) node: u32,
}

impl Place {
    pub(crate) const BUCKET: u32 = u32::MAX;
}

/// The sections of a snapshot that make its trie.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tree<'a> {
    pub(crate) count: u32,
    pub(crate) node_offsets: &'a [u8],
    pub(crate) nodes: &'a [u8],
    pub(crate) bucket_offsets: &'a [u8],
    pub(crate) strings: &'a [u8],
    pub(crate) codes: Packed<'a>,
    /// Sorted weights that the codes are places in; empty if the codes are the weights.
    pub(crate) weights: &'a [u8],
    pub(crate) payloads: Packed<'a>,
}

impl Default for Packed<'_> {
    fn default() -> Self {
        Self::new(&[], 0)
    }
}

/// A node's record, taken apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'a> {
    index: u32,
    /// The first of its children that are nodes, and the first that are buckets.
    below: u32,
    buckets: u32,
    rank_width: usize,
    code_width: usize,
    pub(crate) common: &'a [u8],
    labels: &'a [u8],
    kinds: &'a [u8],
    order: &'a [u8],
    ranks: &'a [u8],
    codes: &'a [u8],
}

/// A child of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Child {
    pub(crate) ranks: Ranks,
    pub(crate) label: u8,
    pub(crate) kind: Kind,
}

/// What a child is, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Node(u32),
    Bucket(u32),
}

impl Node<'_> {
    pub(crate) fn children(&self) -> usize {
        self.labels.len()
    }

    /// The child that the key's next byte leads to, if any: the last whose label is not above it.
    #[inline]
    pub(crate) fn find(&self, byte: u8) -> Option<usize> {
        self.labels.iter().filter(|&&label| label <= byte).count().checked_sub(1)
    }

    /// The child that the rank, relative to the node's first, lies in.
    fn find_rank(&self, rank: u32) -> Option<usize> {
        let (mut low, mut high) = (0, self.children());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.rank(middle) <= rank { low = middle + 1 } else { high = middle }
        }
        low.checked_sub(1)
    }

    #[inline]
    fn rank(&self, child: usize) -> u32 {
        uint(self.ranks, child * self.rank_width, self.rank_width) as u32
    }

    /// The child that is `place`-th by weight, with the best code below it.
    #[inline]
    pub(crate) fn ordered(&self, place: usize) -> Option<(usize, u64)> {
        let child = usize::from(*self.order.get(place)?);
        Some((child, uint(self.codes, child * self.code_width, self.code_width)))
    }

    /// The first rank of a child of a node with `ranks`.
    #[inline]
    pub(crate) fn first_rank(&self, child: usize, ranks: Ranks) -> u32 {
        ranks.first.saturating_add(self.rank(child)).min(ranks.end)
    }

    /// A child of this node, which has `ranks`; `None` where the record contradicts itself.
    #[inline]
    pub(crate) fn child(&self, child: usize, ranks: Ranks) -> Option<Child> {
        let label = *self.labels.get(child)?;
        let first = self.first_rank(child, ranks);
        let end =
            if child + 1 < self.children() { self.first_rank(child + 1, ranks) } else { ranks.end };
        let inside = Ranks { first, end };
        let mut nodes = 0;
        let (bytes, bit) = (child / 8, child % 8);
        for byte in self.kinds.get(..bytes)? {
            nodes += byte.count_ones();
        }
        let kinds = *self.kinds.get(bytes)?;
        nodes += (kinds & ((1 << bit) - 1)).count_ones();
        let kind = if kinds >> bit & 1 == 1 {
            let node = self.below.checked_add(nodes)?;
            if node <= self.index || inside.len() >= ranks.len() {
                return None;
            }
            Kind::Node(node)
        } else {
            if inside.len() > BUCKET {
                return None;
            }
            Kind::Bucket(self.buckets.checked_add(child as u32 - nodes)?)
        };
        (first < end).then_some(Child { ranks: inside, label, kind })
    }
}

impl<'a> Tree<'a> {
    pub(crate) fn all(&self) -> Ranks {
        Ranks { first: 0, end: self.count }
    }

    /// The record of a node.
    #[inline]
    pub(crate) fn node(&self, index: u32) -> Option<Node<'a>> {
        let at = u32_at(self.node_offsets, (index as usize).checked_mul(4)?) as usize;
        let (head, rest) = self.nodes.get(at..)?.split_first_chunk::<12>()?;
        let &[children, widths, common_low, common_high, ..] = head;
        let children = usize::from(children) + 1;
        let (rank_width, code_width) = (usize::from(widths & 15), usize::from(widths >> 4));
        let common = usize::from(u16::from_le_bytes([common_low, common_high]));
        let (common, rest) = rest.split_at_checked(common)?;
        let (labels, rest) = rest.split_at_checked(children)?;
        let (kinds, rest) = rest.split_at_checked(children.div_ceil(8))?;
        let (order, rest) = rest.split_at_checked(children)?;
        let (ranks, rest) = rest.split_at_checked(children * rank_width)?;
        let codes = rest;
        if rank_width > 4 || code_width > 8 {
            return None;
        }
        Some(Node {
            index,
            below: u32_at(head, 4),
            buckets: u32_at(head, 8),
            rank_width,
            code_width,
            common,
            labels,
            kinds,
            order,
            // Reads are of whole words and masked: they may reach into what follows.
            ranks: &self.nodes[self.nodes.len() - rest.len() - ranks.len()..],
            codes,
        })
    }

    /// The strings of a bucket.
    #[inline]
    pub(crate) fn bucket(&self, bucket: u32, ranks: Ranks) -> Strings<'a> {
        let at = u32_at(self.bucket_offsets, (bucket as usize).saturating_mul(4)) as usize;
        Strings { bytes: self.strings.get(at..).unwrap_or_default(), left: ranks.len() }
    }

    /// The weight that a code stands for.
    #[inline]
    pub(crate) fn weight(&self, code: u64) -> u64 {
        if self.weights.is_empty() {
            code
        } else {
            u64_at(self.weights, (code as usize).saturating_mul(8))
        }
    }

    /// What lies below `prefix`.
    #[inline]
    pub(crate) fn locate(&self, prefix: &[u8]) -> Option<Place> {
        self.walk::<false>(prefix, &mut |_, _| ())
    }

    /// The rank of `key`.
    pub(crate) fn rank_of(&self, key: &[u8]) -> Option<u32> {
        let mut found = None;
        self.walk::<false>(key, &mut |rank, len| {
            if len == key.len() {
                found = Some(rank);
            }
        });
        found
    }

    /// The rank of the longest key that `text` begins with.
    pub(crate) fn rank_of_longest(&self, text: &[u8]) -> Option<u32> {
        let mut longest: Option<(u32, usize)> = None;
        self.walk::<true>(text, &mut |rank, len| {
            if longest.is_none_or(|(_, most)| len >= most) {
                longest = Some((rank, len));
            }
        });
        longest.map(|(rank, _)| rank)
    }

    /// What lies below `prefix`. Reports the key that is `prefix`, and if `ALL`, each key that `prefix`
    /// begins with, with its length: to look for one at a node, a bucket has to be read that is else not
    /// on the way.
    #[inline]
    fn walk<const ALL: bool>(
        &self,
        prefix: &[u8],
        on_key: &mut impl FnMut(u32, usize),
    ) -> Option<Place> {
        let (mut index, mut ranks, mut rest) = (0, self.all(), prefix);
        if ranks.len() == 0 {
            return None;
        }
        loop {
            let node = self.node(index)?;
            let same = common(node.common, rest);
            if same == rest.len() && same < node.common.len() {
                return Some(Place { ranks, node: index });
            }
            if same < node.common.len() {
                return None;
            }
            rest = &rest[same..];
            let Some(&next) = rest.first() else {
                self.ends_here(&node, ranks, prefix.len(), on_key);
                return Some(Place { ranks, node: index });
            };
            let at = node.find(next)?;
            let child = node.child(at, ranks)?;
            match child.kind {
                Kind::Node(to) => {
                    if ALL {
                        self.ends_here(&node, ranks, prefix.len() - rest.len(), on_key);
                    }
                    if child.label != next {
                        return None;
                    }
                    (index, ranks, rest) = (to, child.ranks, &rest[1..]);
                }
                Kind::Bucket(bucket) => {
                    if ALL && at > 0 {
                        self.ends_here(&node, ranks, prefix.len() - rest.len(), on_key);
                    }
                    let before = prefix.len() - rest.len();
                    let strings = self.bucket(bucket, child.ranks);
                    let found = strings.find(rest, |place, len| {
                        on_key(child.ranks.first + place, before + len);
                    })?;
                    let ranks = Ranks {
                        first: child.ranks.first + found.first,
                        end: child.ranks.first + found.end,
                    };
                    return Some(Place { ranks, node: Place::BUCKET });
                }
            }
        }
    }

    /// Reports the key that ends at a node: the first of its first bucket, if that has no more bytes.
    fn ends_here(
        &self,
        node: &Node<'a>,
        ranks: Ranks,
        len: usize,
        on_key: &mut impl FnMut(u32, usize),
    ) {
        if let Some(Child { kind: Kind::Bucket(bucket), ranks, .. }) = node.child(0, ranks)
            && let Some((_, [])) = self.bucket(bucket, ranks).next()
        {
            on_key(ranks.first, len);
        }
    }

    /// Puts the key of `rank` in place of what `key` holds.
    pub(crate) fn write_key(&self, rank: u32, key: &mut Vec<u8>) {
        key.clear();
        let (mut index, mut ranks) = (0, self.all());
        while let Some(node) = self.node(index)
            && key.len() <= LONGEST
        {
            key.extend_from_slice(node.common);
            let Some(child) = rank
                .checked_sub(ranks.first)
                .and_then(|rank| node.find_rank(rank))
                .and_then(|child| node.child(child, ranks))
            else {
                return;
            };
            match child.kind {
                Kind::Node(to) => {
                    key.push(child.label);
                    (index, ranks) = (to, child.ranks);
                }
                Kind::Bucket(bucket) => {
                    let depth = key.len();
                    let place = rank - child.ranks.first;
                    for (same, rest) in self.bucket(bucket, child.ranks).take(place as usize + 1) {
                        key.truncate(depth + same);
                        key.extend_from_slice(rest);
                    }
                    return;
                }
            }
        }
    }
}

/// The strings of a bucket: how many bytes each has in common with the one before, and the others.
#[derive(Clone, Debug)]
pub(crate) struct Strings<'a> {
    bytes: &'a [u8],
    left: u32,
}

impl<'a> Iterator for Strings<'a> {
    type Item = (usize, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let (&head, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        let same = self.length(head >> 4)?;
        let len = self.length(head & 15)?;
        let (string, rest) = self.bytes.split_at_checked(len)?;
        self.bytes = rest;
        Some((same, string))
    }
}

impl Strings<'_> {
    /// Four bits say it, or that a varint of what is above them follows.
    #[inline]
    fn length(&mut self, nibble: u8) -> Option<usize> {
        if nibble < LONG {
            return Some(usize::from(nibble));
        }
        let more = take_varint(&mut self.bytes)?;
        usize::try_from(more).ok()?.checked_add(usize::from(LONG))
    }

    /// The places of the strings that begin with `prefix`; reports each that `prefix` begins with.
    ///
    /// `matched` counts the bytes of `prefix` that the string before has; front coding says the rest.
    #[inline]
    fn find(self, prefix: &[u8], mut on_string: impl FnMut(u32, usize)) -> Option<Ranks> {
        let (mut matched, mut first) = (0, None);
        let mut place = 0;
        for (same, string) in self {
            match (first, same.cmp(&matched)) {
                (Some(first), _) if same < prefix.len() => {
                    return Some(Ranks { first, end: place });
                }
                (Some(_), _) | (None, Ordering::Greater) => {}
                (None, Ordering::Less) => return None,
                (None, Ordering::Equal) => {
                    let rest = &prefix[matched..];
                    let more = common(string, rest);
                    matched += more;
                    if more == string.len() {
                        on_string(place, matched);
                    }
                    if more == rest.len() {
                        first = Some(place);
                    } else if more < string.len() && string[more] > rest[more] {
                        return None;
                    }
                }
            }
            place += 1;
        }
        first.map(|first| Ranks { first, end: place })
    }
}

/// The first length that four bits do not hold.
pub(crate) const LONG: u8 = 15;
