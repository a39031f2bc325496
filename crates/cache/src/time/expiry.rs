use core::fmt;
use core::time::Duration;

/// Says how long each entry is good, where one answer for all will not do.
///
/// ```
/// use std::time::Duration;
/// use voussoir_cache::{Cache, Expiry};
///
/// /// Pages say themselves how long they may be kept.
/// #[derive(Clone)]
/// struct Page {
///     max_age: Duration,
/// }
///
/// #[derive(Debug)]
/// struct AsTold;
///
/// impl Expiry<String, Page> for AsTold {
///     fn ttl(&self, _: &String, page: &Page) -> Option<Duration> {
///         Some(page.max_age)
///     }
/// }
///
/// let pages = Cache::<String, Page>::builder(1000).expiry(AsTold).build()?;
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
pub trait Expiry<K, V>: fmt::Debug + Send + Sync {
    /// How long the value is good from its insertion on, the first and every later one; nothing for
    /// what the cache's own `ttl` says. Called before any lock is taken, but by
    /// [`and_compute`](crate::Entry::and_compute).
    fn ttl(&self, key: &K, value: &V) -> Option<Duration>;

    /// How long the value is good from a read on, or nothing to leave it as it is.
    ///
    /// Called under the lock of a shard by each read that counts as a use (`peek` does not): it must
    /// be short and must not call the cache.
    fn ttl_after_read(&self, _key: &K, _value: &V, _remaining: Duration) -> Option<Duration> {
        None
    }
}
