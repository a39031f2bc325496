use alloc::sync::Arc;

use thiserror::Error;

/// Why a load brought no value.
///
/// ```
/// use std::sync::Arc;
/// use voussoir_cache::flight::LoadError;
///
/// let error = LoadError::Load(Arc::new("no such user"));
/// assert_eq!(error.to_string(), "no such user");
/// assert_eq!(LoadError::<String>::TimedOut.load(), None);
/// ```
#[derive(Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LoadError<E> {
    /// The loader returned this error. All callers of one flight share it.
    #[error("{0}")]
    Load(Arc<E>),
    /// The loader panicked on an executor. A loader on the caller's own stack panics there instead.
    #[error("the loader panicked")]
    Panicked,
    /// The loader asked for the key that it was loading, itself or by way of other threads' loads.
    #[error("the loader waits for its own key")]
    Recursive,
    /// Another caller's load did not end within the time that this one had.
    #[error("the load that another caller began did not end in time")]
    TimedOut,
    /// The executor dropped the load before its end.
    #[error("the load was dropped by its executor")]
    Cancelled,
}

impl<E> LoadError<E> {
    /// The loader's own error, if there was one.
    pub fn load(&self) -> Option<&E> {
        match self {
            Self::Load(error) => Some(error),
            _ => None,
        }
    }
}

/// Shares the loader's error, whether or not it can be cloned.
impl<E> Clone for LoadError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Load(error) => Self::Load(Arc::clone(error)),
            Self::Panicked => Self::Panicked,
            Self::Recursive => Self::Recursive,
            Self::TimedOut => Self::TimedOut,
            Self::Cancelled => Self::Cancelled,
        }
    }
}
