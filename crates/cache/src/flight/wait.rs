use alloc::sync::Arc;
use alloc::task::Wake;
use core::fmt;
use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use super::cycle;
use super::lead::Lead;
use super::outcome::{Abandoned, Arrival};
use super::scope::Scope;
use super::seats::{Landing, Ticket, Turn};
use super::table::{Flight, Table};
use crate::sync::thread::{self, Thread};
use crate::sync::{Instant, thread_local};

/// A seat in the flight of another caller. [`block`](Self::block) a thread on it, or await it.
///
/// Dropped, it leaves the flight, which goes on; if the lead had just come to it, the next one has it.
///
/// A future that is not polled keeps its place: if its turn to lead comes, the others wait for it. Who
/// may stop polling, as in a `select!` that keeps the future, should drop it.
#[must_use = "block on it or await it; dropped, it leaves the flight"]
pub struct Wait<K, V> {
    table: Arc<Table<K, V>>,
    flight: Arc<Flight<K, V>>,
    /// None once it has answered.
    ticket: Option<Ticket>,
}

impl<K, V> Wait<K, V> {
    pub(super) fn new(
        table: &Arc<Table<K, V>>,
        flight: &Arc<Flight<K, V>>,
        ticket: Ticket,
    ) -> Self {
        Self { table: Arc::clone(table), flight: Arc::clone(flight), ticket: Some(ticket) }
    }

    /// The key that is being loaded.
    pub fn key(&self) -> &K {
        &self.flight.key
    }
}

impl<K, V: Clone> Wait<K, V> {
    /// Blocks this thread until the flight has landed, or the lead comes to it.
    ///
    /// Answers [`Arrival::Recursive`] at once where the wait would be for itself: within the loader of
    /// this key, or where the loader's thread waits, by way of others perhaps, for a load that runs
    /// on this one. Tasks that wait for each other are not found out; give them a time.
    pub fn block(self) -> Arrival<K, V> {
        self.block_until(None)
    }

    /// As [`block`](Self::block), for `at_most` so long, in real time.
    pub fn block_for(self, at_most: Duration) -> Arrival<K, V> {
        // A time beyond what the system can tell is no limit.
        self.block_until(Instant::now().checked_add(at_most))
    }

    /// Waits until the flight has landed, the lead comes to it, or `timer` is done.
    pub async fn until(mut self, timer: impl Future<Output = ()>) -> Arrival<K, V> {
        let mut timer = pin!(timer);
        core::future::poll_fn(|context| match Pin::new(&mut self).poll(context) {
            Poll::Ready(arrival) => Poll::Ready(arrival),
            Poll::Pending => timer.as_mut().poll(context).map(|()| Arrival::TimedOut),
        })
        .await
    }

    pub(super) fn block_until(mut self, deadline: Option<Instant>) -> Arrival<K, V> {
        let waker = thread_waker();
        let mut context = Context::from_waker(&waker);
        let mut blocked = None;
        loop {
            if let Poll::Ready(arrival) = Pin::new(&mut self).poll(&mut context) {
                return arrival;
            }
            if blocked.is_none() {
                blocked = cycle::block_on(&self.flight.pilot);
                if blocked.is_none() {
                    return Arrival::Recursive;
                }
            }
            match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                None => thread::park(),
                Some(Duration::ZERO) => return Arrival::TimedOut,
                Some(left) => thread::park_timeout(left),
            }
        }
    }

    fn arrive(&mut self, turn: Turn<V>) -> Poll<Arrival<K, V>> {
        let arrival = match turn {
            Turn::Wait => return Poll::Pending,
            Turn::Lead => Arrival::Lead(Lead::new(&self.table, Arc::clone(&self.flight))),
            Turn::Landed(Landing::Value(value)) => Arrival::Value(V::clone(&value)),
            Turn::Landed(Landing::Failed(failure)) => Arrival::Failed(failure),
            Turn::Landed(Landing::LookAgain) => Arrival::LookAgain,
            Turn::Abandoned(abandoned) => Arrival::Abandoned(abandoned),
        };
        Poll::Ready(arrival)
    }
}

/// Polled again after it has answered, it says [`Abandoned::Cancelled`].
impl<K, V: Clone> Future for Wait<K, V> {
    type Output = Arrival<K, V>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(ticket) = self.ticket else {
            return Poll::Ready(Arrival::Abandoned(Abandoned::Cancelled));
        };
        if Scope::holds(&self.flight.pilot) {
            return Poll::Ready(Arrival::Recursive);
        }
        // Cloned before the lock and dropped after it: both may run code of an executor.
        let mut waker = Some(context.waker().clone());
        let turn = self.flight.seats.lock().turn(ticket, &mut waker);
        if !matches!(turn, Turn::Wait) {
            self.ticket = None;
        }
        self.arrive(turn)
    }
}

impl<K, V> Drop for Wait<K, V> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let (leads, waker) = self.flight.seats.lock().leave(ticket);
        drop(waker);
        if leads {
            self.table.hand_over(&self.flight, Abandoned::Cancelled);
        }
    }
}

/// Wakes a thread as an executor wakes a task, so that one queue holds both.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

fn thread_waker() -> Waker {
    thread_local! {
        static WAKER: Waker = Arc::new(Unpark(thread::current())).into();
    }
    WAKER.with(Waker::clone)
}

impl<K, V> fmt::Debug for Wait<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("answered", &self.ticket.is_none()).finish_non_exhaustive()
    }
}
