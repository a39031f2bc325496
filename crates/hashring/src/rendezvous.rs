mod cost;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use cost::Cost;
use voussoir_core::ConfigError;

use crate::builder::{PlacementBuilder, RendezvousOptions};
use crate::candidates::Walk;
use crate::hash::mix;
use crate::members::Members;
use crate::report::BalanceReport;
use crate::{Candidates, ChangeError, HashFunction, Node, Placement};

/// Highest random weight: for each key every node draws a lot, the best lot owns.
///
/// Thaler and Ravishankar, "Using name-based mappings to increase hit rates" (1998); weights by the
/// logarithmic method of Schindelhauer and Schomaker, in integers, so that every machine decides alike.
/// No table, shares as even as chance allows, minimal movement for any change, and replicas for free:
/// the next best lots. It asks every node for every key, so it is for some tens of nodes.
///
/// Memory: 24 bytes a node beside the nodes.
///
/// ```
/// use voussoir_hashring::{Node, Placement, Rendezvous};
///
/// let nodes = Rendezvous::builder().node("a").node(Node::new("b").weight(3)).build()?;
/// let share = nodes.balance_report().shares()[1];
/// assert!((0.74..0.76).contains(&share));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Rendezvous {
    members: Arc<Members>,
    seats: Box<[Seat]>,
    /// The seeds of the seats, apart: all that a lot takes where weights are alike.
    seeds: Box<[u64]>,
    /// Whether all weights are alike, so that lots need no cost to be compared.
    is_level: bool,
    hash: HashFunction,
}

/// The lot of a node for a key. The larger, the better.
#[inline]
fn lot(seed: u64, hash: u64) -> u64 {
    mix(seed ^ hash)
}

/// A node that draws lots.
#[derive(Clone, Copy, Debug)]
struct Seat {
    seed: u64,
    node: u32,
    weight: u32,
}

impl Seat {
    #[inline]
    fn rank(self, hash: u64) -> Rank {
        let lot = lot(self.seed, hash);
        Rank { cost: Cost::new(lot, self.weight), lot, node: self.node }
    }
}

/// What lots are compared by: the least is the best. For the same weight that is the largest lot.
#[derive(Clone, Copy, Debug)]
struct Rank {
    cost: Cost,
    lot: u64,
    node: u32,
}

impl Rank {
    fn key(self) -> (Cost, core::cmp::Reverse<u64>, u32) {
        (self.cost, core::cmp::Reverse(self.lot), self.node)
    }
}

impl Rendezvous {
    /// Starts a list of nodes.
    pub fn builder() -> PlacementBuilder<RendezvousOptions> {
        PlacementBuilder::default()
    }

    pub(crate) fn from_parts(nodes: Vec<Node>, hash: HashFunction) -> Result<Self, ConfigError> {
        let members = Members::sorted(nodes)?;
        let seat = |(node, about): (u32, &Node)| Seat {
            seed: hash.hash(about.label_text().as_bytes()),
            node,
            weight: about.weight_units(),
        };
        let seats: Box<[Seat]> = members.with_weight().map(seat).collect();
        let is_level = seats.iter().all(|seat| seat.weight == seats[0].weight);
        let seeds = seats.iter().map(|seat| seat.seed).collect();
        Ok(Self { members: members.into(), seats, seeds, is_level, hash })
    }

    /// With one node more. Keys move to it only. Complexity: O(nodes).
    ///
    /// # Errors
    ///
    /// An id or label that another node has, or texts out of range.
    pub fn add(&self, node: impl Into<Node>) -> Result<Self, ChangeError> {
        let nodes = self.nodes().iter().cloned().chain([node.into()]).collect();
        Ok(Self::from_parts(nodes, self.hash)?)
    }

    /// Without one node. Only its own keys move. Complexity: O(nodes).
    ///
    /// # Errors
    ///
    /// An id that no node has.
    pub fn remove(&self, id: &str) -> Result<Self, ChangeError> {
        let Some(at) = self.members.position(id) else {
            return Err(ChangeError::UnknownNode { id: id.into() });
        };
        let mut nodes = self.nodes().to_vec();
        nodes.remove(at);
        Ok(Self::from_parts(nodes, self.hash)?)
    }

    #[inline]
    fn owner(&self, hash: u64) -> Option<u32> {
        if self.is_level {
            // The first of equal lots, which is that of the smaller id. Two selections instead of a
            // branch: which lot is the best so far is up to chance.
            let (mut best, mut at) = (0, 0);
            for (seat, &seed) in self.seeds.iter().enumerate() {
                let lot = lot(seed, hash);
                let is_better = lot > best;
                best = if is_better { lot } else { best };
                at = if is_better { seat } else { at };
            }
            return self.seats.get(at).map(|seat| seat.node);
        }
        let ranks = self.seats.iter().map(|seat| seat.rank(hash));
        ranks.reduce(|best, next| if next.key() < best.key() { next } else { best }).map(|r| r.node)
    }
}

impl fmt::Debug for Rendezvous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { members, hash, .. } = self;
        let mut shown = f.debug_struct("Rendezvous");
        shown.field("members", members).field("hash", hash).finish_non_exhaustive()
    }
}

impl Placement for Rendezvous {
    fn hash_function(&self) -> HashFunction {
        self.hash
    }

    fn nodes(&self) -> &[Node] {
        self.members.nodes()
    }

    /// Complexity: O(nodes).
    #[inline]
    fn get_hashed(&self, hash: u64) -> Option<&Node> {
        self.owner(hash).map(|node| self.members.node(node))
    }

    /// The next best lots. Complexity: O(nodes) for each of the first eight; then the others are
    /// sorted at once.
    fn candidates_hashed(&self, hash: u64) -> Candidates<'_> {
        let ranked = Ranked { seats: &self.seats, hash, last: None, given: 0, rest: Vec::new() };
        Candidates::new(&self.members, Walk::Ranked(ranked))
    }

    /// By a sample. Complexity: O(1,000 × nodes²).
    fn balance_report(&self) -> BalanceReport {
        BalanceReport::sampled(&self.members, |hash| self.owner(hash))
    }
}

/// The nodes from the best lot to the worst.
#[derive(Clone)]
pub(crate) struct Ranked<'a> {
    seats: &'a [Seat],
    hash: u64,
    last: Option<Rank>,
    given: usize,
    /// Once so many were asked for that sorting pays: the others, the next one last.
    rest: Vec<Rank>,
}

/// So many are found one at a time, without memory.
const ONE_AT_A_TIME: usize = 8;

impl Ranked<'_> {
    pub(crate) fn next(&mut self) -> Option<u32> {
        let next = if self.given < ONE_AT_A_TIME {
            self.behind_the_last().reduce(|a, b| if b.key() < a.key() { b } else { a })
        } else {
            if self.given == ONE_AT_A_TIME {
                self.rest = self.behind_the_last().collect();
                self.rest.sort_unstable_by_key(|rank| core::cmp::Reverse(rank.key()));
            }
            self.rest.pop()
        };
        self.given += 1;
        self.last = next.or(self.last);
        next.map(|rank| rank.node)
    }

    fn behind_the_last(&self) -> impl Iterator<Item = Rank> {
        let ranks = self.seats.iter().map(|seat| seat.rank(self.hash));
        ranks.filter(|rank| self.last.is_none_or(|last| rank.key() > last.key()))
    }

    pub(crate) fn restart(&mut self) {
        (self.last, self.given) = (None, 0);
        self.rest.clear();
    }
}
