use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;

use crate::node::Member;
use crate::{Algorithm, NoNode};

/// The nodes of one moment, in the order in which they were added, and whose turn it is. A change
/// of nodes makes a new set; calls in flight keep the members of theirs.
pub(crate) struct NodeSet<T> {
    members: Vec<Arc<Member<T>>>,
    /// Index of the member whose turn is next; may be one past the end.
    turn: CachePadded<AtomicUsize>,
}

impl<T> NodeSet<T> {
    pub(crate) fn new(members: Vec<Arc<Member<T>>>) -> Self {
        Self { members, turn: CachePadded::default() }
    }

    pub(crate) fn members(&self) -> &[Arc<Member<T>>] {
        &self.members
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Member<T>>> {
        self.members.iter().find(|member| member.node.id() == id)
    }

    pub(crate) fn with(&self, member: Arc<Member<T>>) -> Self {
        let mut members = self.members.clone();
        members.push(member);
        Self { members, turn: CachePadded::new(AtomicUsize::new(self.turn())) }
    }

    /// Without the member at `index`. The turn stays with the member that has it, or passes to the
    /// next.
    pub(crate) fn without(&self, index: usize) -> Self {
        let mut members = self.members.clone();
        members.remove(index);
        let turn = self.turn();
        let turn = if index < turn { turn - 1 } else { turn };
        Self { members, turn: CachePadded::new(AtomicUsize::new(turn)) }
    }

    /// Chooses among the members that are available and not excluded.
    pub(crate) fn choose(
        &self,
        algorithm: Algorithm,
        is_excluded: impl Fn(&str) -> bool,
    ) -> Result<&Arc<Member<T>>, NoNode> {
        loop {
            let turn = self.turn();
            let (before, from_turn) = self.members.split_at(turn.min(self.members.len()));
            let in_turn = from_turn.iter().chain(before).zip((turn..self.members.len()).chain(0..));
            let available = in_turn.filter(|(member, _)| {
                member.standing().load().is_available() && !is_excluded(member.node.id())
            });
            let chosen = match algorithm {
                Algorithm::RoundRobin => { available }.next(),
                // `max_by_key` would take the last of equals, `min_by_key` takes the first: the
                // one whose turn it is.
                Algorithm::LeastConnections => {
                    available.min_by_key(|(member, _)| member.in_flight())
                }
            };
            let Some((member, index)) = chosen else { return Err(self.why_none(is_excluded)) };
            // Another thread may have taken this turn. Then round robin looks again; the least
            // loaded remains so, whoever's turn it is.
            let taken = self
                .turn
                .compare_exchange(turn, index + 1, Ordering::Relaxed, Ordering::Relaxed)
                .is_err();
            if taken && algorithm == Algorithm::RoundRobin {
                continue;
            }
            return Ok(member);
        }
    }

    fn turn(&self) -> usize {
        self.turn.load(Ordering::Relaxed)
    }

    #[cold]
    fn why_none(&self, is_excluded: impl Fn(&str) -> bool) -> NoNode {
        let mut why = NoNode { nodes: self.members.len(), unhealthy: 0, draining: 0, excluded: 0 };
        for member in &self.members {
            let view = member.standing().load();
            if view.draining {
                why.draining += 1;
            } else if !view.is_available() {
                why.unhealthy += 1;
            } else if is_excluded(member.node.id()) {
                why.excluded += 1;
            }
        }
        why
    }
}
