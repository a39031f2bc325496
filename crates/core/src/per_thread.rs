//! A value of its own for each thread, in an object instead of in a `static`.
//!
//! A lock of the thread's own costs an atomic read-modify-write although nobody ever contends for it:
//! 5 ns of the 27 that a pick of `voussoir-balance` took, and it makes what comes after wait. Where
//! no other thread has any business at the value, none is needed.

#![allow(unsafe_code, reason = "`thread_local` bounds its type where only its sharing needs it")]

use core::fmt;
use core::marker::PhantomData;

use crossbeam_utils::CachePadded;
use thread_local::ThreadLocal;

/// A value for each thread that asks for one, which no other thread ever sees.
///
/// The values live as long as the whole: a thread that ends leaves its own to the next one that
/// begins, so that there are as many as there were threads at a time, each padded to 128 bytes on
/// most machines. What is in them should bear to lie there.
///
/// ```
/// use std::cell::Cell;
/// use voussoir_core::PerThread;
///
/// let counts = PerThread::new();
/// let count = |by| {
///     let cell: &Cell<u32> = counts.get_or(|| Cell::new(0));
///     cell.set(cell.get() + by);
///     cell.get()
/// };
/// assert_eq!(count(1), 1);
/// std::thread::scope(|threads| {
///     threads.spawn(|| assert_eq!(count(5), 5));
/// });
/// assert_eq!(count(1), 2);
/// ```
pub struct PerThread<T> {
    values: ThreadLocal<Own<T>>,
    /// Takes away what `ThreadLocal` would allow for any type: it is given back below.
    neither: PhantomData<*mut T>,
}

/// On lines of its own, as those of other threads lie beside it.
struct Own<T>(CachePadded<T>);

// SAFETY: an `Own` is made by and shown to one thread, by `get_or`. It is met by another only when
// that thread has ended and the `PerThread` is shared, or when the `PerThread` has moved to it; both
// take `T: Send`, see below.
unsafe impl<T> Send for Own<T> {}

// SAFETY: moves the values along, which `T: Send` allows.
unsafe impl<T: Send> Send for PerThread<T> {}

// SAFETY: a shared `PerThread` shows each thread its own value alone, so that no `T` is shared; but
// it may be dropped with values of other threads in it, or hand down one, which `T: Send` allows.
unsafe impl<T: Send> Sync for PerThread<T> {}

impl<T> PerThread<T> {
    /// Without a value yet.
    pub const fn new() -> Self {
        Self { values: ThreadLocal::new(), neither: PhantomData }
    }

    /// The calling thread's value, made now if it has none. Complexity: O(1), two thread-local loads.
    #[inline]
    pub fn get_or(&self, make: impl FnOnce() -> T) -> &T {
        match self.values.get() {
            Some(own) => &own.0,
            None => self.begin(make),
        }
    }

    /// Apart, lest every call keeps room for a value on its stack.
    #[cold]
    #[inline(never)]
    fn begin(&self, make: impl FnOnce() -> T) -> &T {
        &self.values.get_or(|| Own(CachePadded::new(make()))).0
    }
}

impl<T> Default for PerThread<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for PerThread<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerThread").finish_non_exhaustive()
    }
}

#[cfg(all(test, not(voussoir_loom)))]
mod tests {
    use alloc::vec::Vec;
    use core::cell::RefCell;
    use std::thread;

    use super::PerThread;

    #[test]
    fn each_thread_sees_its_own_only_and_none_is_lost() {
        let logs = PerThread::<RefCell<Vec<usize>>>::new();
        let log = |number| {
            let log = logs.get_or(RefCell::default);
            log.borrow_mut().push(number);
            log.borrow().len()
        };
        thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| (0..1_000).map(log).last())).collect();
            // One that ended early may have left its log to one that began late.
            let lens = threads.into_iter().filter_map(|thread| thread.join().unwrap());
            assert_eq!(lens.filter(|len| len % 1_000 == 0).count(), 8);
        });
    }
}
