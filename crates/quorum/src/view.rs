//! Who is a member, and what that means for an operation.

mod plan;

use alloc::vec::Vec;
use core::fmt;

use thiserror::Error;

pub use plan::{Plan, PlanError};

/// Where a member is in its life. Later ones win over earlier ones of the same incarnation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum MemberState {
    /// It takes writes and is being brought up to date: it counts for no read, and raises what a write
    /// needs.
    Joining,
    /// It is a replica.
    Up,
    /// It still is one, and its keys are being handed over.
    Leaving,
    /// It is none any more, and comes back only as a later incarnation.
    Gone,
}

/// A node, in one of its incarnations.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
pub struct Member<N> {
    /// Its name.
    pub node: N,
    /// Which of its lives; a node that joins anew has a greater one.
    pub incarnation: u64,
    /// Where it is in that life.
    pub state: MemberState,
}

/// A change of a member that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "incarnation {incarnation} in state {state:?} is not later than {known_incarnation} in {known:?}"
)]
pub struct NotLater {
    /// What was to be.
    pub incarnation: u64,
    /// In which state.
    pub state: MemberState,
    /// What is.
    pub known_incarnation: u64,
    /// In which state.
    pub known: MemberState,
}

/// Who is a member: the same on all nodes, once they have heard the same.
///
/// Per node the later incarnation wins, and within one the later state; so two views
/// [merge](Self::merge) in any order to the same. Whether a node answers is no part of it: that is what
/// each node's own failure detectors say.
///
/// ```
/// use voussoir_quorum::{MemberState, View};
///
/// let mut view = View::new();
/// view.set("a", 1, MemberState::Up)?;
/// view.set("b", 1, MemberState::Joining)?;
/// let mut elsewhere = view.clone();
/// elsewhere.set("b", 1, MemberState::Up)?;
/// view.merge(&elsewhere);
/// assert_eq!(view.state(&"b"), Some(MemberState::Up));
/// # Ok::<(), voussoir_quorum::NotLater>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct View<N> {
    /// In the order of their names.
    members: Vec<Member<N>>,
}

impl<N: Ord + Clone> View<N> {
    /// Nobody. No allocation.
    pub const fn new() -> Self {
        Self { members: Vec::new() }
    }

    /// A member has come, or has gone on in its life.
    ///
    /// Complexity: O(members) for a new one, else O(log members).
    ///
    /// # Errors
    ///
    /// When what is known is as late or later; it stays then.
    pub fn set(&mut self, node: N, incarnation: u64, state: MemberState) -> Result<(), NotLater> {
        match self.members.binary_search_by(|member| member.node.cmp(&node)) {
            Err(at) => self.members.insert(at, Member { node, incarnation, state }),
            Ok(at) => {
                let known = &mut self.members[at];
                if (incarnation, state) <= (known.incarnation, known.state) {
                    return Err(NotLater {
                        incarnation,
                        state,
                        known_incarnation: known.incarnation,
                        known: known.state,
                    });
                }
                (known.incarnation, known.state) = (incarnation, state);
            }
        }
        Ok(())
    }

    /// Takes over whatever is later in `other`, and tells whether anything was. Commutative,
    /// associative, idempotent. Complexity: O(members of both).
    pub fn merge(&mut self, other: &Self) -> bool {
        let mut changed = false;
        for Member { node, incarnation, state } in &other.members {
            changed |= self.set(node.clone(), *incarnation, *state).is_ok();
        }
        changed
    }

    /// What is known of a node.
    pub fn get(&self, node: &N) -> Option<&Member<N>> {
        let at = self.members.binary_search_by(|member| member.node.cmp(node)).ok()?;
        Some(&self.members[at])
    }

    /// Where a node is in its life.
    pub fn state(&self, node: &N) -> Option<MemberState> {
        self.get(node).map(|member| member.state)
    }

    /// All that were ever heard of, those that are gone included, in the order of their names.
    pub fn members(&self) -> &[Member<N>] {
        &self.members
    }

    /// The operation plan of a key. `preference` is the key's preference list over all members, those
    /// that are joining included, as a ring gives it; `n` is how many replicas a key has; `stand_ins`
    /// is how many of the nodes behind them may take hints.
    ///
    /// The first `n` that are up or leaving are the replicas: who reads and writes today. Nodes that
    /// are joining and stand before the last of these will be replicas: they are pending. With a
    /// replica that is leaving, whoever follows the last will be one, and is pending, too.
    ///
    /// A node that is named twice counts where it is named first.
    ///
    /// Complexity: O(preference · (log members + n + stand-ins)).
    ///
    /// # Errors
    ///
    /// When fewer than `n` members can be replicas today, and when these and those that are joining are
    /// more than 64.
    pub fn plan(&self, preference: &[N], n: u8, stand_ins: u8) -> Result<Plan<N>, PlanError> {
        Plan::new(self, preference, n, stand_ins)
    }
}

impl<N: Ord + Clone> Default for View<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// `b (incarnation 2, joining)`.
impl<N: fmt::Display> fmt::Display for Member<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            MemberState::Joining => "joining",
            MemberState::Up => "up",
            MemberState::Leaving => "leaving",
            MemberState::Gone => "gone",
        };
        write!(f, "{} (incarnation {}, {state})", self.node, self.incarnation)
    }
}
