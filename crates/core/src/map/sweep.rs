use crate::sync::{AtomicUsize, Ordering};

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Slots looked at, taken or free; never more than the budget.
    pub examined: usize,
    /// Entries removed.
    pub removed: usize,
}

/// The shard that the next sweep visits, as a count that runs on: sweeps of several threads share
/// it, and whoever finishes a shard moves it on once.
#[derive(Debug, Default)]
pub(crate) struct SweepCursor {
    position: AtomicUsize,
}

impl SweepCursor {
    pub(crate) fn position(&self) -> usize {
        self.position.load(Ordering::Relaxed)
    }

    /// Moves on to the next shard, unless another sweep has already done so.
    pub(crate) fn advance_from(&self, position: usize) {
        let next = position.wrapping_add(1);
        let _ =
            self.position.compare_exchange(position, next, Ordering::Relaxed, Ordering::Relaxed);
    }
}
