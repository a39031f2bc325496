use core::iter::Copied;
use core::ops::Deref;
use core::ptr;
use core::slice::Iter;

use smallvec::SmallVec;

use crate::members::Members;
use crate::{Candidates, Node};

/// The nodes that keep a key, the owner first; a slice of them.
///
/// As many as were asked for, all different, in different zones as far as there are zones. Where there
/// are fewer nodes than were asked for, it holds what there is and [`is_complete`](Self::is_complete)
/// says so: a node is never listed twice to make up the number.
#[derive(Clone, Debug)]
pub struct Replicas<'a> {
    nodes: SmallVec<[&'a Node; 8]>,
    asked: usize,
}

impl<'a> Replicas<'a> {
    /// Where zones do not matter: the first nodes of a walk that are not there yet.
    #[inline]
    pub(crate) fn of_walk(
        members: &'a Members,
        mut walk: impl FnMut() -> Option<u32>,
        asked: usize,
    ) -> Self {
        let mut nodes: SmallVec<[&'a Node; 8]> = SmallVec::new();
        // Without the second limit a walk would go round once to find out that nobody is left.
        let most = asked.min(members.weighty());
        while nodes.len() < most
            && let Some(node) = walk().map(|index| members.node(index))
        {
            if !nodes.iter().any(|other| ptr::eq(*other, node)) {
                nodes.push(node);
            }
        }
        Self { nodes, asked }
    }

    #[inline]
    pub(crate) fn new(candidates: Candidates<'a>, asked: usize) -> Self {
        let mut nodes = SmallVec::new();
        for node in candidates.take(asked) {
            nodes.push(node);
        }
        Self { nodes, asked }
    }

    /// How many were asked for.
    pub fn asked(&self) -> usize {
        self.asked
    }

    /// Whether there are as many as were asked for.
    pub fn is_complete(&self) -> bool {
        self.nodes.len() == self.asked
    }

    /// In how many zones they are; a node without a zone is one of its own. Complexity: O(nodes²), for
    /// the few that replicas are.
    pub fn zones(&self) -> usize {
        let first_of_zone = |(at, node): &(usize, &&Node)| {
            let zone = node.zone_name();
            zone.is_none() || self.nodes[..*at].iter().all(|other| other.zone_name() != zone)
        };
        self.nodes.iter().enumerate().filter(first_of_zone).count()
    }
}

impl<'a> Deref for Replicas<'a> {
    type Target = [&'a Node];

    fn deref(&self) -> &[&'a Node] {
        &self.nodes
    }
}

impl<'a> IntoIterator for Replicas<'a> {
    type Item = &'a Node;
    type IntoIter = ReplicasIntoIter<'a>;

    fn into_iter(self) -> ReplicasIntoIter<'a> {
        ReplicasIntoIter(self.nodes.into_iter())
    }
}

impl<'a, 'b> IntoIterator for &'b Replicas<'a> {
    type Item = &'a Node;
    type IntoIter = Copied<Iter<'b, &'a Node>>;

    fn into_iter(self) -> Self::IntoIter {
        self.nodes.iter().copied()
    }
}

/// The nodes of [`Replicas`], one after another.
#[derive(Clone, Debug)]
pub struct ReplicasIntoIter<'a>(smallvec::IntoIter<[&'a Node; 8]>);

impl<'a> Iterator for ReplicasIntoIter<'a> {
    type Item = &'a Node;

    fn next(&mut self) -> Option<&'a Node> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for ReplicasIntoIter<'_> {}
