use core::cell::Cell;
use core::fmt;
use core::time::Duration;
use std::sync::PoisonError;

use shuttle::sync::MutexGuard;

/// Shuttle's lock, in the manner of `parking_lot`.
///
/// Nothing is poisoned: all threads of a model are one of the system's, which panics as long as one of
/// them unwinds.
#[derive(Default)]
pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

/// One that waits for it makes room for others in the model, as whoever spins does not.
pub(crate) type Lock<T> = Mutex<T>;

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

std::thread_local! {
    /// All threads of a model are one of the system's.
    static LOOKS: Cell<u64> = const { Cell::new(0) };
}

/// No time passes in a model but this: a nanosecond whenever a thread looks at the clock.
#[derive(Clone, Copy)]
pub(crate) struct Instant(Duration);

impl Instant {
    pub(crate) fn now() -> Self {
        Self(Duration::from_nanos(LOOKS.replace(LOOKS.get() + 1)))
    }

    pub(crate) fn checked_add(self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).map(Self)
    }

    pub(crate) fn saturating_duration_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

pub(crate) mod thread {
    use core::time::Duration;

    pub(crate) use shuttle::thread::{Thread, current, park};

    /// Wakes by itself, so that the time is looked at again.
    pub(crate) fn park_timeout(_: Duration) {
        shuttle::thread::yield_now();
    }
}
