use core::time::Duration;

use voussoir_core::Nanos;

use super::timeline::Timeline;

/// How full a bucket is after a decision: all that the decision's figures are computed from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    timeline: Timeline,
    burst: u32,
    cost: u32,
    now: Nanos,
    /// The tick at which the bucket will be full.
    full_at: u64,
}

impl Level {
    #[inline]
    pub(super) fn new(timeline: Timeline, burst: u32, cost: u32, now: Nanos, full_at: u64) -> Self {
        Self { timeline, burst, cost, now, full_at }
    }

    pub(crate) fn limit(&self) -> u32 {
        self.burst
    }

    pub(crate) fn cost(&self) -> u32 {
        self.cost
    }

    pub(crate) fn remaining(&self) -> u32 {
        // At most the burst, since `capacity` is so many tokens.
        (self.timeline.capacity.saturating_sub(self.missing()) / self.timeline.per_token) as u32
    }

    /// The wait for the tick from which `cost` fits under the capacity.
    pub(crate) fn retry_after(&self) -> Duration {
        let cost = self.timeline.per_token.saturating_mul(u64::from(self.cost));
        let fits_at = self.full_at.saturating_sub(self.timeline.capacity.saturating_sub(cost));
        self.timeline.wait(self.now, fits_at)
    }

    /// The wait until the debt is paid: none while the bucket is not overdrawn.
    pub(crate) fn paid_after(&self) -> Duration {
        self.timeline.wait(self.now, self.full_at.saturating_sub(self.timeline.capacity))
    }

    /// The wait for the turn of a request that was let into an evenly spaced queue.
    pub(crate) fn turn_after(&self) -> Duration {
        let cost = self.timeline.per_token.saturating_mul(u64::from(self.cost));
        self.timeline.wait(self.now, self.full_at.saturating_sub(cost))
    }

    pub(crate) fn reset_after(&self) -> Duration {
        self.timeline.wait(self.now, self.full_at)
    }

    /// Ticks until full.
    #[inline]
    fn missing(&self) -> u64 {
        self.full_at.saturating_sub(self.timeline.tick(self.now))
    }
}
