use alloc::sync::Arc;
use alloc::task::Wake;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
#[cfg(not(any(voussoir_loom, voussoir_shuttle)))]
use core::time::Duration;
#[cfg(not(any(voussoir_loom, voussoir_shuttle)))]
use std::time::Instant;

use super::WaitQueue;
use super::line::Place;
use crate::sync::thread::{self, Thread};

/// A place in a [`WaitQueue`]. Await it as a task, or [`wait`](Self::wait) as a thread.
///
/// Dropped, it leaves the line, and with it an answer that was given but not taken. Where an answer
/// is worth something, as a permit is, its owner calls [`leave`](Self::leave) instead and puts it
/// back; it then also serves the line again, for the one that left may have held up those behind it.
#[must_use = "whoever does not wait leaves the line"]
pub struct Waiter<'a, T, A> {
    queue: &'a WaitQueue<T, A>,
    /// `None` once the answer has been taken.
    place: Option<Place>,
}

impl<'a, T, A> Waiter<'a, T, A> {
    pub(super) fn new(queue: &'a WaitQueue<T, A>, place: Place) -> Self {
        Self { queue, place: Some(place) }
    }

    /// Blocks the thread until there is an answer.
    pub fn wait(mut self) -> A {
        let waker = thread_waker();
        loop {
            if let Poll::Ready(answer) = self.look(&Context::from_waker(&waker)) {
                return answer;
            }
            thread::park();
        }
    }

    /// Blocks the thread until there is an answer, or `at_most` has passed by the system's clock;
    /// the place in the line is kept then.
    #[cfg(not(any(voussoir_loom, voussoir_shuttle)))]
    pub fn wait_for(&mut self, at_most: Duration) -> Option<A> {
        let (waker, start) = (thread_waker(), Instant::now());
        loop {
            if let Poll::Ready(answer) = self.look(&Context::from_waker(&waker)) {
                return Some(answer);
            }
            let left = at_most.checked_sub(start.elapsed()).filter(|left| !left.is_zero())?;
            thread::park_timeout(left);
        }
    }

    /// No time passes in a model: this waits for the answer.
    #[cfg(any(voussoir_loom, voussoir_shuttle))]
    pub fn wait_for(&mut self, _: core::time::Duration) -> Option<A> {
        let waker = thread_waker();
        loop {
            if let Poll::Ready(answer) = self.look(&Context::from_waker(&waker)) {
                return Some(answer);
            }
            thread::park();
        }
    }

    /// Leaves the line. Returns the answer if one was given before.
    pub fn leave(mut self) -> Option<A> {
        self.give_up()
    }

    /// As [`leave`](Self::leave), for those who only have a reference, as in `drop`. `None` when the
    /// answer has been taken.
    pub fn give_up(&mut self) -> Option<A> {
        let place = self.place.take()?;
        self.queue.with(|line| line.leave(place))
    }

    fn look(&mut self, context: &Context<'_>) -> Poll<A> {
        let Some(place) = self.place else { return Poll::Pending };
        let answer = self.queue.with(|line| line.poll(place, context));
        if answer.is_ready() {
            self.place = None;
        }
        answer
    }
}

/// Pending for ever once the answer has been taken.
impl<T, A> Future for Waiter<'_, T, A> {
    type Output = A;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<A> {
        self.look(context)
    }
}

impl<T, A> Drop for Waiter<'_, T, A> {
    fn drop(&mut self) {
        self.give_up();
    }
}

impl<T, A> fmt::Debug for Waiter<'_, T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter").field("answered", &self.place.is_none()).finish_non_exhaustive()
    }
}

fn thread_waker() -> Waker {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    Waker::from(Arc::new(Unpark(thread::current())))
}
