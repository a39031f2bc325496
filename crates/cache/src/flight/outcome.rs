use alloc::sync::Arc;
use core::any::Any;
use core::fmt;

use super::{Lead, LoadError};

/// How a flight ended for one that waited for it.
#[must_use = "a `Lead` that is dropped hands over to the next one"]
pub enum Arrival<K, V> {
    /// It brought this value.
    Value(V),
    /// The loader returned an error.
    Failed(Failure),
    /// Its leader is gone, and this caller leads it now, alone.
    Lead(Lead<K, V>),
    /// An insertion won over the load: what was asked for is in the cache.
    LookAgain,
    /// This caller stands in the way of the flight it waits for.
    Recursive,
    /// The time is up. The flight goes on without this caller.
    TimedOut,
    /// The load that this caller gave to an executor ended without an answer.
    Abandoned(Abandoned),
}

/// How a load ended that an executor was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abandoned {
    /// It panicked.
    Panicked,
    /// It was dropped.
    Cancelled,
}

/// The error of a loader, shared by all that waited for it, of whatever type.
#[derive(Clone)]
pub struct Failure {
    error: Arc<dyn Any + Send + Sync>,
}

impl<K, V> Arrival<K, V> {
    /// The value, if the flight brought one.
    pub fn value(self) -> Option<V> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }
}

impl Failure {
    pub(crate) fn new<E: Send + Sync + 'static>(error: Arc<E>) -> Self {
        Self { error }
    }

    /// The error, if it is an `E`. Two callers of one key may use loaders with different errors.
    pub fn of<E: Send + Sync + 'static>(self) -> Option<Arc<E>> {
        self.error.downcast().ok()
    }
}

impl<E> From<Abandoned> for LoadError<E> {
    fn from(abandoned: Abandoned) -> Self {
        match abandoned {
            Abandoned::Panicked => Self::Panicked,
            Abandoned::Cancelled => Self::Cancelled,
        }
    }
}

impl<K, V> fmt::Debug for Arrival<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value(_) => "Value(..)",
            Self::Failed(_) => "Failed(..)",
            Self::Lead(_) => "Lead(..)",
            Self::LookAgain => "LookAgain",
            Self::Recursive => "Recursive",
            Self::TimedOut => "TimedOut",
            Self::Abandoned(Abandoned::Panicked) => "Abandoned(Panicked)",
            Self::Abandoned(Abandoned::Cancelled) => "Abandoned(Cancelled)",
        })
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure").finish_non_exhaustive()
    }
}
