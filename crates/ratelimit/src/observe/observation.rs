use core::fmt;

use crate::Decision;

/// Is told of every decision.
///
/// Called on the path of the request: count, and do not wait.
pub trait Observer: Send + Sync {
    /// A limiter has decided.
    fn on_decision(&self, seen: &Observation<'_>);
}

/// What was decided, by whom.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Observation<'a> {
    /// The name of the limiter or rule; one of few, fit for a label.
    pub limiter: &'a str,
    /// What became of the request, as far as this limiter goes.
    pub outcome: Outcome,
    /// Whether the limiter only watches, so that a refusal refused nobody.
    pub shadow: bool,
    /// The figures. `None` when there was no key to decide on.
    pub decision: Option<Decision>,
}

impl<'a> Observation<'a> {
    /// What `decision` of the limiter called `limiter` says.
    pub fn new(limiter: &'a str, decision: Decision) -> Self {
        let outcome = if decision.is_allowed() {
            Outcome::Allowed
        } else if decision.exceeds_capacity() {
            Outcome::ExceedsCapacity
        } else {
            Outcome::Denied
        };
        Self { limiter, outcome, shadow: false, decision: Some(decision) }
    }

    /// That `limiter` refused for want of a key.
    pub fn key_missing(limiter: &'a str) -> Self {
        Self { limiter, outcome: Outcome::KeyMissing, shadow: false, decision: None }
    }

    /// Whether the limiter only watches.
    pub fn shadow(self, shadow: bool) -> Self {
        Self { shadow, ..self }
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// It may pass.
    Allowed,
    /// It should come back later.
    Denied,
    /// It costs more than is ever granted at once.
    ExceedsCapacity,
    /// It had nothing to be counted by, where that is refused.
    KeyMissing,
}

impl Outcome {
    /// Whether the request may pass.
    pub fn is_allowed(self) -> bool {
        self == Self::Allowed
    }

    /// A name for logs and labels: `allowed`, `denied`, `exceeds_capacity`, `key_missing`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::ExceedsCapacity => "exceeds_capacity",
            Self::KeyMissing => "key_missing",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
