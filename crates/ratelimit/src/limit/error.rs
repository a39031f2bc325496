use alloc::string::String;

use thiserror::Error;
use voussoir_core::ConfigError;

/// A text that is no limit: where, what was wrong there, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kind} at column {column}; allowed: {}", kind.allowed())]
pub struct LimitError {
    column: usize,
    kind: LimitErrorKind,
}

impl LimitError {
    pub(super) fn new(column: usize, kind: LimitErrorKind) -> Self {
        Self { column, kind }
    }

    /// The character at which reading stopped, counted from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What was wrong there.
    pub fn kind(&self) -> &LimitErrorKind {
        &self.kind
    }
}

/// What was wrong with a limit's text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LimitErrorKind {
    /// A whole number should stand here.
    #[error("no whole number")]
    Number,
    /// A number is above 2^32 − 1.
    #[error("number too large")]
    TooLarge,
    /// The `/` between count and period should stand here.
    #[error("no `/`")]
    NoSlash,
    /// What stands behind the `/` is no period.
    #[error("unknown period")]
    Period,
    /// A word that is no option of this limit.
    #[error("unknown option `{0}`")]
    UnknownOption(String),
    /// An option that was given before.
    #[error("option `{0}` given twice")]
    Repeated(String),
    /// The text can be read, but no such limit can be meant.
    #[error("`{}` of {}", .0.option(), .0.given())]
    Refused(ConfigError),
}

impl LimitErrorKind {
    fn allowed(&self) -> &str {
        match self {
            Self::Number => "a count, as in 100/min",
            Self::TooLarge => "up to 4294967295",
            Self::NoSlash => "a count, a slash and a period, as in 100/min",
            Self::Period => "s, min, h, day, or a duration such as 30s",
            Self::UnknownOption(_) => "burst",
            Self::Repeated(_) => "each option once",
            Self::Refused(error) => error.allowed(),
        }
    }
}
