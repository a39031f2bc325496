use thiserror::Error;

/// Bytes or text that this crate did not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// It ends too early.
    #[error("cut off after {at} bytes")]
    Truncated {
        /// Where it ends.
        at: usize,
    },
    /// The first byte names something else, or a later version.
    #[error("begins with {found:#04x}; expected: {expected:#04x}")]
    Kind {
        /// The first byte.
        found: u8,
        /// What stands there instead.
        expected: u8,
    },
    /// It was changed on its way.
    #[error("the checksum does not fit: it was changed")]
    Checksum,
    /// It says something in another way than the one way there is.
    #[error("not canonical at byte {at}: it must have {rule}")]
    NotCanonical {
        /// The byte at which that begins.
        at: usize,
        /// What holds in canonical form.
        rule: &'static str,
    },
    /// It has more entries, or longer ones, than are read.
    #[error("{found} entries or bytes; allowed: at most {most}")]
    TooMany {
        /// How many there are.
        found: u64,
        /// How many there may be.
        most: usize,
    },
    /// There is more behind its end.
    #[error("goes on behind its end at byte {at}")]
    Trailing {
        /// The first byte too many.
        at: usize,
    },
    /// No character of base64url, or bits behind the last byte.
    #[error("character {at} is none of unpadded base64url here")]
    Character {
        /// Its number, from 0.
        at: usize,
    },
}
