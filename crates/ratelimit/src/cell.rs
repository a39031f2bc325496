#[cfg(feature = "std")]
use voussoir_core::Lock;

use crate::sync::{AtomicU64, Ordering, spin_loop};

/// A place for a state that threads share.
pub trait Cell<S>: Default {
    /// Changes the state by `change`, which may be called several times when other threads change
    /// it meanwhile; only the last call counts. Writes nothing when `change` leaves it as it was.
    fn update<R>(&self, change: impl FnMut(&mut S) -> R) -> R;

    /// Looks at the state.
    fn read<R>(&self, look: impl FnOnce(&S) -> R) -> R;
}

/// One word, changed by compare-and-swap. The word is all there is to agree on, so `Relaxed` does.
impl Cell<u64> for AtomicU64 {
    #[inline]
    fn update<R>(&self, mut change: impl FnMut(&mut u64) -> R) -> R {
        let mut pauses = 4;
        loop {
            let before = self.load(Ordering::Relaxed);
            let mut after = before;
            let answer = change(&mut after);
            if after == before {
                return answer;
            }
            let swapped =
                self.compare_exchange_weak(before, after, Ordering::Relaxed, Ordering::Relaxed);
            if swapped.is_ok() {
                return answer;
            }
            pauses = stand_back(pauses);
        }
    }

    #[inline]
    fn read<R>(&self, look: impl FnOnce(&u64) -> R) -> R {
        look(&self.load(Ordering::Relaxed))
    }
}

/// The most pauses of one who lost a race for the word, some 0.3 µs.
const MOST_PAUSES: u32 = 16;

/// Who lost a race leaves the word to the winner for a moment, who changes it several times while the
/// line is in its cache, instead of pulling the line to and fro. How many pauses it takes the next
/// time.
#[cold]
fn stand_back(pauses: u32) -> u32 {
    for _ in 0..pauses {
        spin_loop();
    }
    (pauses * 2).min(MOST_PAUSES)
}

/// What is more than a word, under a lock.
#[cfg(feature = "std")]
#[derive(Debug, Default)]
pub struct Locked<S>(Lock<S>);

#[cfg(feature = "std")]
impl<S: Default> Cell<S> for Locked<S> {
    #[inline]
    fn update<R>(&self, mut change: impl FnMut(&mut S) -> R) -> R {
        change(&mut self.0.lock())
    }

    #[inline]
    fn read<R>(&self, look: impl FnOnce(&S) -> R) -> R {
        look(&self.0.lock())
    }
}
