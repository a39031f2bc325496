use voussoir_core::Random;

use crate::sync::{AtomicU64, Ordering};

/// [`Random`] for many threads: each draw takes the next step of one sequence.
#[derive(Debug)]
pub(crate) struct Dice {
    state: AtomicU64,
}

impl Dice {
    pub(crate) fn seeded(seed: Option<u64>) -> Self {
        Self { state: AtomicU64::new(seed.unwrap_or_else(entropy)) }
    }

    /// A sequence of its own for one call.
    #[inline]
    pub(crate) fn random(&self) -> Random {
        // An odd step, so that all 2^64 seeds come before one comes twice.
        let state = self.state.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        // Mixed once, or the sequences of two calls would be one, a step apart.
        Random::seeded(Random::seeded(state).next_u64())
    }

    /// One number in `0.0..1.0`.
    #[inline]
    pub(crate) fn fraction(&self) -> f64 {
        let state = self.state.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        Random::seeded(state).fraction()
    }
}

#[cfg(feature = "std")]
fn entropy() -> u64 {
    Random::from_entropy().next_u64()
}

/// Nothing to ask: fractional digits of pi. The pages say to give a seed.
#[cfg(not(feature = "std"))]
fn entropy() -> u64 {
    0x243F_6A88_85A3_08D3
}
