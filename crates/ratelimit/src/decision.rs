mod facts;

use core::time::Duration;

use thiserror::Error;
use voussoir_core::duration;

use crate::verdict::Verdict;

pub(crate) use facts::{Facts, Figures};

/// What a limiter answers: allowed or not, and everything that the next step or an HTTP header
/// needs.
///
/// The figures are computed when asked for, so that a caller who only wants to know whether the
/// request may pass pays for nothing else.
///
/// ```
/// use std::time::Duration;
/// use voussoir_core::ManualClock;
/// use voussoir_ratelimit::{Limiter, TokenBucket};
///
/// let limiter =
///     Limiter::builder(TokenBucket::per_second(4)).clock(ManualClock::new()).build()?;
/// let decision = limiter.check_n(3);
/// assert!(decision.is_allowed());
/// assert_eq!(decision.remaining(), 1);
/// assert_eq!(decision.reset_after(), Duration::from_millis(750));
///
/// let decision = limiter.check_n(2);
/// assert!(!decision.is_allowed());
/// assert_eq!(decision.retry_after(), Some(Duration::from_millis(250)));
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a decision that nobody reads limits nothing"]
pub struct Decision {
    outcome: Outcome,
    /// Which limit of several it is about.
    bound_by: u16,
    facts: Facts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Allowed,
    Denied,
    /// Denied by a state that lies further ahead of the time than any request can have put it.
    Behind,
    ExceedsCapacity,
}

impl Outcome {
    /// The same, if the clock was `found_behind` what a refusal saw.
    #[inline]
    pub(crate) fn unless_behind(self, found_behind: bool) -> Self {
        if self == Self::Denied && found_behind { Self::Behind } else { self }
    }
}

impl Decision {
    #[inline]
    pub(crate) fn new(verdict: Verdict, facts: Facts) -> Self {
        Self { outcome: verdict.outcome, bound_by: verdict.bound_by, facts }
    }

    /// The same, as that of the limit `index` of several.
    #[cfg(all(feature = "std", target_has_atomic = "64"))]
    pub(crate) fn of_limit(self, index: u16) -> Self {
        Self { bound_by: index, ..self }
    }

    /// Of no limit at all.
    #[inline]
    pub(crate) fn unlimited(verdict: Verdict, cost: u32) -> Self {
        let (limit, remaining) = (u32::MAX, u32::MAX);
        Self::new(verdict, Facts::Known(Figures { limit, cost, remaining, ..Figures::default() }))
    }

    /// Of a limit that nothing passes.
    #[inline]
    pub(crate) fn blocked(verdict: Verdict, cost: u32) -> Self {
        Self::new(verdict, Facts::Known(Figures { cost, ..Figures::default() }))
    }

    /// Whether the request may pass.
    #[inline]
    pub fn is_allowed(&self) -> bool {
        self.outcome == Outcome::Allowed
    }

    /// Whether the request costs more than the limit ever grants at once, so that it will be
    /// refused however long it waits.
    #[inline]
    pub fn exceeds_capacity(&self) -> bool {
        self.outcome == Outcome::ExceedsCapacity
    }

    /// What the request was decided at: its cost.
    pub fn cost(&self) -> u32 {
        self.facts.cost()
    }

    /// Which limit of several it is that answers, counted from 0; see `AllOf`.
    pub fn bound_by(&self) -> usize {
        usize::from(self.bound_by)
    }

    /// How much the limit grants at once: the burst, or the requests of a window.
    pub fn limit(&self) -> u32 {
        self.facts.limit()
    }

    /// How many requests of cost 1 would pass at this moment, after this decision.
    pub fn remaining(&self) -> u32 {
        self.facts.remaining()
    }

    /// How long to wait until a request of the same cost passes, if nobody else asks meanwhile.
    /// Exact: it is refused a nanosecond earlier. `None` when this one was allowed, and when it
    /// [exceeds the capacity](Self::exceeds_capacity).
    ///
    /// For the HTTP field `Retry-After` round it up to whole seconds, at least 1: rounded down,
    /// clients come back too early, or at once.
    pub fn retry_after(&self) -> Option<Duration> {
        let comes = matches!(self.outcome, Outcome::Denied | Outcome::Behind);
        comes.then(|| self.facts.retry_after())
    }

    /// How long to hold a request that was allowed: until its turn in a [queue](crate::LeakyBucket),
    /// or until tokens that it [reserved](crate::Limiter::reserve) are there. Zero of every other.
    pub fn delay(&self) -> Duration {
        if self.is_allowed() { self.facts.delay() } else { Duration::ZERO }
    }

    /// How long until the whole limit is available again, if nobody asks meanwhile.
    pub fn reset_after(&self) -> Duration {
        self.facts.reset_after()
    }

    /// The decision as a `Result`, for `?`.
    ///
    /// # Errors
    ///
    /// [`Denied`], which carries the decision, when the request may not pass.
    #[inline]
    pub fn into_result(self) -> Result<Self, Denied> {
        if self.is_allowed() { Ok(self) } else { Err(Denied { decision: self }) }
    }

    /// Whether the clock is to be [mended](crate::Algorithm::mend).
    #[inline]
    pub(crate) fn is_behind(&self) -> bool {
        self.outcome == Outcome::Behind
    }
}

/// A request was refused.
#[derive(Clone, Copy, Debug, Error)]
#[error("{}", Reason(decision))]
pub struct Denied {
    decision: Decision,
}

impl Denied {
    /// The decision that refused.
    pub fn decision(&self) -> Decision {
        self.decision
    }
}

struct Reason<'a>(&'a Decision);

impl core::fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self(decision) = self;
        let (cost, limit) = (decision.cost(), decision.limit());
        match decision.retry_after() {
            Some(wait) => {
                let (left, wait) = (decision.remaining(), duration::text(wait));
                write!(f, "rate limited: cost {cost}, {left} of {limit} left, retry after {wait}")
            }
            None => write!(f, "rate limited: cost {cost} exceeds the capacity of {limit}"),
        }
    }
}
