/// What an overlay knows about a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) weight: u64,
    pub(crate) payload: u64,
    /// When it was changed last, and in its lowest bit whether it is deleted.
    stamp: u64,
    /// Its rank in the index below, or [`Entry::NO_BASE`].
    base: u32,
}

impl Entry {
    const NO_BASE: u32 = u32::MAX;

    pub(crate) fn new(weight: u64, payload: u64, epoch: u64, base: Option<u32>) -> Self {
        let base = base.unwrap_or(Self::NO_BASE);
        Self { weight, payload, stamp: epoch << 1, base }
    }

    pub(crate) fn deleted(epoch: u64, base: Option<u32>) -> Self {
        let entry = Self::new(0, 0, epoch, base);
        Self { stamp: entry.stamp | 1, ..entry }
    }

    /// The same over another index.
    pub(crate) fn over(self, base: Option<u32>) -> Self {
        Self { base: base.unwrap_or(Self::NO_BASE), ..self }
    }

    pub(crate) fn lives(&self) -> bool {
        self.stamp & 1 == 0
    }

    /// Its weight, if it lives.
    pub(crate) fn live_weight(&self) -> Option<u64> {
        self.lives().then_some(self.weight)
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.stamp >> 1
    }

    /// Its rank in the index below, if it is there.
    pub(crate) fn base(&self) -> Option<u32> {
        (self.base != Self::NO_BASE).then_some(self.base)
    }

    /// How many strings more there are with it than without.
    pub(crate) fn balance(&self) -> isize {
        isize::from(self.lives()) - isize::from(self.base().is_some())
    }
}
