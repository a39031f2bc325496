use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use voussoir_core::{Turn, Waiter};

use super::{Bulkhead, BulkheadError, WAITING};
use crate::sync::Ordering;

/// What work in line wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Want {
    pub(super) weight: u32,
    pub(super) partition: Option<u8>,
}

impl Want {
    pub(super) const ONE: Self = Self { weight: 1, partition: None };
}

/// What it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It has what it wanted.
    Go,
    Shed,
    TooHeavy,
}

/// A place in the line. Whenever it is dropped, what was given and not taken goes back, and those
/// behind it move up.
#[derive(Debug)]
pub(super) struct Place<'a, C> {
    bulkhead: &'a Bulkhead<C>,
    waiter: Waiter<'a, Want, Told>,
    want: Want,
    answered: bool,
}

impl<'a, C> Place<'a, C> {
    /// Joins the line, or pushes the last out of it if that is less important.
    pub(super) fn join(
        bulkhead: &'a Bulkhead<C>,
        want: Want,
        class: u8,
    ) -> Result<Self, BulkheadError> {
        let turn = if bulkhead.newest_first { Turn::FIRST } else { Turn::LAST };
        let waiter = bulkhead.line.join(want, turn.class(class), |line| {
            if line.len() >= bulkhead.max_waiting as usize {
                if line.last_class().is_none_or(|last| last >= class) {
                    return Err(BulkheadError::Full);
                }
                line.answer_last(Told::Shed);
            }
            // From here on whoever gives a permit back comes to the line. Whoever gave one back
            // before is seen by the look at the line that follows.
            bulkhead.word.fetch_or(WAITING, Ordering::AcqRel);
            Ok(())
        })?;
        bulkhead.serve();
        Ok(Self { bulkhead, waiter, want, answered: false })
    }

    /// Blocks the thread.
    pub(super) fn wait(mut self, at_most: Duration) -> Result<(), BulkheadError> {
        // Without an end: so long that the arithmetic of the system's clock holds.
        let told = self.waiter.wait_for(at_most.min(Duration::from_hours(24 * 365 * 100)));
        match told {
            Some(told) => self.hear(told),
            None => self.time_out(at_most),
        }
    }

    /// Gives up, unless there was an answer at the last moment.
    pub(super) fn time_out(&mut self, waited: Duration) -> Result<(), BulkheadError> {
        if let Some(told) = self.waiter.give_up() {
            return self.hear(told);
        }
        self.answered = true;
        self.bulkhead.serve();
        Err(BulkheadError::TimedOut { waited })
    }

    fn hear(&mut self, told: Told) -> Result<(), BulkheadError> {
        self.answered = true;
        match told {
            Told::Go => Ok(()),
            Told::Shed => Err(BulkheadError::Shed),
            Told::TooHeavy => {
                let (weight, limit) = (self.want.weight, self.bulkhead.limit());
                Err(BulkheadError::TooHeavy { weight, limit })
            }
        }
    }
}

impl<C> Future for Place<'_, C> {
    type Output = Result<(), BulkheadError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let told = Pin::new(&mut self.waiter).poll(context);
        told.map(|told| self.hear(told))
    }
}

impl<C> Drop for Place<'_, C> {
    fn drop(&mut self) {
        if self.answered {
            return;
        }
        match self.waiter.give_up() {
            Some(Told::Go) => self.bulkhead.give_back(self.want),
            _ => self.bulkhead.serve(),
        }
    }
}
