use core::array;
use core::cell::LazyCell;
use core::fmt;

use voussoir_core::{ConfigError, Nanos};

use crate::algorithm::{Algorithm, sealed};
use crate::carry::Carry;
use crate::cell::Locked;
use crate::decision::{Decision, Outcome};
use crate::snapshot::Snapshot;
use crate::verdict::Verdict;

/// Several limits at once, all or nothing: "10 a second **and** 1000 an hour".
///
/// A request that one of them refuses is taken from none. The answer is that of the limit that
/// [bound](Decision::bound_by): the one that refuses for longest, or, when all allow, the one that
/// holds the request for longest or has least left.
///
/// ```
/// use voussoir_core::ManualClock;
/// use voussoir_ratelimit::{AllOf, Limit, Limiter};
///
/// let both = AllOf::new(["2/s".parse::<Limit>()?, "3/h".parse()?]);
/// let clock = ManualClock::new();
/// let limiter = Limiter::builder(both).clock(clock.clone()).build()?;
///
/// assert_eq!(limiter.check().bound_by(), 0); // 1 left this second, 2 this hour
/// assert!(limiter.check().is_allowed());
/// assert_eq!(limiter.check().bound_by(), 0);
///
/// clock.advance(std::time::Duration::from_secs(2));
/// assert!(limiter.check().is_allowed()); // the refused one was not taken from the hour
/// let refused = limiter.check();
/// assert_eq!((refused.is_allowed(), refused.bound_by()), (false, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The states lie side by side, `N` times that of one limit, and under one lock: with a
/// compare-and-swap each, a limit that was taken from and given back would refuse others meanwhile.
/// A check costs `N` checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllOf<A, const N: usize> {
    limits: [A; N],
}

/// What an [`AllOf`] remembers of one key: the state of each limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct States<S, const N: usize>([S; N]);

impl<S: Default, const N: usize> Default for States<S, N> {
    fn default() -> Self {
        Self(array::from_fn(|_| S::default()))
    }
}

impl<A: Algorithm + sealed::Single, const N: usize> AllOf<A, N> {
    /// All of `limits`. For different algorithms make each a [`Limit`](crate::Limit).
    pub const fn new(limits: [A; N]) -> Self {
        Self { limits }
    }

    /// The limits, as [`Decision::bound_by`] counts them.
    pub const fn limits(&self) -> &[A; N] {
        &self.limits
    }

    /// Of one verdict for each limit, that of the limit that bound.
    fn binding(&self, verdicts: impl Iterator<Item = Verdict>, now: Nanos, n: u32) -> Verdict {
        let numbered = verdicts.enumerate().map(|(index, verdict)| {
            let verdict = Verdict { bound_by: index as u16, ..verdict };
            (verdict, self.decision(verdict, now, n))
        });
        let bound = numbered
            .reduce(|one, other| if Self::binds_more(&other.1, &one.1) { other } else { one });
        bound.map_or(NOTHING, |(verdict, _)| verdict)
    }

    fn binding_of(one: Decision, other: Decision) -> Decision {
        if Self::binds_more(&other, &one) { other } else { one }
    }

    fn binds_more(one: &Decision, other: &Decision) -> bool {
        let refusal = |d: &Decision| (!d.is_allowed(), d.exceeds_capacity(), d.retry_after());
        let scarcity = |d: &Decision| (d.delay(), u32::MAX - d.remaining(), d.reset_after());
        (refusal(one), scarcity(one)) > (refusal(other), scarcity(other))
    }
}

/// Of no limits at all, which `validate` refuses.
const NOTHING: Verdict = Verdict::new(Outcome::ExceedsCapacity, 0, 0, 0);

impl<A, const N: usize> sealed::Sealed for AllOf<A, N> {}

impl<A: Algorithm + sealed::Single, const N: usize> Algorithm for AllOf<A, N> {
    type State = States<A::State, N>;
    type Cell = Locked<Self::State>;

