mod build;
mod moves;
mod range;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

pub(crate) use build::PlanBuilder;
pub use moves::{Move, Transfer};
pub use range::HashRange;

use crate::members::Members;

/// Which hashes change hands between two rings, exactly: sorted ranges that do not overlap, each with
/// the nodes before and after. All hashes outside of them stay where they are.
///
/// [`moves`](Self::moves) is the whole truth; [`transfers`](Self::transfers) is the work that follows:
/// who copies which range from whom. Memory: 40 bytes a range and 4 for each node in its lists.
///
/// ```
/// use voussoir_hashring::Ring;
///
/// let ring = Ring::builder().nodes(["a", "b", "c"]).build()?;
/// let plan = ring.diff_replicas(&ring.remove("c")?, 2)?;
/// for transfer in plan.transfers_to("a") {
///     // Node "a" fetches what it did not have, from where it is.
///     assert!(transfer.from().is_some_and(|source| source.id() != "a"));
/// }
/// assert!(plan.inverse().moves().all(|moved| moved.before().count() == 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Plan {
    before: Side,
    after: Side,
    ranges: Vec<HashRange>,
    replicas: usize,
}

/// The nodes of one ring, and those that keep each range.
#[derive(Clone)]
struct Side {
    members: Arc<Members>,
    /// The nodes of all ranges, one after another.
    lists: Vec<u32>,
    /// Where the list of each range ends.
    ends: Vec<usize>,
}

impl Side {
    fn new(members: &Arc<Members>) -> Self {
        Self { members: Arc::clone(members), lists: Vec::new(), ends: Vec::new() }
    }

    fn list(&self, range: usize) -> &[u32] {
        let start = if range == 0 { 0 } else { self.ends[range - 1] };
        &self.lists[start..self.ends[range]]
    }
}

impl Plan {
    /// The ranges, in the order of their ends; the first may begin before the end of the circle.
    pub fn moves(&self) -> impl ExactSizeIterator<Item = Move<'_>> + Clone {
        (0..self.ranges.len()).map(|index| Move { plan: self, index })
    }

    /// How many ranges there are.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Whether nothing moves.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many nodes keep each key, if there are so many.
    pub fn replicas(&self) -> usize {
        self.replicas
    }

    /// What happens to the keys with this hash; nothing where they stay. Complexity: O(log ranges).
    pub fn get_hashed(&self, hash: u64) -> Option<Move<'_>> {
        let at = self.ranges.partition_point(|range| range.through() < hash);
        // Beyond the last end only the first range can reach, round the circle.
        let index = if at < self.ranges.len() { at } else { 0 };
        let of = |index: usize| self.ranges.get(index).filter(|range| range.contains(hash));
        let index = if of(index).is_some() { index } else { 0 };
        of(index).map(|_| Move { plan: self, index })
    }

    /// The share of all copies of all keys that have to be copied to a node that does not have them,
    /// 0 to 1.
    pub fn fraction(&self) -> f64 {
        let copied: f64 = self
            .moves()
            .map(|moved| moved.range().span() as f64 * moved.gained().count() as f64)
            .sum();
        copied / ((1_u128 << 64) as f64 * self.replicas.max(1) as f64)
    }

    /// The way back: the plan from the second ring to the first. Complexity: O(ranges).
    pub fn inverse(&self) -> Self {
        let Self { before, after, ranges, replicas } = self.clone();
        Self { before: after, after: before, ranges, replicas }
    }

    /// The work: each range with each node that does not have it yet, and a node that has it.
    pub fn transfers(&self) -> impl Iterator<Item = Transfer<'_>> {
        self.moves().flat_map(Move::transfers)
    }

    /// What the node with this id has to fetch.
    pub fn transfers_to(&self, id: &str) -> impl Iterator<Item = Transfer<'_>> {
        self.transfers().filter(move |transfer| transfer.to().id() == id)
    }

    /// What the node with this id has to give.
    pub fn transfers_from(&self, id: &str) -> impl Iterator<Item = Transfer<'_>> {
        self.transfers().filter(move |transfer| transfer.from().is_some_and(|from| from.id() == id))
    }

    /// What the node with this id may forget, once others have fetched it.
    pub fn released_by(&self, id: &str) -> impl Iterator<Item = HashRange> {
        let releases = move |moved: &Move<'_>| moved.lost().any(|node| node.id() == id);
        self.moves().filter(releases).map(Move::range)
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.moves()).finish()
    }
}

impl PartialEq for Plan {
    /// The same ranges between nodes of the same ids.
    fn eq(&self, other: &Self) -> bool {
        let ids = |moved: (Move<'_>, Move<'_>)| {
            let (one, two) = moved;
            one.range() == two.range()
                && one.before().map(crate::Node::id).eq(two.before().map(crate::Node::id))
                && one.after().map(crate::Node::id).eq(two.after().map(crate::Node::id))
        };
        self.replicas == other.replicas
            && self.len() == other.len()
            && self.moves().zip(other.moves()).all(ids)
    }
}
