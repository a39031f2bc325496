//! Futures polled by hand, so that a test decides at which await one is dropped.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// A future, and whether it was woken since its last poll.
pub(crate) struct Polled<F> {
    future: Pin<Box<F>>,
    woken: Arc<Flag>,
    waker: Waker,
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl<F: Future> Polled<F> {
    pub(crate) fn new(future: F) -> Self {
        let woken = Arc::new(Flag(AtomicBool::new(true)));
        Self { future: Box::pin(future), waker: Arc::clone(&woken).into(), woken }
    }

    pub(crate) fn poll(&mut self) -> Poll<F::Output> {
        self.woken.0.store(false, Ordering::SeqCst);
        self.future.as_mut().poll(&mut Context::from_waker(&self.waker))
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::SeqCst)
    }
}

/// Polls those that are woken until all are done. Panics when nobody is: that would be a hang.
pub(crate) fn run_all<F: Future>(futures: Vec<Polled<F>>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(|future| (Some(future), None)).collect();
    while futures.iter().any(|(future, _)| future.is_some()) {
        let mut progress = false;
        for (future, output) in &mut futures {
            let Some(polled) = future.as_mut().filter(|polled| polled.is_woken()) else { continue };
            progress = true;
            if let Poll::Ready(ready) = polled.poll() {
                *output = Some(ready);
                *future = None;
            }
        }
        assert!(progress, "all wait, and nobody is woken");
    }
    futures.into_iter().filter_map(|(_, output)| output).collect()
}

/// Pending so often, woken each time.
pub(crate) struct YieldTimes(pub(crate) usize);

impl Future for YieldTimes {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
