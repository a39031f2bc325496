//! Which sets of replicas are enough.

mod analysis;
mod disjoint;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use voussoir_core::ConfigError;

use crate::Replicas;

/// Which sets of answers are enough: so many of some replicas, or a tree of such conditions.
///
/// Rules are monotone: another answer never makes enough into too few. A plain count is 16 bytes in
/// place; a tree is shared behind an `Arc`, so that an operation carries its rule without allocating.
///
/// ```
/// use voussoir_quorum::{Replicas, Rule};
///
/// // Two of the three in each of two zones.
/// let zones = [Replicas::from([0, 1, 2]), Replicas::from([3, 4, 5])];
/// let each = Rule::all_of(zones.map(|zone| Rule::at_least(2, zone)))?;
/// assert!(each.is_met(Replicas::from([0, 1, 4, 5])));
/// assert!(!each.is_met(Replicas::from([0, 1, 2, 3])));
/// # Ok::<(), voussoir_quorum::ConfigError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Rule(Form);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Form {
    Count { of: Replicas, need: u8 },
    Tree(Arc<Threshold>),
}

/// Parts with weights: enough when the weights of the parts that are met come to `need`.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Threshold {
    need: u32,
    parts: Vec<(u32, Rule)>,
}

impl Rule {
    /// Largest sum of weights.
    pub const MOST_WEIGHT: u32 = 65_535;

    /// Any `need` of these replicas. Met by none when `need` is 0, never when it is more than there
    /// are. Complexity: O(1), no allocation.
    pub const fn at_least(need: u8, of: Replicas) -> Self {
        Self(Form::Count { of, need })
    }

    /// More than half of these replicas.
    pub const fn majority(of: Replicas) -> Self {
        Self::at_least(of.len() as u8 / 2 + 1, of)
    }

