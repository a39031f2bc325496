use alloc::boxed::Box;
use alloc::vec::Vec;
use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};

use voussoir_core::Clock;

use super::Hedge;
use crate::{Attempt, Deadline, Sleep};

/// One call and its hedges.
pub(crate) struct Race<'a, D, C, S> {
    pub(crate) hedge: &'a Hedge<D>,
    pub(crate) clock: &'a C,
    pub(crate) deadline: Deadline,
    pub(crate) sleep: &'a S,
}

impl<D, C: Clock, S: Sleep> Race<'_, D, C, S> {
    pub(crate) async fn run<T, E, F>(&self, mut work: impl FnMut(Attempt) -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let begun = self.clock.now();
        if let Some(budget) = &self.hedge.budget {
            budget.call_at(begun);
        }
        let first = pin!(work(self.attempt(1)));
        let mut runners = Runners { first: Some(first), hedges: Vec::new(), started: 1 };
        // Nothing is set up for a call that is ready at once.
        let at_once = poll_fn(|context| Poll::Ready(runners.poll(context))).await;
        let (number, result) = match at_once {
            Poll::Ready(ended) => ended,
            Poll::Pending => {
                let mut timer = pin!(self.timer(1));
                poll_fn(|context| {
                    loop {
                        if let Poll::Ready(ended) = runners.poll(context) {
                            return Poll::Ready(ended);
                        }
                        let Some(due) = timer.as_mut().as_pin_mut() else { return Poll::Pending };
                        if due.poll(context).is_pending() {
                            return Poll::Pending;
                        }
                        if self.hedge.may_start(self.clock.now()) {
                            runners.started += 1;
                            let attempt = self.attempt(runners.started);
                            runners.hedges.push((attempt.number, Box::pin(work(attempt))));
                            timer.set(self.timer(runners.started));
                        } else {
                            timer.set(None);
                        }
                    }
                })
                .await
            }
        };
        if result.is_ok() {
            self.hedge.won(begun, self.clock.now(), number);
        }
        result
    }

    fn attempt(&self, number: u32) -> Attempt {
        Attempt { number, deadline: self.deadline }
    }

    /// The wait for the next hedge, once so many attempts were `started`.
    fn timer(&self, started: u32) -> Option<S::Future> {
        let delay = self.hedge.delay().filter(|_| started <= self.hedge.max_hedges)?;
        let late = self.deadline.has_passed_at(self.clock.now().saturating_add(delay));
        (!late).then(|| self.sleep.sleep(delay))
    }
}

/// What is in flight.
struct Runners<'a, F> {
    /// On the stack: most calls are never hedged, and need no allocation.
    first: Option<Pin<&'a mut F>>,
    hedges: Vec<(u32, Pin<Box<F>>)>,
    started: u32,
}

impl<F, T, E> Runners<'_, F>
where
    F: Future<Output = Result<T, E>>,
{
    /// The first success, or the failure after which nothing is in flight, and whose it is.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<(u32, Result<T, E>)> {
        let mut failed = None;
        if let Some(first) = &mut self.first
            && let Poll::Ready(result) = first.as_mut().poll(context)
        {
            if result.is_ok() {
                return Poll::Ready((1, result));
            }
            self.first = None;
            failed = Some((1, result));
        }
        let mut index = 0;
        while let Some((number, hedge)) = self.hedges.get_mut(index) {
            let Poll::Ready(result) = hedge.as_mut().poll(context) else {
                index += 1;
                continue;
            };
            if result.is_ok() {
                return Poll::Ready((*number, result));
            }
            failed = Some((*number, result));
            self.hedges.remove(index);
        }
        match failed {
            Some(failed) if self.first.is_none() && self.hedges.is_empty() => Poll::Ready(failed),
            _ => Poll::Pending,
        }
    }
}
