use core::fmt;

use thiserror::Error;

/// One event: the `counter`-th of `actor`. No two events share a dot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
pub struct Dot<A> {
    /// Whose event.
    pub actor: A,
    /// Its number, from 1.
    pub counter: u64,
}

impl<A> Dot<A> {
    /// The `counter`-th event of `actor`.
    pub const fn new(actor: A, counter: u64) -> Self {
        Self { actor, counter }
    }
}

impl<A: fmt::Display> fmt::Display for Dot<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.actor, self.counter)
    }
}

/// An actor's counter is at its end, 2^64 − 1. Counting on would give two events one dot; the actor
/// needs a new epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the actor's counter is at 18446744073709551615, its last value; it needs a new epoch")]
pub struct CounterOverflow;
