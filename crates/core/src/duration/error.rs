use thiserror::Error;

/// A text that is no duration: where, and what was wrong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} at column {column}{}", kind.allowed())]
pub struct DurationError {
    column: usize,
    kind: DurationErrorKind,
}

impl DurationError {
    pub(super) fn new(column: usize, kind: DurationErrorKind) -> Self {
        Self { column, kind }
    }

    /// The character at which reading stopped, counted from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What was wrong there.
    pub fn kind(&self) -> DurationErrorKind {
        self.kind
    }
}

/// What was wrong with a duration's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DurationErrorKind {
    /// A number should stand here.
    #[error("no number")]
    Number,
    /// A number stands without its unit.
    #[error("no unit")]
    NoUnit,
    /// A unit that is not known.
    #[error("unknown unit")]
    UnknownUnit,
    /// A unit that is not smaller than the one before it.
    #[error("unit not smaller than the one before")]
    UnitOrder,
    /// More than 2^64 seconds.
    #[error("duration too long")]
    TooLong,
}

impl DurationErrorKind {
    fn allowed(self) -> &'static str {
        match self {
            Self::Number => "; allowed: digits, as in 30s or 1.5s",
            Self::NoUnit | Self::UnknownUnit => {
                "; allowed: ns, us, ms, s, m or min, h, d and their names"
            }
            Self::UnitOrder => "; allowed: the larger unit first, each once, as in 1h30m",
            Self::TooLong => "; allowed: less than 2^64 seconds",
        }
    }
}
