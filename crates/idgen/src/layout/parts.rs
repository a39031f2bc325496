use thiserror::Error;

use super::Layout;
use crate::SnowflakeId;

/// What an id is made of, in the terms of its [`Layout`].
///
/// ```
/// use voussoir_idgen::{Layout, Parts, SnowflakeId};
///
/// // From Discord's reference: 2016-04-30 11:18:25.796 UTC, internal worker 1, process 0.
/// let id: SnowflakeId = "175928847299117063".parse()?;
/// let parts = Layout::DISCORD.parts(id);
/// assert_eq!(parts, Parts { timestamp: 41_944_705_796, worker: 1 << 5, sequence: 7 });
/// assert_eq!(Layout::DISCORD.from_parts(parts)?, id);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Parts {
    /// Steps since the layout's epoch. [`Layout::timestamp`] says what time that is.
    pub timestamp: u64,
    /// Who made the id. Where a worker is a data centre and a machine in it, as at Twitter (5 bits
    /// each), this is both.
    pub worker: u64,
    /// Which one of the ids of that step and worker it is.
    pub sequence: u64,
}

impl Layout {
    /// Takes an id apart. Bits above the layout's, in ids of another layout, are read as time.
    ///
    /// Complexity: O(1).
    pub const fn parts(&self, id: SnowflakeId) -> Parts {
        let bits = id.to_u64();
        let (worker_shift, sequence_shift) = self.shifts();
        Parts {
            timestamp: bits >> (self.worker_bits + self.sequence_bits),
            worker: bits >> worker_shift & self.max_worker(),
            sequence: bits >> sequence_shift & (self.sequences() - 1),
        }
    }

    /// Puts an id together.
    ///
    /// Complexity: O(1).
    ///
    /// # Errors
    ///
    /// The first part that is too large for its bits.
    pub const fn from_parts(&self, parts: Parts) -> Result<SnowflakeId, PartsError> {
        let Parts { timestamp, worker, sequence } = parts;
        let (last_timestamp, last_sequence) =
            ((1 << self.timestamp_bits) - 1, self.sequences() - 1);
        if timestamp > last_timestamp {
            return Err(PartsError::new("timestamp", timestamp, last_timestamp));
        }
        if worker > self.max_worker() {
            return Err(PartsError::new("worker", worker, self.max_worker()));
        }
        if sequence > last_sequence {
            return Err(PartsError::new("sequence", sequence, last_sequence));
        }
        let word = timestamp << self.sequence_bits | sequence;
        Ok(self.id(word, self.worker_field(worker)))
    }

    /// The id of a generator's word:
    ///
    /// ```text
    /// word        timestamp ─────────────────┬ sequence
    /// id          timestamp ┬ worker ┬ sequence         or  timestamp ┬ sequence ┬ worker
    /// ```
    #[inline]
    pub(crate) const fn id(&self, word: u64, worker_field: u64) -> SnowflakeId {
        let (_, sequence_shift) = self.shifts();
        let sequence = word & (self.sequences() - 1);
        let timestamp = word - sequence;
        SnowflakeId::from_bits(
            timestamp << self.worker_bits | worker_field | sequence << sequence_shift,
        )
    }

    /// The worker at its place in an id.
    pub(crate) const fn worker_field(&self, worker: u64) -> u64 {
        worker << self.shifts().0
    }

    /// From an id to the next of the same step and worker.
    pub(crate) const fn distance(&self) -> u64 {
        1 << self.shifts().1
    }

    /// Where the worker and the sequence begin, counted from the lowest bit.
    #[inline]
    const fn shifts(&self) -> (u8, u8) {
        if self.worker_last { (0, self.worker_bits) } else { (self.sequence_bits, 0) }
    }
}

/// A part that is too large for its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{part} {given} does not fit; allowed: 0 to {largest}")]
pub struct PartsError {
    part: &'static str,
    given: u64,
    largest: u64,
}

impl PartsError {
    const fn new(part: &'static str, given: u64, largest: u64) -> Self {
        Self { part, given, largest }
    }

    /// Which part: `"timestamp"`, `"worker"` or `"sequence"`.
    pub const fn part(&self) -> &'static str {
        self.part
    }

    /// The largest that its bits hold.
    pub const fn largest(&self) -> u64 {
        self.largest
    }
}
