use core::fmt;

use crate::members::Members;
use crate::{HashRange, Node, Plan};

/// A range of a [`Plan`], and who keeps it before and after.
#[derive(Clone, Copy)]
pub struct Move<'a> {
    pub(super) plan: &'a Plan,
    pub(super) index: usize,
}

impl<'a> Move<'a> {
    /// The hashes.
    pub fn range(self) -> HashRange {
        self.plan.ranges[self.index]
    }

    /// The owner before; none where the ring had no nodes.
    pub fn from(self) -> Option<&'a Node> {
        self.before().next()
    }

    /// The owner after; none where the ring has no nodes.
    pub fn to(self) -> Option<&'a Node> {
        self.after().next()
    }

    /// All that keep it before, in order of preference.
    pub fn before(self) -> impl Iterator<Item = &'a Node> + Clone {
        nodes(&self.plan.before.members, self.plan.before.list(self.index))
    }

    /// All that keep it after, in order of preference.
    pub fn after(self) -> impl Iterator<Item = &'a Node> + Clone {
        nodes(&self.plan.after.members, self.plan.after.list(self.index))
    }

    /// Those that keep it after and did not before. None where only the order changes.
    pub fn gained(self) -> impl Iterator<Item = &'a Node> + Clone {
        self.after().filter(move |node| self.before().all(|other| other.id() != node.id()))
    }

    /// Those that kept it before and do not any more.
    pub fn lost(self) -> impl Iterator<Item = &'a Node> + Clone {
        self.before().filter(move |node| self.after().all(|other| other.id() != node.id()))
    }

    /// What has to be copied. The source is the first node that keeps the range, since one that loses
    /// it may be dead already; where none keeps it, the first that had it. Any of
    /// [`before`](Self::before) that is alive would do.
    pub fn transfers(self) -> impl Iterator<Item = Transfer<'a>> {
        let keeps = |node: &&Node| self.after().any(|other| other.id() == node.id());
        let from = self.before().find(keeps).or_else(|| self.from());
        self.gained().map(move |to| Transfer { range: self.range(), from, to })
    }
}

impl fmt::Debug for Move<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from ", self.range())?;
        f.debug_list().entries(self.before().map(Node::id)).finish()?;
        f.write_str(" to ")?;
        f.debug_list().entries(self.after().map(Node::id)).finish()
    }
}

fn nodes<'a>(members: &'a Members, list: &'a [u32]) -> impl Iterator<Item = &'a Node> + Clone {
    list.iter().map(|&index| members.node(index))
}

/// A range to be copied from one node to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer<'a> {
    range: HashRange,
    from: Option<&'a Node>,
    to: &'a Node,
}

impl<'a> Transfer<'a> {
    /// The hashes.
    pub fn range(self) -> HashRange {
        self.range
    }

    /// Who has it; nobody where the ring had no nodes.
    pub fn from(self) -> Option<&'a Node> {
        self.from
    }

    /// Who needs it.
    pub fn to(self) -> &'a Node {
        self.to
    }
}
