use voussoir_core::{Clock, Outcome};

use super::CircuitBreaker;
use crate::{BreakerError, Permit};

/// Calls of closures and futures.
impl<C: Clock> CircuitBreaker<C> {
    /// Makes a call, if the breaker lets it through: `Ok` is a success, `Err` a failure.
    ///
    /// # Errors
    ///
    /// [`BreakerError::Open`] when the call was refused, else what the call returned.
    ///
    /// # Panics
    ///
    /// When `call` does; it then counts as a failure.
    #[inline]
    pub fn call<T, E>(&self, call: impl FnOnce() -> Result<T, E>) -> Result<T, BreakerError<E>> {
        let permit = self.try_acquire()?;
        conclude(permit, call(), Outcome::of)
    }

    /// As [`call`](Self::call), where `classify` says what a result means.
    ///
    /// ```
    /// use voussoir_breaker::CircuitBreaker;
    /// use voussoir_core::Outcome;
    ///
    /// let breaker = CircuitBreaker::builder().build()?;
    /// // That there is no such user says nothing against the user service.
    /// let found = breaker.call_with(
    ///     || Err::<(), _>(404),
    ///     |result| match result {
    ///         Err(400..=499) => Outcome::Ignore,
    ///         other => Outcome::of(other),
    ///     },
    /// );
    /// assert!(found.is_err());
    /// assert_eq!(breaker.stats().calls, 0);
    /// # Ok::<(), voussoir_core::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Panics
    ///
    /// As [`call`](Self::call).
    #[inline]
    pub fn call_with<T, E>(
        &self,
        call: impl FnOnce() -> Result<T, E>,
        classify: impl FnOnce(&Result<T, E>) -> Outcome,
    ) -> Result<T, BreakerError<E>> {
        let permit = self.try_acquire()?;
        conclude(permit, call(), classify)
    }

    /// Awaits a call, if the breaker lets it through: `Ok` is a success, `Err` a failure. Takes
    /// `|| async { … }` as well as `async || { … }`.
    ///
    /// Dropping the future cancels the call, which counts nowhere.
    ///
    /// # Errors
    ///
    /// [`BreakerError::Open`] when the call was refused, else what the call returned.
    ///
    /// ```
    /// # use voussoir_breaker::{BreakerError, CircuitBreaker};
    /// # async fn fetch() -> Result<u32, std::io::Error> { Ok(7) }
    /// # async fn example(breaker: &CircuitBreaker) -> Result<(), BreakerError<std::io::Error>> {
    /// let reply = breaker.call_async(|| fetch()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn call_async<T, E, F>(&self, call: impl FnOnce() -> F) -> Result<T, BreakerError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let permit = self.try_acquire()?;
        conclude(permit, call().await, Outcome::of)
    }

    /// As [`call_async`](Self::call_async), where `classify` says what a result means, as in
    /// [`call_with`](Self::call_with).
    ///
    /// # Errors
    ///
    /// As [`call_async`](Self::call_async).
    pub async fn call_async_with<T, E, F>(
        &self,
        call: impl FnOnce() -> F,
        classify: impl FnOnce(&Result<T, E>) -> Outcome,
    ) -> Result<T, BreakerError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let permit = self.try_acquire()?;
        conclude(permit, call().await, classify)
    }
}

#[inline]
fn conclude<T, E, C: Clock>(
    permit: Permit<'_, C>,
    result: Result<T, E>,
    classify: impl FnOnce(&Result<T, E>) -> Outcome,
) -> Result<T, BreakerError<E>> {
    permit.finish(classify(&result));
    result.map_err(BreakerError::Inner)
}
