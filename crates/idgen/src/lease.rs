#[cfg(feature = "std")]
mod local;

use thiserror::Error;
use voussoir_core::Nanos;

#[cfg(feature = "std")]
pub use local::{LeaseError, LocalLeases};

/// Who hands out worker ids for a time, so that no two generators use one at once.
///
/// A lease covers a stretch of *time that ids carry*, and no two leases of one worker overlap. A
/// generator built with it ([`lease`](crate::SnowflakeBuilder::lease)) makes no id outside, so that
/// uniqueness hangs neither on when a process notices that it lost its lease, nor on how far its
/// clock is off. What hangs on the clocks is only whether ids are made at all: a holder whose clock
/// is behind the lease is refused until it has caught up.
///
/// This crate brings [`LocalLeases`], for the generators of one process and for tests. For several
/// processes implement it over a store that can compare and swap: one row a worker, with `until` and
/// `fence`.
pub trait WorkerLease {
    /// Why there is no lease.
    type Error;

    /// Leases a worker that is free at `now`: from `now` or later, with a fence higher than any
    /// before of this worker.
    ///
    /// # Errors
    ///
    /// When no worker is free, or the store cannot be reached.
    fn lease_at(&self, now: Nanos) -> Result<Lease, Self::Error>;

    /// Extends a lease that has not ended at `now`. The fence stays.
    ///
    /// # Errors
    ///
    /// When it has ended, or the store cannot be reached.
    fn renew_at(&self, lease: &Lease, now: Nanos) -> Result<Lease, Self::Error>;

    /// Gives a lease back. The worker is free from `high_water` on, which the generator's
    /// [`high_water`](crate::Snowflake::high_water) tells after its last id.
    ///
    /// # Errors
    ///
    /// When it is another holder's, or the store cannot be reached.
    fn release(&self, lease: &Lease, high_water: Nanos) -> Result<(), Self::Error>;
}

/// The right to make ids as a worker, for the times from `from` to before `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    worker: u64,
    fence: u64,
    from: Nanos,
    until: Nanos,
}

impl Lease {
    /// A lease, by those who implement [`WorkerLease`].
    pub const fn new(worker: u64, fence: u64, from: Nanos, until: Nanos) -> Self {
        Self { worker, fence, from, until }
    }

    /// The worker.
    pub const fn worker(&self) -> u64 {
        self.worker
    }

    /// Grows with each holder of the worker. Sent along with writes to a store, it lets the store
    /// refuse those of a holder that has been replaced.
    pub const fn fence(&self) -> u64 {
        self.fence
    }

    /// The first instant that ids may carry.
    pub const fn from(&self) -> Nanos {
        self.from
    }

    /// The first instant that ids may no longer carry.
    pub const fn until(&self) -> Nanos {
        self.until
    }
}

/// Whose lease a generator holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tenure {
    worker: u64,
    fence: u64,
}

impl Tenure {
    pub(crate) const fn of(lease: &Lease) -> Self {
        Self { worker: lease.worker, fence: lease.fence }
    }

    pub(crate) fn check(held: Option<Self>, renewed: &Lease) -> Result<(), LeaseMismatch> {
        if held == Some(Self::of(renewed)) {
            return Ok(());
        }
        Err(LeaseMismatch { worker: renewed.worker, fence: renewed.fence })
    }
}

/// A lease that is not the one a generator was built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "lease of worker {worker} with fence {fence} is not this generator's; \
     allowed: its own, renewed; build another generator for a new one"
)]
pub struct LeaseMismatch {
    worker: u64,
    fence: u64,
}
