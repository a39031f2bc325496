use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use voussoir_core::ConfigError;

use crate::hash::rehash;
use crate::{Node, Placement};

/// A placement where no node has more than its part, give or take a factor: a key whose owner is full
/// goes to another.
///
/// Mirrokni, Thorup and Zadimoghaddam, "Consistent hashing with bounded loads" (2016). With a load of
/// `m` to be reached, a node of weight `w` among `W` takes at most `⌈factor × m × w / W⌉`; as these sum
/// up to more than `m`, there is always room. Where a key goes next is chosen by hashes that follow
/// from its own, as Chen, Coleman and Shrivastava show ("Revisiting consistent hashing with bounded
/// loads", 2019): walking on to the neighbour would fill one node after another.
///
/// It counts what it is told of: call [`release`](Self::release) for what ended.
///
/// ```
/// use voussoir_hashring::{BoundedLoads, Ring};
///
/// let ring = Ring::builder().nodes(["a", "b", "c", "d"]).build()?;
/// let mut bounded = BoundedLoads::new(ring, 125)?;
/// for session in 0..1000_u32 {
///     bounded.assign(&session.to_le_bytes());
/// }
/// assert!(bounded.loads().all(|(_, load)| load <= 313)); // ⌈1.25 × 250⌉
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct BoundedLoads<P> {
    placement: P,
    percent: u32,
    loads: Vec<u64>,
    total: u64,
    weight: u64,
    /// The number of each node, by its id.
    numbers: BTreeMap<alloc::sync::Arc<str>, usize>,
}

impl<P: Placement> BoundedLoads<P> {
    /// Bounds the nodes of `placement` to `percent` of their part: 125 is a good start, 100 the
    /// strictest, `u32::MAX` none at all.
    ///
    /// # Errors
    ///
    /// Less than 100 percent, for which there would be no room.
    pub fn new(placement: P, percent: u32) -> Result<Self, ConfigError> {
        if percent < 100 {
            return Err(ConfigError::new("percent", percent, "100 or more"));
        }
        let nodes = placement.nodes();
        let numbers = nodes.iter().enumerate().map(|(at, node)| (node.shared_id(), at)).collect();
        let weight = nodes.iter().map(|node| u64::from(node.weight_units())).sum();
        let loads = alloc::vec![0; nodes.len()];
        Ok(Self { placement, percent, loads, total: 0, weight, numbers })
    }

    /// The same loads over other nodes. What nodes carried that are no longer there is forgotten, and
    /// returned.
    ///
    /// A node that the change left above its bound keeps what it has, and gets nothing more until it
    /// is below. Complexity: O(nodes × log nodes).
    pub fn replace<Q: Placement>(self, placement: Q) -> (BoundedLoads<Q>, u64) {
        let Self { percent, loads, total, numbers, .. } = self;
        let bounded = BoundedLoads::new(placement, percent.max(100));
        let Ok(mut bounded) = bounded else { unreachable!("100 percent and more are allowed") };
        for (id, at) in numbers {
            if let Some(&new) = bounded.numbers.get(&id) {
                bounded.loads[new] = loads[at];
                bounded.total += loads[at];
            }
        }
        let forgotten = total - bounded.total;
        (bounded, forgotten)
    }

    /// Places one more unit of load under `key`, and counts it. None where no node has weight.
    ///
    /// Complexity: O(key), then O(1 / (factor - 1)²) expected nodes are tried, all at most.
    pub fn assign(&mut self, key: &[u8]) -> Option<&Node> {
        self.assign_hashed(self.placement.hash_function().hash(key))
    }

    /// As [`assign`](Self::assign), of a hash.
    pub fn assign_hashed(&mut self, hash: u64) -> Option<&Node> {
        let (percent, weight, total) = (self.percent, self.weight, self.total);
        let has_room = |node: &Node| {
            let load = self.numbers.get(node.id()).map_or(u64::MAX, |&at| self.loads[at]);
            load < capacity(percent, total.saturating_add(1), node.weight_units(), weight)
        };
        let node = first_with_room(&self.placement, hash, has_room)?;
        if let Some(&at) = self.numbers.get(node.id()) {
            self.loads[at] += 1;
            self.total += 1;
        }
        Some(node)
    }

    /// Gives back one unit of the node with this id. Whether it had one.
    ///
    /// Complexity: O(log nodes).
    pub fn release(&mut self, id: &str) -> bool {
        let Some(&at) = self.numbers.get(id) else { return false };
        let had_one = self.loads[at] > 0;
        self.loads[at] -= u64::from(had_one);
        self.total -= u64::from(had_one);
        had_one
    }

    /// The nodes and what each carries.
    pub fn loads(&self) -> impl Iterator<Item = (&Node, u64)> {
        self.placement.nodes().iter().zip(self.loads.iter().copied())
    }

    /// What all carry together.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// What the node with this id may carry when the next unit is placed.
    pub fn capacity(&self, id: &str) -> Option<u64> {
        let node = &self.placement.nodes()[*self.numbers.get(id)?];
        let total = self.total.saturating_add(1);
        Some(capacity(self.percent, total, node.weight_units(), self.weight))
    }

    /// What is bounded.
    pub fn placement(&self) -> &P {
        &self.placement
    }
}

/// `⌈percent / 100 × total × weight / all⌉`, without rounding in between.
fn capacity(percent: u32, total: u64, weight: u32, all: u64) -> u64 {
    let part = u128::from(percent) * u128::from(weight) * u128::from(total);
    let capacity = part.div_ceil(100 * u128::from(all.max(1)));
    u64::try_from(capacity).unwrap_or(u64::MAX)
}

/// The first node with room: the owner of `hash`, then those of hashes that follow from it, and when
/// chance has not found one, the candidates in their order. None only where no candidate has room.
///
/// This is what [`BoundedLoads`] asks, for those who keep the loads themselves.
///
/// Complexity: O(nodes) look-ups at most, then all candidates.
pub fn first_with_room<P: Placement + ?Sized>(
    placement: &P,
    hash: u64,
    mut has_room: impl FnMut(&Node) -> bool,
) -> Option<&Node> {
    let jumps = placement.nodes().len() as u64;
    let owner = placement.get_hashed(hash)?;
    if has_room(owner) {
        return Some(owner);
    }
    for jump in 0..jumps {
        // A sequence of its own, apart from that of jump and multi-probe look-ups.
        let node = placement.get_hashed(rehash(!hash, jump))?;
        if has_room(node) {
            return Some(node);
        }
    }
    placement.candidates_hashed(hash).find(|node| has_room(node))
}
