use core::time::Duration;

use voussoir_core::Nanos;

use super::SCALE;
use super::reserve::Reserve;
use crate::slots::{Slots, Timeline};
use crate::sync::{AtomicU64, Ordering};

/// The budget of a ratio: tokens that calls bring and that expire, the oldest spent first.
///
/// All tokens that ever came in are numbered, in thousandths, and one word says which is the next to
/// be spent. What the last slots brought is at the end of that row, so that what lies before it has
/// expired. A withdrawal is one compare-and-swap of that word: no two threads spend the same token,
/// and more than came in is never spent, whatever the clock does.
#[derive(Debug)]
pub(super) struct Window {
    /// What a call brings.
    deposit: u32,
    timeline: Timeline,
    /// What the calls of a slot brought. A slot that holds 2^32 takes no more.
    deposits: Slots,
    /// What all calls brought. Added to after the slot, so that what is on its way is not taken for
    /// expired.
    brought: AtomicU64,
    /// The first that is not spent.
    next: AtomicU64,
    reserve: Reserve,
}

impl Window {
    pub(super) fn new(deposit: u32, per_second: u32, ttl: Duration) -> Self {
        Self {
            deposit,
            timeline: Timeline::new(ttl),
            deposits: Slots::new(),
            brought: AtomicU64::new(0),
            next: AtomicU64::new(0),
            reserve: Reserve::new(per_second, ttl),
        }
    }

    #[inline]
    pub(super) fn deposit_at(&self, now: Nanos) {
        self.deposits.add(self.timeline.slot(now), self.deposit);
        self.brought.fetch_add(u64::from(self.deposit), Ordering::AcqRel);
    }

    pub(super) fn try_withdraw_at(&self, now: Nanos) -> bool {
        self.try_spend_at(now) || self.reserve.try_take_at(now)
    }

    /// In thousandths.
    pub(super) fn balance_at(&self, now: Nanos) -> u64 {
        let next = self.next.load(Ordering::Acquire);
        let (first, end) = self.unspent(now, next);
        (end - first).saturating_add(self.reserve.level_at(now))
    }

    fn try_spend_at(&self, now: Nanos) -> bool {
        let mut next = self.next.load(Ordering::Acquire);
        loop {
            let (first, end) = self.unspent(now, next);
            if end - first < u64::from(SCALE) {
                return false;
            }
            let spent = first + u64::from(SCALE);
            match self.next.compare_exchange(next, spent, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(other) => next = other,
            }
        }
    }

    /// What is there: from the first that is neither spent nor expired to the end.
    fn unspent(&self, now: Nanos, next: u64) -> (u64, u64) {
        let end = self.brought.load(Ordering::Acquire);
        let live = self.deposits.sum(self.timeline.slot(now));
        (end.saturating_sub(live).max(next).min(end), end)
    }
}

#[cfg(all(test, voussoir_loom))]
mod models {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    fn window() -> Window {
        let window = Window::new(500, 0, Duration::from_secs(16));
        window.deposit_at(Nanos::ZERO);
        window
    }

    #[test]
    fn one_of_two_threads_gets_the_only_token() {
        loom::model(|| {
            let window = window();
            window.deposit_at(Nanos::ZERO);
            let window = Arc::new(window);
            let other = {
                let window = Arc::clone(&window);
                thread::spawn(move || window.try_withdraw_at(Nanos::from_secs(1)))
            };
            assert!(window.try_withdraw_at(Nanos::ZERO) ^ other.join().unwrap());
        });
    }

    #[test]
    fn what_comes_in_meanwhile_is_neither_lost_nor_spent_twice() {
        loom::model(|| {
            let window = Arc::new(window());
            let other = {
                let window = Arc::clone(&window);
                thread::spawn(move || window.deposit_at(Nanos::from_secs(1)))
            };
            let early = window.try_withdraw_at(Nanos::ZERO);
            other.join().unwrap();
            assert!(early ^ window.try_withdraw_at(Nanos::from_secs(1)));
        });
    }
}
