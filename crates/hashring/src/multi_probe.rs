use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use voussoir_core::ConfigError;

use crate::builder::{MultiProbeOptions, PlacementBuilder};
use crate::candidates::Walk;
use crate::hash::rehash;
use crate::report::BalanceReport;
use crate::ring::{Clockwise, Points};
use crate::{Candidates, ChangeError, HashFunction, Layout, Node, Placement, Ring};

/// A ring of one point for each unit of weight, where a key looks at several places and takes the
/// nearest point of all.
///
/// Appleton and O'Reilly, "Multi-probe consistent hashing" (2015). Twenty bytes a node instead of
/// kilobytes, for 21 look-ups a key; the busiest node has about 1.05 of the average, but single nodes
/// of many may own next to nothing. Changes move keys to or from the changed node only.
///
/// ```
/// use voussoir_hashring::{MultiProbe, Placement};
///
/// let nodes = MultiProbe::builder().nodes((0..100).map(|n| format!("node-{n}"))).build()?;
/// assert!(nodes.balance_report().peak_to_average() < 1.2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MultiProbe {
    ring: Ring,
    /// The hash of each point, at its place: a bucket's number would have to be looked for.
    hashes: Box<[u64]>,
    probes: u32,
}

impl MultiProbe {
    /// The paper's number for a peak of 1.05 of the average.
    pub const DEFAULT_PROBES: u32 = 21;

    /// Starts a ring of few points.
    pub fn builder() -> PlacementBuilder<MultiProbeOptions> {
        PlacementBuilder::default()
    }

    pub(crate) fn from_parts(
        nodes: Vec<Node>,
        hash: HashFunction,
        probes: u32,
    ) -> Result<Self, ConfigError> {
        Ok(Self::from_ring(Ring::from_parts(nodes, hash, Layout::Absolute, 1)?, probes))
    }

    fn from_ring(ring: Ring, probes: u32) -> Self {
        let hashes = ring.raw_points().iter().map(|(hash, _)| hash).collect();
        Self { ring, hashes, probes }
    }

    /// With one node more. Keys move to it only. Complexity: O(nodes).
    ///
    /// # Errors
    ///
    /// An id or label that another node has, texts or weights out of range.
    pub fn add(&self, node: impl Into<Node>) -> Result<Self, ChangeError> {
        Ok(Self::from_ring(self.ring.add(node)?, self.probes))
    }

    /// Without one node. Only its own keys move. Complexity: O(nodes).
    ///
    /// # Errors
    ///
    /// An id that no node has.
    pub fn remove(&self, id: &str) -> Result<Self, ChangeError> {
        Ok(Self::from_ring(self.ring.remove(id)?, self.probes))
    }

    /// How many places are looked at for each key.
    pub fn probes(&self) -> u32 {
        self.probes
    }

    fn points(&self) -> &Points {
        self.ring.raw_points()
    }

    /// The place of the point that is nearest to any probe; of points as near the one whose node has
    /// the smaller id.
    #[inline]
    fn place(&self, hash: u64) -> Option<usize> {
        let probe = |number: u32| {
            // The first place is the key's own; the others follow from it.
            let probe = if number == 0 { hash } else { rehash(hash, u64::from(number)) };
            let place = self.points().place(probe);
            let point = self.hashes.get(place).or_else(|| self.hashes.first());
            let distance = point.map_or(0, |point| point.wrapping_sub(probe));
            (distance, self.points().owner(place), place)
        };
        if self.points().is_empty() {
            return None;
        }
        (0..self.probes).map(probe).min().map(|(_, _, place)| place)
    }

    fn owner(&self, hash: u64) -> Option<u32> {
        self.place(hash).map(|place| self.points().owner(place))
    }
}

impl fmt::Debug for MultiProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ring, probes, .. } = self;
        let mut shown = f.debug_struct("MultiProbe");
        shown.field("ring", ring).field("probes", probes).finish_non_exhaustive()
    }
}

impl Placement for MultiProbe {
    fn hash_function(&self) -> HashFunction {
        self.ring.hash_function()
    }

    fn nodes(&self) -> &[Node] {
        self.ring.nodes()
    }

    /// Complexity: O(probes) expected.
    #[inline]
    fn get_hashed(&self, hash: u64) -> Option<&Node> {
        self.owner(hash).map(|owner| self.ring.members().node(owner))
    }

    /// The owner, and the nodes behind it on the circle. Complexity: O(probes), then O(1) expected a
    /// candidate.
    #[inline]
    fn candidates_hashed(&self, hash: u64) -> Candidates<'_> {
        let from = self.place(hash).unwrap_or(0);
        let walk = Walk::Clockwise(Clockwise::from_place(self.points(), from));
        Candidates::new(self.ring.members(), walk)
    }

    /// By a sample. Complexity: O(1,000 × nodes × probes).
    fn balance_report(&self) -> BalanceReport {
        BalanceReport::sampled(self.ring.members(), |hash| self.owner(hash))
    }
}
