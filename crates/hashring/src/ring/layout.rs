mod ketama;
mod nginx;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use thiserror::Error;
use voussoir_core::ConfigError;

use super::{MAX_POINTS, Points};
use crate::HashFunction;
use crate::members::Members;

/// Where the points of a ring come from. As text, and in files: `"absolute"`, `"ketama"`, `"nginx"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Layout {
    /// A node has `vnodes` points for each unit of its weight, whatever the others have: the
    /// outputs of `SplitMix64` with the label's [`HashFunction`] as its state. A change of one node
    /// moves keys to or from that node only.
    #[default]
    Absolute,
    /// The continuum of libmemcached with `MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED`: about 160 points a
    /// server, in shares of the total weight, so that a change of one node may move keys between
    /// others. The label is `host:port`; port 11211 is as good as none.
    Ketama,
    /// That of nginx's `hash … consistent` (and of Tengine, and of pingora's first version): 160
    /// points for each unit of weight, of a chain of CRC-32. The label is the text of the `server`
    /// directive. nginx finds servers by address, so names there must be addresses.
    Nginx,
}

/// What libmemcached (`MEMCACHED_POINTS_PER_SERVER_KETAMA`) and nginx have for a unit of weight.
const COMPATIBLE_VNODES: u32 = 160;

impl Layout {
    /// What keys and points are hashed with, where the layout does not leave it open.
    pub(crate) fn hash_function(self) -> Option<HashFunction> {
        match self {
            Self::Absolute => None,
            Self::Ketama => Some(HashFunction::Md5Ketama),
            Self::Nginx => Some(HashFunction::Crc32Nginx),
        }
    }

    /// How many points a node of weight 1 has, where the layout does not leave it open.
    pub(crate) fn fixed_vnodes(self) -> Option<u32> {
        match self {
            Self::Absolute => None,
            Self::Ketama | Self::Nginx => Some(COMPATIBLE_VNODES),
        }
    }

    pub(super) fn points(
        self,
        members: &Members,
        hash: HashFunction,
        vnodes: u32,
    ) -> Result<Points, ConfigError> {
        // Of ketama's shares none exceeds that of the other layouts by more than a rounding.
        if self != Self::Ketama {
            at_most_max_points(members.total_weight(), vnodes)?;
        }
        if self == Self::Absolute {
            // Cheaper to draw twice than to keep.
            let count = members.total_weight() as usize * vnodes as usize;
            let points = || {
                members.with_weight().flat_map(move |(owner, node)| {
                    let count = node.weight_units() as usize * vnodes as usize;
                    let points = hash.sequence(node.label_text()).take(count);
                    points.map(move |point| (point, owner))
                })
            };
            return Ok(Points::new(members.len(), count, points));
        }
        let mut points = Vec::new();
        for (owner, node) in members.with_weight() {
            let mut hashes = Vec::new();
            match self {
                Self::Ketama => ketama::extend(&mut hashes, members, node),
                _ => nginx::extend(&mut hashes, node),
            }
            points.extend(hashes.into_iter().map(|hash| (hash, owner)));
        }
        Ok(Points::new(members.len(), points.len(), || points.iter().copied()))
    }
}

/// Refuses more points than a ring holds.
pub(super) fn at_most_max_points(weight: u64, vnodes: u32) -> Result<(), ConfigError> {
    let points = weight.saturating_mul(u64::from(vnodes));
    if points <= MAX_POINTS {
        return Ok(());
    }
    let given = format!("{weight} in all, which makes {points} points");
    Err(ConfigError::new("weight", given, format!("at most {MAX_POINTS} points in all")))
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absolute => "absolute",
            Self::Ketama => "ketama",
            Self::Nginx => "nginx",
        })
    }
}

/// The text names no layout.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{given}` is no layout; allowed: absolute, ketama, nginx")]
pub struct LayoutError {
    given: String,
}

impl FromStr for Layout {
    type Err = LayoutError;

    fn from_str(text: &str) -> Result<Self, LayoutError> {
        match text {
            "absolute" => Ok(Self::Absolute),
            "ketama" => Ok(Self::Ketama),
            "nginx" => Ok(Self::Nginx),
            _ => Err(LayoutError { given: text.into() }),
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Layout {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Layout {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <alloc::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
