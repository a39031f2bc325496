use core::time::Duration;

use thiserror::Error;
use voussoir_core::{Nanos, duration};

/// Why a generator made no id. It is as it was before the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NextError {
    /// The sequence of this step of time is used up, and so is what may be borrowed.
    #[error("sequence exhausted: retry after {}", duration::text(*retry_after))]
    Exhausted {
        /// After how long the same call succeeds, if nobody else takes ids meanwhile.
        retry_after: Duration,
    },
    /// The clock shows an earlier time than ids already carry: it was set back, or the generator
    /// was resumed at a mark that the clock has not reached.
    #[error(
        "clock behind the last id by {}: retry after {}",
        duration::text(*by),
        duration::text(*retry_after)
    )]
    ClockBehind {
        /// From the clock's time to the last id's.
        by: Duration,
        /// After how long the same call succeeds, if the clock goes on from here.
        retry_after: Duration,
    },
    /// The clock shows a time before the layout's epoch.
    #[error("clock before the layout's epoch by {}", duration::text(*by))]
    BeforeEpoch {
        /// From the clock's time to the epoch.
        by: Duration,
    },
    /// The layout's timestamps are used up: its last one has passed, or is lent out.
    #[error("timestamps of the layout end {end} after 1970")]
    EndOfTime {
        /// The first instant without an id, as [`Layout::end`](crate::Layout::end).
        end: Nanos,
    },
    /// The worker's lease does not cover the time that the id would carry.
    #[error("lease of the worker ended {until} after 1970; allowed: renew it")]
    LeaseExpired {
        /// The first instant that the lease does not cover.
        until: Nanos,
    },
    /// More ids asked for at once than there can ever be.
    #[error("batch of {asked} ids; allowed: at most {most}")]
    BatchTooLarge {
        /// How many were asked for.
        asked: u32,
        /// The sequence of one step and of those that may be borrowed.
        most: u64,
    },
}

impl NextError {
    /// After how long to try again, at the earliest; `None` where time alone does not help.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Exhausted { retry_after } | Self::ClockBehind { retry_after, .. } => {
                Some(*retry_after)
            }
            Self::BeforeEpoch { by } => Some(*by),
            _ => None,
        }
    }
}
