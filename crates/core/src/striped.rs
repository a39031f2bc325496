use alloc::boxed::Box;
use core::ops::Deref;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use crossbeam_utils::CachePadded;

/// One value for each of a few stripes, where every thread keeps to its own, so that threads that
/// count the same thing do not pull at one cache line.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use voussoir_core::Striped;
///
/// let hits = Striped::new(|| AtomicU64::new(0));
/// hits.local().fetch_add(1, Ordering::Relaxed);
/// assert_eq!(hits.iter().map(|stripe| stripe.load(Ordering::Relaxed)).sum::<u64>(), 1);
/// ```
///
/// # Memory
///
/// 128 bytes a stripe on most machines, or the next multiple of that; one stripe a processor,
/// rounded up to a power of two, 16 at most.
#[derive(Debug)]
pub struct Striped<T> {
    stripes: Box<[CachePadded<T>]>,
}

/// Beyond so many stripes the reader, who visits all of them, pays more than the writers gain.
const MOST_STRIPES: usize = 16;

impl<T> Striped<T> {
    /// A stripe for each processor, at most 16.
    pub fn new(make: impl FnMut() -> T) -> Self {
        Self::with_stripes(thread::available_parallelism().map_or(1, usize::from), make)
    }

    /// `stripes` of them, rounded up to a power of two, 1 to 16.
    pub fn with_stripes(stripes: usize, mut make: impl FnMut() -> T) -> Self {
        let stripes = stripes.clamp(1, MOST_STRIPES).next_power_of_two();
        Self { stripes: (0..stripes).map(|_| CachePadded::new(make())).collect() }
    }

    /// The stripe of the calling thread. Threads are numbered as they come, so that as many as there
    /// are stripes have one each. Complexity: O(1), one thread-local load.
    #[inline]
    pub fn local(&self) -> &T {
        &self.stripes[thread_number() & (self.stripes.len() - 1)]
    }

    /// All stripes.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.stripes.iter().map(Deref::deref)
    }
}

/// A count that many threads add to and few read.
///
/// ```
/// use voussoir_core::StripedCounter;
///
/// let requests = StripedCounter::new();
/// requests.add(2);
/// requests.add(1);
/// assert_eq!(requests.sum(), 3);
/// ```
#[derive(Debug)]
pub struct StripedCounter {
    counts: Striped<AtomicU64>,
}

impl StripedCounter {
    /// Zero.
    pub fn new() -> Self {
        Self { counts: Striped::new(AtomicU64::default) }
    }

    /// Adds `n`, wrapping at 2^64. Complexity: O(1), one addition to a line of the thread's own.
    #[inline]
    pub fn add(&self, n: u64) {
        self.counts.local().fetch_add(n, Ordering::Relaxed);
    }

    /// The count. Exact when no other thread adds. Complexity: O(stripes).
    pub fn sum(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.wrapping_add(count.load(Ordering::Relaxed)))
    }
}

impl Default for StripedCounter {
    fn default() -> Self {
        Self::new()
    }
}

#[inline]
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    std::thread_local!(static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed));
    // While a thread is being torn down its number may be gone; any stripe will do.
    NUMBER.try_with(|number| *number).unwrap_or(0)
}

#[cfg(all(test, not(voussoir_loom)))]
mod tests {
    use super::{Striped, StripedCounter};
    use std::thread;

    #[test]
    fn nothing_is_lost_between_the_stripes() {
        let counter = StripedCounter::new();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..10_000).for_each(|_| counter.add(1)));
            }
        });
        assert_eq!(counter.sum(), 80_000);
    }

    #[test]
    fn stripes_are_a_power_of_two_within_bounds() {
        for (asked, made) in [(0, 1), (1, 1), (3, 4), (16, 16), (1_000, 16)] {
            assert_eq!(Striped::with_stripes(asked, || ()).iter().count(), made);
        }
    }
}
