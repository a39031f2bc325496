use alloc::borrow::ToOwned;
use alloc::sync::Arc;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::time::Duration;
use std::hash::RandomState;

use equivalent::Equivalent;
use thiserror::Error;
use voussoir_core::{Clock, ConfigError, Nanos, ShardedMap, SystemClock};

use crate::breaker::config::Config;
use crate::{CircuitBreaker, CircuitBreakerBuilder};

/// Breakers by key, all with the same options: one for each host, tenant or endpoint.
///
/// A breaker is made when its key is first asked for. There are never more than `max_keys`: when all
/// places are taken, breakers that nobody holds and nobody has asked for in the idle time make room,
/// and if there is none, the key is refused. One that still refuses calls, or that was steered by
/// hand, is never idle: flooding the registry does not close what is open.
///
/// Shared by reference; not a cheap clone, put it into an `Arc`.
///
/// ```
/// use voussoir_breaker::{BreakerRegistry, CircuitBreaker};
///
/// let hosts = BreakerRegistry::<String>::new(CircuitBreaker::builder(), 10_000)?;
/// let reply = hosts.get("db-1.example")?.call(|| Ok::<_, ()>("pong"));
/// assert_eq!(reply, Ok("pong"));
/// assert_eq!(hosts.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Memory
///
/// 200 bytes for a breaker whose window fits a word, 16 bytes and the key's own, with the map's spare
/// room.
pub struct BreakerRegistry<K, C = SystemClock, S = RandomState> {
    entries: ShardedMap<K, Entry<C>, S>,
    options: CircuitBreakerBuilder<C>,
    /// What the options come to.
    config: Config,
    max_keys: usize,
    idle_after: Duration,
}

#[derive(Debug)]
struct Entry<C> {
    breaker: Arc<CircuitBreaker<C>>,
    asked: Nanos,
}

/// All places of a registry are taken by breakers in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no room for another key: all {max_keys} breakers are in use")]
pub struct RegistryFull {
    /// How many keys there may be.
    pub max_keys: usize,
}

/// Long enough that the window of a callee that is called now and then is not lost.
const IDLE_AFTER: Duration = Duration::from_mins(10);
/// Slots of the map looked at for each new key: more than come in, so that idle breakers cannot pile
/// up, and few enough that no call has to wait for a sweep.
const SWEPT: usize = 8;

impl<K, C> BreakerRegistry<K, C>
where
    K: Eq + Hash,
    C: Clock + Clone,
{
    /// A registry of at most `max_keys` breakers with these options, idle after 10 minutes.
    ///
    /// # Errors
    ///
    /// The first option that is out of its range, or `max_keys` of 0.
    pub fn new(options: CircuitBreakerBuilder<C>, max_keys: usize) -> Result<Self, ConfigError> {
        Self::with_hasher(options, max_keys, RandomState::new())
    }
}

impl<K, C, S> BreakerRegistry<K, C, S>
where
    K: Eq + Hash,
    C: Clock + Clone,
    S: BuildHasher,
{
    /// As [`new`](Self::new), with a hasher for keys that no stranger chooses.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_hasher(
        options: CircuitBreakerBuilder<C>,
        max_keys: usize,
        hasher: S,
    ) -> Result<Self, ConfigError> {
        if max_keys == 0 {
            return Err(ConfigError::new("max_keys", max_keys, "1 or more"));
        }
        // The options are looked at now, so that no key can fail by them later.
        let config = options.config()?;
        let entries = ShardedMap::with_hasher(hasher);
        Ok(Self { entries, options, config, max_keys, idle_after: IDLE_AFTER })
    }

    /// Takes breakers for idle that were not asked for in so long.
    pub fn idle_after(self, idle_after: Duration) -> Self {
        Self { idle_after, ..self }
    }

    /// The breaker of `key`, made if there is none. The clock is read.
    ///
    /// Complexity: O(1) expected; when the registry is full, a new key may look at every entry.
    ///
    /// # Errors
    ///
    /// [`RegistryFull`], when the key is new and no breaker is idle.
    pub fn get<Q>(&self, key: &Q) -> Result<Arc<CircuitBreaker<C>>, RegistryFull>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        let now = self.options.clock_now();
        let touch = |entry: &mut Entry<C>| {
            // Threads may come in another order than they read the clock; a clock set back counts
            // anew at the next sweep.
            entry.asked = now;
            Arc::clone(&entry.breaker)
        };
        if let Some(breaker) = self.entries.update(key, touch) {
            return Ok(breaker);
        }
        self.entries.sweep(SWEPT, |_, entry| !self.is_idle(entry, now));
        self.insert(key, now).or_else(|full| {
            self.entries.retain(|_, entry| !self.is_idle(entry, now));
            if self.entries.len() < self.max_keys { self.insert(key, now) } else { Err(full) }
        })
    }

    /// The breaker of `key`, if there is one. Does not count as asking for it.
    pub fn peek<Q>(&self, key: &Q) -> Option<Arc<CircuitBreaker<C>>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.entries.read(key, |entry| Arc::clone(&entry.breaker))
    }

    /// Forgets the breaker of `key`. Whoever holds it goes on with it alone.
    pub fn remove<Q>(&self, key: &Q) -> Option<Arc<CircuitBreaker<C>>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.entries.remove(key).map(|entry| entry.breaker)
    }

    /// Forgets every idle breaker. Complexity: O(keys).
    pub fn remove_idle(&self) {
        let now = self.options.clock_now();
        self.entries.retain(|_, entry| !self.is_idle(entry, now));
    }

    /// Calls `visit` for each breaker, in no order. It must not call back into the registry.
    pub fn for_each(&self, mut visit: impl FnMut(&K, &CircuitBreaker<C>)) {
        self.entries.for_each(|key, entry| visit(key, &entry.breaker));
    }

    /// How many breakers there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn insert<Q>(&self, key: &Q, now: Nanos) -> Result<Arc<CircuitBreaker<C>>, RegistryFull>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        let make =
            || Entry { breaker: Arc::new(self.options.clone().made_of(self.config)), asked: now };
        let clone = |entry: &mut Entry<C>| Arc::clone(&entry.breaker);
        let inserted = self.entries.try_update_or_insert(key, self.max_keys, make, clone);
        inserted.map_err(|_| RegistryFull { max_keys: self.max_keys })
    }

    /// Nobody holds it, and nobody has asked for it for long. A clock set back makes it no younger
    /// than it was: an entry of the future was asked for at least when the clock was set back.
    fn is_idle(&self, entry: &mut Entry<C>, now: Nanos) -> bool {
        entry.asked = entry.asked.min(now);
        Arc::strong_count(&entry.breaker) == 1
            && entry.breaker.is_settled_at(now)
            && now.saturating_duration_since(entry.asked) >= self.idle_after
    }
}

/// Shows the size only: keys may be many, and secret.
impl<K, C, S> fmt::Debug for BreakerRegistry<K, C, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerRegistry")
            .field("len", &self.entries.len())
            .field("max_keys", &self.max_keys)
            .finish_non_exhaustive()
    }
}
