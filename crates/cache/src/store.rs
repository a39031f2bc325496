//! What is behind a cache: a store that is read through and written through or behind.
//!
//! | you want | take |
//! |---|---|
//! | a miss to be filled from the store | [`ReadThrough`]: [`Through`], by its reads |
//! | a write to be in the store before it is in the cache | [`WriteThrough`]: [`Through`], by its writes |
//! | a cache over writes that reach the store later | [`Behind`], [`Through`] over [`WriteBehind`] |
//! | the three for tasks | [`AsyncThrough`], [`AsyncBehind`] over an [`AsyncStore`] |
//! | a write to return at once, and reach the store later, with others | [`WriteBehind`], [`AsyncWriteBehind`] |
//! | the same inside a loop of your own | [`WriteQueue`], which decides and does no I/O |
//!
//! ```
//! use std::time::Duration;
//! use voussoir_cache::store::{Change, Next, WriteQueue};
//! use voussoir_core::Nanos;
//!
//! let mut queue = WriteQueue::builder().interval(Duration::from_secs(1)).build()?;
//! queue.push_at(Nanos::ZERO, "ada", Change::Put(1)).unwrap();
//! queue.push_at(Nanos::ZERO, "ada", Change::Put(2)).unwrap(); // replaces the first
//! assert_eq!(queue.next_at(Nanos::ZERO), Next::At(Nanos::from_secs(1)));
//!
//! let Next::Write(batch) = queue.next_at(Nanos::from_secs(1)) else { unreachable!() };
//! assert_eq!(batch.writes()[0].change(), &Change::Put(2));
//! queue.complete_at(Nanos::from_secs(1), batch, |_| false);
//! assert_eq!(queue.next_at(Nanos::from_secs(1)), Next::Idle);
//! # Ok::<(), voussoir_core::ConfigError>(())
//! ```
//!
//! # What write-behind promises
//!
//! * **Order**: changes of one key reach the store in the order in which they were made; one key is
//!   never in two batches at once. Changes of different keys have no order.
//! * **At least once**: a change is tried until the store takes it or its attempts are used up; what
//!   the store took without saying so comes again. Writes must be idempotent, as a put is.
//! * **Nothing is lost silently**: each accepted change is written, replaced by a later one of its
//!   key, given to the listener of dead letters, or counted as lost when the queue is dropped.
//! * **A flush proves**: it ends when every change accepted before it has met one of these ends.
//!
//! What it cannot promise is to outlive the process: changes that wait are in memory only.

mod batch;
mod behind;
mod behind_async;
mod builder;
mod change;
mod flush;
mod line;
mod queue;
mod shell;
mod through;
mod through_async;
mod turnstile;

use core::future::Future;

pub use batch::{Batch, BatchError, DeadLetter, Write};
pub use behind::WriteBehind;
pub use behind_async::AsyncWriteBehind;
pub use builder::WriteQueueBuilder;
pub use change::{Change, Full};
pub use flush::{FlushReport, FlushTicket};
pub use queue::{Next, WriteQueue, WriteStats};
pub use through::{Behind, ReadThrough, Through, WriteThrough};
pub use through_async::{AsyncBehind, AsyncThrough};

/// Where values are kept: a database, a file, another service.
pub trait Store<K, V> {
    /// What reading or writing may fail with.
    type Error;

    /// The value of `key`, if there is one.
    ///
    /// # Errors
    ///
    /// Those of the store.
    fn read(&self, key: &K) -> Result<Option<V>, Self::Error>;

    /// Puts or deletes the value of `key`.
    ///
    /// # Errors
    ///
    /// Those of the store. The change is then tried again.
    fn write(&self, key: &K, change: &Change<V>) -> Result<(), Self::Error>;

    /// Writes several changes of different keys. Without an own way, one after the other.
    ///
    /// # Errors
    ///
    /// [`BatchError`], which says what was not written and is tried again.
    fn write_batch(&self, writes: &[Write<K, V>]) -> Result<(), BatchError<Self::Error>> {
        let failed = |(index, write): (usize, &Write<K, V>)| {
            self.write(write.key(), write.change()).err().map(|error| (index, error))
        };
        BatchError::of(writes.iter().enumerate().filter_map(failed).collect())
    }
}

/// As [`Store`], for tasks.
pub trait AsyncStore<K, V> {
    /// What reading or writing may fail with.
    type Error;

    /// The value of `key`, if there is one.
    fn read(&self, key: &K) -> impl Future<Output = Result<Option<V>, Self::Error>> + Send;

    /// Writes several changes of different keys. [`BatchError`] says what was not written.
    fn write_batch(
        &self,
        writes: &[Write<K, V>],
    ) -> impl Future<Output = Result<(), BatchError<Self::Error>>> + Send;
}
