//! Which of two states has seen what the other has.

mod actor;
mod dot;
mod prune;
mod vector_clock;

pub use actor::{ActorId, ActorIdError, EpochsExhausted};
pub use dot::{CounterOverflow, Dot};
pub use prune::{Pruned, Pruning};
pub use vector_clock::{Actor, UnknownActor, VectorClock, WireActor};
pub(crate) use vector_clock::{decode_entries, encode_entries, entries_len};

use core::cmp::Ordering;

/// How two states relate by what they have seen.
///
/// ```
/// use voussoir_quorum::{Causality, VectorClock};
///
/// let mut a = VectorClock::<u64>::new();
/// let mut b = a.clone();
/// a.increment(&1)?;
/// assert_eq!(a.compare(&b), Causality::After);
/// b.increment(&2)?;
/// assert_eq!(a.compare(&b), Causality::Concurrent);
/// # Ok::<(), voussoir_quorum::CounterOverflow>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Causality {
    /// Both have seen the same.
    Equal,
    /// The first has seen less: everything in it, the second has too.
    Before,
    /// The first has seen more.
    After,
    /// Each has seen something that the other has not: two siblings, of which neither may be dropped.
    Concurrent,
}

impl Causality {
    /// From whether the first is ahead of the second somewhere, and behind it somewhere.
    #[inline]
    pub const fn of(ahead: bool, behind: bool) -> Self {
        match (ahead, behind) {
            (false, false) => Self::Equal,
            (false, true) => Self::Before,
            (true, false) => Self::After,
            (true, true) => Self::Concurrent,
        }
    }

    /// The same relation with the two exchanged.
    #[inline]
    pub const fn reverse(self) -> Self {
        match self {
            Self::Before => Self::After,
            Self::After => Self::Before,
            same => same,
        }
    }
}

impl From<Ordering> for Causality {
    fn from(ordering: Ordering) -> Self {
        match ordering {
            Ordering::Less => Self::Before,
            Ordering::Equal => Self::Equal,
            Ordering::Greater => Self::After,
        }
    }
}

/// `None` for concurrent states, as [`PartialOrd`] has it.
impl From<Causality> for Option<Ordering> {
    fn from(causality: Causality) -> Self {
        match causality {
            Causality::Before => Some(Ordering::Less),
            Causality::Equal => Some(Ordering::Equal),
            Causality::After => Some(Ordering::Greater),
            Causality::Concurrent => None,
        }
    }
}
