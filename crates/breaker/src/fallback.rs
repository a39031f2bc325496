use alloc::sync::Arc;
use core::fmt;

/// Something to answer when a call fails: a default, an older value, a smaller answer.
///
/// It goes outermost, where all else has been tried. It sees the error and may decline, so that
/// what the caller did wrong still comes to light.
///
/// A cheap clone: an `Arc` inside.
///
/// ```
/// use voussoir_breaker::Fallback;
///
/// let fallback = Fallback::when(|error: &&str| (*error == "unavailable").then_some(0));
/// assert_eq!(fallback.call(|| Err("unavailable")), Ok(0));
/// assert_eq!(fallback.call(|| Err("bad request")), Err("bad request"));
/// assert_eq!(fallback.call(|| Ok(42)), Ok(42));
/// ```
pub struct Fallback<T, E> {
    substitute: Arc<Substitute<T, E>>,
}

type Substitute<T, E> = dyn Fn(&E) -> Option<T> + Send + Sync;

impl<T, E> Fallback<T, E> {
    /// What `substitute` finds for an error; `None` leaves the error as it is.
    pub fn when(substitute: impl Fn(&E) -> Option<T> + Send + Sync + 'static) -> Self {
        Self { substitute: Arc::new(substitute) }
    }

    /// The same value for every error.
    pub fn value(value: T) -> Self
    where
        T: Clone + Send + Sync + 'static,
    {
        Self::when(move |_| Some(value.clone()))
    }

    /// The result, with a substitute in place of its error if there is one.
    ///
    /// # Errors
    ///
    /// The error for which there is no substitute.
    pub fn apply(&self, result: Result<T, E>) -> Result<T, E> {
        result.or_else(|error| (self.substitute)(&error).ok_or(error))
    }

    /// What `call` returns, or its substitute.
    ///
    /// # Errors
    ///
    /// The error for which there is no substitute.
    pub fn call(&self, call: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.apply(call())
    }

    /// What `call` returns, or its substitute.
    ///
    /// # Errors
    ///
    /// The error for which there is no substitute.
    pub async fn call_async<F>(&self, call: impl FnOnce() -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.apply(call().await)
    }
}

impl<T, E> Clone for Fallback<T, E> {
    fn clone(&self) -> Self {
        Self { substitute: Arc::clone(&self.substitute) }
    }
}

impl<T, E> fmt::Debug for Fallback<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fallback").finish_non_exhaustive()
    }
}
