use core::time::Duration;

use thiserror::Error;
use voussoir_core::{Nanos, duration};

use crate::{ConfigError, Replicas};

/// When what marks a deletion may itself be removed.
///
/// A deletion is a write: a value-less version that covers what was deleted. Removed too early, a
/// replica that was away comes back with the old value, nobody remembers the deletion, and **what was
/// deleted returns**. Two ways to be sure:
///
/// * [`collect`](Self::collect): every replica, none of them a stand-in, has the same tombstone, and no
///   hint can be under way any more. No replica brings the value back then.
/// * [`collect_by_age`](Self::collect_by_age): the grace is over. Safe only if every replica that was
///   away for longer is wiped before it returns, and anti-entropy reaches every key once in a grace.
///
/// With its tombstone a key forgets how far its actors have counted. Written again, they would count from
/// 1, and **a context that a client still holds would cover the new values**: let them count from later
/// on, by [`DvvSet::count_from`](crate::DvvSet::count_from).
///
/// ```
/// use std::time::Duration;
/// use voussoir_core::Nanos;
/// use voussoir_quorum::{Grace, Replicas};
///
/// let grace = Grace::default();
/// let all = Replicas::first(3);
/// let (deleted, later) = (Nanos::ZERO, Nanos::from_secs(4 * 3600));
/// assert!(grace.collect(deleted, later, Replicas::from([0, 1]), all).is_err()); // 2 may not know
/// assert!(grace.collect(deleted, later, all, all).is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace {
    grace: Duration,
    hint_window: Duration,
}

/// Why a tombstone must stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TombstoneKept {
    /// Some replica may still have the value.
    #[error("only {holders} of {replicas} are known to have the tombstone")]
    NotEverywhere {
        /// Who has it.
        holders: Replicas,
        /// Who must have it.
        replicas: Replicas,
    },
    /// A hint with the old value may still be under way, or a replica that is away may have it.
    #[error("deleted too recently; it may be removed in {}", duration::text(*remaining))]
    TooYoung {
        /// How long it must stay yet.
        remaining: Duration,
    },
}

impl Grace {
    /// A tombstone outlives `grace`, hints live for `hint_window` at most.
    ///
    /// # Errors
    ///
    /// When the grace is not longer than the window: a hint could bring back what was deleted.
    pub fn new(grace: Duration, hint_window: Duration) -> Result<Self, ConfigError> {
        if grace <= hint_window {
            let window = duration::text(hint_window);
            let allowed = alloc::format!("more than the hints' window, {window}");
            return Err(ConfigError::new("grace", duration::text(grace), allowed));
        }
        Ok(Self { grace, hint_window })
    }

    /// Whether a tombstone may go that `holders` are known to have, of all `replicas` of the key:
    /// present, joining and leaving ones.
    ///
    /// # Errors
    ///
    /// Why it must stay.
    pub fn collect(
        &self,
        deleted: Nanos,
        now: Nanos,
        holders: Replicas,
        replicas: Replicas,
    ) -> Result<(), TombstoneKept> {
        if !replicas.is_subset(holders) {
            return Err(TombstoneKept::NotEverywhere { holders: holders & replicas, replicas });
        }
        older(deleted, now, self.hint_window)
    }

    /// Whether a tombstone may go because of its age alone.
    ///
    /// # Errors
    ///
    /// When it is younger than the grace.
    pub fn collect_by_age(&self, deleted: Nanos, now: Nanos) -> Result<(), TombstoneKept> {
        older(deleted, now, self.grace)
    }
}

impl Default for Grace {
    /// 10 days, and 3 h for hints: Cassandra's.
    fn default() -> Self {
        Self { grace: Duration::from_hours(240), hint_window: Duration::from_hours(3) }
    }
}

fn older(deleted: Nanos, now: Nanos, than: Duration) -> Result<(), TombstoneKept> {
    let age = now.saturating_duration_since(deleted);
    if age > than {
        return Ok(());
    }
    Err(TombstoneKept::TooYoung { remaining: than.saturating_sub(age) })
}
