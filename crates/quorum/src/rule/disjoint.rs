use alloc::vec;

use voussoir_core::ConfigError;

use super::{Form, Rule, Threshold};
use crate::Replicas;

impl Rule {
    /// Whether every set that meets this rule and every set that meets `other` have a replica in
    /// common: what makes a read see a write.
    ///
    /// Exact. Complexity: O(1) for two counts, O(parts · weight²) for two trees of one shape without
    /// a replica in two places, else O(2^n).
    ///
    /// # Errors
    ///
    /// When every set would have to be tried and there are more than 20 replicas.
    pub fn meets(&self, other: &Self) -> Result<bool, ConfigError> {
        if let Some(apart) = self.can_be_apart(other) {
            return Ok(!apart);
        }
        let all = self.replicas() | other.replicas();
        if all.len() > Self::MOST_TRIED {
            let allowed = "at most 20 where read and write differ in shape or name a replica twice";
            return Err(ConfigError::new("replicas", all.len(), allowed));
        }
        // Whoever of `other` is not in the set is the most that could stand apart from it.
        Ok(!self.subsets().any(|set| self.is_met(set) && other.is_met(all - set)))
    }

    /// Whether both can be met by sets without a common replica; none where the shapes do not tell.
    fn can_be_apart(&self, other: &Self) -> Option<bool> {
        match (&self.0, &other.0) {
            (Form::Count { of, need }, Form::Count { of: others, need: others_need }) => {
                Some(counts_apart(*of, u32::from(*need), *others, u32::from(*others_need)))
            }
            (Form::Tree(ours), Form::Tree(theirs))
                if self.has_disjoint_parts() && other.has_disjoint_parts() =>
            {
                ours.apart(theirs)
            }
            _ => None,
        }
    }
}

fn counts_apart(of: Replicas, need: u32, others: Replicas, others_need: u32) -> bool {
    if need > of.len() || others_need > others.len() {
        return false;
    }
    // Each takes first what the other cannot use.
    let shared = need.saturating_sub((of - others).len());
    let others_shared = others_need.saturating_sub((others - of).len());
    shared + others_shared <= (of & others).len()
}

impl Threshold {
    /// For two trees over the same parts: each part serves one side, or both where it can be split.
    fn apart(&self, other: &Self) -> Option<bool> {
        if self.parts.len() != other.parts.len() {
            return None;
        }
        let (need, others_need) = (self.need as usize, other.need as usize);
        // reach[w] is the most weight of the other side that is left with `w` of ours.
        let mut reach = vec![None; need + 1];
        reach[0] = Some(0_usize);
        for ((weight, part), (others_weight, others)) in self.parts.iter().zip(&other.parts) {
            if part.replicas() != others.replicas() {
                return None;
            }
            let both = part.can_be_apart(others)?;
            let ours = part.is_met(part.replicas()).then_some(*weight as usize);
            let theirs = others.is_met(others.replicas()).then_some(*others_weight as usize);
            let mut next = reach.clone();
            for (reached, left) in reach.iter().enumerate() {
                let Some(left) = *left else { continue };
                let mut offer = |to: usize, left: usize| {
                    let best = &mut next[to.min(need)];
                    *best = Some(best.map_or(left, |known| known.max(left)));
                };
                if let Some(ours) = ours {
                    offer(reached + ours, left + if both { theirs.unwrap_or(0) } else { 0 });
                }
                if let Some(theirs) = theirs {
                    offer(reached, left + theirs);
                }
            }
            reach = next;
        }
        Some(reach[need].is_some_and(|left| left >= others_need))
    }
}
