use core::hash::Hash;
use core::marker::PhantomData;
use std::hash::RandomState;

use voussoir_core::{Clock, ConfigError, Nanos, ShardedMap, SystemClock};

use super::{KeyedLimiter, Overflow};
use crate::Algorithm;
use crate::initial::Initial;

/// Options of a [`KeyedLimiter`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct KeyedLimiterBuilder<K, A, S = RandomState, C = SystemClock> {
    algorithm: A,
    max_keys: usize,
    overflow: Overflow,
    hasher: S,
    clock: C,
    initial: Option<Initial>,
    key: PhantomData<fn() -> K>,
}

impl<K, A: Algorithm> KeyedLimiterBuilder<K, A> {
    pub(super) fn new(algorithm: A) -> Self {
        Self {
            algorithm,
            max_keys: 1_000_000,
            overflow: Overflow::default(),
            hasher: RandomState::new(),
            clock: SystemClock,
            initial: None,
            key: PhantomData,
        }
    }
}

impl<K, A: Algorithm, S, C> KeyedLimiterBuilder<K, A, S, C> {
    /// How many keys are held at most, 1,000,000 by default.
    pub fn max_keys(self, max_keys: usize) -> Self {
        Self { max_keys, ..self }
    }

    /// What happens to a new key when there is no room.
    pub fn overflow(self, overflow: Overflow) -> Self {
        Self { overflow, ..self }
    }

    /// Another hasher. A fast one, such as those of `foldhash` and `ahash`, saves some 10 ns a
    /// check; take it only for keys that an attacker cannot choose.
    pub fn hasher<H>(self, hasher: H) -> KeyedLimiterBuilder<K, A, H, C> {
        let Self { algorithm, max_keys, overflow, clock, initial, key, .. } = self;
        KeyedLimiterBuilder { algorithm, max_keys, overflow, hasher, clock, initial, key }
    }

    /// The clock that calls without a given time read.
    pub fn clock<D>(self, clock: D) -> KeyedLimiterBuilder<K, A, S, D> {
        let Self { algorithm, max_keys, overflow, hasher, key, .. } = self;
        let initial = self.initial.map(Initial::with_other_clock);
        KeyedLimiterBuilder { algorithm, max_keys, overflow, hasher, clock, initial, key }
    }

    /// Begins at `now` with `n` available to each key instead of the whole limit: as if each had
    /// just taken the rest. A service that is restarted then does not grant every client its burst
    /// once more.
    ///
    /// It is the limiter that begins, at the same moment for all keys: one that comes later finds
    /// what it would have by then, had it been there from the start. If each began with `n` when it
    /// first came, a key would gain or lose by being forgotten in between, and none could be. For
    /// the same reason no key that has taken anything is forgotten before the moment at which one
    /// that has taken nothing has the whole limit.
    pub fn initial_at(self, now: Nanos, n: u32) -> Self {
        Self { initial: Some(Initial::given(now, n)), ..self }
    }

    /// [`initial_at`](Self::initial_at) the present of the builder's clock; so call
    /// [`clock`](Self::clock) before.
    ///
    /// ```
    /// use std::time::Duration;
    /// use voussoir_core::ManualClock;
    /// use voussoir_ratelimit::{KeyedLimiter, TokenBucket};
    ///
    /// let (bucket, clock) = (TokenBucket::per_second(10), ManualClock::new());
    /// let limiter =
    ///     KeyedLimiter::<u64>::builder(bucket).clock(clock.clone()).initial(2).build()?;
    /// assert_eq!(limiter.peek_n(&1, 0).remaining(), 2);
    /// clock.advance(Duration::from_millis(300));
    /// assert_eq!(limiter.peek_n(&2, 0).remaining(), 5);
    /// # Ok::<(), voussoir_core::ConfigError>(())
    /// ```
    pub fn initial(self, n: u32) -> Self
    where
        C: Clock,
    {
        let now = self.clock.now();
        Self { initial: Some(Initial::read(now, n)), ..self }
    }

    /// The limiter.
    ///
    /// # Errors
    ///
    /// `max_keys` of 0; an `initial` above the limit, or by another clock; or what is wrong with the
    /// algorithm's configuration.
    pub fn build(self) -> Result<KeyedLimiter<K, A, S, C>, ConfigError>
    where
        K: Eq + Hash,
    {
        self.algorithm.validate()?;
        if self.max_keys == 0 {
            return Err(ConfigError::new("max_keys", self.max_keys, "1 or more"));
        }
        Ok(KeyedLimiter {
            algorithm: self.algorithm,
            states: ShardedMap::with_hasher(self.hasher),
            max_keys: self.max_keys,
            overflow: self.overflow,
            shared: Initial::cell(self.initial, &self.algorithm)?,
            unseen: Initial::cell(self.initial, &self.algorithm)?,
            clock: self.clock,
        })
    }
}
