use core::fmt;
use core::iter::FusedIterator;

use crate::Node;
use crate::jump::Leaps;
use crate::maglev::Slots;
use crate::members::Members;
use crate::rendezvous::Ranked;
use crate::ring::Clockwise;
use crate::seen::Seen;

/// Where a key may live, in order of preference: every node that owns keys, once, found as it is asked
/// for.
///
/// The first is the owner. Where nodes were given zones, those that follow are in zones not met
/// before, as long as there are such; then the nodes that were passed over, in the order they were met.
/// So the first `k` are the same, whoever asks for how many.
///
/// It allocates at the ninth node, and never before (of [`Rendezvous`](crate::Rendezvous) the same).
#[derive(Clone)]
#[must_use = "nothing is looked for until it is asked"]
pub struct Candidates<'a> {
    members: &'a Members,
    walk: Walk<'a>,
    nodes: Seen,
    zones: Seen,
    /// Whether zones that were not met come first, still.
    spreading: bool,
}

/// The order in which an algorithm offers nodes, some of them again and again.
#[derive(Clone)]
pub(crate) enum Walk<'a> {
    Clockwise(Clockwise<'a>),
    Slots(Slots<'a>),
    Leaps(Leaps),
    Ranked(Ranked<'a>),
}

impl Walk<'_> {
    #[inline]
    fn next(&mut self) -> Option<u32> {
        match self {
            Self::Clockwise(walk) => walk.next(),
            Self::Slots(walk) => walk.next(),
            Self::Leaps(walk) => walk.next(),
            Self::Ranked(walk) => walk.next(),
        }
    }

    #[cold]
    fn restart(&mut self) {
        match self {
            Self::Clockwise(walk) => walk.restart(),
            Self::Slots(walk) => walk.restart(),
            Self::Leaps(walk) => walk.restart(),
            Self::Ranked(walk) => walk.restart(),
        }
    }
}

impl<'a> Candidates<'a> {
    #[inline]
    pub(crate) fn new(members: &'a Members, walk: Walk<'a>) -> Self {
        let spreading = members.zone_count() > 1;
        Self { members, walk, nodes: Seen::default(), zones: Seen::default(), spreading }
    }

    /// The next one's number among the nodes.
    #[inline]
    pub(crate) fn next_index(&mut self) -> Option<u32> {
        if self.spreading
            && let Some(node) = self.next_of_a_new_zone()
        {
            return Some(node);
        }
        if self.nodes.len() == self.members.weighty() {
            return None;
        }
        loop {
            let node = self.walk.next()?;
            if self.nodes.insert(node, self.members.len()) {
                return Some(node);
            }
        }
    }

    fn next_of_a_new_zone(&mut self) -> Option<u32> {
        while self.zones.len() < self.members.zone_count() {
            let Some(node) = self.walk.next() else { break };
            // Zones have numbers below the count of nodes: each has one node at least.
            if self.zones.insert(self.members.zone(node), self.members.len()) {
                self.nodes.insert(node, self.members.len());
                return Some(node);
            }
        }
        self.spreading = false;
        self.walk.restart();
        None
    }
}

impl<'a> Iterator for Candidates<'a> {
    type Item = &'a Node;

    #[inline]
    fn next(&mut self) -> Option<&'a Node> {
        self.next_index().map(|index| self.members.node(index))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.members.weighty() - self.nodes.len()))
    }
}

impl fmt::Debug for Candidates<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { members, nodes, .. } = self;
        let mut shown = f.debug_struct("Candidates");
        shown.field("given", &nodes.len()).field("members", members).finish_non_exhaustive()
    }
}

impl FusedIterator for Candidates<'_> {}
