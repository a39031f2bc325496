use core::time::Duration;

use voussoir_core::{ConfigError, SystemClock, duration};

use super::{AdaptiveThrottle, K, WINDOW};
use crate::dice::Dice;
use crate::slots::{Slots, Timeline};

/// Options of an [`AdaptiveThrottle`]; [`AdaptiveThrottle::builder`] lists the defaults.
#[derive(Clone, Copy, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct AdaptiveThrottleBuilder<C = SystemClock> {
    k: f64,
    window: Duration,
    min_calls: u64,
    max_rejection: f64,
    seed: Option<u64>,
    clock: C,
}

impl AdaptiveThrottleBuilder {
    pub(super) const fn new() -> Self {
        let (min_calls, max_rejection) = (0, 1.0);
        Self { k: K, window: WINDOW, min_calls, max_rejection, seed: None, clock: SystemClock }
    }
}

impl<C> AdaptiveThrottleBuilder<C> {
    /// So many requests for each that is accepted.
    pub fn k(self, k: f64) -> Self {
        Self { k, ..self }
    }

    /// What is counted: the calls of the last so much time, to a sixteenth of it.
    pub fn window(self, window: Duration) -> Self {
        Self { window, ..self }
    }

    /// Refuses nothing before the window holds so many calls.
    pub fn min_calls(self, min_calls: u64) -> Self {
        Self { min_calls, ..self }
    }

    /// Refuses at most this share of the calls, so that a callee that recovers is found out sooner.
    pub fn max_rejection(self, max_rejection: f64) -> Self {
        Self { max_rejection, ..self }
    }

    /// The seed of the dice, so that tests replay. Without the feature `std` there is no other
    /// source of chance.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// The clock that calls without a given time read.
    pub fn clock<D>(self, clock: D) -> AdaptiveThrottleBuilder<D> {
        let Self { k, window, min_calls, max_rejection, seed, .. } = self;
        AdaptiveThrottleBuilder { k, window, min_calls, max_rejection, seed, clock }
    }

    /// The throttle.
    ///
    /// # Errors
    ///
    /// The first option that is out of its range: `k` 1 to 1000, `window` 100 ms to 1 h,
    /// `max_rejection` 0 to 1.
    pub fn build(self) -> Result<AdaptiveThrottle<C>, ConfigError> {
        let Self { k, window, min_calls, max_rejection, seed, clock } = self;
        if !(1.0..=1_000.0).contains(&k) {
            return Err(ConfigError::new("k", k, "1 to 1000"));
        }
        if !(Duration::from_millis(100)..=Duration::from_hours(1)).contains(&window) {
            return Err(ConfigError::new("window", duration::text(window), "100ms to 1h"));
        }
        if !(0.0..=1.0).contains(&max_rejection) {
            return Err(ConfigError::new("max_rejection", max_rejection, "0 to 1"));
        }
        let (requests, accepts) = (Slots::new(), Slots::new());
        let (timeline, dice) = (Timeline::new(window), Dice::seeded(seed));
        Ok(AdaptiveThrottle {
            k,
            max_rejection,
            min_calls,
            timeline,
            requests,
            accepts,
            dice,
            clock,
        })
    }
}
