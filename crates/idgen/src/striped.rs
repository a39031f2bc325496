use alloc::boxed::Box;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::thread_local;

use crossbeam_utils::CachePadded;
use voussoir_core::{Clock, Nanos, WallClock};

use crate::{Batch, Layout, Lease, LeaseMismatch, NextError, Snowflake, SnowflakeId};

/// A generator for many cores: a [`Snowflake`] in parts, of which every thread keeps to one.
///
/// The highest bits of the sequence name the part, so that ids of different parts differ and threads
/// of different parts share no cache line. What that costs: ids increase strictly as seen by each
/// thread, but across threads only to the step of time, and a thread has only its part of the
/// sequence to use up. Take it where one shared word is measured to be the bottleneck, together with
/// [`Policy::Borrow`](crate::Policy::Borrow).
///
/// Built by [`build_striped`](crate::SnowflakeBuilder::build_striped). Shared by reference; 384 bytes
/// a part.
///
/// ```
/// use std::thread;
/// use voussoir_idgen::{Layout, Snowflake};
///
/// let ids = Snowflake::builder(Layout::TWITTER).worker(7).build_striped(4)?;
/// thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| ids.next());
///     }
/// });
/// assert_eq!(ids.layout().parts(ids.next()?).worker, 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct StripedSnowflake<C = WallClock> {
    /// Padded, so that two parts are never in one line.
    stripes: Box<[CachePadded<Snowflake<C>>]>,
    layout: Layout,
}

impl<C> StripedSnowflake<C> {
    /// `stripes` are a power of two.
    pub(crate) fn new(layout: Layout, stripes: impl Iterator<Item = Snowflake<C>>) -> Self {
        Self { stripes: stripes.map(CachePadded::new).collect(), layout }
    }

    /// The next id at `now`, of this thread's part.
    ///
    /// Complexity: O(1), no allocation.
    ///
    /// # Errors
    ///
    /// As [`Snowflake::next_at`].
    #[inline]
    pub fn next_at(&self, now: Nanos) -> Result<SnowflakeId, NextError> {
        self.stripe().next_at(now)
    }

    /// The first instant that no id of this generator carries, as [`Snowflake::high_water`].
    ///
    /// Complexity: O(parts).
    pub fn high_water(&self) -> Nanos {
        self.stripes.iter().map(|stripe| stripe.high_water()).max().unwrap_or_default()
    }

    /// The layout given to the builder.
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// Goes on after the worker's lease was renewed.
    ///
    /// # Errors
    ///
    /// As [`Snowflake::extend`].
    pub fn extend(&self, renewed: &Lease) -> Result<(), LeaseMismatch> {
        self.stripes.iter().try_for_each(|stripe| stripe.extend(renewed))
    }

    /// This thread's part. For a loop, which then need not look it up for each id.
    #[inline]
    pub fn stripe(&self) -> &Snowflake<C> {
        &self.stripes[thread_number() & (self.stripes.len() - 1)]
    }
}

impl<C: Clock> StripedSnowflake<C> {
    /// The next id, of this thread's part.
    ///
    /// Complexity: O(1), no allocation.
    ///
    /// # Errors
    ///
    /// As [`Snowflake::next`].
    #[inline]
    pub fn next(&self) -> Result<SnowflakeId, NextError> {
        self.stripe().next()
    }

    /// The first instant that no id of this generator carries which is made within the next `span`, as
    /// [`Snowflake::high_water_in`].
    ///
    /// Complexity: O(parts).
    pub fn high_water_in(&self, span: Duration) -> Nanos {
        self.stripes.iter().map(|stripe| stripe.high_water_in(span)).max().unwrap_or_default()
    }

    /// The next `n` ids, of this thread's part.
    ///
    /// Complexity: O(1), no allocation.
    ///
    /// # Errors
    ///
    /// As [`Snowflake::next_batch`].
    #[inline]
    pub fn next_batch(&self, n: u32) -> Result<Batch, NextError> {
        self.stripe().next_batch(n)
    }
}

/// Threads are numbered as they come, so that as many as there are parts have one each.
#[inline]
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed));
    NUMBER.with(|number| *number)
}
