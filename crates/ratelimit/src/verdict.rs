use crate::decision::Outcome;

/// What an algorithm finds while it holds the state, in as few words as do.
///
/// A shell carries it out of its lock or its loop and makes the [`Decision`](crate::Decision) of it
/// there, where what nobody asks for is never computed and never copied.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    pub(crate) outcome: Outcome,
    /// Which limit of several it is about.
    pub(crate) bound_by: u16,
    /// A count and two times, of which each algorithm says what they are.
    pub(crate) count: u32,
    pub(crate) at: u64,
    pub(crate) until: u64,
}

impl Verdict {
    #[inline]
    pub(crate) const fn new(outcome: Outcome, count: u32, at: u64, until: u64) -> Self {
        Self { outcome, bound_by: 0, count, at, until }
    }

    /// Whether the clock is to be [mended](crate::Algorithm::mend).
    #[inline]
    pub(crate) fn is_behind(&self) -> bool {
        self.outcome == Outcome::Behind
    }

    #[inline]
    pub(crate) fn is_allowed(&self) -> bool {
        self.outcome == Outcome::Allowed
    }
}
