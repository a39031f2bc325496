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
        Ok(self.shape(worker).id(word))
    }

    /// How this layout makes ids of a worker.
    pub(crate) const fn shape(&self, worker: u64) -> Shape {
        let (worker_shift, sequence_shift) = self.shifts();
        Shape {
            sequence_mask: self.sequences() - 1,
            worker_field: worker << worker_shift,
            worker_bits: self.worker_bits,
            sequence_shift,
        }
    }

    /// Where the worker and the sequence begin, counted from the lowest bit.
    const fn shifts(&self) -> (u8, u8) {
        if self.worker_last { (0, self.worker_bits) } else { (self.sequence_bits, 0) }
    }
}

/// How the word of a generator, time and sequence, becomes an id of its worker:
///
/// ```text
/// word        timestamp ─────────────────┬ sequence
/// id          timestamp ┬ worker ┬ sequence         or  timestamp ┬ sequence ┬ worker
/// ```
///
/// Worked out beforehand, so that between the word and the id there are four operations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    sequence_mask: u64,
    /// The worker at its place in an id.
    worker_field: u64,
    worker_bits: u8,
    sequence_shift: u8,
}

impl Shape {
    /// The id of a word.
    #[inline]
    pub(crate) const fn id(&self, word: u64) -> SnowflakeId {
        let timestamp = (word & !self.sequence_mask) << self.worker_bits;
        let sequence = (word & self.sequence_mask) << self.sequence_shift;
        SnowflakeId::from_bits(timestamp | sequence | self.worker_field)
    }

    /// From an id to the next of the same step.
    pub(crate) const fn distance(&self) -> u64 {
        1 << self.sequence_shift
    }

    /// How many words there are from this one to the end of its step.
    pub(crate) const fn rest_of_step(&self, word: u64) -> u64 {
        self.sequence_mask - (word & self.sequence_mask) + 1
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
