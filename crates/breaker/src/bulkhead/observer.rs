use crate::BulkheadError;

/// Told what a [`Bulkhead`](crate::Bulkhead) refuses, by the thread that was refused and outside of
/// every lock. Work that gets in is not told of, and costs nothing more.
///
/// A panic in here is swallowed: it would strike work that has nothing to do with it.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use voussoir_breaker::{Bulkhead, BulkheadError, BulkheadObserver};
///
/// #[derive(Default)]
/// struct Refusals(AtomicU64);
///
/// impl BulkheadObserver for Refusals {
///     fn refused(&self, _: &BulkheadError) {
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
/// }
///
/// let refusals = Arc::new(Refusals::default());
/// let pool = Bulkhead::builder(0).observer(refusals.clone()).build()?;
/// assert!(pool.try_acquire().is_err());
/// assert_eq!(refusals.0.load(Ordering::Relaxed), 1);
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
pub trait BulkheadObserver: Send + Sync {
    /// Work was refused: at once, after waiting, or pushed out of the line.
    fn refused(&self, error: &BulkheadError) {
        let _ = error;
    }

    /// An adaptive limit has moved to `limit`.
    fn limit_changed(&self, limit: u32) {
        let _ = limit;
    }
}
