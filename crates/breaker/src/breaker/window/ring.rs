use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use voussoir_core::Lock;

use super::Tally;
use crate::sync::{AtomicU64, Ordering};

/// The outcomes of more calls than one word holds: exact, under a short lock, which a success among
/// successes does not take.
#[derive(Debug)]
pub(crate) struct Ring {
    /// The generation plus 1 whose window is full of quick successes, or 0.
    healthy: AtomicU64,
    state: Lock<Slots>,
}

#[derive(Debug)]
struct Slots {
    /// Outcomes of other generations count nowhere.
    generation: u32,
    size: u32,
    /// Where the next outcome goes.
    next: u32,
    tally: Tally,
    failed: Bits,
    slow: Bits,
}

#[derive(Debug)]
struct Bits(Box<[u64]>);

impl Ring {
    pub(crate) fn new(size: u32, with_slow: bool) -> Self {
        Self {
            healthy: AtomicU64::new(0),
            state: Lock::new(Slots {
                generation: 0,
                size,
                next: 0,
                tally: Tally::default(),
                failed: Bits::new(size),
                slow: Bits::new(if with_slow { size } else { 0 }),
            }),
        }
    }

    /// Counts an outcome of `generation`. `None` when no count changed, as when a success takes the
    /// place of a success, or `is_current` says that the generation has passed.
    #[inline]
    pub(crate) fn push(
        &self,
        generation: u32,
        failed: bool,
        slow: bool,
        is_current: impl FnOnce() -> bool,
    ) -> Option<Tally> {
        let healthy = self.healthy.load(Ordering::Acquire) == u64::from(generation) + 1;
        if healthy && !failed && !slow {
            return None;
        }
        let mut slots = self.state.lock();
        // Asked under the lock: a later generation takes the lock before it counts.
        if !is_current() {
            return None;
        }
        if slots.generation != generation {
            slots.clear(generation);
        } else if !failed && !slow && slots.turn() {
            return None;
        }
        slots.push(failed, slow);
        self.healthy.store(slots.healthy(), Ordering::Release);
        Some(slots.tally)
    }

    pub(crate) fn tally(&self, generation: u32) -> Tally {
        let slots = self.state.lock();
        if slots.generation == generation { slots.tally } else { Tally::default() }
    }

    /// The outcomes of `generation` from the oldest to the latest.
    pub(crate) fn outcomes(&self, generation: u32) -> Vec<(bool, bool)> {
        let slots = self.state.lock();
        if slots.generation != generation {
            return Vec::new();
        }
        let oldest = slots.next + slots.size - slots.tally.calls;
        let places = (oldest..oldest + slots.tally.calls).map(|at| at % slots.size);
        places.map(|at| (slots.failed.get(at), slots.slow.get(at))).collect()
    }
}

impl Slots {
    fn clear(&mut self, generation: u32) {
        self.generation = generation;
        self.next = 0;
        self.tally = Tally::default();
        self.failed.0.fill(0);
        self.slow.0.fill(0);
    }

    /// Puts a quick success where the oldest outcome is one as well, or says that it is none.
    fn turn(&mut self) -> bool {
        let at = self.next;
        let same = self.tally.calls == self.size && !self.failed.get(at) && !self.slow.get(at);
        if same {
            self.next = self.after(at);
        }
        same
    }

    fn after(&self, at: u32) -> u32 {
        if at + 1 == self.size { 0 } else { at + 1 }
    }

    fn push(&mut self, failed: bool, slow: bool) {
        let at = self.next;
        self.next = self.after(at);
        let (failed_before, slow_before) =
            (self.failed.replace(at, failed), self.slow.replace(at, slow));
        let tally = &mut self.tally;
        // A place that was not taken held neither.
        tally.calls = self.size.min(tally.calls + 1);
        tally.failures = tally.failures + u32::from(failed) - u32::from(failed_before);
        tally.slow = tally.slow + u32::from(slow) - u32::from(slow_before);
    }

    fn healthy(&self) -> u64 {
        let Tally { calls, failures, slow } = self.tally;
        let healthy = calls == self.size && failures == 0 && slow == 0;
        if healthy { u64::from(self.generation) + 1 } else { 0 }
    }
}

impl Bits {
    fn new(size: u32) -> Self {
        Self(vec![0; size.div_ceil(u64::BITS) as usize].into_boxed_slice())
    }

    fn get(&self, at: u32) -> bool {
        self.0.get((at / u64::BITS) as usize).is_some_and(|word| word >> (at % u64::BITS) & 1 == 1)
    }

    /// Sets a bit and returns what it was. There is none where slow calls do not count.
    fn replace(&mut self, at: u32, to: bool) -> bool {
        let Some(word) = self.0.get_mut((at / u64::BITS) as usize) else { return false };
        let bit = at % u64::BITS;
        let was = *word >> bit & 1 == 1;
        *word = *word & !(1 << bit) | u64::from(to) << bit;
        was
    }
}
