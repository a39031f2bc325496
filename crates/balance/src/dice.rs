use core::cell::Cell;

use crossbeam_utils::CachePadded;
use voussoir_core::Random;

use crate::sync::{AtomicU64, Ordering};

/// Where the numbers of the draws come from.
#[derive(Debug)]
pub(crate) enum Dice {
    /// A sequence for each thread, so that threads do not meet here.
    PerThread,
    /// One sequence that its seed names, shared by all threads, so that a test replays.
    Seeded(CachePadded<AtomicU64>),
}

std::thread_local! {
    /// The state of this thread's sequence; 0 before the first number.
    static STATE: Cell<u64> = const { Cell::new(0) };
}

/// How far `SplitMix64` steps from number to number.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl Dice {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        seed.map_or(Self::PerThread, |seed| Self::Seeded(CachePadded::new(AtomicU64::new(seed))))
    }

    /// Numbers for one draw that needs several, from a seed of its own.
    #[inline]
    pub(crate) fn throw(&self) -> Random {
        Random::seeded(self.number())
    }

    /// One number.
    #[inline]
    pub(crate) fn number(&self) -> u64 {
        match self {
            Self::PerThread => {
                let mut state = STATE.get();
                if state == 0 {
                    state = Random::from_entropy().next_u64();
                }
                STATE.set(state.wrapping_add(STEP));
                Random::seeded(state).next_u64()
            }
            Self::Seeded(state) => {
                Random::seeded(state.fetch_add(STEP, Ordering::Relaxed)).next_u64()
            }
        }
    }
}
