use core::time::Duration;

use voussoir_core::{ConfigError, SystemClock, duration};

use super::supply::{Options, Supply};
use super::{AsyncRangeAllocator, RangeAllocator};

/// Options of a [`RangeAllocator`] or an [`AsyncRangeAllocator`].
///
/// | option | default | allowed | why the default |
/// |---|---|---|---|
/// | `block` | 1,000 | 1 to `max_block` | what a crash loses at most, twice |
/// | `max_block` | 1,000,000 | `block` to 2^63 | Leaf's largest step |
/// | `lasts` | 15 min | 1 ns and more | Leaf's: a source that is restarted is not missed |
/// | `low_water` | 90 % | 0 to 99 % | Leaf's: asks when a tenth is used, so that a whole block is left while the source is away |
#[derive(Clone, Copy, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct RangeAllocatorBuilder<S, C = SystemClock> {
    source: S,
    clock: C,
    options: Options,
}

impl<S> RangeAllocatorBuilder<S> {
    pub(super) const fn new(source: S) -> Self {
        let options = Options {
            least: 1_000,
            most: 1_000_000,
            low_water: 90,
            lasts: Duration::from_mins(15),
        };
        Self { source, clock: SystemClock, options }
    }
}

impl<S, C> RangeAllocatorBuilder<S, C> {
    /// Asks for so many numbers at first, and never for fewer.
    pub fn block(mut self, least: u64) -> Self {
        self.options.least = least;
        self
    }

    /// Never asks for more numbers than this at once.
    pub fn max_block(mut self, most: u64) -> Self {
        self.options.most = most;
        self
    }

    /// How long a block should last: one that was used up sooner is followed by a block of twice the
    /// size, one that lasted more than twice as long by one of half.
    pub fn lasts(mut self, lasts: Duration) -> Self {
        self.options.lasts = lasts;
        self
    }

    /// Asks for the next block when so many per cent of the current one are left.
    pub fn low_water(mut self, percent: u32) -> Self {
        self.options.low_water = percent;
        self
    }

    /// The clock that tells how long blocks last.
    pub fn clock<D>(self, clock: D) -> RangeAllocatorBuilder<S, D> {
        RangeAllocatorBuilder { source: self.source, clock, options: self.options }
    }

    /// The allocator for threads. Asks nothing yet.
    ///
    /// # Errors
    ///
    /// The first option that is out of its range.
    pub fn build(self) -> Result<RangeAllocator<S, C>, ConfigError> {
        let supply = self.options.supply()?;
        Ok(RangeAllocator::new(self.source, supply, self.clock))
    }

    /// The allocator for tasks. Asks nothing yet.
    ///
    /// # Errors
    ///
    /// The first option that is out of its range.
    pub fn build_async(self) -> Result<AsyncRangeAllocator<S, C>, ConfigError> {
        let supply = self.options.supply()?;
        Ok(AsyncRangeAllocator::new(self.source, supply, self.clock))
    }
}

impl Options {
    fn supply(self) -> Result<Supply, ConfigError> {
        if self.most > 1 << 63 {
            return Err(ConfigError::new("max_block", self.most, "`block` to 2^63"));
        }
        if self.least == 0 || self.least > self.most {
            return Err(ConfigError::new("block", self.least, "1 to `max_block`"));
        }
        if self.low_water > 99 {
            return Err(ConfigError::new("low_water", self.low_water, "0 to 99 per cent"));
        }
        if self.lasts.is_zero() {
            return Err(ConfigError::new("lasts", duration::text(self.lasts), "1ns or more"));
        }
        Ok(Supply::new(self))
    }
}
