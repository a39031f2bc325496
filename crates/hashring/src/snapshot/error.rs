use thiserror::Error;
use voussoir_core::ConfigError;

/// Bytes that are no snapshot of a ring, or one that cannot be restored.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// They do not begin with `VRNG`.
    #[error("no snapshot of a ring: the first four bytes are not `VRNG`")]
    NoSnapshot,
    /// They are of a version that this one does not know.
    #[error("the snapshot has version {version}; this reads version 1")]
    Version {
        /// The version that was found.
        version: u8,
    },
    /// They end too soon.
    #[error("the snapshot ends at byte {at}, in the middle")]
    Truncated {
        /// How many bytes there are.
        at: usize,
    },
    /// More follows behind the last node.
    #[error("{more} bytes follow behind the snapshot")]
    Trailing {
        /// How many bytes.
        more: usize,
    },
    /// A byte that says nothing known.
    #[error("byte {at} is {found}; allowed: {allowed}")]
    Byte {
        /// Where.
        at: usize,
        /// What it is.
        found: u8,
        /// What it may be.
        allowed: &'static str,
    },
    /// A text that is not UTF-8.
    #[error("the text at byte {at} is not UTF-8")]
    Text {
        /// Where.
        at: usize,
    },
    /// Nodes that are not in the order of their ids, or twice.
    #[error("the node at byte {at} is not behind the one before it, by id")]
    Order {
        /// Where.
        at: usize,
    },
    /// It names more points than the caller would have.
    #[error("the snapshot names {points} points; allowed: at most {most}")]
    TooLarge {
        /// How many points it names.
        points: u64,
        /// How many there may be.
        most: u64,
    },
    /// The nodes or options make no ring.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The points are not those that were kept: something was changed on the way.
    #[error("the points have the fingerprint {made:016x}, those that were kept had {kept:016x}")]
    OtherPoints {
        /// The fingerprint in the snapshot.
        kept: u64,
        /// That of the ring made from it.
        made: u64,
    },
}
