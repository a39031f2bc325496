use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{HashRange, Plan, Side};
use crate::members::Members;

/// Takes the arcs of two rings laid over each other, one after another, and keeps those that change.
pub(crate) struct PlanBuilder {
    plan: Plan,
    /// What number after a node has that had this one before.
    numbers: Vec<Option<u32>>,
}

impl PlanBuilder {
    pub(crate) fn new(before: &Arc<Members>, after: &Arc<Members>, replicas: usize) -> Self {
        let number = |node: &crate::Node| after.position(node.id()).map(|at| at as u32);
        let numbers = before.nodes().iter().map(number).collect();
        let (before, after) = (Side::new(before), Side::new(after));
        Self { plan: Plan { before, after, ranges: Vec::new(), replicas }, numbers }
    }

    /// The next arc, and who keeps it before and after.
    pub(crate) fn arc(&mut self, range: HashRange, before: &[u32], after: &[u32]) {
        let Plan { before: old, after: new, ranges, .. } = &mut self.plan;
        let renumbered = before.iter().map(|&node| self.numbers[node as usize]);
        if renumbered.eq(after.iter().map(|&node| Some(node))) {
            return;
        }
        if let Some(last) = ranges.last_mut()
            && last.through() == range.after()
            && old.list(old.ends.len() - 1) == before
            && new.list(new.ends.len() - 1) == after
        {
            *last = HashRange::new(last.after(), range.through());
            return;
        }
        ranges.push(range);
        for (side, list) in [(old, before), (new, after)] {
            side.lists.extend_from_slice(list);
            side.ends.push(side.lists.len());
        }
    }

    /// The plan, its ends joined where the circle closes.
    pub(crate) fn finish(mut self) -> Plan {
        let Plan { before, after, ranges, .. } = &mut self.plan;
        if let [first, .., last] = &mut **ranges
            && last.through() == first.after()
            && before.list(0) == before.list(before.ends.len() - 1)
            && after.list(0) == after.list(after.ends.len() - 1)
        {
            *first = HashRange::new(last.after(), first.through());
            ranges.pop();
            for side in [before, after] {
                side.ends.pop();
                side.lists.truncate(side.ends.last().copied().unwrap_or(0));
            }
        }
        self.plan
    }
}
