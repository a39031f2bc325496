use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use thiserror::Error;

use crate::{ConfigError, Replicas, Rule};

/// Consistency levels under Cassandra's names, as rules over a [`Topology`].
///
/// ```
/// use voussoir_quorum::{Level, Quorum, Topology};
///
/// let zones = Topology::new(&[0, 0, 0, 1, 1, 1], 0)?; // three replicas in each of two zones; we are in 0
/// let write = "EACH_QUORUM".parse::<Level>()?.rule(&zones)?;
/// let read = Level::LocalQuorum.rule(&zones)?;
/// assert_eq!((write.smallest(), read.to_string()), (Some(4), "2 of {0, 1, 2}".into()));
/// let quorum = Quorum::of(zones.replicas(), read, write)?; // a local read sees every write
/// assert_eq!(quorum.tolerates().writes, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// One reply, or for a write one hint that was stored. Writes only.
    Any,
    /// One replica.
    One,
    /// Two replicas.
    Two,
    /// Three replicas.
    Three,
    /// A majority of all replicas.
    Quorum,
    /// Every replica.
    All,
    /// One replica of the own zone.
    LocalOne,
    /// A majority of the own zone; replies from elsewhere do not count.
    LocalQuorum,
    /// A majority in each zone, which is more than a majority of all.
    EachQuorum,
}

/// A name is none of a consistency level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "no consistency level; expected one of ANY, ONE, TWO, THREE, QUORUM, ALL, LOCAL_ONE, LOCAL_QUORUM, EACH_QUORUM"
)]
pub struct LevelError;

/// Which replica is in which zone, and in which zone the coordinator is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Topology {
    zones: Vec<u32>,
    local: u32,
}

impl Topology {
    /// `zones[i]` is that of place `i`.
    ///
    /// # Errors
    ///
    /// When there are not 1 to 64 replicas.
    pub fn new(zones: &[u32], local: u32) -> Result<Self, ConfigError> {
        if zones.is_empty() || zones.len() > usize::from(Replicas::MOST) {
            return Err(ConfigError::new("zones", zones.len(), "1 to 64 replicas"));
        }
        Ok(Self { zones: zones.to_vec(), local })
    }

    /// How many replicas there are.
    pub fn replicas(&self) -> u8 {
        self.zones.len() as u8
    }

    /// The places in a zone.
    pub fn zone(&self, zone: u32) -> Replicas {
        self.zones.iter().zip(0..).filter(|&(&at, _)| at == zone).map(|(_, place)| place).collect()
    }

    /// Each zone once, with its places.
    pub fn zones(&self) -> impl Iterator<Item = (u32, Replicas)> {
        let mut names = self.zones.clone();
        names.sort_unstable();
        names.dedup();
        names.into_iter().map(|zone| (zone, self.zone(zone)))
    }
}

impl Level {
    const NAMES: [(Self, &'static str); 9] = [
        (Self::Any, "ANY"),
        (Self::One, "ONE"),
        (Self::Two, "TWO"),
        (Self::Three, "THREE"),
        (Self::Quorum, "QUORUM"),
        (Self::All, "ALL"),
        (Self::LocalOne, "LOCAL_ONE"),
        (Self::LocalQuorum, "LOCAL_QUORUM"),
        (Self::EachQuorum, "EACH_QUORUM"),
    ];

    /// The rule that this level means here. For [`Level::Any`] it is one replica; that a hint counts
    /// is said to the write, by [`Hints::Count`](crate::Hints::Count).
    ///
    /// # Errors
    ///
    /// When there are fewer replicas, or fewer in the own zone, than the level needs.
    pub fn rule(self, topology: &Topology) -> Result<Rule, ConfigError> {
        let all = Replicas::first(topology.replicas());
        let local = topology.zone(topology.local);
        let (need, of) = match self {
            Self::Any | Self::One => (1, all),
            Self::Two => (2, all),
            Self::Three => (3, all),
            Self::Quorum => (all.len() / 2 + 1, all),
            Self::All => (all.len(), all),
            Self::LocalOne => (1, local),
            Self::LocalQuorum => (local.len() / 2 + 1, local),
            Self::EachQuorum => {
                return Rule::all_of(topology.zones().map(|(_, zone)| Rule::majority(zone)));
            }
        };
        if need > of.len() {
            let allowed = alloc::format!("a level that {} replicas can meet", of.len());
            return Err(ConfigError::new("level", self, allowed));
        }
        Ok(Rule::at_least(need as u8, of))
    }
}

/// `LOCAL_QUORUM`.
impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(level, _)| level == self).map_or("", |(_, name)| name);
        f.pad(name)
    }
}

/// As shown, in any case.
impl FromStr for Level {
    type Err = LevelError;

    fn from_str(text: &str) -> Result<Self, LevelError> {
        let named = Self::NAMES.iter().find(|(_, name)| name.eq_ignore_ascii_case(text));
        named.map(|(level, _)| *level).ok_or(LevelError)
    }
}
