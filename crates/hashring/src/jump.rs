use alloc::sync::Arc;
use alloc::vec::Vec;

use voussoir_core::ConfigError;

use crate::builder::{JumpOptions, PlacementBuilder};
use crate::candidates::Walk;
use crate::hash::rehash;
use crate::members::Members;
use crate::report::BalanceReport;
use crate::{Candidates, ChangeError, HashFunction, Node, Placement};

/// Numbered buckets without a table: the most even of all, for nodes that come and go at the end only.
///
/// Lamping and Veach, "A fast, minimal memory, consistent hash algorithm" (2014). The order in which
/// nodes are given is their number. [`push`](Self::push) moves keys to the new node only,
/// [`pop`](Self::pop) from the last only; to take one from the middle would renumber all behind it.
/// For shards that have numbers anyway. No weights.
///
/// Memory: the nodes.
///
/// ```
/// use voussoir_hashring::{Jump, Node, Placement};
///
/// let shards = Jump::builder().nodes(["shard-0", "shard-1", "shard-2"]).build()?;
/// let more = shards.push("shard-3")?;
/// let (before, after) = (shards.get(b"user:42"), more.get(b"user:42"));
/// assert!(before == after || after.is_some_and(|node| node.id() == "shard-3"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Jump {
    members: Arc<Members>,
    hash: HashFunction,
}

impl Jump {
    /// Starts a list of buckets.
    pub fn builder() -> PlacementBuilder<JumpOptions> {
        PlacementBuilder::default()
    }

    pub(crate) fn from_parts(nodes: Vec<Node>, hash: HashFunction) -> Result<Self, ConfigError> {
        if let Some(node) = nodes.iter().find(|node| node.weight_units() != 1) {
            let given = alloc::format!("{} of `{}`", node.weight_units(), node.id());
            return Err(ConfigError::new("weight", given, "1, as all buckets are alike"));
        }
        let members = Members::in_order(nodes)?.into();
        Ok(Self { members, hash })
    }

    /// With one bucket more. Complexity: O(nodes).
    ///
    /// # Errors
    ///
    /// As [`build`](PlacementBuilder::<JumpOptions>::build).
    pub fn push(&self, node: impl Into<Node>) -> Result<Self, ChangeError> {
        let nodes = self.nodes().iter().cloned().chain([node.into()]).collect();
        Ok(Self::from_parts(nodes, self.hash)?)
    }

    /// Without the last bucket; without buckets, none. Complexity: O(nodes).
    pub fn pop(&self) -> Self {
        let mut nodes = self.nodes().to_vec();
        nodes.pop();
        Self::from_parts(nodes, self.hash).unwrap_or_else(|_| self.clone())
    }

    /// The bucket of `hash` among `buckets`; none where there are none. As in the paper, so that other
    /// implementations agree.
    ///
    /// Complexity: O(log buckets) expected.
    #[inline]
    pub fn bucket(hash: u64, buckets: u32) -> Option<u32> {
        let mut key = hash;
        let (mut bucket, mut next) = (0_i64, 0_i64);
        while next < i64::from(buckets) {
            bucket = next;
            key = key.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
            next = leap(bucket, key);
        }
        (buckets > 0).then_some(bucket.unsigned_abs() as u32)
    }
}

/// The next number of buckets at which a key moves to the newest. A quotient of two numbers of at most
/// 32 bits in `f64`, which IEEE 754 makes the same everywhere; signed, as processors convert those in
/// one instruction.
#[inline]
fn leap(bucket: i64, key: u64) -> i64 {
    let divisor = (key >> 33) as u32;
    let quotient = f64::from(1_u32 << 31) / (f64::from(divisor) + 1.0);
    ((bucket + 1) as f64 * quotient) as i64
}

impl Placement for Jump {
    fn hash_function(&self) -> HashFunction {
        self.hash
    }

    fn nodes(&self) -> &[Node] {
        self.members.nodes()
    }

    /// Complexity: O(log nodes) expected.
    #[inline]
    fn get_hashed(&self, hash: u64) -> Option<&Node> {
        Self::bucket(hash, self.members.len() as u32).map(|bucket| self.members.node(bucket))
    }

    /// The buckets of hashes that follow from this one, and at last those that none of them met.
    /// Complexity: O(log nodes) expected for the first ones, more as fewer are left.
    #[inline]
    fn candidates_hashed(&self, hash: u64) -> Candidates<'_> {
        let leaps = Leaps { hash, buckets: self.members.len() as u32, tried: 0 };
        Candidates::new(&self.members, Walk::Leaps(leaps))
    }

    /// By a sample. Complexity: O(1,000 × nodes × log nodes).
    fn balance_report(&self) -> BalanceReport {
        let buckets = self.members.len() as u32;
        BalanceReport::sampled(&self.members, |hash| Self::bucket(hash, buckets))
    }
}

/// The buckets of one hash after another, then all buckets.
#[derive(Clone)]
pub(crate) struct Leaps {
    hash: u64,
    buckets: u32,
    tried: u64,
}

impl Leaps {
    /// How many hashes are looked at: four a bucket meet all but 2 % of the buckets.
    fn limit(&self) -> u64 {
        4 * u64::from(self.buckets)
    }

    #[inline]
    pub(crate) fn next(&mut self) -> Option<u32> {
        let tried = self.tried;
        self.tried += 1;
        if tried == 0 {
            return Jump::bucket(self.hash, self.buckets);
        }
        let limit = self.limit();
        if tried < limit {
            return Jump::bucket(rehash(self.hash, tried), self.buckets);
        }
        let bucket = tried - limit;
        (bucket < u64::from(self.buckets)).then_some(bucket as u32)
    }

    pub(crate) fn restart(&mut self) {
        self.tried = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the test suites of other implementations of the paper.
    #[test]
    fn published_vectors_hold() {
        for (hash, buckets, bucket) in [
            (1, 1, 0),
            (42, 57, 43),
            (0xDEAD_10CC, 1, 0),
            (0xDEAD_10CC, 666, 361),
            (256, 1024, 520),
        ] {
            assert_eq!(Jump::bucket(hash, buckets), Some(bucket), "{hash} of {buckets}");
        }
        assert_eq!(Jump::bucket(7, 0), None);
    }
}
