use core::sync::atomic::{AtomicBool, Ordering};

use voussoir_core::{Turn, WaitQueue, Waiter};

/// Lets one task through at a time, in the order in which they came.
pub(super) struct Turnstile {
    waiting: WaitQueue<()>,
    /// Changed under the lock of the line alone.
    taken: AtomicBool,
}

/// The task that is through. The next one follows when it is dropped.
#[must_use = "the next one follows when it is dropped"]
pub(super) struct Pass<'a>(&'a Turnstile);

/// A task in the line. When it leaves with its turn, the next one has it.
struct InLine<'a> {
    turnstile: &'a Turnstile,
    waiter: Waiter<'a, (), ()>,
}

impl Turnstile {
    pub(super) fn new() -> Self {
        Self { waiting: WaitQueue::new(), taken: AtomicBool::new(false) }
    }

    pub(super) async fn pass(&self) -> Pass<'_> {
        let admit = |_: &mut _| {
            if self.taken.swap(true, Ordering::Relaxed) { Ok(()) } else { Err(Pass(self)) }
        };
        match self.waiting.join((), Turn::LAST, admit) {
            Err(pass) => pass,
            Ok(waiter) => {
                let mut place = InLine { turnstile: self, waiter };
                (&mut place.waiter).await;
                Pass(self)
            }
        }
    }

    fn next(&self) {
        self.waiting.with(|line| {
            if line.answer_first(()).is_none() {
                self.taken.store(false, Ordering::Relaxed);
            }
        });
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.next();
    }
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        if self.waiter.give_up().is_some() {
            self.turnstile.next();
        }
    }
}
