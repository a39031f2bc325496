#[cfg(feature = "std")]
use voussoir_core::Lock;

use crate::sync::{AtomicU64, Ordering};

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
        let mut before = self.load(Ordering::Relaxed);
        loop {
            let mut after = before;
            let answer = change(&mut after);
            if after == before {
                return answer;
            }
            match self.compare_exchange_weak(before, after, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return answer,
                Err(now) => before = now,
            }
        }
    }

    #[inline]
    fn read<R>(&self, look: impl FnOnce(&u64) -> R) -> R {
        look(&self.load(Ordering::Relaxed))
    }
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
