//! What the sync and the async shell share: the queue under its lock, listeners, and batches that
//! come back also when a store panics or a task is dropped.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::hash::Hash;
use core::mem;
use core::panic::AssertUnwindSafe;
use core::task::Waker;
use std::panic::{catch_unwind, resume_unwind};

use parking_lot::{Condvar, Mutex};
use voussoir_core::{Clock, Nanos};

use super::{Batch, BatchError, DeadLetter, FlushTicket, Next, WriteQueue};

pub(super) type OnDead<K, V, E> = Box<dyn Fn(&DeadLetter<K, V>, Option<&E>) + Send + Sync>;
pub(super) type OnLost = Box<dyn Fn(usize) + Send + Sync>;

pub(super) struct Shell<K, V, E, C> {
    pub(super) clock: C,
    pub(super) on_dead: Option<OnDead<K, V, E>>,
    pub(super) on_lost: Option<OnLost>,
    pub(super) queue: Mutex<WriteQueue<K, V>>,
    /// Threads that wait for a batch of another thread.
    pub(super) completed: Condvar,
    /// Tasks that do.
    pub(super) waiting: Mutex<Vec<Waker>>,
}

/// A flush under way. Dropped, it asks for nothing any more.
pub(super) struct Open<'a, K, V> {
    queue: &'a Mutex<WriteQueue<K, V>>,
    pub(super) ticket: FlushTicket,
}

impl<'a, K, V> Open<'a, K, V> {
    pub(super) fn new(queue: &'a Mutex<WriteQueue<K, V>>) -> Self {
        let ticket = queue.lock().flush();
        Self { queue, ticket }
    }
}

impl<K, V> Drop for Open<'_, K, V> {
    fn drop(&mut self) {
        self.queue.lock().cancel_flush(&self.ticket);
    }
}

/// A batch under way. Dropped without an answer, it counts as failed: it is tried again.
pub(super) struct Aloft<'a, K: Eq + Hash + Clone, V: Clone, E, C: Clock> {
    shell: &'a Shell<K, V, E, C>,
    pub(super) batch: Batch<K, V>,
    done: bool,
}

impl<K: Eq + Hash + Clone, V: Clone, E, C: Clock> Shell<K, V, E, C> {
    pub(super) fn new(queue: WriteQueue<K, V>, clock: C) -> Self {
        Self {
            clock,
            on_dead: None,
            on_lost: None,
            queue: Mutex::new(queue),
            completed: Condvar::new(),
            waiting: Mutex::default(),
        }
    }

    pub(super) fn aloft(&self, batch: Batch<K, V>) -> Aloft<'_, K, V, E, C> {
        Aloft { shell: self, batch, done: false }
    }

    pub(super) fn next_at(&self, now: Nanos) -> Next<K, V> {
        self.queue.lock().next_at(now)
    }

    fn complete(&self, batch: Batch<K, V>, result: Option<&Result<(), BatchError<E>>>) {
        let now = self.clock.now();
        let dead = self.queue.lock().complete_at(now, batch, |index| match result {
            Some(Ok(())) => false,
            Some(Err(error)) => error.get(index).is_some(),
            None => true,
        });
        self.completed.notify_all();
        let waiting = mem::take(&mut *self.waiting.lock());
        waiting.into_iter().for_each(Waker::wake);
        let Some(listener) = &self.on_dead else { return };
        let mut panicked = None;
        for letter in &dead {
            let error = match result {
                Some(Err(error)) => error.get(letter.index),
                _ => None,
            };
            // The other letters are in no store and in no queue: they must be told of, too.
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| listener(letter, error))) {
                panicked.get_or_insert(panic);
            }
        }
        if let Some(panic) = panicked {
            resume_unwind(panic);
        }
    }
}

impl<K: Eq + Hash + Clone, V: Clone, E, C: Clock> Aloft<'_, K, V, E, C> {
    pub(super) fn complete(mut self, result: &Result<(), BatchError<E>>) {
        self.done = true;
        let batch = Batch { writes: mem::take(&mut self.batch.writes) };
        self.shell.complete(batch, Some(result));
    }
}

impl<K: Eq + Hash + Clone, V: Clone, E, C: Clock> Drop for Aloft<'_, K, V, E, C> {
    fn drop(&mut self) {
        if !self.done {
            let batch = Batch { writes: mem::take(&mut self.batch.writes) };
            // Perhaps by a panic of the store: one of a listener on top would end the process.
            let _ = catch_unwind(AssertUnwindSafe(|| self.shell.complete(batch, None)));
        }
    }
}

impl<K, V, E, C> Drop for Shell<K, V, E, C> {
    fn drop(&mut self) {
        let lost = self.queue.get_mut().len();
        if let Some(listener) = self.on_lost.as_ref().filter(|_| lost > 0) {
            listener(lost);
        }
    }
}

impl<K, V, E, C> fmt::Debug for Shell<K, V, E, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.queue.lock().fmt(f)
    }
}
