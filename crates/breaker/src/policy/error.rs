use thiserror::Error;

use crate::{BulkheadError, Open, Stop, Throttled, TimedOut};

/// A call through a [`Policy`](crate::Policy) brought no value.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[error("{cause} (attempt {attempts}{})", Why(*stop))]
#[non_exhaustive]
pub struct PolicyError<E> {
    /// How the last attempt ended.
    #[source]
    pub cause: Cause<E>,
    /// How many there were, those that were refused here included.
    pub attempts: u32,
    /// Why there was no other; `None` where nothing is retried.
    pub stop: Option<Stop>,
}

impl<E> PolicyError<E> {
    /// What the call returned, if the last attempt was made and returned.
    pub fn into_inner(self) -> Option<E> {
        match self.cause {
            Cause::Inner(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the last attempt was refused here, and not made at all.
    pub const fn is_refused(&self) -> bool {
        matches!(self.cause, Cause::Open(_) | Cause::Full(_) | Cause::Throttled(_))
    }
}

struct Why(Option<Stop>);

impl core::fmt::Display for Why {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.map_or(Ok(()), |stop| write!(f, ", {stop}"))
    }
}

/// How an attempt ended without a value.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum Cause<E> {
    /// It took too long, or there was no time left to make it.
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
    /// The breaker refused it.
    #[error(transparent)]
    Open(#[from] Open),
    /// The bulkhead had no place for it.
    #[error(transparent)]
    Full(#[from] BulkheadError),
    /// The throttle refused it.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// It was made and failed.
    #[error("{0}")]
    Inner(#[source] E),
}
