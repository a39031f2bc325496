use thiserror::Error;

/// A text that is no [`Backoff`](crate::Backoff): which word, and what was wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} at word {word}")]
pub struct BackoffError {
    word: usize,
    kind: BackoffErrorKind,
}

impl BackoffError {
    pub(super) const fn new(word: usize, kind: BackoffErrorKind) -> Self {
        Self { word, kind }
    }

    /// The word at which reading stopped, counted from 1.
    pub const fn word(&self) -> usize {
        self.word
    }

    /// What was wrong with it.
    pub const fn kind(&self) -> BackoffErrorKind {
        self.kind
    }
}

/// What was wrong with the text of a backoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BackoffErrorKind {
    /// No curve of that name.
    #[error("unknown curve; allowed: fixed, linear, exponential, fibonacci, decorrelated;")]
    Curve,
    /// A duration should stand here, in one word and with its unit.
    #[error("no duration; allowed: one word with its unit, as in 100ms;")]
    Duration,
    /// The factor is none, or the curve has none.
    #[error("no factor; allowed: 1 to 1000, and only with an exponential backoff;")]
    Factor,
    /// The jitter is none.
    #[error("no jitter; allowed: `full jitter`, `equal jitter`, and `jitter 0%` to `jitter 100%`;")]
    Jitter,
    /// A word that says nothing here.
    #[error("unknown word; allowed: factor, cap, full jitter, equal jitter, jitter;")]
    Word,
}
