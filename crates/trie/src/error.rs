use thiserror::Error;

use crate::fold::Fold;

/// Why a string was not added or an index not built. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The string, or its folded form, is too long.
    #[error("string of {len} bytes; allowed: at most {most}")]
    TooLong {
        /// Its bytes.
        len: usize,
        /// [`MAX_LEN`](crate::MAX_LEN).
        most: usize,
    },
    /// A string came twice, under [`Duplicates::Refuse`](crate::Duplicates::Refuse).
    #[error("the {nth}th string in order was added twice; allowed: once")]
    Duplicate {
        /// Its place among all strings, from 0.
        nth: u64,
    },
    /// More than the 32 bits of a place in a snapshot can name.
    #[error("more than 4 GiB or 2^32 - 2 strings in one index; allowed: several indexes")]
    TooLarge,
    /// Indexes that fold differently cannot be one.
    #[error("index folds in another way; allowed: the folding of the builder")]
    OtherFold,
}

/// Why bytes are not an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// They do not begin as a snapshot does.
    #[error("not a snapshot of an index")]
    NotASnapshot,
    /// Another version of the format.
    #[error("snapshot of format {found}; allowed: {known}")]
    Version {
        /// The version of the bytes.
        found: u32,
        /// The version that this crate reads and writes.
        known: u32,
    },
    /// Bytes are missing at the end, or there are some too many.
    #[error("snapshot of {expected} bytes is {found} bytes long")]
    Length {
        /// What the header says.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// The header does not have its checksum, or names places outside.
    #[error("header of the snapshot is damaged")]
    Header,
    /// What follows the header does not have its checksum.
    #[error("content of the snapshot is damaged")]
    Content,
}

/// Why an index was not put in the place of another, which stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SwapError {
    /// It folds in another way.
    #[error("index folds by {found:?}; allowed: {expected:?}")]
    OtherFold {
        /// How the suggester folds.
        expected: Fold,
        /// How the index does.
        found: Fold,
    },
    /// Changes would be lost, as they are in no index but the one that was to go; or the epoch is that
    /// of another suggester.
    #[error("changes since epoch {asked} are not at hand; allowed: {oldest} to {newest}")]
    OtherEpoch {
        /// The epoch since which changes were to be kept.
        asked: u64,
        /// The first epoch since which all changes are at hand.
        oldest: u64,
        /// The epoch of the last change.
        newest: u64,
    },
}
