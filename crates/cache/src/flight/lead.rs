use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::{fmt, mem};
use std::thread;

use super::outcome::{Abandoned, Failure};
use super::scope::Scope;
use super::seats::Landing;
use super::table::{Flight, Table};
use super::wait::Wait;

/// The right and the duty to load one key. Dropped without an answer, by a panic or with its future,
/// it goes over to the one that waited longest.
#[must_use = "load the value and `land` it; dropped, it hands over to the next one"]
pub struct Lead<K, V> {
    table: Arc<Table<K, V>>,
    flight: Arc<Flight<K, V>>,
    landed: bool,
}

/// Whether the cache still wants what a flight brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing happened to the key meanwhile: store the value.
    Wanted,
    /// An entry was inserted meanwhile. It wins.
    Superseded,
    /// The key was invalidated meanwhile: the value may be what was meant.
    Discarded,
}

impl<K, V> Lead<K, V> {
    pub(super) fn new(table: &Arc<Table<K, V>>, flight: Arc<Flight<K, V>>) -> Self {
        Self { table: Arc::clone(table), flight, landed: false }
    }

    /// The key to be loaded.
    pub fn key(&self) -> &K {
        &self.flight.key
    }

    /// Whether the value should be stored. Ask under the lock under which it would be: the answer
    /// holds as long as that is held. Complexity: O(1), one lock.
    pub fn standing(&self) -> Standing {
        self.flight.seats.lock().standing()
    }

    /// How many wait for this load. Complexity: O(1), one lock.
    pub fn waiting(&self) -> usize {
        self.flight.seats.lock().waiting()
    }

    /// Runs `load` as the loader of this key: asking for the key within it is
    /// [`Recursive`](super::Role::Recursive).
    pub fn scope<T>(&self, load: impl FnOnce() -> T) -> T {
        let _loading = Scope::enter(&self.flight.pilot);
        load()
    }

    /// As [`scope`](Self::scope), for a future: while it is polled. A task that the future spawns
    /// and awaits is outside of it.
    pub async fn scope_async<T>(&self, load: impl Future<Output = T>) -> T {
        let mut load = pin!(load);
        poll_fn(|context| {
            let _loading = Scope::enter(&self.flight.pilot);
            load.as_mut().poll(context)
        })
        .await
    }

    /// Runs `load` as the loader of all these keys at once.
    ///
    /// Who leads some keys and waits for others must land the former before it waits for the
    /// latter: then no two bulk loads wait for each other.
    pub fn scope_all<T>(leads: &[Self], load: impl FnOnce() -> T) -> T {
        let _loading: Loading<'_> = Loading::enter(leads);
        load()
    }

    /// As [`scope_all`](Self::scope_all), for a future.
    pub async fn scope_all_async<T>(leads: &[Self], load: impl Future<Output = T>) -> T {
        let mut load = pin!(load);
        poll_fn(|context| {
            let _loading = Loading::enter(leads);
            load.as_mut().poll(context)
        })
        .await
    }

    /// The load is done, and its value stored if it was wanted: tells all that wait.
    ///
    /// Complexity: O(those that wait). Clones the value only if somebody waits.
    pub fn land(mut self, value: &V)
    where
        V: Clone,
    {
        // Out of the table first: from here on nobody joins, so that who waits now is all.
        self.table.remove(&self.flight);
        if self.waiting() > 0 {
            self.settle(Landing::Value(Arc::new(value.clone())));
        } else {
            self.landed = true;
        }
    }

    /// The loader returned an error: all that wait share it. To let the next one try instead, drop
    /// the lead.
    ///
    /// Complexity: O(those that wait).
    pub fn fail<E: Send + Sync + 'static>(self, error: E) -> Arc<E> {
        self.fail_with(Arc::new(error))
    }

    pub(crate) fn fail_with<E: Send + Sync + 'static>(mut self, error: Arc<E>) -> Arc<E> {
        self.table.remove(&self.flight);
        self.settle(Landing::Failed(Failure::new(Arc::clone(&error))));
        error
    }

    /// There is no need to load: what was asked for is in the cache. All that wait look there.
    ///
    /// Complexity: O(those that wait).
    pub fn stand_down(mut self) {
        self.table.remove(&self.flight);
        self.settle(Landing::LookAgain);
    }

    /// This lead for an executor, and a seat for the caller, who waits like the others from now on.
    /// When the executor gives the load up, the caller is told, and one of the others takes over.
    pub fn detach(self) -> (Self, Wait<K, V>) {
        let ticket = self.flight.seats.lock().join_as_starter();
        let wait = Wait::new(&self.table, &self.flight, ticket);
        (self, wait)
    }

    fn settle(&mut self, landing: Landing<V>) {
        let mut wake = Vec::new();
        self.flight.seats.lock().land(landing, &mut wake);
        // Only now: had anything before panicked, those that wait would be handed the lead.
        self.landed = true;
        for waker in mem::take(&mut wake) {
            waker.wake();
        }
    }
}

impl<K, V> Drop for Lead<K, V> {
    fn drop(&mut self) {
        if !self.landed {
            let panicked = thread::panicking();
            let abandoned = if panicked { Abandoned::Panicked } else { Abandoned::Cancelled };
            self.table.hand_over(&self.flight, abandoned);
        }
    }
}

/// Scopes of several flights. They end in the reverse order, as they must.
struct Loading<'a>(Vec<Scope<'a>>);

impl<'a> Loading<'a> {
    fn enter<K, V>(leads: &'a [Lead<K, V>]) -> Self {
        Self(leads.iter().map(|lead| Scope::enter(&lead.flight.pilot)).collect())
    }
}

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        while self.0.pop().is_some() {}
    }
}

impl<K, V> fmt::Debug for Lead<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lead")
            .field("standing", &self.standing())
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}
