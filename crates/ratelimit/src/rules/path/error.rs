use thiserror::Error;

/// A text that is no pattern: where, what was wrong there, and what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} at column {column}; allowed: {}", kind.allowed())]
pub struct PathError {
    pub(super) column: usize,
    pub(super) kind: PathErrorKind,
}

impl PathError {
    /// The character at which the error is, counted from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What was wrong there.
    pub fn kind(&self) -> PathErrorKind {
        self.kind
    }
}

/// What was wrong with a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PathErrorKind {
    /// It does not begin at the root.
    #[error("no `/`")]
    NoSlash,
    /// There is nothing between two slashes, or behind the last.
    #[error("empty segment")]
    EmptySegment,
    /// A `*` that is not the whole last segment.
    #[error("misplaced `*`")]
    Star,
    /// A brace that does not enclose a whole segment.
    #[error("brace inside a segment")]
    Brace,
    /// What stands between the braces is no name.
    #[error("no name")]
    Name,
    /// Two segments of one name.
    #[error("name given twice")]
    Repeated,
    /// A query or fragment.
    #[error("not a part of a path")]
    Query,
}

impl PathErrorKind {
    fn allowed(self) -> &'static str {
        match self {
            Self::NoSlash => "a path from the root, as in /users/{id}",
            Self::EmptySegment => "each slash followed by a segment; /login is for /login/ too",
            Self::Star => "* as the whole last segment, or %2A",
            Self::Brace => "{name} as a whole segment, or %7B and %7D",
            Self::Name => "letters, digits and _ between the braces",
            Self::Repeated => "each name once",
            Self::Query => "no ? and no #; %3F and %23 stand for them",
        }
    }
}
