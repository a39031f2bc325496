//! A runtime in which time passes only when everything waits: runs of seconds end at once, and each
//! is the same.

#![allow(dead_code, reason = "each test file uses a part")]

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use voussoir_breaker::Sleep;
use voussoir_core::{Clock, ManualClock, Nanos};

/// Manual time, and what waits for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sim {
    pub(crate) clock: ManualClock,
    /// When each wait in progress ends.
    due: Arc<Mutex<Vec<Nanos>>>,
}

impl Sim {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn now(&self) -> Nanos {
        self.clock.now()
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.clock.now().as_duration()
    }

    /// Waits in progress.
    pub(crate) fn waits(&self) -> usize {
        self.due.lock().expect("no panic").len()
    }

    /// Polls `future` to its end.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.poll_times(usize::MAX, future).expect("polled to its end")
    }

    /// Polls `future` at most so many times, then drops it.
    pub(crate) fn poll_times<F: Future>(&self, times: usize, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..times {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return Some(output);
            }
            let next = self.due.lock().expect("no panic").iter().min().copied();
            self.clock.set(next.expect("something must be waited for").max(self.now()));
        }
        None
    }
}

impl Sleep for Sim {
    type Future = Wait;

    fn sleep(&self, duration: Duration) -> Wait {
        let due = self.now().saturating_add(duration);
        self.due.lock().expect("no panic").push(due);
        Wait { sim: self.clone(), due }
    }
}

#[derive(Debug)]
pub(crate) struct Wait {
    sim: Sim,
    due: Nanos,
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.sim.now() >= self.due { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut due = self.sim.due.lock().expect("no panic");
        let index = due.iter().position(|&other| other == self.due).expect("registered");
        due.swap_remove(index);
    }
}

/// The larger number with `VOUSSOIR_LONG=1`.
pub(crate) fn sized(short: usize, long: usize) -> usize {
    if std::env::var_os("VOUSSOIR_LONG").is_some_and(|value| value == "1") { long } else { short }
}
