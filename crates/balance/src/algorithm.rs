use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use thiserror::Error;

/// How a node is chosen among those that are available. The crate's page says which one when.
///
/// Has a name in text, which serde uses too:
///
/// ```
/// use voussoir_balance::Algorithm;
///
/// assert_eq!("peak-ewma".parse(), Ok(Algorithm::PeakEwma));
/// assert_eq!(Algorithm::LeastConnections.to_string(), "least-connections");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Algorithm {
    /// One after the other. When nodes come, go, or change their health, the others keep their
    /// order: none is skipped and none comes twice. Each thread goes round by itself. O(1).
    #[default]
    RoundRobin,
    /// One after the other, each as often as its weight says, and a heavy one never in a row where
    /// another can come between: the smooth order of nginx, `{a: 5, b: 1, c: 1}` gives `aabacaa`.
    /// O(1) with the order made beforehand; O(nodes) where that would be too long, see the limits on
    /// the crate's page.
    WeightedRoundRobin,
    /// Any, with equal chances. O(1).
    Random,
    /// Any, with chances by weight. O(1), by Walker's alias table.
    WeightedRandom,
    /// The fewest calls in flight; among equals, one after the other. O(nodes).
    LeastConnections,
    /// The fewest calls in flight per weight; among equals, in the order of
    /// [`WeightedRoundRobin`](Self::WeightedRoundRobin). O(nodes). As `least_conn` of nginx.
    WeightedLeastConnections,
    /// The smallest mean response time × (calls in flight + 1) / weight. O(nodes), and reads the
    /// clock.
    LeastResponseTime,
    /// Two distinct nodes by chance and weight, and of them the one with fewer calls in flight per
    /// weight. O(1). Mitzenmacher, "The power of two choices in randomized load balancing", 2001.
    PowerOfTwo,
    /// Two distinct nodes by chance and weight, and of them the one with the smaller peak EWMA of its
    /// response time × (calls in flight + 1) / weight. O(1), and reads the clock. As in Finagle: the
    /// mean jumps to a slower response at once and forgets it slowly.
    PeakEwma,
    /// The same node for the same client: [`pick_for_ip`](crate::Balancer::pick_for_ip) hashes the
    /// first three octets of an IPv4 address or all of an IPv6 address, in the order of `ip_hash` of
    /// nginx. Without an address, as [`WeightedRoundRobin`](Self::WeightedRoundRobin). O(log nodes).
    IpHash,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::RoundRobin,
        Self::WeightedRoundRobin,
        Self::Random,
        Self::WeightedRandom,
        Self::LeastConnections,
        Self::WeightedLeastConnections,
        Self::LeastResponseTime,
        Self::PowerOfTwo,
        Self::PeakEwma,
        Self::IpHash,
    ];

    /// Its name in text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RoundRobin => "round-robin",
            Self::WeightedRoundRobin => "weighted-round-robin",
            Self::Random => "random",
            Self::WeightedRandom => "weighted-random",
            Self::LeastConnections => "least-connections",
            Self::WeightedLeastConnections => "weighted-least-connections",
            Self::LeastResponseTime => "least-response-time",
            Self::PowerOfTwo => "power-of-two",
            Self::PeakEwma => "peak-ewma",
            Self::IpHash => "ip-hash",
        }
    }

    /// Whether [`Node::weight`](crate::Node::weight) matters to it; to the others all nodes are
    /// alike, but for one of weight 0, which gets no calls from any.
    pub const fn is_weighted(self) -> bool {
        !matches!(self, Self::RoundRobin | Self::Random | Self::LeastConnections)
    }

    /// Whether it looks at how long calls take.
    pub(crate) const fn is_timed(self) -> bool {
        matches!(self, Self::LeastResponseTime | Self::PeakEwma)
    }

    /// Whether it draws nodes by chance.
    pub(crate) const fn is_drawn(self) -> bool {
        matches!(self, Self::Random | Self::WeightedRandom | Self::PowerOfTwo | Self::PeakEwma)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// No algorithm has this name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "no algorithm is called `{name}`; allowed: round-robin, weighted-round-robin, random, \
     weighted-random, least-connections, weighted-least-connections, least-response-time, \
     power-of-two, peak-ewma, ip-hash"
)]
pub struct UnknownAlgorithm {
    /// The name given.
    pub name: String,
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.name() == name);
        found.ok_or_else(|| UnknownAlgorithm { name: name.into() })
    }
}
