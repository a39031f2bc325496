use alloc::format;
use alloc::sync::Arc;
use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;
use std::hash::RandomState;
use std::thread;

use voussoir_core::{ConfigError, Random, SystemClock};

use crate::options::Options;
use crate::policy::{Any, Eviction, Policy, Setup};
use crate::refresh::{Freshness, NegativeTtl, XFetch};
use crate::{Cache, Cause, Expiry, UnsyncCache};

/// A shard of a cache holds this many entries at least: smaller ones cost hit ratio.
const LEAST_PER_SHARD: u64 = 512;

/// The most shards.
const MOST_SHARDS: usize = 1 << 12;

/// The most shards of a weighted cache by default: whether an entry fits must not depend on how many
/// processors there are, and one of a sixteenth of all should.
const MOST_WEIGHTED_SHARDS: usize = 16;

/// Options of a [`Cache`] or an [`UnsyncCache`]. The crate's page lists defaults and ranges.
#[must_use = "a builder does nothing until `build` is called"]
pub struct CacheBuilder<K, V, S = RandomState, C = SystemClock, P = Any> {
    capacity: u64,
    choice: Policy,
    shards: Option<usize>,
    seed: Option<u64>,
    options: Options<K, V>,
    early: Option<f64>,
    ahead: Duration,
    stale: Duration,
    stale_if_error: Duration,
    hasher: S,
    clock: C,
    policy: PhantomData<fn() -> P>,
}

impl<K, V> CacheBuilder<K, V> {
    pub(crate) fn new(capacity: u64) -> Self {
        Self {
            capacity,
            choice: Policy::default(),
            shards: None,
            seed: None,
            options: Options::new(),
            early: None,
            ahead: Duration::ZERO,
            stale: Duration::ZERO,
            stale_if_error: Duration::ZERO,
            hasher: RandomState::new(),
            clock: SystemClock,
            policy: PhantomData,
        }
    }
}

/// What the shells are made of.
pub(crate) struct Plan<K, V, S, C> {
    pub(crate) capacity: u64,
    pub(crate) choice: Policy,
    pub(crate) shards: usize,
    pub(crate) seed: u64,
    pub(crate) options: Options<K, V>,
    pub(crate) hasher: S,
    pub(crate) clock: C,
}

impl<K, V, S, C> Plan<K, V, S, C> {
    /// For a shard that holds `capacity`.
    pub(crate) fn setup(&self, capacity: u64, shard: u64) -> Setup {
        let unit = self.options.weigher.is_none();
        Setup { capacity, unit, seed: self.seed ^ shard, tuner: None }
    }
}

impl<K, V, S, C, P: Eviction> CacheBuilder<K, V, S, C, P> {
    /// What to evict, chosen at run time.
    pub fn policy(self, policy: Policy) -> CacheBuilder<K, V, S, C, Any> {
        CacheBuilder { choice: policy, ..self.retyped() }
    }

    /// What to evict, chosen by type: one of the [`policy`](crate::policy) module. Saves the choice
    /// in every call, about a nanosecond.
    pub fn policy_type<T: Eviction>(self) -> CacheBuilder<K, V, S, C, T> {
        self.retyped()
    }

    /// How much an entry weighs, where the capacity is no count: bytes, say. It is called once with
    /// each value, outside every lock but by [`and_compute`](crate::Entry::and_compute). A weight of 0
    /// counts as 1, so that their number is bounded too. An entry that weighs more than
    /// [`max_entry_weight`](Cache::max_entry_weight) is [rejected](crate::Inserted::Rejected): that is a
    /// sixteenth of the capacity or more, and all of it with [`shards(1)`](Self::shards).
    pub fn weigher(mut self, weigher: impl Fn(&K, &V) -> u64 + Send + Sync + 'static) -> Self {
        self.options.weigher = Some(Arc::new(weigher));
        self
    }

