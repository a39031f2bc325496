use core::time::Duration;

use voussoir_core::{ConfigError, WallClock};

use super::{Hlc, HlcTime};

/// Options of a [`Hlc`]; each has the default that is stated with it.
#[derive(Clone, Copy, Debug)]
#[must_use = "a builder builds nothing until `build` is called"]
pub struct HlcBuilder<C = WallClock> {
    max_drift: Duration,
    resume_at: HlcTime,
    clock: C,
}

impl HlcBuilder {
    pub(super) const fn new() -> Self {
        Self { max_drift: Duration::from_millis(500), resume_at: HlcTime::ZERO, clock: WallClock }
    }
}

impl<C> HlcBuilder<C> {
    /// How far a reading from elsewhere may be ahead of the wall clock. Default: 500 ms, ten times
    /// what NTP keeps over the internet, and what `uhlc` takes.
    pub fn max_drift(self, max_drift: Duration) -> Self {
        Self { max_drift, ..self }
    }

    /// The first reading is at this mark or later: one that was stored before a restart, as
    /// [`Hlc::high_water`] says. Default: no mark.
    pub fn resume_at(self, resume_at: HlcTime) -> Self {
        Self { resume_at, ..self }
    }

    /// The wall clock. Default: the operating system's.
    pub fn clock<D>(self, clock: D) -> HlcBuilder<D> {
        HlcBuilder { max_drift: self.max_drift, resume_at: self.resume_at, clock }
    }

    /// Starts the clock.
    ///
    /// # Errors
    ///
    /// When `max_drift` is more than a day, which no clock that is kept at all is off.
    pub fn build(self) -> Result<Hlc<C>, ConfigError> {
        const DAY: Duration = Duration::from_hours(24);
        if self.max_drift > DAY {
            let given = voussoir_core::duration::text(self.max_drift);
            return Err(ConfigError::new("max_drift", given, "at most 1 day"));
        }
        Ok(Hlc::new(self.max_drift, self.resume_at, self.clock))
    }
}
