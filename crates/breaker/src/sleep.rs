use core::time::Duration;

/// Waits in asynchronous code. The crate owns no timer and knows no runtime: whoever awaits brings
/// one of these.
///
/// Every function from a [`Duration`] to a future is one, so `tokio::time::sleep` or
/// `async_io::Timer::after` with its output dropped can be given as they stand. With the feature
/// `tokio` there is `TokioSleep`, which has a name and no size.
///
/// ```
/// # use std::time::Duration;
/// use voussoir_breaker::Sleep;
///
/// fn takes(_: impl Sleep) {}
///
/// takes(|_: Duration| async { /* the timer of your runtime */ });
/// takes(&|_: Duration| std::future::ready(()));
/// ```
pub trait Sleep {
    /// What is awaited. Dropping it must end the wait.
    type Future: Future<Output = ()>;

    /// A future that is ready once `duration` has passed, and not long after.
    fn sleep(&self, duration: Duration) -> Self::Future;
}

impl<F, Fut> Sleep for F
where
    F: Fn(Duration) -> Fut,
    Fut: Future<Output = ()>,
{
    type Future = Fut;

    #[inline]
    fn sleep(&self, duration: Duration) -> Fut {
        self(duration)
    }
}

/// Waits in the tokio runtime, whose paused time it follows.
#[cfg(feature = "tokio")]
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioSleep;

#[cfg(feature = "tokio")]
impl Sleep for TokioSleep {
    type Future = tokio::time::Sleep;

    #[inline]
    fn sleep(&self, duration: Duration) -> Self::Future {
        tokio::time::sleep(duration)
    }
}
