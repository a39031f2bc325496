use alloc::borrow::ToOwned;
use alloc::vec;
use core::fmt;
use core::hash::{BuildHasher, Hash};

use equivalent::Equivalent;
use thiserror::Error;
use voussoir_core::{Clock, ConfigError, Nanos};

use crate::algorithm::{Algorithm, sealed};
use crate::carry::Carry;
use crate::cell::Locked;
use crate::decision::Decision;
use crate::keyed::KeyedLimiter;
use crate::snapshot::{Snapshot, Use};
use crate::verdict::Verdict;

/// Limits that differ by key: plans of customers, a stricter one for those who misbehave.
///
/// A key begins in tier 0. [`KeyedLimiter::set_tier`] puts it into another, and carries over what it
/// has used; [`Decision::bound_by`] tells which tier decided.
///
/// ```
/// use voussoir_ratelimit::{Carry, KeyedLimiter, Tiers, TokenBucket};
///
/// let tiers = Tiers::new([TokenBucket::per_minute(10), TokenBucket::per_minute(1_000)]);
/// let limiter = KeyedLimiter::<String>::builder(tiers).build()?;
/// limiter.set_tier("acme", 1, Carry::Additive)?;
/// assert_eq!(limiter.check("acme").limit(), 1_000);
/// assert_eq!(limiter.check("anyone").limit(), 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A key outside tier 0 is never as good as never seen, so it is held until it is put back or
/// removed, and counts toward `max_keys`. A state takes 8 bytes more than its limit's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiers<A, const N: usize> {
    tiers: [A; N],
}

/// What [`Tiers`] remember of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TierState<S> {
    state: S,
    tier: u16,
}

/// A key could not be put into a tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TierError {
    /// There are not so many.
    #[error("no tier {tier}; allowed: 0 to {}", tiers - 1)]
    Unknown {
        /// What was asked for.
        tier: usize,
        /// How many there are.
        tiers: usize,
    },
    /// The key is new, and there is no room for it.
    #[error("no room for a new key: {max_keys} are held, and none of them is as good as new")]
    Full {
        /// The bound given to the builder.
        max_keys: usize,
    },
}

impl<A: Algorithm, const N: usize> Tiers<A, N> {
    /// The limits of tiers 0, 1 and so on; at least one.
    pub const fn new(tiers: [A; N]) -> Self {
        const { assert!(N > 0, "no tiers") };
        Self { tiers }
    }

    /// The limits, by tier.
    pub const fn tiers(&self) -> &[A; N] {
        &self.tiers
    }

    /// The tier of a key. Its number is always one of those there are, since `set_tier` refuses all
    /// others.
    fn tier(&self, tier: u16) -> &A {
        &self.tiers[usize::from(tier) % N]
    }
}

impl<K, A, S, C, const N: usize> KeyedLimiter<K, Tiers<A, N>, S, C>
where
    K: Eq + Hash,
    A: Algorithm + sealed::Single,
    S: BuildHasher,
{
    /// Puts `key` into a tier at `now`; `carry` says what becomes of what was available.
    ///
    /// # Errors
    ///
    /// [`TierError`], with nothing changed.
    pub fn set_tier_at<Q>(
        &self,
        now: Nanos,
        key: &Q,
        tier: usize,
        carry: Carry,
    ) -> Result<(), TierError>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        let Some(limit) = self.algorithm().tiers.get(tier) else {
            return Err(TierError::Unknown { tier, tiers: N });
        };
        let set = |held: &mut TierState<A::State>| {
            let from = self.algorithm().tier(held.tier);
            held.state = limit.carry(from, &held.state, now, carry);
            limit.place(&mut held.state, || self.hash(key));
            held.tier = tier as u16;
        };
        let max_keys = self.max_keys();
        self.try_on_state(now, key, set).ok_or(TierError::Full { max_keys })
    }
}