    /// Entries are good for this long after each insertion.
    #[doc(alias = "time_to_live")]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.options.ttl = Some(ttl);
        self
    }

    /// Entries are good until they were not used for this long.
    #[doc(alias = "time_to_idle")]
    pub fn tti(mut self, tti: Duration) -> Self {
        self.options.tti = tti;
        self
    }

    /// Shortens each entry's time to live by a random share, up to this one, so that what was
    /// inserted together does not expire together. From 0 to 1; the time to live stays the most.
    pub fn jitter(mut self, share: f64) -> Self {
        self.options.jitter = share;
        self
    }

    /// Lets each entry say how long it is good.
    pub fn expiry(mut self, expiry: impl Expiry<K, V> + 'static) -> Self {
        self.options.expiry = Some(Arc::new(expiry));
        self
    }

    /// Told of every entry that leaves, and why. Called once each, outside every lock, by the thread
    /// whose call made it leave: it may call the cache. When it panics, that is counted in the
    /// [statistics](crate::Stats::listener_panics) and nothing else is harmed. Entries that expire
    /// are told of when they are reclaimed: by later insertions and by `run_pending`. Nothing is told
    /// when the cache is dropped.
    #[doc(alias = "eviction_listener")]
    pub fn on_evict(mut self, listener: impl Fn(&K, &V, Cause) + Send + Sync + 'static) -> Self {
        self.options.listener = Some(Arc::new(listener));
        self
    }

    /// Loads a value anew before its end, by chance: the more likely the nearer the end and the
    /// longer the last load took ([`XFetch`]). `beta` is 1 in the paper; more is earlier.
    pub fn early_refresh(mut self, beta: f64) -> Self {
        self.early = Some(beta);
        self
    }

    /// Loads a value anew with the first use in the last `ahead` of its time to live.
    pub fn refresh_ahead(mut self, ahead: Duration) -> Self {
        self.ahead = ahead;
        self
    }

    /// Serves a value for so long after its end, while one caller loads a new one. Counts for the
    /// calls that load; a plain `get` finds nothing after the end.
    pub fn stale_while_revalidate(mut self, grace: Duration) -> Self {
        self.stale = grace;
        self
    }

    /// Serves a value for so long after its end when the load of a new one fails.
    pub fn stale_if_error(mut self, grace: Duration) -> Self {
        self.stale_if_error = grace;
        self
    }

    /// Remembers a loader's error for so long and returns it to later callers without a load.
    pub fn negative_ttl(mut self, ttl: Duration) -> Self {
        self.options.negative = NegativeTtl::new(ttl);
        self
    }

    /// In how many parts the cache is locked: a power of two, at most 4096. By default sixteen a
    /// processor, fewer where a part would hold less than 512 entries, and at most sixteen where
    /// entries are weighed, since none can weigh more than a part holds.
    pub fn shards(mut self, shards: usize) -> Self {
        self.shards = Some(shards);
        self
    }

    /// Makes what is left to chance the same in every run: jitter, early refreshes, `Random`.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Hashes keys in this way. The standard library's by default, since keys come from users who
    /// must not choose the collisions; `foldhash` and `ahash` are several times as fast.
    pub fn hasher<T>(self, hasher: T) -> CacheBuilder<K, V, T, C, P> {
        let Self { capacity, choice, shards, seed, options, .. } = self;
        let Self { early, ahead, stale, stale_if_error, clock, policy, .. } = self;
        CacheBuilder {
            capacity,
            choice,
            shards,
            seed,
            options,
            early,
            ahead,
            stale,
            stale_if_error,
            hasher,
            clock,
            policy,
        }
    }

    /// The clock that calls without a given time read. It is read only where entries can expire.
    pub fn clock<T>(self, clock: T) -> CacheBuilder<K, V, S, T, P> {
        let Self { capacity, choice, shards, seed, options, .. } = self;
        let Self { early, ahead, stale, stale_if_error, hasher, policy, .. } = self;
        CacheBuilder {
            capacity,
            choice,
            shards,
            seed,
            options,
            early,
            ahead,
            stale,
            stale_if_error,
            hasher,
            clock,
            policy,
        }
    }

    /// The cache to share between threads.
    ///
    /// # Errors
    ///
    /// A capacity of 0, shards that are no power of two or more than fit, a jitter beyond 0 to 1, or
    /// a `beta` that is not above 0.
    pub fn build(self) -> Result<Cache<K, V, S, C, P>, ConfigError> {
        self.plan().map(Cache::from_plan)
    }

    /// The cache for one thread, or for a lock of one's own: [`get`](UnsyncCache::get) borrows.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build). The options of loads (`early_refresh`, `refresh_ahead`, the stale
    /// ones and `negative_ttl`) mean nothing to it and are refused too.
    pub fn build_unsync(self) -> Result<UnsyncCache<K, V, S, C, P>, ConfigError> {
        let plan = self.plan()?;
        if !plan.options.freshness.is_plain() || plan.options.negative.is_on() {
            let allowed = "not set: an unshared cache has no loads to refresh";
            return Err(ConfigError::new("refresh", "set", allowed));
        }
        Ok(UnsyncCache::from_plan(plan))
    }

    fn plan(mut self) -> Result<Plan<K, V, S, C>, ConfigError> {
        let capacity = self.capacity;
        if capacity == 0 {
            return Err(ConfigError::new("capacity", 0, "1 or more"));
        }
        if !(0.0..=1.0).contains(&self.options.jitter) {
            return Err(ConfigError::new("jitter", self.options.jitter, "0 to 1"));
        }
        let mut freshness = Freshness::new()
            .refresh_ahead(self.ahead)
            .stale(self.stale)
            .stale_if_error(self.stale_if_error);
        if let Some(beta) = self.early {
            freshness = freshness.early(XFetch::new(beta)?);
        }
        self.options.freshness = freshness;
        self.options.early = self.early.is_some();
        self.options.is_plain = self.options.weigher.is_none() && !self.options.is_timed();
        let seed = self.seed.unwrap_or_else(|| Random::from_entropy().next_u64());
        self.options.throws = seed.into();
        Ok(Plan {
            capacity,
            choice: self.choice,
            shards: self.valid_shards()?,
            seed,
            options: self.options,
            hasher: self.hasher,
            clock: self.clock,
        })
    }

    fn valid_shards(&self) -> Result<usize, ConfigError> {
        let most = usize::try_from(self.capacity).unwrap_or(usize::MAX).min(MOST_SHARDS);
        let Some(shards) = self.shards else {
            let processors = thread::available_parallelism().map_or(1, usize::from);
            let wanted = (processors * 16).next_power_of_two() as u64;
            let fitting = (self.capacity / LEAST_PER_SHARD).max(1);
            let fitting = 1 << fitting.ilog2();
            let is_weighted = self.options.weigher.is_some();
            let most = if is_weighted { MOST_WEIGHTED_SHARDS } else { MOST_SHARDS };
            return Ok(wanted.min(fitting).min(most as u64) as usize);
        };
        if !shards.is_power_of_two() || shards > most {
            let allowed = format!("a power of two, at most {most}");
            return Err(ConfigError::new("shards", shards, allowed));
        }
        Ok(shards)
    }

    fn retyped<T>(self) -> CacheBuilder<K, V, S, C, T> {
        let Self { capacity, choice, shards, seed, options, .. } = self;
        let Self { early, ahead, stale, stale_if_error, hasher, clock, .. } = self;
        CacheBuilder {
            capacity,
            choice,
            shards,
            seed,
            options,
            early,
            ahead,
            stale,
            stale_if_error,
            hasher,
            clock,
            policy: PhantomData,
        }
    }
}

impl<K, V, S, C, P> fmt::Debug for CacheBuilder<K, V, S, C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheBuilder")
            .field("capacity", &self.capacity)
            .field("policy", &self.choice)
            .field("shards", &self.shards)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
