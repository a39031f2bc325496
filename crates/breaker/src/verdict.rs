use core::time::Duration;

/// What an error says about trying again. Give a function from your error to this one to
/// [`Retry::when`](crate::Retry::when); without it every error is [`Transient`](Self::Transient).
///
/// | of HTTP and gRPC | verdict |
/// |---|---|
/// | connection refused, name not found, `UNAVAILABLE` before anything was sent | [`Unsent`](Self::Unsent) |
/// | 502, 503, connection reset, `UNAVAILABLE` | [`Transient`](Self::Transient) |
/// | 408, 504, `DEADLINE_EXCEEDED` | [`TimedOut`](Self::TimedOut) |
/// | 429, 503 with `Retry-After`, `RESOURCE_EXHAUSTED` | [`Throttled`](Self::Throttled) |
/// | other 4xx, 501, `INVALID_ARGUMENT` | [`Permanent`](Self::Permanent) |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// It may work the next time. Whether it was done this time nobody knows, so that it is tried
    /// again only if it may be done twice.
    Transient,
    /// No answer in time. As [`Transient`](Self::Transient); a budget may ask more for it.
    TimedOut,
    /// Refused for now and not done, so that it may always be tried again.
    Throttled {
        /// When to come back, as the callee said; zero if it did not.
        retry_after: Duration,
    },
    /// It never reached the callee, so that it may always be tried again.
    Unsent,
    /// It will not work, however often it is tried.
    Permanent,
}

impl Verdict {
    /// A name for logs and labels: `transient`, `timed_out`, `throttled`, `unsent`, `permanent`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::TimedOut => "timed_out",
            Self::Throttled { .. } => "throttled",
            Self::Unsent => "unsent",
            Self::Permanent => "permanent",
        }
    }

    /// Whether the work certainly was not done, so that doing it once more is doing it once.
    pub const fn is_undone(self) -> bool {
        matches!(self, Self::Unsent | Self::Throttled { .. })
    }
}

/// Tells what an error says about trying again: every `Fn(&E) -> Verdict` does.
pub trait Judge<E: ?Sized> {
    /// What this error says.
    fn verdict(&self, error: &E) -> Verdict;
}

impl<E: ?Sized, F: Fn(&E) -> Verdict> Judge<E> for F {
    #[inline]
    fn verdict(&self, error: &E) -> Verdict {
        self(error)
    }
}

/// The judge of who names none: every error may be gone the next time.
#[derive(Clone, Copy, Debug, Default)]
pub struct EveryError;

impl<E: ?Sized> Judge<E> for EveryError {
    #[inline]
    fn verdict(&self, _: &E) -> Verdict {
        Verdict::Transient
    }
}
