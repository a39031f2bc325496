use core::hash::Hash;
use core::marker::PhantomData;
use std::hash::RandomState;

use voussoir_core::{ConfigError, ShardedMap, SystemClock};

use super::{KeyedLimiter, Overflow};
use crate::Algorithm;

/// Options of a [`KeyedLimiter`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct KeyedLimiterBuilder<K, A, S = RandomState, C = SystemClock> {
    algorithm: A,
    max_keys: usize,
    overflow: Overflow,
    hasher: S,
    clock: C,
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
        let Self { algorithm, max_keys, overflow, clock, key, .. } = self;
        KeyedLimiterBuilder { algorithm, max_keys, overflow, hasher, clock, key }
    }

    /// The clock that calls without a given time read.
    pub fn clock<D>(self, clock: D) -> KeyedLimiterBuilder<K, A, S, D> {
        let Self { algorithm, max_keys, overflow, hasher, key, .. } = self;
        KeyedLimiterBuilder { algorithm, max_keys, overflow, hasher, clock, key }
    }

    /// The limiter.
    ///
    /// # Errors
    ///
    /// `max_keys` of 0, or what is wrong with the algorithm's configuration.
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
            shared: self.algorithm.cell(),
            clock: self.clock,
        })
    }
}
