use core::fmt;
use core::num::NonZero;
use core::time::Duration;

use thiserror::Error;
use voussoir_core::{Rejected, duration};

/// The breaker refused a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("circuit breaker open{}", After(self.retry_after()))]
pub struct Open {
    /// In nanoseconds, `None` without end: a division less for whoever does not ask.
    wait: Option<NonZero<u64>>,
}

impl Open {
    #[inline]
    pub(crate) const fn until(wait: NonZero<u64>) -> Self {
        Self { wait: Some(wait) }
    }

    #[inline]
    pub(crate) const fn isolated() -> Self {
        Self { wait: None }
    }

    /// After how long a call may pass. An open breaker lets none through earlier. A half-open one,
    /// all of whose permits are out, may close earlier, and gives out new ones at this time; one that
    /// ramps up lets every call through from this time on, and some before. `None` of an isolated
    /// one, which waits for a person and not for time.
    #[inline]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self.wait {
            Some(nanos) => Some(Duration::from_nanos(nanos.get())),
            None => None,
        }
    }
}

struct After(Option<Duration>);

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(wait) => write!(f, ": retry after {}", duration::text(wait)),
            None => f.write_str(": isolated"),
        }
    }
}

impl From<Open> for Rejected {
    #[inline]
    fn from(open: Open) -> Self {
        open.retry_after().map_or_else(Self::indefinitely, Self::retry_after)
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

    /// The error of the call, if it was made.
    pub fn into_inner(self) -> Option<E> {
        match self {
            Self::Open(_) => None,
            Self::Inner(error) => Some(error),
        }
    }
}
