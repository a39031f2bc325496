use thiserror::Error;

use crate::{TimedOut, TimeoutError};

/// A call failed and was not, or no longer, tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{stop} at attempt {attempts}: {last}")]
#[non_exhaustive]
pub struct RetryError<E> {
    /// Why there was no further attempt.
    pub stop: Stop,
    /// How many there were.
    pub attempts: u32,
    /// How the last one failed.
    #[source]
    pub last: TimeoutError<E>,
}

impl<E> RetryError<E> {
    pub(crate) const fn new(stop: Stop, attempts: u32, last: TimeoutError<E>) -> Self {
        Self { stop, attempts, last }
    }

    /// What the last attempt returned.
    ///
    /// # Errors
    ///
    /// When it returned nothing, since it timed out.
    pub fn into_inner(self) -> Result<E, TimedOut> {
        match self.last {
            TimeoutError::Inner(error) => Ok(error),
            TimeoutError::TimedOut(timed_out) => Err(timed_out),
        }
    }
}

/// Why a call is not tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Stop {
    /// The error will not go away.
    #[error("not worth a retry")]
    Permanent,
    /// It was refused before it was made, and would only be refused again.
    #[error("refused before it was made")]
    Refused,
    /// The work may have been done, and it was not said that it may be done twice.
    #[error("not known to be idempotent")]
    NotIdempotent,
    /// All attempts were made.
    #[error("out of attempts")]
    Attempts,
    /// The time for attempts is over, or will be before the callee wants to be asked again.
    #[error("out of time for retries")]
    Elapsed,
    /// The callee asks for more patience than `max_retry_after`.
    #[error("told to wait too long")]
    RetryAfter,
    /// The next attempt would begin after the deadline of the whole call.
    #[error("too close to the deadline")]
    Deadline,
    /// The budget has no token left.
    #[error("out of retry budget")]
    Budget,
}

impl Stop {
    /// A name for logs and labels: `permanent`, `refused`, `not_idempotent`, `attempts`, `elapsed`,
    /// `retry_after`, `deadline`, `budget`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Permanent => "permanent",
            Self::Refused => "refused",
            Self::NotIdempotent => "not_idempotent",
            Self::Attempts => "attempts",
            Self::Elapsed => "elapsed",
            Self::RetryAfter => "retry_after",
            Self::Deadline => "deadline",
            Self::Budget => "budget",
        }
    }
}
