//! Key ranges (Hi/Lo): a counter kept elsewhere, asked once for a block of numbers instead of once
//! for each. Two blocks are held (the double buffer of Meituan's Leaf), so that the source may be
//! away for as long as they last.

mod asynchronous;
mod blocking;
mod builder;
mod supply;

use core::ops::Range;

use thiserror::Error;

pub use asynchronous::{AsyncRangeAllocator, AsyncRangeSource};
pub use blocking::{RangeAllocator, RangeSource};
pub use builder::RangeAllocatorBuilder;

/// Numbers that a source has given to one claimant and will give to nobody else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Block {
    range: Range<u64>,
    fence: u64,
}

impl Block {
    /// The numbers of `range`, by a source in its state `fence`.
    ///
    /// The fence grows whenever the source is replaced or restored: an epoch, a term, a version. An
    /// allocator takes no block with a fence lower than it has seen, so that an answer from a source
    /// that was replaced meanwhile is not used. A source without such a thing says 0.
    pub const fn new(range: Range<u64>, fence: u64) -> Self {
        Self { range, fence }
    }

    /// The numbers.
    pub const fn range(&self) -> &Range<u64> {
        &self.range
    }

    /// The source's state.
    pub const fn fence(&self) -> u64 {
        self.fence
    }
}

/// A block that no source should give. It is not used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BlockError {
    /// There is no number in it.
    #[error("empty block {start}..{end}; allowed: 1 number or more")]
    Empty {
        /// Its first number.
        start: u64,
        /// The number after its last.
        end: u64,
    },
    /// It begins below the end of an earlier one, and so may hold numbers that are already used.
    #[error("block begins at {start}, an earlier one ended at {earlier}; allowed: from there on")]
    Overlap {
        /// Its first number.
        start: u64,
        /// The end of the earlier one.
        earlier: u64,
    },
    /// It comes from a source that was replaced.
    #[error("block with fence {fence} after one with {seen}; allowed: that or higher")]
    Fenced {
        /// Its fence.
        fence: u64,
        /// The highest fence seen before.
        seen: u64,
    },
}

/// Why an allocator had no number: its blocks are used up, and there came no other.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RangeError<E> {
    /// The source failed.
    #[error("{0}")]
    Source(#[source] E),
    /// The source gave a block that it should not.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// The source failed another caller, who was told why, while this one waited for the same block.
    #[error("the source failed another caller that asked for all")]
    FailedElsewhere,
}
