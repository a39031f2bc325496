use core::time::Duration;

use thiserror::Error;
use voussoir_core::{Rejected, duration};

/// The bulkhead let no work in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BulkheadError {
    /// All permits are out, and so are all places in the line.
    #[error("bulkhead full")]
    Full,
    /// No permit was free within the time that work may wait.
    #[error("no permit within {}", duration::text(*waited))]
    TimedOut {
        /// That time.
        waited: Duration,
    },
    /// More important work needed the place in the line.
    #[error("gave way to more important work")]
    Shed,
    /// It wants more permits than there are.
    #[error("wants {weight} permits of {limit}")]
    TooHeavy {
        /// The permits wanted.
        weight: u32,
        /// The permits there are.
        limit: u32,
    },
}

impl BulkheadError {
    /// A name for logs and labels: `full`, `timed_out`, `shed`, `too_heavy`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::TimedOut { .. } => "timed_out",
            Self::Shed => "shed",
            Self::TooHeavy { .. } => "too_heavy",
        }
    }
}

/// When a permit will be free nobody knows.
impl From<BulkheadError> for Rejected {
    fn from(_: BulkheadError) -> Self {
        Self::indefinitely()
    }
}