    /// Every one of the rules.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn all_of(rules: impl IntoIterator<Item = Self>) -> Result<Self, ConfigError> {
        let rules: Vec<_> = rules.into_iter().collect();
        let need = rules.len() as u32;
        Self::threshold(need, rules.into_iter().map(|rule| (1, rule)))
    }

    /// Any one of the rules.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn any_of(rules: impl IntoIterator<Item = Self>) -> Result<Self, ConfigError> {
        Self::threshold(1, rules.into_iter().map(|rule| (1, rule)))
    }

    /// Rules whose weights come to `need` (Gifford, "Weighted voting for replicated data", 1979).
    ///
    /// # Errors
    ///
    /// When there are no rules, when the weights come to less than `need` or to more than
    /// [`MOST_WEIGHT`](Self::MOST_WEIGHT), and when `need` is 0.
    pub fn threshold(
        need: u32,
        parts: impl IntoIterator<Item = (u32, Self)>,
    ) -> Result<Self, ConfigError> {
        let parts: Vec<_> = parts.into_iter().collect();
        if parts.is_empty() {
            return Err(ConfigError::new("parts", 0, "1 rule or more"));
        }
        let sum = parts.iter().fold(0_u32, |sum, (weight, _)| sum.saturating_add(*weight));
        if sum > Self::MOST_WEIGHT {
            return Err(ConfigError::new("weights", sum, "a sum of at most 65535"));
        }
        if need == 0 || need > sum {
            let allowed = alloc::format!("1 to {sum}, the sum of the weights");
            return Err(ConfigError::new("need", need, allowed));
        }
        Ok(Self(Form::Tree(Arc::new(Threshold { need, parts }))))
    }

    /// Replicas whose votes come to `need`: `votes[i]` are those of place `i`.
    ///
    /// # Errors
    ///
    /// As [`threshold`](Self::threshold), and for more than 64 replicas.
    pub fn weighted(need: u32, votes: &[u32]) -> Result<Self, ConfigError> {
        if votes.len() > usize::from(Replicas::MOST) {
            return Err(ConfigError::new("votes", votes.len(), "at most 64 replicas"));
        }
        let parts = votes.iter().zip(0..).map(|(&vote, place)| (vote, Self::only(place)));
        Self::threshold(need, parts)
    }

    /// Replicas on `need` distinct machines, for keys of which one machine can hold several: `machines[i]`
    /// is that of place `i`. Beside a count, by [`all_of`](Self::all_of), it keeps two acknowledgements of
    /// one machine from passing for two. Alone it lets a read and a write meet on a machine and miss each
    /// other there.
    ///
    /// # Errors
    ///
    /// When there are fewer machines than `need`, and for more than 64 replicas.
    pub fn distinct_machines(need: u8, machines: &[u32]) -> Result<Self, ConfigError> {
        if machines.len() > usize::from(Replicas::MOST) {
            return Err(ConfigError::new("machines", machines.len(), "at most 64 replicas"));
        }
        let mut names = machines.to_vec();
        names.sort_unstable();
        names.dedup();
        let places = || machines.iter().zip(0..);
        let here = |name| places().filter(|&(&on, _)| on == name).map(|(_, place)| place).collect();
        let machine = |name| (1, Self::at_least(1, here(name)));
        Self::threshold(u32::from(need), names.into_iter().map(machine))
    }

    /// This replica.
    pub const fn only(place: u8) -> Self {
        Self::at_least(1, Replicas::one(place))
    }

    /// Whether these answers are enough. Complexity: O(1) for a count, else O(parts); no allocation.
    #[inline]
    pub fn is_met(&self, answers: Replicas) -> bool {
        match &self.0 {
            Form::Count { of, need } => (answers & *of).len() >= u32::from(*need),
            Form::Tree(tree) => tree.is_met(answers),
        }
    }

    /// The replicas whose answers count at all.
    pub fn replicas(&self) -> Replicas {
        match &self.0 {
            Form::Count { of, .. } => *of,
            Form::Tree(tree) => {
                tree.parts.iter().fold(Replicas::NONE, |all, (_, part)| all | part.replicas())
            }
        }
    }

    /// How many answers a count needs; none for a tree.
    pub const fn count(&self) -> Option<u8> {
        match self.0 {
            Form::Count { need, .. } => Some(need),
            Form::Tree(_) => None,
        }
    }

    /// The need, and the parts of a tree; none for a count.
    #[cfg(feature = "serde")]
    pub(crate) fn parts(&self) -> (u32, &[(u32, Self)]) {
        match &self.0 {
            Form::Count { need, .. } => (u32::from(*need), &[]),
            Form::Tree(tree) => (tree.need, &tree.parts),
        }
    }

    /// The same with replicas that are joining: each counts, and each raises the need by one.
    ///
    /// Without that a write can be acknowledged by joining replicas that the present readers do not
    /// ask. A tree is left as it is and needs every joining replica besides.
    #[must_use = "the rule itself is not changed"]
    pub fn raised_by(&self, pending: Replicas) -> Self {
        let pending = pending - self.replicas();
        if pending.is_empty() {
            return self.clone();
        }
        match &self.0 {
            Form::Count { of, need } => {
                Self::at_least(need.saturating_add(pending.len() as u8), *of | pending)
            }
            Form::Tree(_) => {
                let joined = Self::at_least(pending.len() as u8, pending);
                let parts = alloc::vec![(1, self.clone()), (1, joined)];
                Self(Form::Tree(Arc::new(Threshold { need: 2, parts })))
            }
        }
    }
}

impl Threshold {
    fn is_met(&self, answers: Replicas) -> bool {
        let mut sum = 0;
        for (weight, part) in &self.parts {
            if part.is_met(answers) {
                sum += weight;
                if sum >= self.need {
                    return true;
                }
            }
        }
        false
    }
}

/// `2 of {0, 1, 2}`, `all of (2 of {0, 1, 2}, 2 of {3, 4, 5})`, `3 votes of (2 × 1 of {0}, …)`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tree = match &self.0 {
            Form::Count { of, need } => return write!(f, "{need} of {of}"),
            Form::Tree(tree) => tree,
        };
        let plain = tree.parts.iter().all(|(weight, _)| *weight == 1);
        match tree.need {
            1 if plain => f.write_str("any of (")?,
            need if plain && need as usize == tree.parts.len() => f.write_str("all of (")?,
            need if plain => write!(f, "{need} of (")?,
            need => write!(f, "{need} votes of (")?,
        }
        for (index, (weight, part)) in tree.parts.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            if plain {
                write!(f, "{comma}{part}")?;
            } else {
                write!(f, "{comma}{weight} × {part}")?;
            }
        }
        f.write_str(")")
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
