use alloc::format;
use alloc::vec::Vec;

use voussoir_core::ConfigError;

use crate::{HashFunction, Jump, Layout, Maglev, MultiProbe, Node, Rendezvous, Ring};

/// Nodes and options of a placement. What each leaves out is as the crate's page lists it.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct PlacementBuilder<O> {
    nodes: Vec<Node>,
    hash: Option<HashFunction>,
    options: O,
}

/// Options of a [`Ring`] alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct RingOptions {
    layout: Layout,
    vnodes: Option<u32>,
}

/// Options of a [`Maglev`] alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct MaglevOptions {
    slots: Option<u32>,
}

/// Options of a [`Jump`] alone: none.
#[derive(Clone, Copy, Debug, Default)]
pub struct JumpOptions;

/// Options of a [`Rendezvous`] alone: none.
#[derive(Clone, Copy, Debug, Default)]
pub struct RendezvousOptions;

/// Options of a [`MultiProbe`] alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct MultiProbeOptions {
    probes: Option<u32>,
}

impl<O> PlacementBuilder<O> {
    /// One node more: a [`Node`], or the id of one of weight 1.
    pub fn node(mut self, node: impl Into<Node>) -> Self {
        self.nodes.push(node.into());
        self
    }

    /// More nodes.
    pub fn nodes<N: Into<Node>>(mut self, nodes: impl IntoIterator<Item = N>) -> Self {
        self.nodes.extend(nodes.into_iter().map(Into::into));
        self
    }

    /// What keys and nodes are hashed with.
    pub fn hash(self, function: HashFunction) -> Self {
        Self { hash: Some(function), ..self }
    }

    /// The hash function, one that fills 64 bits.
    fn wide_hash(&self) -> Result<HashFunction, ConfigError> {
        match self.hash.unwrap_or_default() {
            wide if wide.is_wide() => Ok(wide),
            narrow => Err(ConfigError::new("hash", narrow, "xxh3 or murmur3, of any seed")),
        }
    }
}

impl PlacementBuilder<RingOptions> {
    /// How many points a node has for each unit of its weight.
    pub fn vnodes(mut self, vnodes: u32) -> Self {
        self.options.vnodes = Some(vnodes);
        self
    }

    /// Where points come from.
    pub fn layout(mut self, layout: Layout) -> Self {
        self.options.layout = layout;
        self
    }

    /// The ring. No nodes at all make one that owns nothing.
    ///
    /// Complexity: O(points).
    ///
    /// # Errors
    ///
    /// Ids or labels that are used twice, empty or too long; 0 virtual nodes; more points than
    /// 2^24; a hash function or virtual nodes other than those that the layout has.
    pub fn build(self) -> Result<Ring, ConfigError> {
        let RingOptions { layout, vnodes } = self.options;
        let hash = match (layout.hash_function(), self.hash) {
            (Some(fixed), Some(given)) if fixed != given => {
                return Err(ConfigError::new("hash", given, format!("{fixed}, for {layout}")));
            }
            (Some(fixed), _) => fixed,
            (None, _) => self.wide_hash()?,
        };
        let vnodes = match (layout.fixed_vnodes(), vnodes) {
            (None, Some(0)) => return Err(ConfigError::new("vnodes", 0, "1 or more")),
            (Some(fixed), Some(given)) if fixed != given => {
                return Err(ConfigError::new("vnodes", given, format!("{fixed}, for {layout}")));
            }
            (fixed, given) => fixed.or(given).unwrap_or(Ring::DEFAULT_VNODES),
        };
        Ring::from_parts(self.nodes, hash, layout, vnodes)
    }
}

impl PlacementBuilder<MaglevOptions> {
    /// The size of the table: a prime, at least as many as there are nodes of some weight. A table of
    /// another size places most keys anew.
    pub fn slots(mut self, slots: u32) -> Self {
        self.options.slots = Some(slots);
        self
    }

    /// The table. No nodes at all make one that owns nothing.
    ///
    /// Complexity: O(slots × log(slots)) expected.
    ///
    /// # Errors
    ///
    /// Ids or labels that are used twice, empty or too long; a size that is no prime, or too small or
    /// too large; a hash function of 32 bits.
    pub fn build(self) -> Result<Maglev, ConfigError> {
        let hash = self.wide_hash()?;
        Maglev::from_parts(self.nodes, hash, self.options.slots)
    }
}

impl PlacementBuilder<JumpOptions> {
    /// The buckets, in the order in which the nodes were given.
    ///
    /// # Errors
    ///
    /// Ids or labels that are used twice, empty or too long; a weight other than 1; a hash function
    /// of 32 bits.
    pub fn build(self) -> Result<Jump, ConfigError> {
        let hash = self.wide_hash()?;
        Jump::from_parts(self.nodes, hash)
    }
}

impl PlacementBuilder<RendezvousOptions> {
    /// The nodes that are to draw lots.
    ///
    /// # Errors
    ///
    /// Ids or labels that are used twice, empty or too long; a hash function of 32 bits.
    pub fn build(self) -> Result<Rendezvous, ConfigError> {
        let hash = self.wide_hash()?;
        Rendezvous::from_parts(self.nodes, hash)
    }
}

impl PlacementBuilder<MultiProbeOptions> {
    /// How many places are looked at for each key: 1 to 1,024.
    pub fn probes(mut self, probes: u32) -> Self {
        self.options.probes = Some(probes);
        self
    }

    /// The ring of few points.
    ///
    /// # Errors
    ///
    /// As for a [`Ring`], or when the probes are out of range.
    pub fn build(self) -> Result<MultiProbe, ConfigError> {
        let probes = self.options.probes.unwrap_or(MultiProbe::DEFAULT_PROBES);
        if !(1..=1024).contains(&probes) {
            return Err(ConfigError::new("probes", probes, "1 to 1024"));
        }
        let hash = self.wide_hash()?;
        MultiProbe::from_parts(self.nodes, hash, probes)
    }
}
