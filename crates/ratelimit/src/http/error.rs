use thiserror::Error;

/// A name that cannot stand in a header field: where and what was wrong, and what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("policy name: {kind} at column {column}; allowed: 1 to 128 printable ASCII characters")]
pub struct PolicyNameError {
    pub(super) column: usize,
    pub(super) kind: PolicyNameErrorKind,
}

impl PolicyNameError {
    /// The first character that is wrong, counted from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What was wrong there.
    pub fn kind(&self) -> PolicyNameErrorKind {
        self.kind
    }
}

/// What was wrong with a policy's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyNameErrorKind {
    /// There is no name.
    #[error("empty")]
    Empty,
    /// There is more of it than 128 characters.
    #[error("too long")]
    TooLong,
    /// A character that a string of a structured field (RFC 9651 §3.3.3) cannot hold.
    #[error("{0:?}")]
    Character(char),
}
