use core::fmt;
use core::future::{Future, poll_fn};
use core::hash::Hash;
use core::task::Poll;
use core::time::Duration;

use voussoir_core::{Clock, Nanos, SystemClock};

use super::shell::{Open, Shell};
use super::{
    AsyncStore, Batch, Change, DeadLetter, FlushReport, Full, Next, WriteQueue, WriteStats,
};

/// A store that is written later, in batches, by tasks. Shared by reference.
///
/// It spawns no task: somebody awaits [`run_pending`](Self::run_pending), a loop of yours or each
/// writer now and then, and is told when to call again. A future that is dropped while the store
/// writes leaves its batch to be written again.
pub struct AsyncWriteBehind<K, V, St: AsyncStore<K, V>, C = SystemClock> {
    shell: Shell<K, V, St::Error, C>,
    store: St,
}

impl<K, V, St> AsyncWriteBehind<K, V, St>
where
    K: Eq + Hash + Clone,
    V: Clone,
    St: AsyncStore<K, V>,
{
    /// Writes to `store` what `queue` says, by the system's clock.
    pub fn new(queue: WriteQueue<K, V>, store: St) -> Self {
        Self::with_clock(queue, store, SystemClock)
    }
}

impl<K, V, St, C> AsyncWriteBehind<K, V, St, C>
where
    K: Eq + Hash + Clone,
    V: Clone,
    St: AsyncStore<K, V>,
    C: Clock,
{
    /// As [`new`](AsyncWriteBehind::new), by another clock.
    pub fn with_clock(queue: WriteQueue<K, V>, store: St, clock: C) -> Self {
        Self { shell: Shell::new(queue, clock), store }
    }

    /// Calls `listener` with each change that is given up, and its last error; none where the store
    /// panicked. Called outside every lock, by the thread that wrote.
    pub fn on_dead_letter(
        mut self,
        listener: impl Fn(&DeadLetter<K, V>, Option<&St::Error>) + Send + Sync + 'static,
    ) -> Self {
        self.shell.on_dead = Some(alloc::boxed::Box::new(listener));
        self
    }

    /// Calls `listener` with how many changes were not written, if any, when this is dropped.
    pub fn on_lost(mut self, listener: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.shell.on_lost = Some(alloc::boxed::Box::new(listener));
        self
    }

    /// The store, as it is: without what waits.
    pub fn store(&self) -> &St {
        &self.store
    }

    /// Sets `key` to `value`, here at once and in the store later. Complexity: O(log n).
    ///
    /// # Errors
    ///
    /// [`Full`], with both, when as many changes wait as may.
    pub fn put(&self, key: K, value: V) -> Result<(), Full<K, V>> {
        self.change(key, Change::Put(value))
    }

    /// Deletes `key`, here at once and in the store later. Complexity: O(log n).
    ///
    /// # Errors
    ///
    /// [`Full`], when as many changes wait as may.
    pub fn delete(&self, key: K) -> Result<(), Full<K, V>> {
        self.change(key, Change::Delete)
    }

    /// Either of the two. Complexity: O(log n).
    ///
    /// # Errors
    ///
    /// [`Full`], with the change, when as many wait as may.
    pub fn change(&self, key: K, change: Change<V>) -> Result<(), Full<K, V>> {
        self.change_at(self.shell.clock.now(), key, change)
    }

    /// As [`change`](Self::change), at `now`.
    ///
    /// # Errors
    ///
    /// [`Full`], with the change, when as many wait as may.
    pub fn change_at(&self, now: Nanos, key: K, change: Change<V>) -> Result<(), Full<K, V>> {
        self.shell.queue.lock().push_at(now, key, change)
    }

    /// The value of `key`: of the change that waits, or else of the store. What a cache has evicted
    /// before it was written is read back right.
    ///
    /// Complexity: O(1) where a change waits, else one read of the store.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn read(&self, key: &K) -> Result<Option<V>, St::Error> {
        let waiting = self.shell.queue.lock().get(key).cloned();
        match waiting {
            Some(change) => Ok(change.into_value()),
            None => self.store.read(key).await,
        }
    }

    /// Writes what is due, in this task, and says when to call again; none when all is written, or
    /// what is left is being written by others.
    ///
    /// Complexity: O(log n) for each change that is written, and the writes.
    pub async fn run_pending(&self) -> Option<Nanos> {
        self.run_pending_at(self.shell.clock.now()).await
    }

    /// As [`run_pending`](Self::run_pending), at `now`: each change that was due then is tried once.
    pub async fn run_pending_at(&self, now: Nanos) -> Option<Nanos> {
        loop {
            match self.shell.next_at(now) {
                Next::Write(batch) => self.write(batch).await,
                Next::At(at) => return Some(at),
                Next::Busy | Next::Idle => return None,
            }
        }
    }

    /// Writes all changes made before, in this task, and returns when each is in the store, or
    /// replaced by a later one that is, or given up. Others' batches are waited for.
    ///
    /// Complexity: O(log n) for each change that is written, and the writes.
    ///
    /// `sleep` is called where a change waits after a failure; it may sleep less, and not at all.
    pub async fn flush<F: Future<Output = ()>>(
        &self,
        mut sleep: impl FnMut(Duration) -> F,
    ) -> FlushReport {
        let open = Open::new(&self.shell.queue);
        loop {
            let now = self.shell.clock.now();
            match self.step(&open, now) {
                Step::Done(report) => return report,
                Step::Next(Next::Write(batch)) => self.write(batch).await,
                Step::Next(Next::At(at)) => sleep(at.saturating_duration_since(now)).await,
                Step::Next(Next::Busy | Next::Idle) => self.completed(&open).await,
            }
        }
    }

    /// How many changes wait or are being written. Complexity: O(1).
    pub fn len(&self) -> usize {
        self.shell.queue.lock().len()
    }

    /// Whether all is written. Complexity: O(1).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What became of the changes so far. Complexity: O(1).
    pub fn stats(&self) -> WriteStats {
        self.shell.queue.lock().stats()
    }

    fn step(&self, open: &Open<'_, K, V>, now: Nanos) -> Step<K, V> {
        let mut queue = self.shell.queue.lock();
        match queue.flushed(&open.ticket) {
            Some(report) => Step::Done(report),
            None => Step::Next(queue.next_for(&open.ticket, now)),
        }
    }

    /// Waits until a batch of another task is done.
    async fn completed(&self, open: &Open<'_, K, V>) {
        let mut asked = false;
        poll_fn(|context| {
            // A batch may have been completed since the queue was asked: the first poll enrols, and
            // has the loop ask once more where that changed anything.
            if asked {
                return Poll::Ready(());
            }
            asked = true;
            self.shell.waiting.lock().push(context.waker().clone());
            if self.shell.queue.lock().is_busy_for(&open.ticket) {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }

    async fn write(&self, batch: Batch<K, V>) {
        let aloft = self.shell.aloft(batch);
        let result = self.store.write_batch(aloft.batch.writes()).await;
        aloft.complete(&result);
    }
}

/// What a flush does next.
enum Step<K, V> {
    Done(FlushReport),
    Next(Next<K, V>),
}

impl<K, V, St: AsyncStore<K, V>, C> fmt::Debug for AsyncWriteBehind<K, V, St, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncWriteBehind").field("queue", &self.shell).finish_non_exhaustive()
    }
}
