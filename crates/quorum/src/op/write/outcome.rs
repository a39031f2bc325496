use core::fmt;

use crate::Replicas;

/// What a write is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a step not taken leaves the operation waiting for ever"]
pub enum WriteStep {
    /// Nothing: wait for the next event.
    Wait,
    /// Send the value to these places; to those for which
    /// [`stands_in_for`](super::WriteOp::stands_in_for) answers, as a hint for that replica.
    Send(Replicas),
    /// It is over. Acknowledgements that come later are taken note of, and change nothing.
    Done(WriteOutcome),
}

/// What has become of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "an indeterminate write is neither done nor undone"]
pub enum WriteOutcome {
    /// Enough replicas have it.
    Committed {
        /// Who acknowledged it, stand-ins included.
        acked: Replicas,
        /// For whom a stand-in has stored a hint.
        hinted: Replicas,
    },
    /// No replica has it: too few were up and nothing was sent, or each one refused it. It may be
    /// tried again as if for the first time.
    NotSent {
        /// Who was up.
        up: Replicas,
        /// Who refused it.
        refused: Replicas,
    },
    /// Some replicas have it or may have it, fewer than are needed. It is **not** undone: a later read
    /// may return it, and then must go on to. Try again with the same dot or stamp, or read.
    Indeterminate {
        /// Who acknowledged it, stand-ins included.
        acked: Replicas,
        /// For whom a stand-in has stored a hint.
        hinted: Replicas,
        /// Who may have it.
        unknown: Replicas,
    },
}

/// How a replica failed a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// It has not stored the value, and said so.
    Refused,
    /// It is silent: the value may have been stored, or yet be.
    Unknown,
}

/// What hints are good for, while replicas are down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Hints {
    /// There are none.
    #[default]
    Off,
    /// They are stored, and do not count: reads that need a quorum go on to see every acknowledged
    /// write.
    Keep,
    /// A hint that is stored counts as the replica's acknowledgement: a *sloppy quorum*. Writes stay
    /// possible while any nodes are up, and **reads may miss what was acknowledged** until the hints
    /// are handed over.
    Count,
}

/// `committed: acknowledged by {0, 2}`.
impl fmt::Display for WriteOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Committed { acked, hinted } if hinted.is_empty() => {
                write!(f, "committed: acknowledged by {acked}")
            }
            Self::Committed { acked, hinted } => {
                write!(f, "committed: acknowledged by {acked}, with hints for {hinted}")
            }
            Self::NotSent { up, refused } if refused.is_empty() => {
                write!(f, "not sent: only {up} are up")
            }
            Self::NotSent { refused, .. } => write!(f, "not stored: {refused} refused"),
            Self::Indeterminate { acked, unknown, .. } => {
                write!(f, "indeterminate: acknowledged by {acked}, nothing known of {unknown}")
            }
        }
    }
}
