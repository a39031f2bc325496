use core::time::Duration;

use voussoir_core::Nanos;

use super::SCALE;
use crate::slots::HELD_UP;
use crate::sync::{AtomicU64, Ordering};

/// Tokens that come with time alone, so many a second and as many as come in the life of a token at
/// most: a bucket that is full at first, in one word, which is the time at which it will be full
/// again (the generic cell rate algorithm of ATM Forum TM 4.0).
#[derive(Debug)]
pub(super) struct Reserve {
    /// In how many nanoseconds one token comes; 0 for never.
    each: u64,
    /// How long an empty bucket takes to fill.
    depth: u64,
    full_at: AtomicU64,
}

impl Reserve {
    pub(super) fn new(per_second: u32, ttl: Duration) -> Self {
        let each = u64::from(per_second).max(1);
        let each = if per_second == 0 { 0 } else { 1_000_000_000_u64.div_ceil(each) };
        let millis = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        let tokens = millis.saturating_mul(u64::from(per_second)) / 1_000;
        Self { each, depth: each.saturating_mul(tokens), full_at: AtomicU64::new(0) }
    }

    pub(super) fn try_take_at(&self, now: Nanos) -> bool {
        if self.each == 0 {
            return false;
        }
        let now = now.as_nanos();
        let mut full_at = self.full_at.load(Ordering::Acquire);
        loop {
            let empty = now.saturating_add(self.depth);
            let to = full_at.max(now).saturating_add(self.each);
            let granted = to <= empty;
            let to = if granted {
                to
            } else if full_at > empty.saturating_add(HELD_UP.as_nanos() as u64) {
                // Emptier than empty: the clock was set back, and time counts on from here.
                empty
            } else {
                return false;
            };
            match self.full_at.compare_exchange(full_at, to, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return granted,
                Err(other) => full_at = other,
            }
        }
    }

    /// In thousandths of a token.
    pub(super) fn level_at(&self, now: Nanos) -> u64 {
        let missing = self.full_at.load(Ordering::Acquire).saturating_sub(now.as_nanos());
        let there = self.depth.saturating_sub(missing);
        if self.each == 0 {
            return 0;
        }
        u64::try_from(u128::from(there) * u128::from(SCALE) / u128::from(self.each))
            .unwrap_or(u64::MAX)
    }
}
