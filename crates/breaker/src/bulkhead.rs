mod adaptive;
mod builder;
mod claim;
mod error;
#[cfg(all(test, voussoir_loom))]
mod models;
mod observer;
mod partition;
mod permit;
mod place;
#[cfg(all(test, voussoir_shuttle))]
mod schedules;
#[cfg(feature = "serde")]
mod serde;
mod stats;

use core::time::Duration;

use parking_lot::Mutex;
use voussoir_core::{Clock, Gate, Line, Nanos, Outcome, Rejected, Serve, SystemClock, WaitQueue};

pub use self::adaptive::{AdaptiveLimit, Aimd, Gradient, Vegas};
pub use self::builder::BulkheadBuilder;
pub use self::claim::{Claim, Criticality};
pub use self::error::BulkheadError;
pub use self::observer::BulkheadObserver;
use self::partition::Partitions;
pub use self::permit::{BulkheadPermit, OwnedBulkheadPermit};
use self::place::{Told, Want};
#[cfg(feature = "serde")]
pub use self::serde::{AdaptiveAlgorithm, AdaptiveConfig, BulkheadConfig};
pub use self::stats::BulkheadStats;
use crate::Sleep;
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use crate::watch::Watch;

/// Lets so much work run at once and no more; the rest waits in a line, or is refused.
///
/// Shared by reference between threads; not a cheap clone, put it into an `Arc`. Without contention
/// a permit costs one atomic operation to take and one to give back; the line has a lock, which is
/// not touched while nobody waits. Whoever waits is served before whoever comes.
///
/// ```
/// use voussoir_breaker::{Bulkhead, BulkheadError};
///
/// let pool = Bulkhead::builder(2).build()?;
/// let (first, second) = (pool.try_acquire()?, pool.try_acquire()?);
/// assert_eq!(pool.try_acquire().unwrap_err(), BulkheadError::Full);
/// drop(first);
/// assert!(pool.try_acquire().is_ok());
/// # drop(second);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Bulkhead<C = SystemClock> {
    /// The permits that are out, in the lower half, and [`WAITING`].
    ///
    /// ```text
    ///  63       62                32 31                     0
    /// ┌─────────┬───────────────────┬────────────────────────┐
    /// │ waiting │ 0                 │ permits out            │
    /// └─────────┴───────────────────┴────────────────────────┘
    /// ```
    ///
    /// `waiting` is set and cleared under the lock of the line. Set, it sends whoever gives a permit
    /// back to the line, and whoever comes to its end. Permits out may exceed the limit only after
    /// the limit has shrunk, and never 2^32, which is more than the limit can be.
    word: AtomicU64,
    limit: AtomicU32,
    line: WaitQueue<Want, Told>,
    partitions: Partitions,
    adaptive: Option<Mutex<AdaptiveLimit>>,
    max_waiting: u32,
    max_wait: Duration,
    newest_first: bool,
    watch: Watch<dyn BulkheadObserver>,
    clock: C,
}

const WAITING: u64 = 1 << 63;

impl Bulkhead {
    /// Starts a bulkhead for `limit` permits at once; 0 refuses everything.
    pub fn builder(limit: u32) -> BulkheadBuilder {
        BulkheadBuilder::new(limit)
    }
}

