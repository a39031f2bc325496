use thiserror::Error;

use crate::CounterOverflow;

/// A write was refused; the value is given back.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{refusal}")]
pub struct PutError<V> {
    /// Why.
    pub refusal: PutRefusal,
    /// What was to be written.
    pub value: V,
}

/// Why a write to a set of siblings was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PutRefusal {
    /// The clients do not read what they overwrite.
    #[error("{most} siblings stand already; read the key, merge them and write with that context")]
    TooManySiblings {
        /// How many there may be.
        most: usize,
    },
    /// The context has seen writes of this replica that this replica has not.
    #[error(
        "the context has seen {seen} writes of this actor, which itself knows {known}: it lost state and needs a new epoch, or the context is forged"
    )]
    UnknownPast {
        /// What the context says.
        seen: u64,
        /// What the replica says.
        known: u64,
    },
    /// The counter is at its end.
    #[error(transparent)]
    Overflow(CounterOverflow),
}
