use core::fmt;

/// What a breaker does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum State {
    /// Every call passes.
    Closed,
    /// Every call is refused, for a while.
    Open,
    /// A few calls pass, to see whether they succeed.
    HalfOpen,
    /// Closed again, and letting through a growing share of the calls.
    RampingUp,
    /// Every call is refused until somebody says otherwise.
    Isolated,
    /// Every call passes and nothing is counted, until somebody says otherwise.
    Disabled,
    /// Every call passes and is counted, until somebody says otherwise.
    MetricsOnly,
}

impl State {
    /// A name for logs and labels: `closed`, `open`, `half-open`, `ramping-up`, `isolated`,
    /// `disabled`, `metrics-only`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
            Self::RampingUp => "ramping-up",
            Self::Isolated => "isolated",
            Self::Disabled => "disabled",
            Self::MetricsOnly => "metrics-only",
        }
    }

    /// Whether outcomes go into the window.
    pub(crate) const fn counts(self) -> bool {
        matches!(self, Self::Closed | Self::RampingUp | Self::MetricsOnly)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The state with its generation and, when half-open, its counts, in one word, so that every change
/// is one compare-and-swap:
///
/// ```text
///  63  61 60          36 35      27 26       18 17      9 8       0
/// ┌──────┬──────────────┬──────────┬───────────┬──────────┬────────┐
/// │ state│ generation   │ admitted │ successes │ failures │ slow   │
/// └──────┴──────────────┴──────────┴───────────┴──────────┴────────┘
/// ```
///
/// The generation grows with each change of state but that from ramping up to closed, and wraps
/// after 2^25 of them. The counts are 0 unless half-open; none exceeds `half_open_calls`, which is
/// at most [`Word::MAX_COUNT`]. In metrics-only mode `slow` is 1 once the rate was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) u64);

const COUNT_BITS: u32 = 9;
const GENERATION_BITS: u32 = 25;
const SLOW: u64 = 1;
const FAILURE: u64 = 1 << COUNT_BITS;
const SUCCESS: u64 = 1 << (2 * COUNT_BITS);
const ADMISSION: u64 = 1 << (3 * COUNT_BITS);
const GENERATION_AT: u32 = 4 * COUNT_BITS;
const STATE_AT: u32 = GENERATION_AT + GENERATION_BITS;

impl Word {
    pub(crate) const MAX_COUNT: u32 = (1 << COUNT_BITS) - 1;
    pub(crate) const CLOSED: Self = Self::new(State::Closed, 0);

    #[inline]
    pub(crate) const fn new(state: State, generation: u32) -> Self {
        let generation = generation as u64 & ((1 << GENERATION_BITS) - 1);
        Self((state as u64) << STATE_AT | generation << GENERATION_AT)
    }

    #[inline]
    pub(crate) const fn state(self) -> State {
        match self.0 >> STATE_AT {
            0 => State::Closed,
            1 => State::Open,
            2 => State::HalfOpen,
            3 => State::RampingUp,
            4 => State::Isolated,
            5 => State::Disabled,
            _ => State::MetricsOnly,
        }
    }

    #[inline]
    pub(crate) const fn is_closed(self) -> bool {
        self.0 < 1 << STATE_AT
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
        self.count_of(ADMISSION)
    }

    pub(crate) const fn successes(self) -> u32 {
        self.count_of(SUCCESS)
    }

    pub(crate) const fn failures(self) -> u32 {
        self.count_of(FAILURE)
    }

    pub(crate) const fn slow(self) -> u32 {
        self.count_of(SLOW)
    }

    pub(crate) const fn admit(self) -> Self {
        Self(self.0 + ADMISSION)
    }

    /// Undoes [`admit`](Self::admit) for a call that brought no verdict.
    pub(crate) const fn give_back(self) -> Self {
        Self(self.0 - ADMISSION)
    }

    pub(crate) const fn count(self, failed: bool, slow: bool) -> Self {
        Self(self.0 + if failed { FAILURE } else { SUCCESS } + slow as u64 * SLOW)
    }

    const fn count_of(self, unit: u64) -> u32 {
        (self.0 / unit) as u32 & Self::MAX_COUNT
    }
}
