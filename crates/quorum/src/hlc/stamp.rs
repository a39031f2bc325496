use core::fmt;

use super::HlcTime;
use crate::ActorId;

/// A hybrid time and who read it: unique, and in one order for all replicas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
pub struct Stamp {
    /// When, as the clock of `actor` had it.
    pub time: HlcTime,
    /// Who; decides between equal times.
    pub actor: ActorId,
}

impl Stamp {
    /// The stamp of `actor` at `time`.
    pub const fn new(time: HlcTime, actor: ActorId) -> Self {
        Self { time, actor }
    }
}

/// `1735689600000.7@c0ffee.0`.
impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.time, self.actor)
    }
}
