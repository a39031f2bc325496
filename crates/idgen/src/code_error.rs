use core::fmt;

use thiserror::Error;

/// A text that is no code: where, what was wrong there, and what is allowed.
///
/// ```
/// use voussoir_idgen::Base62;
///
/// let error = Base62::SORTABLE.decode("8M0-X").unwrap_err();
/// assert_eq!(error.column(), 4);
/// assert_eq!(error.to_string(), "no digit `-` at column 4; allowed: 0-9, A-Z, a-z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} at column {column}; allowed: {}", Allowed(*kind))]
pub struct CodeError {
    column: usize,
    kind: CodeErrorKind,
}

impl CodeError {
    pub(crate) const fn new(column: usize, kind: CodeErrorKind) -> Self {
        Self { column, kind }
    }

    #[cold]
    pub(crate) const fn overflow(column: usize) -> Self {
        Self::new(column, CodeErrorKind::Overflow)
    }

    /// Checks the length of a text that is to have `least` to `most` digits.
    #[inline]
    pub(crate) const fn check_length(len: usize, least: usize, most: usize) -> Result<(), Self> {
        if len < least {
            return Err(Self::new(len + 1, CodeErrorKind::TooShort { least }));
        }
        if len > most {
            return Err(Self::new(most + 1, CodeErrorKind::TooLong { most }));
        }
        Ok(())
    }

    /// The byte at which reading stopped, counted from 1; one behind the end if there is too little.
    pub const fn column(&self) -> usize {
        self.column
    }

    /// What was wrong there.
    pub const fn kind(&self) -> CodeErrorKind {
        self.kind
    }
}

/// What was wrong with a code's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CodeErrorKind {
    /// The text ends too early.
    #[error("end of text")]
    TooShort {
        /// The fewest digits of such a code.
        least: usize,
    },
    /// The text goes on where the longest code has ended.
    #[error("text too long")]
    TooLong {
        /// The most digits of such a code.
        most: usize,
    },
    /// A byte that is no digit of this alphabet.
    #[error("no digit `{}`", found.escape_ascii())]
    Digit {
        /// The byte.
        found: u8,
        /// The alphabet, as people write it.
        alphabet: &'static str,
    },
    /// A zero in front of a number that is written without: another text of the same number.
    #[error("leading zero")]
    LeadingZero,
    /// With this digit the number is larger than there are any.
    #[error("number too large")]
    Overflow,
}

struct Allowed(CodeErrorKind);

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            CodeErrorKind::TooShort { least } => write!(f, "{least} digits or more"),
            CodeErrorKind::TooLong { most } => write!(f, "{most} digits at most"),
            CodeErrorKind::Digit { alphabet, .. } => f.write_str(alphabet),
            CodeErrorKind::LeadingZero => f.write_str("zeros in front only at fixed width"),
            CodeErrorKind::Overflow => f.write_str("what the encoder writes"),
        }
    }
}
