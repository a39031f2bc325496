use voussoir_core::ConfigError;

/// Which calls the failure rate is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    calls: u32,
}

impl Window {
    /// The last `calls` calls, 1 to 63.
    pub const fn count(calls: u32) -> Self {
        Self { calls }
    }

    pub(crate) const fn calls(self) -> u32 {
        self.calls
    }

    pub(crate) fn validate(self) -> Result<(), ConfigError> {
        if (1..=Outcomes::MAX_CALLS).contains(&self.calls) {
            return Ok(());
        }
        Err(ConfigError::new("window", self.calls, "1 to 63 calls"))
    }
}

/// The outcomes of the last calls, one bit each, the latest lowest, 1 for a failure; above them one
/// more 1, which marks where they end:
///
/// ```text
/// 0 0 … 0 1 0 0 1 0      four calls, the last but one failed
///         ▲
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcomes(pub(crate) u64);

impl Outcomes {
    const MAX_CALLS: u32 = u64::BITS - 1;
    pub(crate) const NONE: Self = Self(1);

    pub(crate) const fn calls(self) -> u32 {
        self.0.ilog2()
    }

    pub(crate) const fn failures(self) -> u32 {
        self.0.count_ones() - 1
    }

    /// With one more outcome; beyond `size` the oldest is forgotten.
    ///
    /// A success pushed into a full window of successes changes nothing, which is why a healthy
    /// breaker writes nothing and scales with its threads.
    #[inline]
    pub(crate) const fn push(self, failed: bool, size: u32) -> Self {
        let pushed = self.0 << 1 | failed as u64;
        let end = 1 << size;
        // `pushed` has lost its mark when the window was full at 63 calls.
        if self.0 >= end { Self(pushed & (end - 1) | end) } else { Self(pushed) }
    }
}
