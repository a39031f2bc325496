//! Which of a million keys differ between two replicas, without sending the keys.

mod exchange;

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};
use thiserror::Error;

use crate::ConfigError;
pub use exchange::{KeyRange, MerkleDiff, MerkleExchange, MerkleNode};

/// Children of a node.
const FAN_OUT: usize = 16;
/// Bits of the position that choose one of them.
const BITS: u32 = 4;

/// A summary of a key and its version: a keyed 128-bit hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MerkleEntry(u128);

/// Two trees do not compare: they were made with different depths or keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the trees differ in depth or key: {ours} and {theirs} levels")]
pub struct MerkleMismatch {
    /// The depth of the one.
    pub ours: u8,
    /// The depth of the other.
    pub theirs: u8,
}

/// A hash tree over the ring, for anti-entropy: which ranges of positions hold different keys or
/// versions in two replicas.
///
/// The tree has a fixed shape: 16 children a node, and a leaf for each 16^depth-th part of the ring,
/// so that its ranges are those of ownership. A leaf is the **sum** of the summaries of its keys, a
/// node that of its children, modulo 2^128: an update adds and subtracts on the way to the root, and
/// reads no other key. The summary is SipHash-1-3 with 128 bits (Aumasson and Bernstein, 2012) under
/// a key that replicas share and clients do not know; with a known hash, sums could be forged.
///
/// Summaries are of key and version, not of the value: give the canonical bytes of the clock. Write
/// the data and the tree in one transaction, or the tree drifts from what it summarizes.
///
/// Memory: 16 bytes a leaf and a fifteenth more: 1.1 MiB at depth 4.
///
/// ```
/// use voussoir_quorum::Merkle;
///
/// let secret = *b"of these two nod";
/// let (mut a, mut b) = (Merkle::new(4, secret)?, Merkle::new(4, secret)?);
/// for key in 0..1_000_u64 {
///     let entry = a.entry(&key.to_le_bytes(), b"version 1");
///     let position = key.wrapping_mul(0x9E37_79B9_7F4A_7C15); // where the ring has it
///     a.update(position, None, Some(entry));
///     b.update(position, None, Some(entry));
/// }
/// assert_eq!(a.root(), b.root());
/// let (old, new) = (a.entry(b"x", b"version 1"), a.entry(b"x", b"version 2"));
/// a.update(42, None, Some(new));
/// b.update(42, None, Some(old));
/// let ranges: Vec<_> = a.diff(&b)?.collect();
/// assert_eq!(ranges.len(), 1);
/// assert!(ranges[0].contains(42));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Merkle {
    /// The root, its children, their children, and so on: level `l` begins at (16^l − 1) / 15.
    sums: Vec<u128>,
    depth: u8,
    hasher: SipHasherKey,
}

/// The key, ready to hash.
#[derive(Clone, Copy, PartialEq, Eq)]
struct SipHasherKey([u8; 16]);

impl Merkle {
    /// An empty tree of 16^depth leaves. `secret` is the same in all replicas.
    ///
    /// # Errors
    ///
    /// When `depth` is not 1 to 5: 16 to 1,048,576 leaves.
    pub fn new(depth: u8, secret: [u8; 16]) -> Result<Self, ConfigError> {
        if !(1..=5).contains(&depth) {
            return Err(ConfigError::new("depth", depth, "1 to 5"));
        }
        Ok(Self { sums: vec![0; level_start(depth + 1)], depth, hasher: SipHasherKey(secret) })
    }

    /// The summary of a key at a version. Complexity: O(bytes), no allocation.
    #[inline]
    pub fn entry(&self, key: &[u8], version: &[u8]) -> MerkleEntry {
        let mut hasher = SipHasher13::new_with_key(&self.hasher.0);
        // The length keeps ("ab", "c") apart from ("a", "bc").
        hasher.write_u64(key.len() as u64);
        hasher.write(key);
        hasher.write(version);
        MerkleEntry(hasher.finish128().as_u128())
    }

    /// The key at `position` of the ring changes from one version to another; none is its absence.
    ///
    /// Complexity: O(depth), no allocation.
    #[inline]
    pub fn update(&mut self, position: u64, old: Option<MerkleEntry>, new: Option<MerkleEntry>) {
        let sum = |entry: Option<MerkleEntry>| entry.map_or(0, |entry| entry.0);
        let change = sum(new).wrapping_sub(sum(old));
        for level in 0..=self.depth {
            let place = level_start(level) + index_at(position, level);
            self.sums[place] = self.sums[place].wrapping_add(change);
        }
    }

    /// The sum of all. Equal roots mean equal contents, but for one case in 2^128.
    pub fn root(&self) -> u128 {
        self.sums[0]
    }

    /// How many levels lie below the root.
    pub const fn depth(&self) -> u8 {
        self.depth
    }

    /// The sums of a node's 16 children: what a replica answers to a question of
    /// [`MerkleExchange`]. None for a leaf and for a node that does not exist.
    pub fn children(&self, node: MerkleNode) -> Option<&[u128; FAN_OUT]> {
        if node.level >= self.depth || u64::from(node.index) >> (BITS * u32::from(node.level)) != 0
        {
            return None;
        }
        let start = level_start(node.level + 1) + node.index as usize * FAN_OUT;
        self.sums.get(start..)?.first_chunk()
    }

    /// The ranges in which two trees differ, in order, neighbours in one, found by going down where
    /// sums differ.
    ///
    /// Complexity: O(differing leaves · depth · 16) for all of them.
    ///
    /// # Errors
    ///
    /// When the trees do not compare.
    pub fn diff<'a>(&'a self, other: &'a Self) -> Result<MerkleDiff<'a>, MerkleMismatch> {
        if self.depth != other.depth || self.hasher != other.hasher {
            return Err(MerkleMismatch { ours: self.depth, theirs: other.depth });
        }
        Ok(MerkleDiff::new(self, other))
    }

    /// Takes every key out.
    pub fn clear(&mut self) {
        self.sums.fill(0);
    }
}

/// Where a level begins: 0, 1, 17, 273, …
#[inline]
const fn level_start(level: u8) -> usize {
    ((1 << (BITS * level as u32)) - 1) / (FAN_OUT - 1)
}

/// Which node of a level a position belongs to.
#[inline]
const fn index_at(position: u64, level: u8) -> usize {
    match level {
        0 => 0,
        _ => (position >> (u64::BITS - BITS * level as u32)) as usize,
    }
}

/// Without the secret, and without a million sums.
impl fmt::Debug for Merkle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Merkle {{ depth: {}, root: {:#x} }}", self.depth, self.root())
    }
}

impl fmt::Debug for MerkleEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#034x}", self.0)
    }
}
