/// Calls of a window, and how many of them were bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Tally {
    /// Calls that succeeded or failed.
    pub calls: u32,
    /// Those that failed.
    pub failures: u32,
    /// Those that took longer than allowed, whether they failed or not.
    pub slow: u32,
}

impl Tally {
    pub(crate) const fn one(failed: bool, slow: bool) -> Self {
        Self { calls: 1, failures: failed as u32, slow: slow as u32 }
    }

    /// Whether nothing failed and nothing was slow.
    #[inline]
    pub(crate) const fn is_good(self) -> bool {
        self.failures == 0 && self.slow == 0
    }

    pub(crate) const fn plus(self, other: Self) -> Self {
        Self {
            calls: self.calls.saturating_add(other.calls),
            failures: self.failures.saturating_add(other.failures),
            slow: self.slow.saturating_add(other.slow),
        }
    }
}
