mod parts;
mod presets;
#[cfg(feature = "serde")]
mod serde;

use core::time::Duration;

use thiserror::Error;
use voussoir_core::{Nanos, duration};

use crate::SnowflakeId;
pub(crate) use parts::Shape;
pub use parts::{Parts, PartsError};

/// How the 63 bits of an id are shared between time, worker and sequence.
///
/// `Copy`, and `const` to construct, so that a layout of one's own is checked by the compiler. A
/// layout never changes once ids are stored: another epoch or other widths would read them wrongly.
///
/// ```
/// use std::time::Duration;
/// use voussoir_core::Nanos;
/// use voussoir_idgen::{Layout, LayoutError};
///
/// /// 41 bits of time in steps of 1 ms, from the year 2025 on; 1,024 workers; 4,096 ids a step.
/// const OURS: Layout = match Layout::new(41, 10, 12) {
///     Ok(layout) => layout.epoch(Nanos::from_secs(1_735_689_600)),
///     Err(_) => panic!("more than 63 bits"),
/// };
///
/// assert_eq!((OURS.max_worker(), OURS.sequences()), (1_023, 4_096));
/// assert_eq!(Layout::new(48, 10, 12), Err(LayoutError::Bits { timestamp: 48, worker: 10, sequence: 12 }));
/// # Ok::<(), LayoutError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "serde::Written", into = "serde::Written"))]
pub struct Layout {
    timestamp_bits: u8,
    worker_bits: u8,
    sequence_bits: u8,
    /// Whether the worker stands in the lowest bits, as in Sonyflake, instead of the sequence.
    worker_last: bool,
    /// Nanoseconds a step of the timestamp takes; never 0.
    unit: u64,
    /// Nanoseconds from 1970 to timestamp 0.
    epoch: u64,
}

const MILLISECOND: u64 = 1_000_000;

impl Layout {
    /// A layout of so many bits, highest first, in steps of 1 ms since 1970.
    ///
    /// The bits are at most 63, so that an id is a positive `i64` everywhere; a layout of fewer bits
    /// makes smaller numbers.
    ///
    /// # Errors
    ///
    /// When there is no timestamp, or the bits are more than 63.
    pub const fn new(timestamp: u32, worker: u32, sequence: u32) -> Result<Self, LayoutError> {
        let each_fits = timestamp <= 63 && worker <= 63 && sequence <= 63;
        if timestamp == 0 || !each_fits || timestamp + worker + sequence > 63 {
            return Err(LayoutError::Bits { timestamp, worker, sequence });
        }
        Ok(Self {
            timestamp_bits: timestamp as u8,
            worker_bits: worker as u8,
            sequence_bits: sequence as u8,
            worker_last: false,
            unit: MILLISECOND,
            epoch: 0,
        })
    }

    /// Counts time from `epoch`, as a clock that starts at 1970 shows it.
    pub const fn epoch(self, epoch: Nanos) -> Self {
        Self { epoch: epoch.as_nanos(), ..self }
    }

    /// Counts time in steps of `unit`.
    ///
    /// # Errors
    ///
    /// When the unit is 0, or longer than the 584 years that a `u64` of nanoseconds holds.
    pub const fn unit(self, unit: Duration) -> Result<Self, LayoutError> {
        if unit.is_zero() || unit.as_nanos() > u64::MAX as u128 {
            return Err(LayoutError::Unit { unit });
        }
        Ok(Self { unit: unit.as_nanos() as u64, ..self })
    }

    /// Puts the worker into the lowest bits and the sequence above it, as Sonyflake does.
    pub const fn worker_last(self) -> Self {
        Self { worker_last: true, ..self }
    }

    /// The highest worker id: `2^worker bits − 1`.
    pub const fn max_worker(&self) -> u64 {
        (1 << self.worker_bits) - 1
    }

    /// How many ids a worker can make in one step of time: `2^sequence bits`.
    pub const fn sequences(&self) -> u64 {
        1 << self.sequence_bits
    }

    /// How long one step of time takes.
    pub const fn step(&self) -> Duration {
        Duration::from_nanos(self.unit)
    }

    /// The first instant that no id can carry, or [`Nanos::MAX`] if the clock ends before.
    pub const fn end(&self) -> Nanos {
        self.instant(1 << self.timestamp_bits)
    }

