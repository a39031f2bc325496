//! What a rule costs and withstands: sizes by dynamic programming over the weights, probabilities by
//! the same, both exact where no replica stands in two places; else every set is tried.

use alloc::vec;
use alloc::vec::Vec;

use super::{Form, Rule, Threshold};
use crate::Replicas;

impl Rule {
    /// Most replicas of which every set is tried: a million sets.
    pub(crate) const MOST_TRIED: u32 = 20;

    /// The size of the smallest set that is enough; none if no set is.
    ///
    /// Complexity: O(parts · weight); O(2^n) where a replica stands in two places.
    pub fn smallest(&self) -> Option<u32> {
        if self.has_disjoint_parts() {
            return self.cost(&|count: u8, _| Some(u32::from(count)), &|tree| tree.need);
        }
        self.subsets().filter(|set| self.is_met(*set)).map(Replicas::len).min()
    }

    /// How many replicas may fail, whichever they are, with the rule still met by the others; none if
    /// it cannot be met at all.
    ///
    /// Complexity: as [`smallest`](Self::smallest).
    pub fn tolerates(&self) -> Option<u32> {
        if !self.is_met(self.replicas()) {
            return None;
        }
        if self.has_disjoint_parts() {
            // The cheapest way to break it: a count by all but `need - 1`; a tree when what is left
            // weighs less than it needs.
            let sum = |tree: &Threshold| tree.parts.iter().map(|(weight, _)| *weight).sum::<u32>();
            let breaking = self.cost(
                // Nothing for what cannot be met anyway; more than there are for what needs nothing.
                &|need, of: Replicas| Some((of.len() + 1).saturating_sub(u32::from(need))),
                &|tree| sum(tree) - tree.need + 1,
            );
            // Nothing can break what needs nothing.
            return Some(breaking.map_or(self.replicas().len(), |cost| cost - 1));
        }
        let all = self.replicas();
        let breaking = self.subsets().filter(|failed| !self.is_met(all - *failed));
        breaking.map(Replicas::len).min().map(|least| least - 1)
    }

    /// How probable it is that enough replicas are up, when each is with probability `up`, for itself.
    ///
    /// Exact. Complexity: O(parts · weight); O(2^n) where a replica stands in two places.
    pub fn availability(&self, up: f64) -> f64 {
        let up = if up.is_nan() { 0.0 } else { up.clamp(0.0, 1.0) };
        if !self.has_disjoint_parts() {
            let all = self.replicas();
            let chance = |set: Replicas| {
                let down = libm::pow(1.0 - up, f64::from((all - set).len()));
                libm::pow(up, f64::from(set.len())) * down
            };
            return self.subsets().filter(|set| self.is_met(*set)).map(chance).sum();
        }
        match &self.0 {
            Form::Count { of, need } => {
                let replicas = vec![(1, up); of.len() as usize];
                at_least(u32::from(*need), &replicas)
            }
            Form::Tree(tree) => {
                let chance = |(weight, part): &(u32, Self)| (*weight, part.availability(up));
                at_least(tree.need, &tree.parts.iter().map(chance).collect::<Vec<_>>())
            }
        }
    }

    /// Whether no replica stands in two parts.
    pub(crate) fn has_disjoint_parts(&self) -> bool {
        let Form::Tree(tree) = &self.0 else { return true };
        let mut seen = Replicas::NONE;
        tree.parts.iter().all(|(_, part)| {
            let here = part.replicas();
            let apart = (seen & here).is_empty();
            seen = seen | here;
            apart && part.has_disjoint_parts()
        })
    }

    /// Every set of the rule's replicas, the empty one and all of them included.
    pub(super) fn subsets(&self) -> impl Iterator<Item = Replicas> {
        let all = self.replicas().to_bits();
        let mut next = Some(0_u64);
        core::iter::from_fn(move || {
            let set = next?;
            // The next greater subset: count on in the bits of `all`.
            let following = (set | !all).wrapping_add(1) & all;
            next = (following != 0).then_some(following);
            Some(Replicas::from_bits(set))
        })
    }

    /// The least number of replicas that reach `need(tree)` in every tree on the way, a leaf counting
    /// `leaf(need, of)`; none if nothing does.
    fn cost(
        &self,
        leaf: &impl Fn(u8, Replicas) -> Option<u32>,
        need: &impl Fn(&Threshold) -> u32,
    ) -> Option<u32> {
        let tree = match &self.0 {
            Form::Count { of, need } => {
                return leaf(*need, *of).filter(|cost| *cost <= of.len());
            }
            Form::Tree(tree) => tree,
        };
        let goal = need(tree) as usize;
        let mut least = vec![None; goal + 1];
        least[0] = Some(0);
        for (weight, part) in &tree.parts {
            let Some(cost) = part.cost(leaf, need) else { continue };
            for reached in (0..=goal).rev() {
                let Some(before) = least[reached] else { continue };
                let to = (reached + *weight as usize).min(goal);
                if least[to].is_none_or(|known| before + cost < known) {
                    least[to] = Some(before + cost);
                }
            }
        }
        least[goal]
    }
}

/// The probability that weights come to `need`, each weighing in with its own probability.
fn at_least(need: u32, parts: &[(u32, f64)]) -> f64 {
    let need = need as usize;
    let mut chance = vec![0.0; need + 1];
    chance[0] = 1.0;
    for &(weight, up) in parts {
        for reached in (0..=need).rev() {
            let here = chance[reached];
            chance[reached] = here * (1.0 - up);
            let to = (reached + weight as usize).min(need);
            chance[to] += here * up;
        }
    }
    chance[need]
}
