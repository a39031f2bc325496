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
    /// A word that names no algorithm.
    #[error("unknown algorithm `{0}`")]
    UnknownAlgorithm(String),
    /// A number is above 2^32 − 1.
    #[error("number too large")]
    TooLarge,
    /// The `/` between count and period should stand here.
    #[error("no `/`")]
    NoSlash,
    /// What stands behind the `/` is no period.
    #[error("unknown period")]
    Period,
    /// A duration should stand here.
    #[error("no duration")]
    Duration,
    /// A word that is no option of this limit.
    #[error("unknown option `{option}`")]
    UnknownOption {
        /// The word.
        option: String,
        /// The options of this limit.
        allowed: &'static str,
    },
    /// An option that was given before.
    #[error("option `{0}` given twice")]
    Repeated(String),
    /// Two options of which one excludes the other.
    #[error("option `{0}` beside another that excludes it")]
    Excluded(String),
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
            Self::UnknownAlgorithm(_) => {
                "leaky, fixed, sliding, log, unlimited, blocked, or a count, as in 100/min"
            }
            Self::Duration => "a duration such as 30s",
            Self::UnknownOption { allowed, .. } => allowed,
            Self::Excluded(_) => "one of the two",
            Self::Repeated(_) => "each option once",
            Self::Refused(error) => error.allowed(),
        }
    }
}
