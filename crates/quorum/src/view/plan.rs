use alloc::vec::Vec;

use thiserror::Error;

use super::{MemberState, View};
use crate::{ConfigError, Hints, QueryOp, Quorum, ReadMode, ReadOp, Replicas, Version, WriteOp};

/// Which node stands behind which place of an operation: replicas first, then those that are joining,
/// then those that may stand in.
///
/// **An operation keeps the plan it began with.** A node may go from joining to up once it has all that
/// the replicas had when it began to join, and the operations that began before that are over: they
/// neither raised their need by it nor sent it anything.
///
/// ```
/// use voussoir_quorum::{Hints, MemberState, Quorum, View};
///
/// let mut view = View::new();
/// for node in ["a", "b", "c"] {
///     view.set(node, 1, MemberState::Up)?;
/// }
/// view.set("d", 1, MemberState::Joining)?;
/// let plan = view.plan(&["a", "d", "b", "c"], 3, 0)?; // `d` will replace `c`
/// assert_eq!(plan.nodes(), ["a", "b", "c", "d"]);
///
/// let write = plan.write_op(&Quorum::majority(3)?, Hints::Off)?;
/// assert_eq!(write.rule().to_string(), "3 of {0, 1, 2, 3}"); // not 2 of 3
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<N> {
    nodes: Vec<N>,
    replicas: u8,
    pending: u8,
}

/// A key has no plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// There are fewer members than the key is to have replicas.
    #[error("{found} members can be replicas; needed: {needed}")]
    TooFewMembers {
        /// How many there are.
        found: u8,
        /// How many replicas a key has.
        needed: u8,
    },
    /// There are more than an operation has places.
    #[error("{found} replicas and joining nodes; allowed: at most 64")]
    TooManyPlaces {
        /// How many there are.
        found: usize,
    },
}

impl<N: Ord + Clone> Plan<N> {
    pub(super) fn new(
        view: &View<N>,
        preference: &[N],
        n: u8,
        stand_ins: u8,
    ) -> Result<Self, PlanError> {
        let (mut replicas, mut pending, mut others) = (Vec::new(), Vec::new(), Vec::new());
        // How many of the nodes that stay have been met: the replicas of tomorrow.
        let mut staying = 0;
        for node in preference {
            let Some(state) = view.state(node) else { continue };
            // Two places of one node would let its one copy pass for two.
            if [&replicas, &pending, &others].into_iter().any(|nodes| nodes.contains(node)) {
                continue;
            }
            let stays = matches!(state, MemberState::Joining | MemberState::Up);
            let tomorrow = stays && staying < n;
            staying += u8::from(tomorrow);
            let today = matches!(state, MemberState::Up | MemberState::Leaving);
            if today && replicas.len() < usize::from(n) {
                replicas.push(node.clone());
            } else if tomorrow {
                pending.push(node.clone());
            } else if today && others.len() < usize::from(stand_ins) {
                others.push(node.clone());
            }
        }
        if replicas.len() < usize::from(n) {
            return Err(PlanError::TooFewMembers { found: replicas.len() as u8, needed: n });
        }
        let found = replicas.len() + pending.len();
        if found > usize::from(Replicas::MOST) {
            return Err(PlanError::TooManyPlaces { found });
        }
        let (replica_count, pending_count) = (replicas.len() as u8, pending.len() as u8);
        let mut nodes = replicas;
        nodes.append(&mut pending);
        nodes.append(&mut others);
        nodes.truncate(usize::from(Replicas::MOST));
        Ok(Self { nodes, replicas: replica_count, pending: pending_count })
    }

    /// The nodes by their places.
    pub fn nodes(&self) -> &[N] {
        &self.nodes
    }

    /// The node behind a place.
    pub fn node(&self, place: u8) -> Option<&N> {
        self.nodes.get(usize::from(place))
    }

    /// The place of a node.
    pub fn place(&self, node: &N) -> Option<u8> {
        self.nodes.iter().position(|known| known == node).map(|place| place as u8)
    }

    /// How many are replicas today.
    pub const fn replicas(&self) -> u8 {
        self.replicas
    }

    /// How many are joining.
    pub const fn pending(&self) -> u8 {
        self.pending
    }

    /// The places of those that seem alive.
    pub fn up(&self, alive: impl Fn(&N) -> bool) -> Replicas {
        let places = self.nodes.iter().zip(0..);
        places.filter(|(node, _)| alive(node)).map(|(_, place)| place).collect()
    }

    /// A write to this plan: joining nodes raise what `quorum` needs.
    ///
    /// # Errors
    ///
    /// When `quorum` is for another number of replicas.
    pub fn write_op(&self, quorum: &Quorum, hints: Hints) -> Result<WriteOp, ConfigError> {
        self.require_fit(quorum)?;
        let stand_ins = self.nodes.len() as u8 - self.replicas - self.pending;
        Ok(WriteOp::new(quorum).pending(self.pending).hints(hints, stand_ins))
    }

    /// The query before a linearizable write to this plan: it asks today's replicas alone.
    ///
    /// # Errors
    ///
    /// When `quorum` is for another number of replicas.
    pub fn query_op<S: Version>(&self, quorum: &Quorum) -> Result<QueryOp<S>, ConfigError> {
        self.require_fit(quorum)?;
        Ok(QueryOp::new(quorum))
    }

    /// A read of this plan: it asks today's replicas alone, and writes back to those that are joining,
    /// too.
    ///
    /// # Errors
    ///
    /// As [`ReadOp::new`], and when `quorum` is for another number of replicas.
    pub fn read_op<S: Version>(
        &self,
        quorum: &Quorum,
        mode: ReadMode,
    ) -> Result<ReadOp<S>, ConfigError> {
        self.require_fit(quorum)?;
        Ok(ReadOp::new(quorum, mode)?.pending(self.pending))
    }

    fn require_fit(&self, quorum: &Quorum) -> Result<(), ConfigError> {
        if quorum.replicas() == self.replicas {
            return Ok(());
        }
        let allowed = alloc::format!("one for {} replicas, as the plan has", self.replicas);
        Err(ConfigError::new("quorum", quorum, allowed))
    }
}
