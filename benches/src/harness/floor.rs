//! What no implementation can do without, measured in the same run.

use core::hint::black_box;
use core::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use super::case::Contestant;

/// A floor: the least that a case can cost on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Floor {
    /// Load of an `AtomicU64`.
    Load,
    /// One `fetch_add`.
    FetchAdd,
    /// Load and compare-exchange until it succeeds.
    Cas,
    /// The time-stamp counter, through `quanta`.
    Quanta,
    /// `Instant::now`.
    Instant,
    /// The time-stamp counter, then the loop of compare-exchange.
    QuantaCas,
    /// `Instant::now`, then the loop of compare-exchange.
    InstantCas,
    /// An uncontended `parking_lot` lock around an addition.
    Lock,
}

impl Floor {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 8] = [
        Self::Load,
        Self::FetchAdd,
        Self::Cas,
        Self::Quanta,
        Self::Instant,
        Self::QuantaCas,
        Self::InstantCas,
        Self::Lock,
    ];

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Load => "AtomicU64 load",
            Self::FetchAdd => "AtomicU64 fetch_add",
            Self::Cas => "AtomicU64 CAS loop",
            Self::Quanta => "quanta now",
            Self::Instant => "Instant::now",
            Self::QuantaCas => "quanta now + CAS",
            Self::InstantCas => "Instant::now + CAS",
            Self::Lock => "parking_lot lock + add",
        }
    }

    /// The floor as something that can be run beside the contestants. All answers are "yes".
    pub fn contestant(self) -> Contestant {
        let word = AtomicU64::new(1);
        let name = self.name();
        match self {
            Self::Load => Contestant::each(name, move |_| word.load(Ordering::Relaxed) != 0),
            Self::FetchAdd => {
                Contestant::each(name, move |_| word.fetch_add(1, Ordering::Relaxed) != 0)
            }
            Self::Cas => Contestant::each(name, move |_| replace(&word, |old| old + 1)),
            Self::Quanta => {
                let clock = quanta::Clock::new();
                Contestant::each(name, move |_| {
                    black_box(clock.now());
                    true
                })
            }
            Self::Instant => Contestant::each(name, |_| {
                black_box(Instant::now());
                true
            }),
            Self::QuantaCas => {
                let clock = quanta::Clock::new();
                Contestant::each(name, move |_| {
                    let now = clock.raw();
                    replace(&word, |old| old.max(now))
                })
            }
            Self::InstantCas => {
                let origin = Instant::now();
                Contestant::each(name, move |_| {
                    let now = origin.elapsed().as_nanos() as u64;
                    replace(&word, |old| old.max(now))
                })
            }
            Self::Lock => {
                let word = Mutex::new(1_u64);
                Contestant::each(name, move |_| {
                    let mut word = word.lock();
                    *word += 1;
                    *word != 0
                })
            }
        }
    }
}

fn replace(word: &AtomicU64, next: impl Fn(u64) -> u64) -> bool {
    let mut old = word.load(Ordering::Relaxed);
    while let Err(seen) =
        word.compare_exchange_weak(old, next(old), Ordering::Relaxed, Ordering::Relaxed)
    {
        old = seen;
    }
    true
}