    fn validate(&self) -> Result<(), ConfigError> {
        if N == 0 || N > usize::from(u16::MAX) {
            return Err(ConfigError::new("limits", N, "1 to 65535"));
        }
        self.limits.iter().try_for_each(A::validate)
    }

    fn decide(&self, state: &mut Self::State, now: Nanos, n: u32) -> Verdict {
        let foreseen = self.foresee(state, now, n);
        if foreseen.is_allowed() && n > 0 {
            for (limit, state) in self.limits.iter().zip(&mut state.0) {
                limit.decide(state, now, n);
            }
        }
        foreseen
    }

    fn foresee(&self, state: &Self::State, now: Nanos, n: u32) -> Verdict {
        let each = self.limits.iter().zip(&state.0);
        self.binding(each.map(|(limit, state)| limit.foresee(state, now, n)), now, n)
    }

    fn decision(&self, verdict: Verdict, now: Nanos, n: u32) -> Decision {
        match self.limits.get(usize::from(verdict.bound_by)) {
            Some(limit) => limit.decision(verdict, now, n),
            None => Decision::blocked(verdict, n),
        }
    }

    fn reserve(&self, state: &mut Self::State, now: Nanos, n: u32) -> Decision {
        let mut after = state.clone();
        let each = self.limits.iter().zip(&mut after.0);
        let reserved = each.map(|(limit, state)| limit.reserve(state, now, n));
        let bound = reserved
            .enumerate()
            .map(|(index, decision)| decision.of_limit(index as u16))
            .reduce(Self::binding_of)
            .unwrap_or(Decision::blocked(NOTHING, n));
        if bound.is_allowed() {
            *state = after;
        }
        bound
    }

    fn charge(&self, state: &mut Self::State, now: Nanos, n: u32) {
        for (limit, state) in self.limits.iter().zip(&mut state.0) {
            limit.charge(state, now, n);
        }
    }

    fn refund(&self, state: &mut Self::State, now: Nanos, n: u32) {
        for (limit, state) in self.limits.iter().zip(&mut state.0) {
            limit.refund(state, now, n);
        }
    }

    fn is_fresh(&self, state: &Self::State, now: Nanos) -> bool {
        self.limits.iter().zip(&state.0).all(|(limit, state)| limit.is_fresh(state, now))
    }

    fn place(&self, state: &mut Self::State, hash: impl FnOnce() -> u64) {
        let hash = LazyCell::new(hash);
        for (limit, state) in self.limits.iter().zip(&mut state.0) {
            limit.place(state, || *hash);
        }
    }

    fn used_up(&self, now: Nanos) -> Self::State {
        States(array::from_fn(|index| self.limits[index].used_up(now)))
    }

    fn mend(&self, state: &mut Self::State, now: Nanos) {
        for (limit, state) in self.limits.iter().zip(&mut state.0) {
            limit.mend(state, now);
        }
    }

    fn carry(&self, from: &Self, state: &Self::State, now: Nanos, carry: Carry) -> Self::State {
        States(array::from_fn(|index| {
            self.limits[index].carry(&from.limits[index], &state.0[index], now, carry)
        }))
    }

    fn save(&self, state: &Self::State, now: Nanos) -> Snapshot {
        self.limits.iter().zip(&state.0).map(|(limit, state)| limit.save(state, now)).collect()
    }

    fn load(&self, snapshot: &Snapshot, now: Nanos) -> Self::State {
        States(array::from_fn(|index| self.limits[index].load(&snapshot.part(index), now)))
    }
}

/// `10/s burst 20 and 1000/h`.
impl<A: fmt::Display, const N: usize> fmt::Display for AllOf<A, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, limit) in self.limits.iter().enumerate() {
            let and = if index == 0 { "" } else { " and " };
            write!(f, "{and}{limit}")?;
        }
        Ok(())
    }
}
