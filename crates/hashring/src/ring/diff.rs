use alloc::sync::Arc;
use alloc::vec::Vec;

use thiserror::Error;

use super::{Clockwise, Points, Ring};
use crate::candidates::Walk;
use crate::members::Members;
use crate::plan::PlanBuilder;
use crate::{Candidates, HashFunction, HashRange, Plan};

/// Two rings cannot be compared: they hash keys differently, so that all keys move and no ranges can
/// be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("keys are hashed by {before} before and by {after} after; a plan needs the same function")]
pub struct DiffError {
    before: HashFunction,
    after: HashFunction,
}

/// What moves from one ring to another.
impl Ring {
    /// The ranges of hashes whose owner is another in `next`, exactly. Layouts, virtual nodes, weights
    /// and any number of nodes may differ.
    ///
    /// Complexity: O(points of both).
    ///
    /// # Errors
    ///
    /// When the rings hash keys differently.
    ///
    /// ```
    /// use voussoir_hashring::Ring;
    ///
    /// let three = Ring::builder().nodes(["a", "b", "c"]).build()?;
    /// let four = three.add("d")?;
    /// let plan = three.diff(&four)?;
    /// assert!(plan.moves().all(|moved| moved.to().is_some_and(|node| node.id() == "d")));
    /// assert!((0.2..0.3).contains(&plan.fraction()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn diff(&self, next: &Self) -> Result<Plan, DiffError> {
        self.diff_replicas(next, 1)
    }

    /// The same for keys that are kept `count` times: the ranges whose list of nodes is another.
    ///
    /// Complexity: O(points of both × `count`) expected, as for [`replicas`](Self::replicas).
    ///
    /// # Errors
    ///
    /// When the rings hash keys differently.
    pub fn diff_replicas(&self, next: &Self, count: usize) -> Result<Plan, DiffError> {
        if self.hash != next.hash {
            return Err(DiffError { before: self.hash, after: next.hash });
        }
        let (mut old, mut new) = (Cursor::new(self), Cursor::new(next));
        let mut plan = PlanBuilder::new(&self.members, &next.members, count);
        let last = old.last.max(new.last);
        let Some(mut after) = last else { return Ok(plan.finish()) };
        let (mut before_list, mut after_list) = (Vec::new(), Vec::new());
        while let Some(through) = old.ahead().into_iter().chain(new.ahead()).min() {
            old.list(count, &mut before_list);
            new.list(count, &mut after_list);
            plan.arc(HashRange::new(after, through), &before_list, &after_list);
            after = through;
            old.pass(through);
            new.pass(through);
        }
        Ok(plan.finish())
    }
}

/// A ring's points, from the first to the last.
struct Cursor<'a> {
    members: &'a Arc<Members>,
    points: &'a Points,
    hashes: Vec<u64>,
    last: Option<u64>,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn new(ring: &'a Ring) -> Self {
        let hashes: Vec<u64> = ring.points.iter().map(|(hash, _)| hash).collect();
        let last = hashes.last().copied();
        Self { members: &ring.members, points: &ring.points, hashes, last, at: 0 }
    }

    /// The next point.
    fn ahead(&self) -> Option<u64> {
        self.hashes.get(self.at).copied()
    }

    fn pass(&mut self, hash: u64) {
        while self.ahead().is_some_and(|ahead| ahead <= hash) {
            self.at += 1;
        }
    }

    /// Who keeps the keys that the next point owns.
    fn list(&self, count: usize, list: &mut Vec<u32>) {
        list.clear();
        if self.points.is_empty() {
            return;
        }
        if count == 1 {
            list.push(self.points.owner(self.at));
            return;
        }
        let walk = Walk::Clockwise(Clockwise::from_place(self.points, self.at));
        let mut candidates = Candidates::new(self.members, walk);
        list.extend(core::iter::from_fn(|| candidates.next_index()).take(count));
    }
}
