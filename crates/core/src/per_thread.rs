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
/// let counts = PerThread::<Cell<u32>>::new();
/// let count = |by| {
///     counts.with(Cell::default, |count| {
///         count.set(count.get() + by);
///         count.get()
///     })
/// };
/// assert_eq!(count(1), 1);
/// std::thread::scope(|threads| {
///     threads.spawn(|| assert_eq!(count(5), 5));
/// });
/// assert_eq!(count(1), 2);
/// ```
///
/// Of values that may not move to another thread it is not shared either:
///
/// ```compile_fail,E0277
/// use std::rc::Rc;
/// use voussoir_core::PerThread;
///
/// let counts = PerThread::<Rc<u32>>::new();
/// std::thread::scope(|threads| {
///     threads.spawn(|| counts.with(Rc::default, |count| **count));
/// });
/// ```
pub struct PerThread<T> {
    values: ThreadLocal<Own<T>>,
    /// Takes away what `ThreadLocal` would allow for any type: it is given back below.
    neither: PhantomData<*mut T>,
}

/// On lines of its own, as those of other threads lie beside it.
struct Own<T>(CachePadded<T>);

// SAFETY: an `Own` is made by and shown to one thread, by `with`. It is met by another only when
// that thread has ended and the `PerThread` is shared, or when the `PerThread` has moved to it; both
// take `T: Send`, see below.
unsafe impl<T> Send for Own<T> {}

// SAFETY: moves the values along, which `T: Send` allows.
unsafe impl<T: Send> Send for PerThread<T> {}

// SAFETY: a shared `PerThread` shows each thread its own value alone, so that no `T` is shared; but
// it may be dropped with values of other threads in it, or hand down one, which `T: Send` allows. What
// an ending thread was shown it has not kept, see `with`.
unsafe impl<T: Send> Sync for PerThread<T> {}

impl<T> PerThread<T> {
    /// Without a value yet.
    pub const fn new() -> Self {
        Self { values: ThreadLocal::new(), neither: PhantomData }
    }

    /// Shows `act` the calling thread's value, which is made first if there is none. Both may call
    /// back: what `make` itself began stays, and what it then makes is dropped. Complexity: O(1), two
    /// thread-local loads.
    ///
    /// Nothing borrowed leaves `act`. A thread that ends hands its value on before the last of its
    /// destructors has run, and one of them that had kept it would share it with the next thread:
    ///
    /// ```compile_fail
    /// use std::cell::Cell;
    /// use voussoir_core::PerThread;
    ///
    /// static COUNTS: PerThread<Cell<u32>> = PerThread::new();
    /// let kept: &'static Cell<u32> = COUNTS.with(Cell::default, |count| count);
    /// ```
    ///
    /// # Panics
    ///
    /// Where `make` or `act` does, and in a destructor that runs after the thread has handed its value
    /// on.
    #[inline]
    pub fn with<R>(&self, make: impl FnOnce() -> T, act: impl FnOnce(&T) -> R) -> R {
        act(match self.values.get() {
            Some(own) => &own.0,
            None => self.begin(make),
        })
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
    use alloc::boxed::Box;
    use alloc::string::String;
    use alloc::vec::Vec;
    use core::cell::{Cell, RefCell};
    use core::panic::AssertUnwindSafe;
    use core::sync::atomic::{AtomicUsize, Ordering};
    use std::panic::catch_unwind;
    use std::thread;

    use super::PerThread;

    #[test]
    fn each_thread_sees_its_own_only_and_none_is_lost() {
        let logs = PerThread::<RefCell<Vec<usize>>>::new();
        let log = |number| {
            logs.with(RefCell::default, |log| {
                log.borrow_mut().push(number);
                log.borrow().len()
            })
        };
        thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| (0..1_000).map(log).last())).collect();
            // One that ended early may have left its log to one that began late.
            let lens = threads.into_iter().filter_map(|thread| thread.join().unwrap());
            assert_eq!(lens.filter(|len| len % 1_000 == 0).count(), 8);
        });
    }

    #[test]
    fn an_ended_thread_leaves_its_value_to_one_that_begins_and_all_are_dropped_at_last() {
        struct Counted<'a>(Cell<u32>, &'a AtomicUsize);
        impl Drop for Counted<'_> {
            fn drop(&mut self) {
                self.1.fetch_add(1, Ordering::Relaxed);
            }
        }
        let (begun, dropped) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let values = PerThread::new();
        let seen = || {
            let make = || {
                begun.fetch_add(1, Ordering::Relaxed);
                Counted(Cell::new(0), &dropped)
            };
            values.with(make, |Counted(seen, _)| seen.replace(seen.get() + 1))
        };
        let mut inherited = 0;
        for _ in 0..2_000 {
            // Joined through the handle, which waits for the thread's destructors.
            let seen = thread::scope(|scope| scope.spawn(seen).join().unwrap());
            inherited += u32::from(seen > 0);
        }
        assert!(inherited > 1_000, "{inherited}");
        // As many as lived at a time, and those of the tests beside this one took their numbers.
        assert!(begun.load(Ordering::Relaxed) < 200, "{begun:?}");
        assert_eq!(dropped.load(Ordering::Relaxed), 0);
        drop(values);
        assert_eq!(dropped.into_inner(), begun.into_inner());
    }

    #[test]
    fn what_is_begun_while_it_is_made_stays_and_the_later_one_is_dropped() {
        let texts = PerThread::<RefCell<String>>::new();
        let make = || {
            texts.with(
                || RefCell::new("first".into()),
                |first| {
                    // Held over the making of another.
                    let first = first.borrow();
                    texts.with(
                        || unreachable!("there is one"),
                        |again| {
                            assert_eq!(*again.borrow(), *first);
                        },
                    );
                },
            );
            RefCell::new("second".into())
        };
        assert_eq!(texts.with(make, RefCell::take), "first");
        assert_eq!(texts.with(|| unreachable!("there is one"), RefCell::take), "");
    }

    #[test]
    fn a_panic_while_it_is_made_leaves_none() {
        let values = PerThread::<u32>::new();
        let panicking = AssertUnwindSafe(|| values.with(|| panic!("in `make`"), |value| *value));
        assert!(catch_unwind(panicking).is_err());
        assert_eq!(values.with(|| 7, |value| *value), 7);
    }

    #[test]
    fn values_of_other_threads_may_be_moved_and_dropped_here() {
        let values = PerThread::<Box<u32>>::new();
        thread::scope(|scope| {
            for number in 0..8 {
                let values = &values;
                scope.spawn(move || values.with(|| Box::new(number), |value| **value));
            }
        });
        thread::spawn(move || drop(values)).join().unwrap();
    }
}
