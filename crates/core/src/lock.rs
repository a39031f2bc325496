//! A lock that costs one atomic operation instead of two.
//!
//! A lock that parks its waiters must find out at every unlock whether there are any, by a second
//! read-modify-write. For a section of a few nanoseconds that hardly ever meets another thread that
//! is a third of the whole cost: with it a look-up in `ShardedMap` took 18 ns where it takes 12 now
//! (`scoreboard --area core`, numbers as keys, `foldhash`). So here nobody parks: an unlock is a
//! plain store, and who has to wait looks again.

#![allow(unsafe_code, reason = "a lock cannot be made without; measured above")]

#[cfg(not(voussoir_loom))]
use core::time::Duration;

use crate::sync::{AtomicBool, Ordering};

/// Mutual exclusion for sections of a few nanoseconds, such as a look into one shard of a table.
///
/// Who finds it taken spins, then yields, then sleeps for 50 µs at a time, so that a holder who was
/// suspended gets the processor. It is not fair and keeps no queue: take a parking lock where a
/// section may last. A panic in the section unlocks; nothing is poisoned.
///
/// A thread that takes it again while it holds it waits for itself for ever. With debug assertions
/// it panics instead: a closure, a `Clone` or an `Eq` that runs in a section has called back.
///
/// ```
/// use voussoir_core::Lock;
///
/// let sum = Lock::new(0);
/// std::thread::scope(|threads| {
///     for number in 1..=4 {
///         let sum = &sum;
///         threads.spawn(move || *sum.lock() += number);
///     }
/// });
/// assert_eq!(*sum.lock(), 10);
/// ```
#[cfg(not(voussoir_loom))]
pub type Lock<T> = lock_api::Mutex<RawLock, T>;

/// The model below is of [`RawLock`]; the others that are modelled do not hang on it.
#[cfg(voussoir_loom)]
pub type Lock<T> = parking_lot::Mutex<T>;

/// The one bit that a [`Lock`] is.
#[derive(Debug)]
pub struct RawLock {
    is_held: AtomicBool,
    /// The thread that holds it, or 0. Written by the holder alone, so that a thread that reads its
    /// own number here holds the lock.
    #[cfg(all(debug_assertions, not(voussoir_loom)))]
    holder: core::sync::atomic::AtomicUsize,
}

impl RawLock {
    /// Acquire here and Release in [`open`](Self::open) put one section after the other.
    #[inline]
    fn try_close(&self) -> bool {
        let closed = self
            .is_held
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok();
        #[cfg(all(debug_assertions, not(voussoir_loom)))]
        if closed {
            self.holder.store(this_thread(), Ordering::Relaxed);
        }
        closed
    }

    #[inline]
    fn close(&self, pause: impl FnMut()) {
        if !self.try_close() {
            self.close_contended(pause);
        }
    }

    #[cold]
    fn close_contended(&self, mut pause: impl FnMut()) {
        #[cfg(all(debug_assertions, not(voussoir_loom)))]
        assert_ne!(
            self.holder.load(Ordering::Relaxed),
            this_thread(),
            "this thread holds the lock already: what runs in its section has called back"
        );
        loop {
            // Only looks while it is held, so that the line stays with the holder.
            while self.is_held.load(Ordering::Relaxed) {
                pause();
            }
            if self.try_close() {
                return;
            }
        }
    }

    #[inline]
    fn open(&self) {
        #[cfg(all(debug_assertions, not(voussoir_loom)))]
        self.holder.store(0, Ordering::Relaxed);
        self.is_held.store(false, Ordering::Release);
    }
}

/// A number of this thread while it lives, never 0: an address of its own. It needs no destructor, so
/// that locks can be taken to the thread's end.
#[cfg(all(debug_assertions, not(voussoir_loom)))]
fn this_thread() -> usize {
    std::thread_local! {
        static HERE: u8 = const { 0 };
    }
    HERE.with(|here| core::ptr::from_ref(here).addr())
}

/// How long a waiter sleeps that has spun and yielded in vain: far longer than a section, far
/// shorter than a scheduler's slice.
#[cfg(not(voussoir_loom))]
const SLEEP: Duration = Duration::from_micros(50);

// SAFETY: `lock` and `try_lock` return as the holder only after they have changed the bit from false
// to true, which one thread at a time can, and nothing but `unlock`, which by its contract only the
// holder calls, makes it false again.
#[cfg(not(voussoir_loom))]
unsafe impl lock_api::RawMutex for RawLock {
    const INIT: Self = Self {
        is_held: AtomicBool::new(false),
        #[cfg(debug_assertions)]
        holder: core::sync::atomic::AtomicUsize::new(0),
    };

    type GuardMarker = lock_api::GuardNoSend;

    #[inline]
    fn lock(&self) {
        let backoff = crossbeam_utils::Backoff::new();
        self.close(|| {
            if backoff.is_completed() {
                std::thread::sleep(SLEEP);
            } else {
                backoff.snooze();
            }
        });
    }

    #[inline]
    fn try_lock(&self) -> bool {
        self.try_close()
    }

    #[inline]
    unsafe fn unlock(&self) {
        self.open();
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.is_held.load(Ordering::Relaxed)
    }
}

#[cfg(all(test, voussoir_loom))]
mod models {
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::thread;

    use super::RawLock;
    use crate::sync::AtomicBool;

    /// loom fails this when two threads are at the cell at once, or when one may not see what the
    /// other left there.
    struct Counted {
        lock: RawLock,
        count: UnsafeCell<u32>,
    }

    // SAFETY: the cell is reached under the lock only, which is what the models are about.
    unsafe impl Sync for Counted {}

    impl Counted {
        fn new() -> Arc<Self> {
            let lock = RawLock { is_held: AtomicBool::new(false) };
            Arc::new(Self { lock, count: UnsafeCell::new(0) })
        }

        fn add_one(&self) -> u32 {
            // SAFETY: as above.
            let count = self.count.with_mut(|count| unsafe {
                *count += 1;
                *count
            });
            self.lock.open();
            count
        }
    }

    #[test]
    fn one_section_at_a_time_and_each_sees_the_last() {
        loom::model(|| {
            let counted = Counted::new();
            let other = {
                let counted = Arc::clone(&counted);
                thread::spawn(move || {
                    counted.lock.close(thread::yield_now);
                    counted.add_one()
                })
            };
            counted.lock.close(thread::yield_now);
            let ours = counted.add_one();
            assert_eq!(ours + other.join().unwrap(), 3, "one was the first, one the second");
        });
    }

    #[test]
    fn who_only_tries_gets_it_or_not() {
        loom::model(|| {
            let counted = Counted::new();
            let other = {
                let counted = Arc::clone(&counted);
                thread::spawn(move || counted.lock.try_close().then(|| counted.add_one()))
            };
            let ours = counted.lock.try_close().then(|| counted.add_one());
            let both = [ours, other.join().unwrap()];
            assert!(both.contains(&Some(1)));
        });
    }
}

#[cfg(all(test, not(voussoir_loom)))]
mod tests {
    use super::Lock;

    #[test]
    #[cfg(debug_assertions)]
    fn who_takes_it_again_is_told_so_and_it_is_free_afterwards() {
        let lock = Lock::new(1);
        let again = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| {
            let _first = lock.lock();
            *lock.lock() = 2;
        }));
        assert!(again.is_err());
        assert!(lock.try_lock().is_some_and(|value| *value == 1));
    }

    #[test]
    fn a_thread_may_take_it_once_another_has_let_it_go() {
        let lock = Lock::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| *lock.lock() += 1));
            }
        });
        assert_eq!(*lock.lock(), 4000);
    }
}
