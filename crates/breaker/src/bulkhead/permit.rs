use alloc::sync::Arc;
use core::mem;

use voussoir_core::{Clock, Guard, Nanos, Outcome, SystemClock};

use super::Bulkhead;
use super::place::Want;

/// Leave to run one piece of work. Dropped, it makes room for the next.
///
/// Where the limit is adaptive, say how the work ended: [`success`](Self::success), or
/// [`overload`](Self::overload). A permit that is merely dropped teaches it nothing.
#[derive(Debug)]
#[must_use = "work that does not hold its permit is not counted"]
pub struct BulkheadPermit<'a, C = SystemClock> {
    bulkhead: &'a Bulkhead<C>,
    want: Want,
    start: Nanos,
}

impl<'a, C> BulkheadPermit<'a, C> {
    #[inline]
    pub(super) fn new(bulkhead: &'a Bulkhead<C>, want: Want, start: Nanos) -> Self {
        Self { bulkhead, want, start }
    }

    /// How many permits it stands for.
    pub fn weight(&self) -> u32 {
        self.want.weight
    }

    /// The same, holding the bulkhead by `Arc`.
    pub(super) fn into_owned(self, bulkhead: Arc<Bulkhead<C>>) -> OwnedBulkheadPermit<C> {
        let (want, start) = (self.want, self.start);
        mem::forget(self);
        OwnedBulkheadPermit { bulkhead, want, start }
    }
}

impl<C: Clock> BulkheadPermit<'_, C> {
    /// The work was done.
    pub fn success(self) {
        let now = self.bulkhead.now();
        self.finish_at(Outcome::Success, now);
    }

    /// The work timed out, or was refused further down: a sign of too much at once.
    pub fn overload(self) {
        let now = self.bulkhead.now();
        self.finish_at(Outcome::Failure, now);
    }
}

impl<C> Guard for BulkheadPermit<'_, C> {
    #[inline]
    fn finish_at(self, outcome: Outcome, now: Nanos) {
        if self.bulkhead.is_adaptive() {
            // Counted while its own permit is still out, as the work was running.
            self.bulkhead.learn(now.saturating_duration_since(self.start), outcome);
        }
    }
}

impl<C> Drop for BulkheadPermit<'_, C> {
    #[inline]
    fn drop(&mut self) {
        self.bulkhead.give_back(self.want);
    }
}

/// A [`BulkheadPermit`] that holds its bulkhead by `Arc`, for work that ends in another task.
#[derive(Debug)]
#[must_use = "work that does not hold its permit is not counted"]
pub struct OwnedBulkheadPermit<C = SystemClock> {
    bulkhead: Arc<Bulkhead<C>>,
    want: Want,
    start: Nanos,
}

impl<C> OwnedBulkheadPermit<C> {
    /// How many permits it stands for.
    pub fn weight(&self) -> u32 {
        self.want.weight
    }

    /// The bulkhead that gave it.
    pub fn bulkhead(&self) -> &Arc<Bulkhead<C>> {
        &self.bulkhead
    }
}

impl<C: Clock> OwnedBulkheadPermit<C> {
    /// The work was done.
    pub fn success(self) {
        let now = self.bulkhead.now();
        self.finish_at(Outcome::Success, now);
    }

    /// The work timed out, or was refused further down: a sign of too much at once.
    pub fn overload(self) {
        let now = self.bulkhead.now();
        self.finish_at(Outcome::Failure, now);
    }
}

impl<C> Guard for OwnedBulkheadPermit<C> {
    fn finish_at(self, outcome: Outcome, now: Nanos) {
        if self.bulkhead.is_adaptive() {
            self.bulkhead.learn(now.saturating_duration_since(self.start), outcome);
        }
    }
}

impl<C> Drop for OwnedBulkheadPermit<C> {
    fn drop(&mut self) {
        self.bulkhead.give_back(self.want);
    }
}
