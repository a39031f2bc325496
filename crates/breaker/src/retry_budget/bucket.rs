use voussoir_core::Nanos;

use super::SCALE;
use crate::Verdict;
use crate::sync::{AtomicU64, Ordering};

/// A bucket of tokens, in one word:
///
/// ```text
/// 63        32 31         0
/// │ filled at │  tokens   │
/// ```
///
/// *filled at* is in milliseconds modulo 2^32, and stands still when nothing is filled in by time;
/// *tokens* are thousandths, up to 4,294,967 tokens.
#[derive(Debug)]
pub(super) struct Bucket {
    capacity: u32,
    /// What a retry costs after a transient error, a timeout, a throttled call.
    costs: [u32; 3],
    /// What a first attempt that succeeds brings.
    income: u32,
    /// What time brings, in thousandths of a token a second.
    per_second: u32,
    /// As gRPC: retries cost nothing and need more than this, failures take a token.
    threshold: Option<u32>,
    word: AtomicU64,
}

/// A clock that lies further back than this was set back; one that lies less is a late thread's.
const SET_BACK_MILLIS: u32 = 60_000;

impl Bucket {
    /// The largest capacity, in tokens.
    pub(super) const MAX: u32 = u32::MAX / SCALE;

    /// Everything in tokens, but for the two incomes, which are in thousandths.
    pub(super) fn new(
        capacity: u32,
        costs: [u32; 3],
        income: u32,
        per_second: u32,
        threshold: Option<u32>,
    ) -> Self {
        let capacity = capacity.saturating_mul(SCALE);
        let costs = costs.map(|cost| cost.saturating_mul(SCALE));
        let word = AtomicU64::new(u64::from(capacity));
        Self { capacity, costs, income, per_second, threshold, word }
    }

    pub(super) fn failure_at(&self, now: Nanos) {
        if self.threshold.is_some() {
            self.change(now, |tokens| Some(tokens.saturating_sub(SCALE)));
        }
    }

    pub(super) fn try_withdraw_at(&self, now: Nanos, why: Verdict) -> Option<u32> {
        if let Some(threshold) = self.threshold {
            return (self.balance_at(now) > threshold).then_some(0);
        }
        let [transient, timed_out, throttled] = self.costs;
        let cost = match why {
            Verdict::TimedOut => timed_out,
            Verdict::Throttled { .. } => throttled,
            _ => transient,
        };
        self.change(now, |tokens| tokens.checked_sub(cost)).then_some(cost)
    }

    pub(super) fn success_at(&self, now: Nanos, paid: Option<u32>) {
        let income = match (self.threshold, paid) {
            (None, Some(paid)) => paid,
            _ => self.income,
        };
        self.change(now, |tokens| Some(tokens.saturating_add(income)));
    }

    pub(super) fn balance_at(&self, now: Nanos) -> u32 {
        self.filled(self.word.load(Ordering::Acquire), now).1
    }

    /// Whether `to` had an answer for the tokens that are there. What time has brought is written
    /// in any case, so that a clock set back counts from there.
    fn change(&self, now: Nanos, to: impl Fn(u32) -> Option<u32>) -> bool {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            let (at, tokens) = self.filled(word, now);
            let changed = to(tokens);
            let tokens = changed.unwrap_or(tokens).min(self.capacity);
            let next = u64::from(at) << 32 | u64::from(tokens);
            if next == word {
                return changed.is_some();
            }
            match self.word.compare_exchange(word, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return changed.is_some(),
                Err(other) => word = other,
            }
        }
    }

    /// The time and tokens of `word`, once time has filled in what it brings by `now`.
    fn filled(&self, word: u64, now: Nanos) -> (u32, u32) {
        let (at, tokens) = ((word >> 32) as u32, word as u32);
        if self.per_second == 0 {
            return (at, tokens);
        }
        let read = (now.as_nanos() / 1_000_000) as u32;
        let passed = read.wrapping_sub(at).cast_signed();
        if passed < 0 {
            let set_back = passed.unsigned_abs() > SET_BACK_MILLIS;
            return (if set_back { read } else { at }, tokens);
        }
        let rate = u64::from(self.per_second);
        let brought = u64::from(passed.cast_unsigned()) * rate / 1_000;
        if brought == 0 {
            return (at, tokens);
        }
        // Only the time that is paid out is used up: the rest is for the next.
        let used = (brought * 1_000).div_ceil(rate) as u32;
        let tokens = u64::from(tokens).saturating_add(brought).min(u64::from(self.capacity));
        (at.wrapping_add(used), tokens as u32)
    }
}
