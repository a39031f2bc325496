use core::fmt;
use core::hash::Hash;
use core::time::Duration;

use voussoir_core::{Clock, Nanos, SystemClock};

use super::shell::{Open, Shell};
use super::{Batch, Change, DeadLetter, FlushReport, Full, Next, Store, WriteQueue, WriteStats};

/// A store that is written later, in batches, by threads. Shared by reference.
///
/// It starts no thread: somebody calls [`run_pending`](Self::run_pending), a loop of yours or each
/// writer now and then, and is told when to call again.
///
/// ```
/// use std::collections::HashMap;
/// use std::convert::Infallible;
/// use std::sync::Mutex;
/// use voussoir_cache::store::{Change, Store, WriteBehind, WriteQueue};
///
/// #[derive(Default)]
/// struct Table(Mutex<HashMap<u32, String>>);
///
/// impl Store<u32, String> for Table {
///     type Error = Infallible;
///     fn read(&self, key: &u32) -> Result<Option<String>, Infallible> {
///         Ok(self.0.lock().unwrap().get(key).cloned())
///     }
///     fn write(&self, key: &u32, change: &Change<String>) -> Result<(), Infallible> {
///         let mut table = self.0.lock().unwrap();
///         match change {
///             Change::Put(value) => table.insert(*key, value.clone()),
///             Change::Delete => table.remove(key),
///         };
///         Ok(())
///     }
/// }
///
/// let behind = WriteBehind::new(WriteQueue::builder().build()?, Table::default());
/// behind.put(1, "one".to_owned())?;
/// assert_eq!(behind.read(&1), Ok(Some("one".to_owned()))); // though the table has it not
///
/// let report = behind.flush(std::thread::sleep);
/// assert!(report.is_clean());
/// assert_eq!(behind.store().read(&1), Ok(Some("one".to_owned())));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct WriteBehind<K, V, St: Store<K, V>, C = SystemClock> {
    shell: Shell<K, V, St::Error, C>,
    store: St,
}

impl<K, V, St> WriteBehind<K, V, St>
where
    K: Eq + Hash + Clone,
    V: Clone,
    St: Store<K, V>,
{
    /// Writes to `store` what `queue` says, by the system's clock.
    pub fn new(queue: WriteQueue<K, V>, store: St) -> Self {
        Self::with_clock(queue, store, SystemClock)
    }
}

impl<K, V, St, C> WriteBehind<K, V, St, C>
where
    K: Eq + Hash + Clone,
    V: Clone,
    St: Store<K, V>,
    C: Clock,
{
    /// As [`new`](WriteBehind::new), by another clock.
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
    pub fn read(&self, key: &K) -> Result<Option<V>, St::Error> {
        let waiting = self.shell.queue.lock().get(key).cloned();
        waiting.map_or_else(|| self.store.read(key), |change| Ok(change.into_value()))
    }

    /// Writes what is due, on this thread, and says when to call again; none when all is written, or
    /// what is left is being written by others.
    ///
    /// Complexity: O(log n) for each change that is written, and the writes.
    pub fn run_pending(&self) -> Option<Nanos> {
        self.run_pending_at(self.shell.clock.now())
    }

    /// As [`run_pending`](Self::run_pending), at `now`: each change that was due then is tried once.
    pub fn run_pending_at(&self, now: Nanos) -> Option<Nanos> {
        loop {
            match self.shell.next_at(now) {
                Next::Write(batch) => self.write(batch),
                Next::At(at) => return Some(at),
                Next::Busy | Next::Idle => return None,
            }
        }
    }

    /// Writes all changes made before, on this thread, and returns when each is in the store, or
    /// replaced by a later one that is, or given up. Others' batches are waited for.
    ///
    /// Complexity: O(log n) for each change that is written, and the writes.
    ///
    /// `sleep` is called where a change waits after a failure; it may sleep less, and not at all.
    pub fn flush(&self, mut sleep: impl FnMut(Duration)) -> FlushReport {
        // Declared first, thus dropped after the lock in the loop.
        let open = Open::new(&self.shell.queue);
        loop {
            let now = self.shell.clock.now();
            let mut queue = self.shell.queue.lock();
            if let Some(report) = queue.flushed(&open.ticket) {
                return report;
            }
            match queue.next_for(&open.ticket, now) {
                Next::Write(batch) => {
                    drop(queue);
                    self.write(batch);
                }
                Next::At(at) => {
                    drop(queue);
                    sleep(at.saturating_duration_since(now));
                }
                Next::Busy | Next::Idle => self.shell.completed.wait(&mut queue),
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

    fn write(&self, batch: Batch<K, V>) {
        let aloft = self.shell.aloft(batch);
        let result = self.store.write_batch(aloft.batch.writes());
        aloft.complete(&result);
    }
}

impl<K, V, St: Store<K, V>, C> fmt::Debug for WriteBehind<K, V, St, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteBehind").field("queue", &self.shell).finish_non_exhaustive()
    }
}