impl<K, A, S, C, const N: usize> KeyedLimiter<K, Tiers<A, N>, S, C>
where
    K: Eq + Hash,
    A: Algorithm + sealed::Single,
    S: BuildHasher,
    C: Clock,
{
    /// [`set_tier_at`](Self::set_tier_at) the present.
    ///
    /// # Errors
    ///
    /// [`TierError`], with nothing changed.
    pub fn set_tier<Q>(&self, key: &Q, tier: usize, carry: Carry) -> Result<(), TierError>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        self.set_tier_at(self.clock().now(), key, tier, carry)
    }
}

impl<A, const N: usize> sealed::Sealed for Tiers<A, N> {}

impl<A: Algorithm + sealed::Single, const N: usize> Algorithm for Tiers<A, N> {
    type State = TierState<A::State>;
    type Cell = Locked<Self::State>;

    fn validate(&self) -> Result<(), ConfigError> {
        if N > usize::from(u16::MAX) {
            return Err(ConfigError::new("tiers", N, "1 to 65535"));
        }
        self.tiers.iter().try_for_each(A::validate)
    }

    #[inline]
    fn decide(&self, held: &mut Self::State, now: Nanos, n: u32) -> Verdict {
        let verdict = self.tier(held.tier).decide(&mut held.state, now, n);
        Verdict { bound_by: held.tier, ..verdict }
    }

    fn foresee(&self, held: &Self::State, now: Nanos, n: u32) -> Verdict {
        let verdict = self.tier(held.tier).foresee(&held.state, now, n);
        Verdict { bound_by: held.tier, ..verdict }
    }

    #[inline]
    fn decision(&self, verdict: Verdict, now: Nanos, n: u32) -> Decision {
        self.tier(verdict.bound_by).decision(verdict, now, n)
    }

    fn reserve(&self, held: &mut Self::State, now: Nanos, n: u32) -> Decision {
        self.tier(held.tier).reserve(&mut held.state, now, n).of_limit(held.tier)
    }

    fn charge(&self, held: &mut Self::State, now: Nanos, n: u32) {
        self.tier(held.tier).charge(&mut held.state, now, n);
    }

    fn refund(&self, held: &mut Self::State, now: Nanos, n: u32) {
        self.tier(held.tier).refund(&mut held.state, now, n);
    }

    fn is_fresh(&self, held: &Self::State, now: Nanos) -> bool {
        held.tier == 0 && self.tier(0).is_fresh(&held.state, now)
    }

    fn place(&self, held: &mut Self::State, hash: impl FnOnce() -> u64) {
        self.tier(held.tier).place(&mut held.state, hash);
    }

    fn used_up(&self, now: Nanos) -> Self::State {
        TierState { state: self.tier(0).used_up(now), tier: 0 }
    }

    fn mend(&self, held: &mut Self::State, now: Nanos) {
        self.tier(held.tier).mend(&mut held.state, now);
    }

    fn carry(&self, from: &Self, held: &Self::State, now: Nanos, carry: Carry) -> Self::State {
        let (old, new) = (from.tier(held.tier), self.tier(held.tier));
        TierState { state: new.carry(old, &held.state, now, carry), tier: held.tier }
    }

    /// What was used is in the place of its tier; there is something in it always but in tier 0, so
    /// that a key keeps its tier.
    fn save(&self, held: &Self::State, now: Nanos) -> Snapshot {
        let mut used = self.tier(held.tier).save(&held.state, now);
        if used.is_empty() && held.tier > 0 {
            used = Snapshot::new(vec![Use { cost: 0, counts_for: 0 }]);
        }
        let below = (0..held.tier).map(|_| Snapshot::default());
        below.chain([used]).collect()
    }

    fn load(&self, snapshot: &Snapshot, now: Nanos) -> Self::State {
        let tier = snapshot.limits().saturating_sub(1).min(N - 1);
        let state = self.tiers[tier].load(&snapshot.part(tier), now);
        TierState { state, tier: tier as u16 }
    }
}

/// The limits in the order of their tiers: `10/min | 1000/min`.
impl<A: fmt::Display, const N: usize> fmt::Display for Tiers<A, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (tier, limit) in self.tiers.iter().enumerate() {
            let bar = if tier == 0 { "" } else { " | " };
            write!(f, "{bar}{limit}")?;
        }
        Ok(())
    }
}
