use core::time::Duration;

use thiserror::Error;
use voussoir_core::duration;

/// The breaker refused a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("circuit breaker open: retry after {}", duration::text(*retry_after))]
pub struct Open {
    retry_after: Duration,
}

impl Open {
    pub(crate) const fn new(retry_after: Duration) -> Self {
        Self { retry_after }
    }

    /// After how long a call may pass. An open breaker lets none through earlier. A half-open one,
    /// all of whose permits are out, may close earlier, and gives out new ones at this time.
    pub const fn retry_after(&self) -> Duration {
        self.retry_after
    }
}

/// Why a call through a breaker brought no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BreakerError<E> {
    /// The call was refused and never made.
    #[error(transparent)]
    Open(#[from] Open),
    /// The call was made and failed.
    #[error("{0}")]
    Inner(#[source] E),
}

impl<E> BreakerError<E> {
    /// Whether the call was refused and never made, so that it can be repeated elsewhere.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Open(_))
    }
}
