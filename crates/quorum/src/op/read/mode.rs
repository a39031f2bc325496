use core::fmt;

use crate::Replicas;

/// What a read promises, from the least to the most.
///
/// | mode | a later read may return something older | costs |
/// |---|---|---|
/// | `Fast` | yes | nothing more |
/// | `RepairAsync` | yes, for a shorter time | a write to each replica that is behind, after the answer |
/// | `Monotonic` | no | that write before the answer, when too few replicas have the newest version |
/// | `Linearizable` | no, and reads see all writes that were acknowledged before | the same; writes begin with a [`QueryOp`](crate::QueryOp) |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ReadMode {
    /// Answers with what the first replies say, and repairs nothing.
    Fast,
    /// The same, and tells which replicas to repair: in the outcome, and for each late reply in a
    /// [`ReadStep::Repair`].
    RepairAsync,
    /// Answers when no later read can miss the version that it answers with: at once where enough
    /// replicas have it, else after it was written back to as many. Reads never go back, and may still
    /// miss a write where R + W ≤ N.
    Monotonic,
    /// The same over a quorum whose reads see writes, which is asked for when the read is made. With
    /// writes that query first, strict quorums (no [`Hints::Count`](crate::Hints::Count)) and replicas
    /// that do not forget, the key is a linearizable register.
    Linearizable,
}

/// How many replicas a read asks at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Fanout {
    /// All that are up: the fastest ones answer.
    #[default]
    All,
    /// The most preferred ones that are enough. Another is asked when one fails, and when the caller
    /// calls [`on_hedge`](super::ReadOp::on_hedge) because an answer takes long.
    Fewest,
}

/// What a read is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a step not taken leaves the operation waiting for ever"]
pub enum ReadStep {
    /// Nothing: wait for the next event.
    Wait,
    /// Ask these.
    Send {
        /// For the value and its version; answers go to [`on_reply`](super::ReadOp::on_reply).
        data: Replicas,
        /// For the version alone; answers go to [`on_digest`](super::ReadOp::on_digest).
        digests: Replicas,
    },
    /// Write the newest version to these, and tell [`on_written_back`](super::ReadOp::on_written_back)
    /// and [`on_fail`](super::ReadOp::on_fail): the answer waits for them.
    WriteBack(Replicas),
    /// Write the newest version to these; nobody waits for them.
    Repair(Replicas),
    /// It is over. Late replies are still welcome: they find replicas to repair.
    Done(ReadOutcome),
}

/// What a read has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "an outcome that nobody looks at was not worth the read"]
pub enum ReadOutcome {
    /// The version that [`newest`](super::ReadOp::newest) tells.
    Found {
        /// Who has it: any one's value is the answer. None when siblings of several replicas make it up:
        /// the values of all that answered are then to be merged.
        holders: Replicas,
        /// Who answered and is behind: to be repaired, unless the mode is [`ReadMode::Fast`].
        behind: Replicas,
    },
    /// Enough replicas answered, and none has ever seen the key.
    Absent,
    /// Too few answered.
    TooFew {
        /// Who did.
        answered: Replicas,
        /// Who said that they would not.
        failed: Replicas,
    },
    /// A version was found, but it could not be written back to enough replicas: a later read might
    /// return something older. Who takes what was read takes it under the promise of
    /// [`ReadMode::Fast`].
    NotWrittenBack {
        /// Who has it.
        holders: Replicas,
    },
}

/// `found at {0, 2}, behind: {1}`.
impl fmt::Display for ReadOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found { holders, behind } if behind.is_empty() => write!(f, "found at {holders}"),
            Self::Found { holders, behind } => write!(f, "found at {holders}, behind: {behind}"),
            Self::Absent => f.write_str("absent"),
            Self::TooFew { answered, failed } => {
                write!(f, "too few replies: {answered} answered, {failed} failed")
            }
            Self::NotWrittenBack { holders } => {
                write!(f, "found, but only {holders} have it and no others could be written to")
            }
        }
    }
}
