//! Waiting in line is where permits are lost: an answer races with a waiter that gives up, a waker
//! is called under a lock, a timer frees a place twice. So it is written once, here.

mod line;
mod waiter;

use core::fmt;

pub use self::line::{Line, Serve, Turn};
pub use self::waiter::Waiter;
use crate::sync::Mutex;

/// The line in which tasks and threads wait to be told something: first come, first served, by
/// class.
///
/// Each waiter brings an item `T`, what it wants, and leaves with an answer `A`. The owner decides
/// under the line's lock who joins and who is answered, so that no answer falls between a look at
/// the owner's state and the joining. Nothing here knows a runtime or a timer: a task awaits its
/// [`Waiter`], a thread blocks on it, and both may give up at any moment.
///
/// Shared by reference. Wakers are called after the lock is released.
///
/// ```
/// use std::thread;
/// use voussoir_core::{Turn, WaitQueue};
///
/// // Waiters want some permits, and are told how many they got.
/// let queue = WaitQueue::<u32, u32>::new();
/// let waiter = queue.join(3, Turn::LAST, |_| Ok::<_, ()>(())).unwrap();
/// thread::scope(|scope| {
///     scope.spawn(|| queue.with(|line| line.answer_first(3)));
///     assert_eq!(waiter.wait(), 3);
/// });
/// ```
///
/// # Memory
///
/// Nothing on the heap while nobody waits; some 100 bytes a waiter.
pub struct WaitQueue<T, A = ()> {
    line: Mutex<Line<T, A>>,
}

impl<T, A> WaitQueue<T, A> {
    /// A line in which nobody waits.
    pub fn new() -> Self {
        Self { line: Mutex::new(Line::new()) }
    }

    /// Takes a place in the line, if `admit` agrees, which sees the line before and may answer
    /// others. Complexity: O(log waiters).
    ///
    /// # Errors
    ///
    /// What `admit` refused with; nobody has joined then.
    pub fn join<E>(
        &self,
        item: T,
        turn: Turn,
        admit: impl FnOnce(&mut Line<T, A>) -> Result<(), E>,
    ) -> Result<Waiter<'_, T, A>, E> {
        self.with(|line| {
            admit(line)?;
            Ok(Waiter::new(self, line.join(item, turn)))
        })
    }

    /// Looks at the line and answers waiters, under its lock; then wakes those who were answered.
    pub fn with<R>(&self, f: impl FnOnce(&mut Line<T, A>) -> R) -> R {
        let mut line = self.line.lock();
        let done = f(&mut line);
        let woken = line.take_woken();
        drop(line);
        woken.for_each(core::task::Waker::wake);
        done
    }
}

impl<T, A> Default for WaitQueue<T, A> {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows how many wait, not what they brought.
impl<T, A> fmt::Debug for WaitQueue<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.line.lock().len();
        f.debug_struct("WaitQueue").field("waiting", &waiting).finish_non_exhaustive()
    }
}

#[cfg(all(test, voussoir_loom))]
mod models {
    use alloc::sync::Arc;
    use alloc::task::Wake;
    use core::future::Future;
    use core::pin::Pin;
    use core::task::{Context, Poll, Waker};

    use loom::sync::atomic::{AtomicBool, Ordering};
    use loom::thread;

    use super::{Turn, WaitQueue};

    struct Flag(AtomicBool);

    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Release);
        }
    }

    fn queue() -> loom::sync::Arc<WaitQueue<u32, u32>> {
        loom::sync::Arc::new(WaitQueue::new())
    }

    #[test]
    fn an_answer_is_taken_by_the_waiter_or_stays_with_the_owner() {
        loom::model(|| {
            let queue = queue();
            let waiter = queue.join(1, Turn::LAST, |_| Ok::<_, ()>(())).unwrap();
            let other = {
                let queue = loom::sync::Arc::clone(&queue);
                thread::spawn(move || queue.with(|line| line.answer_first(7).is_some()))
            };
            let taken = waiter.leave();
            let answered = other.join().unwrap();
            assert_eq!(taken.is_some(), answered);
        });
    }

    #[test]
    fn whoever_is_answered_after_a_poll_is_woken() {
        loom::model(|| {
            let queue = queue();
            let mut waiter = queue.join(1, Turn::LAST, |_| Ok::<_, ()>(())).unwrap();
            let other = {
                let queue = loom::sync::Arc::clone(&queue);
                thread::spawn(move || queue.with(|line| line.answer_first(7).is_some()))
            };
            let flag = Arc::new(Flag(AtomicBool::new(false)));
            let waker = Waker::from(Arc::clone(&flag));
            let polled = Pin::new(&mut waiter).poll(&mut Context::from_waker(&waker));
            assert!(other.join().unwrap());
            assert!(polled == Poll::Ready(7) || flag.0.load(Ordering::Acquire));
        });
    }
}
