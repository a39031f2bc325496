use alloc::boxed::Box;
use core::time::Duration;

use parking_lot::Mutex;
use thiserror::Error;
use voussoir_core::{ConfigError, Nanos, duration};

use super::{Lease, WorkerLease};

/// Worker leases within one process.
///
/// Shared by reference; not a cheap clone. 16 bytes a worker.
///
/// ```
/// use std::time::Duration;
/// use voussoir_core::Nanos;
/// use voussoir_idgen::{Layout, LocalLeases, NextError, Snowflake, WorkerLease};
///
/// let leases = LocalLeases::new(1_024, Duration::from_secs(60))?;
/// let now = Nanos::from_secs(1_700_000_000);
/// let lease = leases.lease_at(now)?;
///
/// let ids = Snowflake::builder(Layout::TWITTER).lease(&lease).build()?;
/// assert!(ids.next_at(now).is_ok());
/// let later = now.saturating_add(Duration::from_secs(59));
/// ids.extend(&leases.renew_at(&lease, later)?)?;
/// assert!(ids.next_at(now.saturating_add(Duration::from_secs(61))).is_ok());
/// let refused = ids.next_at(now.saturating_add(Duration::from_secs(119)));
/// assert!(matches!(refused, Err(NextError::LeaseExpired { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LocalLeases {
    workers: Mutex<Box<[Slot]>>,
    ttl: Duration,
}

/// The last holder of a worker.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    fence: u64,
    /// When the worker is free again.
    until: Nanos,
}

impl LocalLeases {
    /// Leases of the workers from 0 to below `workers`, for `ttl` each time.
    ///
    /// # Errors
    ///
    /// When there is no worker, more than 65,536, or no time.
    pub fn new(workers: u32, ttl: Duration) -> Result<Self, ConfigError> {
        if !(1..=1 << 16).contains(&workers) {
            return Err(ConfigError::new("workers", workers, "1 to 65536"));
        }
        if ttl.is_zero() {
            return Err(ConfigError::new("ttl", duration::text(ttl), "1ns or more"));
        }
        let slots = (0..workers).map(|_| Slot::default()).collect();
        Ok(Self { workers: Mutex::new(slots), ttl })
    }

    /// Does `then` with the slot of a lease whose holder has not been replaced.
    fn with_held<T>(
        &self,
        lease: &Lease,
        then: impl FnOnce(&mut Slot) -> Result<T, LeaseError>,
    ) -> Result<T, LeaseError> {
        let mut workers = self.workers.lock();
        let slot = usize::try_from(lease.worker()).ok().and_then(|worker| workers.get_mut(worker));
        match slot {
            Some(slot) if slot.fence == lease.fence() => then(slot),
            _ => Err(LeaseError::Lost { worker: lease.worker(), fence: lease.fence() }),
        }
    }
}

impl WorkerLease for LocalLeases {
    type Error = LeaseError;

    /// Takes the worker that has been free for longest. O(workers).
    fn lease_at(&self, now: Nanos) -> Result<Lease, LeaseError> {
        let mut workers = self.workers.lock();
        let free = workers.iter_mut().zip(0..).min_by_key(|(slot, _)| slot.until);
        // There is one at least.
        let Some((slot, worker)) = free else {
            return Err(LeaseError::NoneFree { retry_after: Duration::ZERO });
        };
        if slot.until > now {
            let retry_after = slot.until.saturating_duration_since(now);
            return Err(LeaseError::NoneFree { retry_after });
        }
        *slot = Slot { fence: slot.fence + 1, until: now.saturating_add(self.ttl) };
        Ok(Lease::new(worker, slot.fence, now, slot.until))
    }

    /// O(1).
    fn renew_at(&self, lease: &Lease, now: Nanos) -> Result<Lease, LeaseError> {
        self.with_held(lease, |slot| {
            if slot.until <= now {
                return Err(LeaseError::Lost { worker: lease.worker(), fence: lease.fence() });
            }
            slot.until = slot.until.max(now.saturating_add(self.ttl));
            Ok(Lease::new(lease.worker(), lease.fence(), lease.from(), slot.until))
        })
    }

    /// O(1).
    fn release(&self, lease: &Lease, high_water: Nanos) -> Result<(), LeaseError> {
        self.with_held(lease, |slot| {
            slot.until = slot.until.min(high_water.max(lease.from()));
            // Whoever still holds a copy of the lease can no longer renew it.
            slot.fence += 1;
            Ok(())
        })
    }
}

/// Why [`LocalLeases`] gave no lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LeaseError {
    /// All workers are leased.
    #[error("no worker free: retry after {}", duration::text(*retry_after))]
    NoneFree {
        /// When the first lease ends, if it is not renewed.
        retry_after: Duration,
    },
    /// The lease has ended, or was given back, and the worker may have another holder.
    #[error("lease of worker {worker} with fence {fence} has ended; allowed: take a new one")]
    Lost {
        /// The worker of the lease.
        worker: u64,
        /// The fence of the lease.
        fence: u64,
    },
}
