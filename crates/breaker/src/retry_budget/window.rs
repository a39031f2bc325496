use core::time::Duration;

use voussoir_core::Nanos;

use super::SCALE;
use crate::slots::{Slots, Timeline};
use crate::sync::{AtomicU64, Ordering};

/// The budget of a ratio: what came in over the last `ttl`, and a reserve, less what went out then.
///
/// Withdrawals are counted in one word, from the beginning, and each slot remembers where that word
/// stood when the slot began. So a withdrawal is one compare-and-swap that fails if any other came
/// in between, and no two threads spend the same token.
#[derive(Debug)]
pub(super) struct Window {
    /// What a call brings, in thousandths.
    deposit: u32,
    /// What is there without any call, in thousandths.
    reserve: u64,
    timeline: Timeline,
    /// In thousandths. A slot that holds 2^32 of them takes no more.
    deposits: Slots,
    /// `withdrawn` when the slot's first withdrawal was asked for.
    begun: Slots,
    /// Retries granted since the beginning, modulo 2^32.
    withdrawn: AtomicU64,
}

impl Window {
    pub(super) fn new(deposit: u32, per_second: u32, ttl: Duration) -> Self {
        let millis = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        Self {
            deposit,
            // Tokens a second times milliseconds are thousandths of a token.
            reserve: millis.saturating_mul(u64::from(per_second)),
            timeline: Timeline::new(ttl),
            deposits: Slots::new(),
            begun: Slots::new(),
            withdrawn: AtomicU64::new(0),
        }
    }

    #[inline]
    pub(super) fn deposit_at(&self, now: Nanos) {
        self.deposits.add(self.timeline.slot(now), self.deposit);
    }

    pub(super) fn try_withdraw_at(&self, now: Nanos) -> bool {
        let slot = self.timeline.slot(now);
        let mut withdrawn = self.withdrawn.load(Ordering::Acquire);
        loop {
            self.begun.open(slot, || withdrawn as u32);
            if self.balance(slot, withdrawn as u32) < u64::from(SCALE) {
                return false;
            }
            let next = u64::from((withdrawn as u32).wrapping_add(1));
            match self.withdrawn.compare_exchange(
                withdrawn,
                next,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return true,
                Err(other) => withdrawn = other,
            }
        }
    }

    pub(super) fn balance_at(&self, now: Nanos) -> u64 {
        let slot = self.timeline.slot(now);
        self.balance(slot, self.withdrawn.load(Ordering::Acquire) as u32)
    }

    /// What is there in `slot`, once so many were `withdrawn`.
    fn balance(&self, slot: u32, withdrawn: u32) -> u64 {
        let before = self.begun.oldest(slot).unwrap_or(withdrawn);
        // Seen from a thread that was held up, the slot may have begun after `withdrawn` was read.
        let spent = withdrawn.wrapping_sub(before).cast_signed().max(0).cast_unsigned();
        let income = self.reserve.saturating_add(self.deposits.sum(slot));
        income.saturating_sub(u64::from(spent) * u64::from(SCALE))
    }
}

#[cfg(all(test, voussoir_loom))]
mod models {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    fn window() -> Arc<Window> {
        let window = Window::new(500, 0, Duration::from_secs(16));
        window.deposit_at(Nanos::ZERO);
        window.deposit_at(Nanos::ZERO);
        Arc::new(window)
    }

    #[test]
    fn one_of_two_threads_gets_the_only_token() {
        loom::model(|| {
            let window = window();
            let other = {
                let window = Arc::clone(&window);
                thread::spawn(move || window.try_withdraw_at(Nanos::ZERO))
            };
            assert!(window.try_withdraw_at(Nanos::ZERO) ^ other.join().unwrap());
        });
    }

    #[test]
    fn one_of_two_threads_gets_the_only_token_also_when_a_slot_begins() {
        loom::model(|| {
            let window = window();
            let other = {
                let window = Arc::clone(&window);
                thread::spawn(move || window.try_withdraw_at(Nanos::from_secs(1)))
            };
            assert!(window.try_withdraw_at(Nanos::ZERO) ^ other.join().unwrap());
        });
    }
}
