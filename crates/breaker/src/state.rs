use core::fmt;

/// What a breaker does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Every call passes.
    Closed,
    /// Every call is refused.
    Open,
    /// A few calls pass, to see whether they succeed.
    HalfOpen,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        })
    }
}

/// The state with its generation and, when half-open, its counts, in one word, so that every change
/// is one compare-and-swap:
///
/// ```text
///  63  62 61          36 35        24 23        12 11         0
/// ┌──────┬──────────────┬────────────┬────────────┬────────────┐
/// │ state│ generation   │ admitted   │ successes  │ failures   │
/// └──────┴──────────────┴────────────┴────────────┴────────────┘
/// ```
///
/// The generation grows with each change of state and wraps after 2^26 of them. The counts are 0
/// unless half-open; none exceeds `half_open_calls`, which is at most [`Word::MAX_COUNT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) u64);

const COUNT_BITS: u32 = 12;
const GENERATION_BITS: u32 = 26;
const FAILURE: u64 = 1;
const SUCCESS: u64 = 1 << COUNT_BITS;
const ADMISSION: u64 = 1 << (2 * COUNT_BITS);
const GENERATION_AT: u32 = 3 * COUNT_BITS;
const STATE_AT: u32 = GENERATION_AT + GENERATION_BITS;

impl Word {
    pub(crate) const MAX_COUNT: u32 = (1 << COUNT_BITS) - 1;
    pub(crate) const CLOSED: Self = Self::new(State::Closed, 0);

    const fn new(state: State, generation: u32) -> Self {
        let generation = generation as u64 & ((1 << GENERATION_BITS) - 1);
        Self((state as u64) << STATE_AT | generation << GENERATION_AT)
    }

    #[inline]
    pub(crate) const fn state(self) -> State {
        match self.0 >> STATE_AT {
            0 => State::Closed,
            1 => State::Open,
            _ => State::HalfOpen,
        }
    }

    #[inline]
    pub(crate) const fn generation(self) -> u32 {
        (self.0 >> GENERATION_AT) as u32 & ((1 << GENERATION_BITS) - 1)
    }

    /// The next generation, in `state`, with all counts at 0.
    pub(crate) const fn next(self, state: State) -> Self {
        Self::new(state, self.generation().wrapping_add(1))
    }

    pub(crate) const fn admitted(self) -> u32 {
        (self.0 / ADMISSION) as u32 & Self::MAX_COUNT
    }

    pub(crate) const fn successes(self) -> u32 {
        (self.0 / SUCCESS) as u32 & Self::MAX_COUNT
    }

    pub(crate) const fn failures(self) -> u32 {
        (self.0 / FAILURE) as u32 & Self::MAX_COUNT
    }

    pub(crate) const fn admit(self) -> Self {
        Self(self.0 + ADMISSION)
    }

    /// Undoes [`admit`](Self::admit) for a call that brought no verdict.
    pub(crate) const fn give_back(self) -> Self {
        Self(self.0 - ADMISSION)
    }

    pub(crate) const fn count(self, failed: bool) -> Self {
        Self(self.0 + if failed { FAILURE } else { SUCCESS })
    }
}
