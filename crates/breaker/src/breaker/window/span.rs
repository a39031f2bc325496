use alloc::vec::Vec;
use core::time::Duration;

use voussoir_core::Nanos;
#[cfg(feature = "std")]
use voussoir_core::Striped;

use super::Tally;
use crate::slots::{SLOTS, Slots, Timeline};
use crate::sync::{AtomicU64, Ordering};

/// The outcomes of the last span of time, in sixteen slots, each thread's in a stripe of its own.
///
/// A change of generation moves the time line on by sixteen slots. An outcome that was on its way
/// then has the number of a slot that nobody sums any more.
#[derive(Debug)]
pub(crate) struct Span {
    timeline: Timeline,
    stripes: Stripes,
    /// The slot plus 1 of the last failure or slow call, or 0: while it is not among the sixteen, a
    /// success cannot trip anything and need not add the stripes up.
    last_bad: AtomicU64,
    /// The slot plus 1 in which a success was last found to trip nothing, with enough calls for a
    /// verdict: more successes in the same slot cannot trip either.
    settled: AtomicU64,
}

#[derive(Debug)]
struct Stripe {
    calls: Slots,
    failures: Slots,
    slow: Slots,
}

impl Span {
    pub(crate) fn new(time: Duration) -> Self {
        Self {
            timeline: Timeline::new(time),
            stripes: Stripes::new(Stripe::new),
            last_bad: AtomicU64::new(0),
            settled: AtomicU64::new(0),
        }
    }

    /// Counts a call at `now`. `None` when it cannot have tripped anything, or `is_current` says
    /// that its generation has passed.
    #[inline]
    pub(crate) fn push(
        &self,
        now: Nanos,
        call: Tally,
        min_calls: u32,
        is_current: impl FnOnce() -> bool,
    ) -> Option<Tally> {
        let slot = self.timeline.slot(now);
        // Asked after the slot was chosen: should the generation pass after this, so has the slot.
        if !is_current() {
            return None;
        }
        let stripe = self.stripes.local();
        // Asked before the call is counted, so as not to wait for that. Whoever fails in between looks
        // at the window itself; should it look before this call is in, which is the one that completes
        // the minimum, the next call opens the breaker.
        let judged = !call.is_good() || self.may_trip(slot);
        stripe.calls.add(slot, 1);
        judged.then(|| self.judge(stripe, slot, call, min_calls))
    }

    /// Counts a success at `now` if that cannot trip anything and `is_current` says that its
    /// generation is that of a closed breaker. Else it is for [`push`](Self::push).
    #[inline]
    pub(crate) fn push_success(&self, now: Nanos, is_current: impl FnOnce() -> bool) -> bool {
        let slot = self.timeline.slot(now);
        // As above.
        let counts = !self.may_trip(slot) && is_current();
        if counts {
            self.stripes.local().calls.add(slot, 1);
        }
        counts
    }

    #[cold]
    fn judge(&self, stripe: &Stripe, slot: u32, call: Tally, min_calls: u32) -> Tally {
        if !call.is_good() {
            stripe.failures.add(slot, call.failures);
            stripe.slow.add(slot, call.slow);
            // A thread a little late may put an earlier slot here: the window is then looked at one
            // slot too seldom, not wrongly.
            self.last_bad.store(u64::from(slot) + 1, Ordering::Release);
        }
        let tally = self.sum(slot);
        if call.is_good() && tally.calls >= min_calls {
            self.settled.store(u64::from(slot) + 1, Ordering::Release);
        }
        tally
    }

    #[inline]
    fn may_trip(&self, slot: u32) -> bool {
        let last_bad = self.last_bad.load(Ordering::Acquire);
        let recent = last_bad != 0 && slot.wrapping_sub((last_bad - 1) as u32) < SLOTS;
        recent && self.settled.load(Ordering::Acquire) != u64::from(slot) + 1
    }

    pub(crate) fn tally(&self, now: Nanos) -> Tally {
        self.sum(self.timeline.slot(now))
    }

    pub(crate) fn forget(&self) {
        self.timeline.forget();
    }

    /// What each of the sixteen slots holds, from the oldest to the latest.
    pub(crate) fn slots(&self, now: Nanos) -> Vec<Tally> {
        let last = self.timeline.slot(now);
        let slots = (0..SLOTS).rev().map(|age| last.wrapping_sub(age));
        slots
            .map(|slot| {
                let of = |stripe: &Stripe| Tally {
                    calls: stripe.calls.at(slot),
                    failures: stripe.failures.at(slot),
                    slow: stripe.slow.at(slot),
                };
                self.stripes.iter().map(of).fold(Tally::default(), Tally::plus)
            })
            .collect()
    }

    /// Puts back what [`slots`](Self::slots) gave.
    pub(crate) fn restore(&self, now: Nanos, tallies: &[Tally]) {
        let last = self.timeline.slot(now);
        let oldest = tallies.len().saturating_sub(SLOTS as usize);
        let kept = &tallies[oldest..];
        for (tally, age) in kept.iter().zip((0..kept.len() as u32).rev()) {
            let (slot, stripe) = (last.wrapping_sub(age), self.stripes.local());
            stripe.calls.add(slot, tally.calls);
            // A snapshot may say anything; no more calls fail than there are.
            stripe.failures.add(slot, tally.failures.min(tally.calls));
            stripe.slow.add(slot, tally.slow.min(tally.calls));
            if tally.failures > 0 || tally.slow > 0 {
                self.last_bad.store(u64::from(slot) + 1, Ordering::Release);
            }
        }
    }

    /// What the sixteen slots up to `last` hold.
    fn sum(&self, last: u32) -> Tally {
        let sum = |slots: &Slots| u32::try_from(slots.sum(last)).unwrap_or(u32::MAX);
        let of = |stripe: &Stripe| {
            let (failures, slow) = (sum(&stripe.failures), sum(&stripe.slow));
            // Last: whoever fails is counted here first, so that no failure is of no call.
            Tally { calls: sum(&stripe.calls), failures, slow }
        };
        self.stripes.iter().map(of).fold(Tally::default(), Tally::plus)
    }
}

impl Stripe {
    fn new() -> Self {
        Self { calls: Slots::new(), failures: Slots::new(), slow: Slots::new() }
    }
}

#[cfg(feature = "std")]
type Stripes = Striped<Stripe>;

/// Without threads to tell apart there is one stripe.
#[cfg(not(feature = "std"))]
#[derive(Debug)]
struct Stripes(alloc::boxed::Box<Stripe>);

#[cfg(not(feature = "std"))]
impl Stripes {
    fn new(make: impl Fn() -> Stripe) -> Self {
        Self(alloc::boxed::Box::new(make()))
    }

    fn local(&self) -> &Stripe {
        &self.0
    }

    fn iter(&self) -> impl Iterator<Item = &Stripe> {
        core::iter::once(&*self.0)
    }
}