impl<C> Bulkhead<C> {
    /// Takes a permit at `now`, if one is free and nobody waits. Complexity: O(1), no allocation.
    ///
    /// # Errors
    ///
    /// [`BulkheadError::Full`].
    #[inline]
    pub fn try_acquire_at(&self, now: Nanos) -> Result<BulkheadPermit<'_, C>, BulkheadError> {
        if !self.partitions.is_empty() {
            return self.claim().try_acquire_at(now);
        }
        if self.take(1) {
            Ok(BulkheadPermit::new(self, Want::ONE, now))
        } else {
            Err(self.refuse(BulkheadError::Full))
        }
    }

    /// Asks for more than one permit, for another class of work, or out of a partition.
    pub fn claim(&self) -> Claim<'_, C> {
        Claim::new(self)
    }

    /// How many permits there are in all. Complexity: O(1).
    pub fn limit(&self) -> u32 {
        self.limit.load(Ordering::Acquire)
    }

    /// Changes how many permits there are. Work that runs goes on: after the limit has shrunk, new
    /// work waits until enough has ended. After it has grown, as many waiters are served as fit.
    ///
    /// An adaptive limit sets it anew after the next sample.
    pub fn set_limit(&self, limit: u32) {
        self.limit.store(limit, Ordering::Release);
        self.serve();
    }

    /// How many permits are out. Complexity: O(1).
    pub fn in_use(&self) -> u32 {
        self.word.load(Ordering::Acquire) as u32
    }

    /// How many permits are free: 0 when more are out than there are, after the limit has shrunk.
    pub fn available(&self) -> u32 {
        self.limit().saturating_sub(self.in_use())
    }

    /// The bulkhead at this moment.
    pub fn stats(&self) -> BulkheadStats {
        let waiting = self.line.with(|line| line.len());
        BulkheadStats {
            limit: self.limit(),
            in_use: self.in_use(),
            waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
        }
    }

    /// The clock given to the builder.
    pub fn clock(&self) -> &C {
        &self.clock
    }

    #[inline]
    fn refuse(&self, error: BulkheadError) -> BulkheadError {
        self.watch.tell(|observer| observer.refused(&error));
        error
    }

    /// Takes permits, unless somebody waits or they are not there.
    #[inline]
    fn take(&self, weight: u32) -> bool {
        let limit = u64::from(self.limit.load(Ordering::Relaxed));
        let mut word = self.word.load(Ordering::Relaxed);
        // Whoever waits makes the word larger than any limit.
        while word + u64::from(weight) <= limit {
            let to = word + u64::from(weight);
            let swap = |from| {
                self.word.compare_exchange_weak(from, to, Ordering::AcqRel, Ordering::Relaxed)
            };
            match swap(word) {
                Ok(_) => return true,
                Err(other) => word = other,
            }
        }
        false
    }

    /// As [`take`](Self::take), for whoever is at the head of the line.
    fn take_in_turn(&self, weight: u32) -> bool {
        let limit = u64::from(self.limit());
        let mut word = self.word.load(Ordering::Acquire);
        while (word & !WAITING) + u64::from(weight) <= limit {
            let to = word + u64::from(weight);
            let swap =
                |from| self.word.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
            match swap(word) {
                Ok(_) => return true,
                Err(other) => word = other,
            }
        }
        false
    }

    /// Takes what is wanted, or a place in the line.
    fn take_for(&self, want: Want) -> bool {
        if self.partitions.is_empty() {
            return self.take(want.weight);
        }
        self.line.with(|line| {
            let others = line.iter().any(|waiter| waiter.partition == want.partition);
            !others && self.take_from_partition(want)
        })
    }

    /// To be called under the lock of the line.
    fn take_from_partition(&self, want: Want) -> bool {
        let (in_use, limit) = (self.in_use(), self.limit());
        let taken = self.partitions.may_take(want, in_use, limit) && self.take_in_turn(want.weight);
        if taken {
            self.partitions.took(want);
        }
        taken
    }

    #[inline]
    fn give_back(&self, want: Want) {
        if !self.partitions.is_empty() {
            return self.give_back_to_partition(want);
        }
        let before = self.word.fetch_sub(u64::from(want.weight), Ordering::AcqRel);
        if before & WAITING != 0 {
            self.serve();
        }
    }

    #[cold]
    fn give_back_to_partition(&self, want: Want) {
        self.line.with(|line| {
            self.word.fetch_sub(u64::from(want.weight), Ordering::AcqRel);
            self.partitions.gave_back(want);
            self.serve_line(line);
        });
    }

    /// Lets those at the head of the line have what is free.
    #[cold]
    fn serve(&self) {
        self.line.with(|line| self.serve_line(line));
    }

    fn serve_line(&self, line: &mut Line<Want, Told>) {
        let limit = self.limit();
        // What was taken is given, even if the limit was less a moment ago: it may have grown since.
        let tell = |want: &Want, taken: bool, otherwise: Serve<Told>| match taken {
            true => Serve::Answer(Told::Go),
            false if want.weight > limit => Serve::Answer(Told::TooHeavy),
            false => otherwise,
        };
        if self.partitions.is_empty() {
            line.serve(|want| tell(want, self.take_in_turn(want.weight), Serve::Stop));
        } else {
            // Partitions do not hold each other up, but within each it goes in turn; and those that
            // have less than their share come first.
            for only_below_share in [true, false] {
                let mut held_up = 0_u64;
                line.serve(|want| {
                    let bit = want.partition.map_or(1 << 63, |partition| 1 << partition);
                    let now = held_up & bit == 0
                        && (!only_below_share || self.partitions.is_below_share(*want, limit))
                        && self.take_from_partition(*want);
                    held_up |= if now { 0 } else { bit };
                    tell(want, now, Serve::Skip)
                });
            }
        }
        if line.is_empty() {
            self.word.fetch_and(!WAITING, Ordering::AcqRel);
        }
    }

    /// What an adaptive limit learns from work that took so long.
    #[inline(never)]
    fn learn(&self, took: Duration, outcome: Outcome) {
        let Some(adaptive) = &self.adaptive else { return };
        // Who finds it taken lets its sample go, rather than make work wait for statistics.
        let Some(mut adaptive) = adaptive.try_lock() else { return };
        let limit = match outcome {
            Outcome::Success => adaptive.on_success(took, self.in_use()),
            Outcome::Failure => adaptive.on_overload(took, self.in_use()),
            Outcome::Ignore => return,
        };
        drop(adaptive);
        if limit != self.limit() {
            self.set_limit(limit);
            self.watch.tell(|observer| observer.limit_changed(limit));
        }
    }

    #[inline]
    fn is_adaptive(&self) -> bool {
        self.adaptive.is_some()
    }
}

