#[cfg(feature = "serde")]
mod serde;

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use voussoir_core::Nanos;

/// What a limiter remembers of one key, in terms that another process understands: how much was
/// used, and for how much longer it counts. Times remain, instants do not.
///
/// Restored, a state is never more generous than it was, with one exception: the windows of fixed and
/// sliding counts follow the clock they are restored under, and may end up to one of them sooner
/// unless it shows the same time, as a wall clock does. Nor is a state stricter, to two nanoseconds,
/// for buckets, queues and fixed windows; for the others what was used may count up to a period
/// longer.
///
/// With the feature `serde` a list for each limit of pairs, nanoseconds and cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    limits: Vec<Vec<Use>>,
}

/// So much was used, and counts for so much longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) cost: u32,
    pub(crate) counts_for: u64,
}

impl Snapshot {
    pub(crate) fn new(uses: Vec<Use>) -> Self {
        Self { limits: vec![uses] }
    }

    /// The uses of the first limit.
    pub(crate) fn uses(&self) -> &[Use] {
        self.limits.first().map_or(&[], Vec::as_slice)
    }

    /// The snapshot of one limit of several.
    #[cfg(all(feature = "std", target_has_atomic = "64"))]
    pub(crate) fn part(&self, index: usize) -> Self {
        Self { limits: self.limits.get(index).cloned().into_iter().collect() }
    }

    /// How many limits it is of.
    #[cfg(all(feature = "std", target_has_atomic = "64"))]
    pub(crate) fn limits(&self) -> usize {
        self.limits.len()
    }

    /// Whether nothing had been used.
    pub fn is_empty(&self) -> bool {
        self.limits.iter().all(Vec::is_empty)
    }

    /// For how much longer any of it counts.
    pub fn counts_for(&self) -> Duration {
        let longest = self.limits.iter().flatten().map(|used| used.counts_for).max();
        Duration::from_nanos(longest.unwrap_or(0))
    }
}

impl FromIterator<Self> for Snapshot {
    fn from_iter<I: IntoIterator<Item = Self>>(parts: I) -> Self {
        let first = |part: Self| part.limits.into_iter().next().unwrap_or_default();
        Self { limits: parts.into_iter().map(first).collect() }
    }
}

impl Use {
    /// Of a decision that costs nothing: everything that is used, until all is available again.
    pub(crate) fn all_of(decision: crate::Decision) -> Vec<Self> {
        let counts_for = Nanos::from_duration(decision.reset_after()).as_nanos();
        let cost = decision.limit() - decision.remaining();
        if counts_for == 0 { Vec::new() } else { vec![Self { cost, counts_for }] }
    }
}
