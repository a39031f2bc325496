//! How many replicas a read and a write need, and what that promises.

mod builder;
mod facts;
mod level;
mod pbs;
mod systems;

use core::fmt;

use crate::{ConfigError, Replicas, Rule};
pub use builder::QuorumBuilder;
pub use facts::{Availability, Guarantees, Tolerance};
pub use level::{Level, LevelError, Topology};
pub use pbs::{Delay, Latencies, Pbs, Prediction};

/// Which replies a read and a write need.
///
/// Built once, cloned into each operation (two words a rule, no allocation).
///
/// ```
/// use voussoir_quorum::Quorum;
///
/// let quorum = Quorum::nrw(3, 2, 2)?;
/// assert!(quorum.guarantees().reads_see_writes);
/// assert_eq!(quorum.tolerates().writes, 1);
///
/// let error = Quorum::nrw(3, 1, 2).unwrap_err(); // a read of one replica may miss a write of two
/// assert!(error.to_string().starts_with("`read` is 1"));
/// # Ok::<(), voussoir_quorum::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Quorum {
    replicas: u8,
    read: Rule,
    write: Rule,
    guarantees: Guarantees,
}

impl Quorum {
    /// More than half of `n` replicas for reads and for writes.
    ///
    /// # Errors
    ///
    /// When `n` is not 1 to 64.
    pub fn majority(n: u8) -> Result<Self, ConfigError> {
        Self::nrw(n, n / 2 + 1, n / 2 + 1)
    }

    /// `read` of `n` replicas for reads, `write` of them for writes.
    ///
    /// # Errors
    ///
    /// When `n` is not 1 to 64, when one of the others is not 1 to `n`, and when `read + write ≤ n`:
    /// a read may then miss what was written, which [`builder`](Self::builder) lets pass if told so.
    pub fn nrw(n: u8, read: u8, write: u8) -> Result<Self, ConfigError> {
        Self::builder(n).read(read).write(write).build()
    }

    /// Any two rules over the places `0..n`.
    ///
    /// # Errors
    ///
    /// When a rule names a place beyond `n` or cannot be met, when reads may miss writes, and when
    /// there are too many replicas to tell.
    pub fn of(n: u8, read: Rule, write: Rule) -> Result<Self, ConfigError> {
        Self::builder(n).read_rule(read).write_rule(write).build()
    }

    /// Starts from majorities of `n` replicas.
    pub const fn builder(n: u8) -> QuorumBuilder {
        QuorumBuilder::new(n)
    }

    /// How many replicas there are.
    pub const fn replicas(&self) -> u8 {
        self.replicas
    }

    /// All of their places.
    pub const fn places(&self) -> Replicas {
        Replicas::first(self.replicas)
    }

    /// What a read needs.
    pub const fn read(&self) -> &Rule {
        &self.read
    }

    /// What a write needs.
    pub const fn write(&self) -> &Rule {
        &self.write
    }
}

/// `3 replicas, read 2 of {0, 1, 2}, write 2 of {0, 1, 2}`.
impl fmt::Display for Quorum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} replicas, read {}, write {}", self.replicas, self.read, self.write)
    }
}
