use core::time::Duration;

use super::Rule;
use crate::Decision;
#[cfg(feature = "http")]
use crate::http::Policy;

/// What a [`RuleLimiter`](super::RuleLimiter) answers: allowed or not, and which rule bound.
#[derive(Clone, Copy, Debug)]
#[must_use = "a decision that nobody reads limits nothing"]
pub struct RuleDecision<'a> {
    pub(super) bound: Option<Bound<'a>>,
}

/// The rule that decided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound<'a> {
    pub(super) rule: &'a Rule,
    #[cfg(feature = "http")]
    pub(super) policy: &'a Policy,
    /// `None` when there was no key to decide on, and that is refused.
    pub(super) decision: Option<Decision>,
}

impl<'a> RuleDecision<'a> {
    /// That no rule applies.
    pub(super) const FREE: Self = Self { bound: None };

    /// Whether the request may pass.
    pub fn is_allowed(&self) -> bool {
        self.bound.is_none_or(|bound| bound.decision.is_some_and(|d| d.is_allowed()))
    }

    /// The rule that bound: the one that refuses the longest, or of those that allow the one that
    /// has the fewest left. `None` when no rule applies.
    pub fn rule(&self) -> Option<&'a Rule> {
        self.bound.map(|bound| bound.rule)
    }

    /// The decision of that rule. `None` when no rule applies, and when the request was
    /// [refused for want of a key](Self::is_key_missing).
    pub fn decision(&self) -> Option<Decision> {
        self.bound.and_then(|bound| bound.decision)
    }

    /// Whether the request was refused because it lacks what the rule counts by, see
    /// [`MissingKey::Refuse`](super::MissingKey::Refuse). Not a matter of time: an answer of 400 or
    /// 401 tells more than one of 429.
    pub fn is_key_missing(&self) -> bool {
        self.bound.is_some_and(|bound| bound.decision.is_none())
    }

    /// How long to wait until the request passes, if nobody else asks meanwhile. `None` when it was
    /// allowed, and when no waiting helps.
    pub fn retry_after(&self) -> Option<Duration> {
        self.decision().and_then(|decision| decision.retry_after())
    }
}
