mod fill;

use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use voussoir_core::ConfigError;

use crate::builder::{MaglevOptions, PlacementBuilder};
use crate::candidates::Walk;
use crate::members::Members;
use crate::report::BalanceReport;
use crate::{Candidates, HashFunction, Node, Placement};

/// A table of slots that nodes fill in turn, each in an order of its own: one multiplication and one
/// load a look-up, and shares that differ by a slot.
///
/// Eisenbud and others, "Maglev: a fast and reliable software network load balancer" (NSDI 2016). Where
/// a node joins or leaves, a few keys more than necessary move, between other nodes too (measured: 0.2
/// to 1 % with 65,537 slots), and the table is made anew: for balancing requests rather than for
/// keeping data. Weighted nodes take turns in proportion, and at least one slot.
///
/// Memory: 4 bytes a slot.
///
/// ```
/// use voussoir_hashring::{Maglev, Placement};
///
/// let table = Maglev::builder().nodes(["a", "b", "c"]).build()?;
/// assert_eq!(table.slots(), 65_537);
/// assert!(table.balance_report().peak_to_average() < 1.0001);
/// assert!(table.get(b"198.51.100.7:443").is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Maglev {
    table: Box<[u32]>,
    /// Those of the members, as a look-up needs nothing else of them.
    nodes: Arc<[Node]>,
    hash: HashFunction,
    slots: u32,
    members: Arc<Members>,
}

/// The sizes of the paper, and one ten times as large: primes of which each is 100 times as many as
/// the nodes it is for, so that shares differ by at most 1 %.
const SIZES: [(usize, u32); 3] = [(655, 65_537), (6_553, 655_373), (usize::MAX, 6_553_621)];

/// As many slots as a ring has points.
const MAX_SLOTS: u32 = 1 << 24;

impl Maglev {
    /// Starts a table.
    pub fn builder() -> PlacementBuilder<MaglevOptions> {
        PlacementBuilder::default()
    }

    pub(crate) fn from_parts(
        nodes: Vec<Node>,
        hash: HashFunction,
        slots: Option<u32>,
    ) -> Result<Self, ConfigError> {
        let members = Members::sorted(nodes)?;
        let weighty = members.weighty();
        let by_default = || SIZES.iter().find(|&&(most, _)| weighty <= most).map(|size| size.1);
        let slots = slots.or_else(by_default).unwrap_or(MAX_SLOTS);
        let in_range = (weighty.max(2) as u64..=u64::from(MAX_SLOTS)).contains(&u64::from(slots));
        if !in_range || !is_prime(slots) {
            let allowed = format!("a prime, {} to {MAX_SLOTS}", weighty.max(2));
            return Err(ConfigError::new("slots", slots, allowed));
        }
        let table = fill::table(&members, hash, slots);
        Ok(Self { table, nodes: members.shared_nodes(), hash, slots, members: Arc::new(members) })
    }

    /// The size of the table.
    pub fn slots(&self) -> u32 {
        self.slots
    }

    /// The bytes that the table keeps on the heap.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.table) + self.members.len() * size_of::<Node>()
    }

    /// The slot of a hash: its place on the circle, in slots. The table's length is asked, as a look-up
    /// compares with it anyway.
    #[inline]
    fn slot(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.table.len() as u128) >> 64) as usize
    }
}

impl fmt::Debug for Maglev {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { members, hash, slots, .. } = self;
        let mut shown = f.debug_struct("Maglev");
        shown.field("members", members).field("hash", hash).field("slots", slots);
        shown.finish_non_exhaustive()
    }
}

impl Placement for Maglev {
    fn hash_function(&self) -> HashFunction {
        self.hash
    }

    fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Complexity: O(1).
    #[inline]
    fn get_hashed(&self, hash: u64) -> Option<&Node> {
        self.table.get(self.slot(hash)).map(|&owner| &self.nodes[owner as usize])
    }

    /// The owners of the slots that follow. Complexity: O(1) expected a candidate, up to O(slots) for
    /// the last ones.
    #[inline]
    fn candidates_hashed(&self, hash: u64) -> Candidates<'_> {
        let slots = Slots::from_slot(&self.table, self.slot(hash));
        Candidates::new(&self.members, Walk::Slots(slots))
    }

    /// Exact, but for hashes at the edges of slots: 2^-40 of a share. Complexity: O(slots).
    fn balance_report(&self) -> BalanceReport {
        let mut counts = alloc::vec![0_u32; self.members.len()];
        for &owner in &self.table {
            counts[owner as usize] += 1;
        }
        let shares = counts.into_iter().map(|count| f64::from(count) / f64::from(self.slots));
        BalanceReport::new(&self.members, shares.collect(), None)
    }
}

/// The owners of slots, one after another, once through the table.
#[derive(Clone)]
pub(crate) struct Slots<'a> {
    table: &'a [u32],
    from: usize,
    at: usize,
    left: usize,
}

impl<'a> Slots<'a> {
    #[inline]
    fn from_slot(table: &'a [u32], from: usize) -> Self {
        Self { table, from, at: from, left: table.len() }
    }

    #[inline]
    pub(crate) fn next(&mut self) -> Option<u32> {
        self.left = self.left.checked_sub(1)?;
        let owner = self.table[self.at];
        self.at = if self.at + 1 == self.table.len() { 0 } else { self.at + 1 };
        Some(owner)
    }

    pub(crate) fn restart(&mut self) {
        (self.at, self.left) = (self.from, self.table.len());
    }
}

/// By trial division, of 4,096 at most.
fn is_prime(number: u32) -> bool {
    number >= 2 && (2..=number.isqrt()).all(|by| !number.is_multiple_of(by))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_sizes_are_primes_of_a_hundred_slots_a_node() {
        for (nodes, slots) in SIZES {
            assert!(is_prime(slots), "{slots}");
            assert!(nodes == usize::MAX || slots as usize >= 100 * nodes);
        }
        assert!(!is_prime(0) && !is_prime(1) && !is_prime(65_537 * 3) && is_prime(2));
    }
}
