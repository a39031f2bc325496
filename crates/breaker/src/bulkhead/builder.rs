use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use parking_lot::Mutex;
use voussoir_core::{ConfigError, SystemClock, WaitQueue};

use super::{Bulkhead, Partitions};
use crate::sync::{AtomicU32, AtomicU64};
use crate::watch::Watch;
use crate::{AdaptiveLimit, BulkheadObserver};

/// Options of a [`Bulkhead`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct BulkheadBuilder<C = SystemClock> {
    limit: u32,
    adaptive: Option<AdaptiveLimit>,
    max_waiting: u32,
    max_wait: Duration,
    newest_first: bool,
    partitions: Vec<(String, f64)>,
    lends: bool,
    watch: Watch<dyn BulkheadObserver>,
    clock: C,
}

const MILLION: u32 = 1_000_000;
/// As many as a set in one word has members, less one for work of no partition.
const MAX_PARTITIONS: usize = 63;

impl BulkheadBuilder {
    pub(super) fn new(limit: u32) -> Self {
        Self {
            limit,
            adaptive: None,
            max_waiting: 0,
            max_wait: Duration::MAX,
            newest_first: false,
            partitions: Vec::new(),
            lends: false,
            watch: Watch::NOBODY,
            clock: SystemClock,
        }
    }
}

impl<C> BulkheadBuilder<C> {
    /// Lets so many wait in line. Without this nobody waits.
    pub fn queue(self, max_waiting: u32) -> Self {
        Self { max_waiting, ..self }
    }

    /// Lets work wait in line for so long, and no longer. Without this the line knows no time.
    pub fn max_wait(self, max_wait: Duration) -> Self {
        Self { max_wait, ..self }
    }

    /// Serves the latest in line first. When all who wait give up after a while, work served late is
    /// served for nothing; this serves some in time instead of all too late.
    pub fn newest_first(self) -> Self {
        Self { newest_first: true, ..self }
    }

    /// Keeps a share of the permits, rounded down, for work that names this partition. What no
    /// partition is promised is free for all. A bulkhead with partitions takes its lock for each
    /// permit.
    pub fn partition(mut self, name: impl Into<String>, share: f64) -> Self {
        self.partitions.push((name.into(), share));
        self
    }

    /// Lends permits that are promised to a partition and not used to other work. The partition then
    /// gets its share as soon as permits are given back, and before others, but not at once.
    pub fn lend_idle(self) -> Self {
        Self { lends: true, ..self }
    }

    /// Lets the limit follow what the callee bears. The limit given first is where it starts.
    pub fn adaptive(self, limit: AdaptiveLimit) -> Self {
        Self { adaptive: Some(limit), ..self }
    }

    /// Tells `observer` of refusals, and of an adaptive limit that moves.
    pub fn observer(self, observer: Arc<dyn BulkheadObserver>) -> Self {
        Self { watch: Watch::new(observer), ..self }
    }

    /// The clock that an adaptive limit measures with.
    pub fn clock<D>(self, clock: D) -> BulkheadBuilder<D> {
        BulkheadBuilder {
            limit: self.limit,
            adaptive: self.adaptive,
            max_waiting: self.max_waiting,
            max_wait: self.max_wait,
            newest_first: self.newest_first,
            partitions: self.partitions,
            lends: self.lends,
            watch: self.watch,
            clock,
        }
    }

    /// The bulkhead, empty.
    ///
    /// # Errors
    ///
    /// The first option that is out of its range.
    pub fn build(self) -> Result<Bulkhead<C>, ConfigError> {
        let partitions = self.partitions()?;
        let adaptive = self.adaptive.map(|adaptive| adaptive.starting_at(self.limit));
        if let Some(adaptive) = &adaptive {
            adaptive.check(self.limit)?;
        }
        Ok(Bulkhead {
            word: AtomicU64::new(0),
            limit: AtomicU32::new(self.limit),
            line: WaitQueue::new(),
            partitions,
            adaptive: adaptive.map(Mutex::new),
            max_waiting: self.max_waiting,
            max_wait: self.max_wait,
            newest_first: self.newest_first,
            watch: self.watch,
            clock: self.clock,
        })
    }

    fn partitions(&self) -> Result<Partitions, ConfigError> {
        let mut parts: Vec<(String, u32)> = Vec::with_capacity(self.partitions.len());
        for (name, share) in &self.partitions {
            if !(0.0..=1.0).contains(share) {
                return Err(ConfigError::new("partition", share, "a share of 0 to 1"));
            }
            if parts.iter().any(|(other, _)| other == name) {
                return Err(ConfigError::new("partition", name, "a name of its own"));
            }
            #[expect(clippy::cast_sign_loss, reason = "0 to a million")]
            parts.push((name.clone(), (share * f64::from(MILLION) + 0.5) as u32));
        }
        if parts.len() > MAX_PARTITIONS {
            return Err(ConfigError::new("partition", parts.len(), "at most 63 partitions"));
        }
        let shares: u64 = parts.iter().map(|(_, share)| u64::from(*share)).sum();
        if shares > u64::from(MILLION) {
            let sum = shares as f64 / f64::from(MILLION);
            return Err(ConfigError::new("partition", sum, "shares of at most 1 in all"));
        }
        Ok(Partitions::new(parts, self.lends))
    }
}
