//! What a builder was told about entries, and what follows from it for each.

use alloc::sync::Arc;
use core::fmt;
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::panic::catch_unwind;

use voussoir_core::Random;

use crate::engine::{Arrival, Fallout, Gone};
use crate::refresh::{Freshness, NegativeTtl};
use crate::{Cause, Expiry, Terms};

pub(crate) type Weigher<K, V> = Arc<dyn Fn(&K, &V) -> u64 + Send + Sync>;
pub(crate) type Listener<K, V> = Arc<dyn Fn(&K, &V, Cause) + Send + Sync>;

/// See the module.
pub(crate) struct Options<K, V> {
    pub(crate) ttl: Option<Duration>,
    pub(crate) tti: Duration,
    pub(crate) jitter: f64,
    pub(crate) expiry: Option<Arc<dyn Expiry<K, V>>>,
    pub(crate) weigher: Option<Weigher<K, V>>,
    pub(crate) listener: Option<Listener<K, V>>,
    pub(crate) freshness: Freshness,
    pub(crate) early: bool,
    /// Whether entries weigh one and end never, if nothing else is said of one.
    pub(crate) is_plain: bool,
    pub(crate) negative: NegativeTtl,
    /// The dice of the jitter: each throw takes one number.
    pub(crate) throws: AtomicU64,
    /// Listeners that panicked.
    pub(crate) panics: AtomicU64,
}

impl<K, V> Options<K, V> {
    pub(crate) fn new() -> Self {
        Self {
            ttl: None,
            tti: Duration::ZERO,
            jitter: 0.0,
            expiry: None,
            weigher: None,
            listener: None,
            freshness: Freshness::new(),
            early: false,
            is_plain: false,
            negative: NegativeTtl::default(),
            throws: AtomicU64::new(0),
            panics: AtomicU64::new(0),
        }
    }

    /// Whether entries end without being told one by one.
    pub(crate) fn is_timed(&self) -> bool {
        self.ttl.is_some() || !self.tti.is_zero() || self.expiry.is_some()
    }

    /// How a new value comes in, unless it is [plain](Arrival::PLAIN) as most are.
    #[expect(clippy::inline_always, reason = "mostly a look at one byte")]
    #[inline(always)]
    pub(crate) fn special_arrival<'a>(
        &self,
        key: &K,
        value: &V,
        terms: Option<&'a Terms>,
    ) -> Option<Arrival<'a>> {
        if self.is_plain && terms.is_none() {
            return None;
        }
        Some(self.arrival(key, value, terms, Duration::ZERO))
    }

    /// How a new value comes in. Calls the weigher and the `Expiry`, so: before any lock.
    #[inline(never)]
    pub(crate) fn arrival<'a>(
        &self,
        key: &K,
        value: &V,
        terms: Option<&'a Terms>,
        cost: Duration,
    ) -> Arrival<'a> {
        let weight = self.weigher.as_ref().map_or(1, |weigh| weigh(key, value).max(1));
        let own = terms.and_then(|terms| terms.ttl);
        let ttl = own.or_else(|| match &self.expiry {
            Some(expiry) => expiry.ttl(key, value).or_else(|| self.jittered()),
            None => self.jittered(),
        });
        let tti = terms.and_then(|terms| terms.tti).unwrap_or(self.tti);
        Arrival { weight, ttl, tti, cost, terms }
    }

    /// As `arrival`, for an entry of a snapshot, which knows its times itself.
    pub(crate) fn restored<'a>(&self, key: &K, value: &V, terms: &'a Terms) -> Arrival<'a> {
        let weight = self.weigher.as_ref().map_or(1, |weigh| weigh(key, value).max(1));
        let tti = terms.tti.unwrap_or(Duration::ZERO);
        Arrival { weight, ttl: terms.ttl, tti, cost: Duration::ZERO, terms: Some(terms) }
    }

    #[inline]
    fn jittered(&self) -> Option<Duration> {
        let ttl = self.ttl?;
        if self.jitter == 0.0 {
            return Some(ttl);
        }
        let seed = self.throws.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        let share = self.jitter * Random::seeded(seed).fraction();
        // A time to live of zero would keep nothing: jitter never makes one.
        Some(ttl.saturating_sub(ttl.mul_f64(share)).max(Duration::from_nanos(1)))
    }

    /// Tells the listener what has left and drops it, but for the first that left for `wanted`.
    #[inline]
    pub(crate) fn settle(&self, fallout: Fallout<K, V>, wanted: Cause) -> Option<(K, V)> {
        if self.listener.is_some() {
            return self.settle_all(fallout, wanted);
        }
        match fallout.only() {
            Ok(only) => only.filter(|gone| gone.cause == wanted).map(Gone::into_pair),
            Err(several) => self.settle_all(several, wanted),
        }
    }

    #[inline(never)]
    fn settle_all(&self, fallout: Fallout<K, V>, wanted: Cause) -> Option<(K, V)> {
        if let Some(listener) = &self.listener {
            // Of all before any is dropped, for a drop may panic.
            for Gone { key, value, cause } in fallout.iter() {
                self.tell(&**listener, key, value, *cause);
            }
        }
        let mut found = None;
        for gone in fallout.into_iter() {
            if gone.cause == wanted && found.is_none() {
                found = Some(gone.into_pair());
            }
        }
        found
    }

    /// A listener that panics harms neither the cache nor its caller, and is called again.
    fn tell(&self, listener: &dyn Fn(&K, &V, Cause), key: &K, value: &V, cause: Cause) {
        if catch_unwind(AssertUnwindSafe(|| listener(key, value, cause))).is_err() {
            self.panics.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<K, V> fmt::Debug for Options<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("ttl", &self.ttl)
            .field("tti", &self.tti)
            .field("jitter", &self.jitter)
            .field("expiry", &self.expiry)
            .field("weigher", &self.weigher.is_some())
            .field("listener", &self.listener.is_some())
            .field("freshness", &self.freshness)
            .field("negative", &self.negative)
            .finish_non_exhaustive()
    }
}