impl<C: Clock> Bulkhead<C> {
    /// Takes a permit, if one is free and nobody waits. The clock is read only for an adaptive limit.
    ///
    /// Complexity: O(1), no allocation.
    ///
    /// # Errors
    ///
    /// [`BulkheadError::Full`].
    #[inline]
    pub fn try_acquire(&self) -> Result<BulkheadPermit<'_, C>, BulkheadError> {
        self.try_acquire_at(self.now())
    }

    /// Takes a permit, and blocks the thread in line for it, as long as the builder allows.
    ///
    /// # Errors
    ///
    /// [`BulkheadError`]: the line is full, or the wait was too long, or more important work came.
    pub fn acquire(&self) -> Result<BulkheadPermit<'_, C>, BulkheadError> {
        self.claim().acquire()
    }

    /// Takes a permit, and awaits it in line, as long as the builder allows by the timer of `sleep`.
    /// Dropping the future leaves the line.
    ///
    /// ```
    /// use std::time::Duration;
    /// use voussoir_breaker::{Bulkhead, TokioSleep};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = Bulkhead::builder(1).queue(8).max_wait(Duration::from_secs(1)).build()?;
    /// let running = pool.acquire_async(&TokioSleep).await?;
    /// assert!(pool.acquire_async(&TokioSleep).await.is_err());
    /// drop(running);
    /// assert!(pool.acquire_async(&TokioSleep).await.is_ok());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    pub async fn acquire_async(
        &self,
        sleep: &impl Sleep,
    ) -> Result<BulkheadPermit<'_, C>, BulkheadError> {
        self.claim().acquire_async(sleep).await
    }

    /// The time, where somebody will ask for it.
    #[inline]
    fn now(&self) -> Nanos {
        if self.is_adaptive() { self.clock.now() } else { Nanos::ZERO }
    }
}

/// A bulkhead is a gate that never waits. A failure is read as overload by an adaptive limit.
impl<C> Gate for Bulkhead<C> {
    type Guard<'a>
        = BulkheadPermit<'a, C>
    where
        Self: 'a;

    #[inline]
    fn try_pass_at(&self, now: Nanos) -> Result<BulkheadPermit<'_, C>, Rejected> {
        self.try_acquire_at(now).map_err(Rejected::from)
    }
}