    /// The start of the step in which `id` was made: exact to [`step`](Self::step).
    pub const fn timestamp(&self, id: SnowflakeId) -> Nanos {
        self.instant(self.parts(id).timestamp)
    }

    /// The smallest id that any worker can make at `instant`. With [`max_id_at`](Self::max_id_at)
    /// it bounds a scan of a time range by key: `id BETWEEN min AND max`.
    ///
    /// An instant outside of the layout's range is taken as the nearest inside.
    pub const fn min_id_at(&self, instant: Nanos) -> SnowflakeId {
        let below = self.worker_bits + self.sequence_bits;
        SnowflakeId::from_bits(self.nearest_tick(instant) << below)
    }

    /// The largest id that any worker can make in the step that holds `instant`.
    ///
    /// An instant outside of the layout's range is taken as the nearest inside.
    pub const fn max_id_at(&self, instant: Nanos) -> SnowflakeId {
        let below = self.worker_bits + self.sequence_bits;
        SnowflakeId::from_bits(self.min_id_at(instant).to_u64() | ((1 << below) - 1))
    }

    pub(crate) const fn timestamp_bits(&self) -> u32 {
        self.timestamp_bits as u32
    }

    pub(crate) const fn sequence_bits(&self) -> u32 {
        self.sequence_bits as u32
    }

    /// Time since the epoch in whole steps; `None` before the epoch.
    #[inline]
    pub(crate) const fn tick(&self, now: Nanos) -> Option<u64> {
        match now.as_nanos().checked_sub(self.epoch) {
            // A division by a constant is a multiplication, some 5 ns less; most units are this.
            Some(since) if self.unit == MILLISECOND => Some(since / MILLISECOND),
            Some(since) => Some(since / self.unit),
            None => None,
        }
    }

    /// The first step that begins at `instant` or later; 0 before the epoch.
    pub(crate) const fn tick_from(&self, instant: Nanos) -> u64 {
        instant.as_nanos().saturating_sub(self.epoch).div_ceil(self.unit)
    }

    /// When step `tick` begins, or [`Nanos::MAX`].
    pub(crate) const fn instant(&self, tick: u64) -> Nanos {
        Nanos::from_nanos(tick.saturating_mul(self.unit).saturating_add(self.epoch))
    }

    /// How many whole steps fit into `duration`.
    pub(crate) const fn ticks_in(&self, duration: Duration) -> u64 {
        Nanos::from_duration(duration).as_nanos() / self.unit
    }

    const fn nearest_tick(&self, instant: Nanos) -> u64 {
        let last = (1 << self.timestamp_bits) - 1;
        match self.tick(instant) {
            Some(tick) if tick <= last => tick,
            Some(_) => last,
            None => 0,
        }
    }

    /// The same layout, with `bits` of the sequence handed over to the worker, so that the sequence
    /// of a worker is split between `2^bits` of them. See [`striped_worker`](Self::striped_worker).
    #[cfg(feature = "std")]
    pub(crate) const fn striped(self, bits: u32) -> Self {
        Self {
            worker_bits: self.worker_bits + bits as u8,
            sequence_bits: self.sequence_bits - bits as u8,
            ..self
        }
    }

    /// The worker of a [striped](Self::striped) layout whose ids are, in this layout, those of
    /// `worker` with `stripe` in the bits of the sequence that touch the worker's.
    #[cfg(feature = "std")]
    pub(crate) const fn striped_worker(&self, worker: u64, stripe: u64, bits: u32) -> u64 {
        if self.worker_last { stripe << self.worker_bits | worker } else { worker << bits | stripe }
    }
}

/// A layout that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The bits do not fit into a positive `i64`, or none of them counts time.
    #[error(
        "{timestamp} + {worker} + {sequence} bits of timestamp, worker and sequence; \
         allowed: at most 63 in all, 1 or more of timestamp"
    )]
    Bits {
        /// Bits asked for the timestamp.
        timestamp: u32,
        /// Bits asked for the worker.
        worker: u32,
        /// Bits asked for the sequence.
        sequence: u32,
    },
    /// The step of time is 0 or beyond a `u64` of nanoseconds.
    #[error("a step of {}; allowed: 1ns to 584 years", duration::text(*unit))]
    Unit {
        /// The step asked for.
        unit: Duration,
    },
}
