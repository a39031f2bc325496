use alloc::sync::Arc;
use core::time::Duration;

use voussoir_core::{ConfigError, SystemClock};

use super::{Hedge, Latencies};
use crate::RetryBudget;
use crate::sync::AtomicU64;

/// After how long a call is started again.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum HedgeDelay {
    /// After this time.
    Fixed(Duration),
    /// Once a call takes longer than this share of the last ones.
    Quantile {
        /// The share, above 0 and below 1.
        share: f64,
        /// So many calls must be known first; none is hedged before.
        min_calls: u32,
    },
}

/// What a quantile is worth with fewer calls is left to chance: at 0.95, one of them is slower.
const MIN_CALLS: u32 = 20;

impl HedgeDelay {
    /// After this time.
    pub const fn fixed(delay: Duration) -> Self {
        Self::Fixed(delay)
    }

    /// Once a call takes longer than this share of the last ones, of which 20 must be known: with
    /// 0.95, one call in twenty is started again.
    ///
    /// The last calls are some 500 to 1,000, in a histogram of 2 KB; it finds the quantile to 1/16
    /// of its value, and never too early.
    pub const fn quantile(share: f64) -> Self {
        Self::Quantile { share, min_calls: MIN_CALLS }
    }
}

/// Options of a [`Hedge`]; [`Hedge::builder`] lists the defaults.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct HedgeBuilder<C = SystemClock> {
    delay: HedgeDelay,
    max_hedges: u32,
    budget: Budget,
    clock: C,
}

#[derive(Clone, Debug)]
enum Budget {
    Default,
    Given(Arc<RetryBudget>),
    Unlimited,
}

/// Twice what the 95th percentile needs.
const RATIO: f64 = 0.1;

impl HedgeBuilder {
    pub(super) const fn new(delay: HedgeDelay) -> Self {
        Self { delay, max_hedges: 1, budget: Budget::Default, clock: SystemClock }
    }
}

impl<C> HedgeBuilder<C> {
    /// Starts a call again so many times at most, each after another delay.
    pub fn max_hedges(self, max_hedges: u32) -> Self {
        Self { max_hedges, ..self }
    }

    /// Asks this budget before each hedge. Not that of the retries: each call brings tokens to either,
    /// and both together would allow for twice the extra load.
    pub fn budget(self, budget: Arc<RetryBudget>) -> Self {
        Self { budget: Budget::Given(budget), ..self }
    }

    /// Asks no budget: when all calls are slow, all are made twice.
    pub fn unlimited(self) -> Self {
        Self { budget: Budget::Unlimited, ..self }
    }

    /// The clock that calls read.
    pub fn clock<D>(self, clock: D) -> HedgeBuilder<D> {
        let Self { delay, max_hedges, budget, .. } = self;
        HedgeBuilder { delay, max_hedges, budget, clock }
    }

    /// The hedge.
    ///
    /// # Errors
    ///
    /// When the quantile is not between 0 and 1, or more than 1,000 hedges are asked for.
    pub fn build(self) -> Result<Hedge<C>, ConfigError> {
        let Self { delay, max_hedges, budget, clock } = self;
        let latencies = match delay {
            HedgeDelay::Fixed(_) => Latencies::none(),
            HedgeDelay::Quantile { share, min_calls } if share > 0.0 && share < 1.0 => {
                Latencies::new(share, min_calls)
            }
            HedgeDelay::Quantile { share, .. } => {
                return Err(ConfigError::new("quantile", share, "above 0 and below 1"));
            }
        };
        if max_hedges > 1_000 {
            return Err(ConfigError::new("max_hedges", max_hedges, "0 to 1000"));
        }
        let budget = match budget {
            Budget::Default => Some(Arc::new(RetryBudget::ratio(RATIO).per_second(0).build()?)),
            Budget::Given(budget) => Some(budget),
            Budget::Unlimited => None,
        };
        let (hedges, wins) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Hedge { delay, max_hedges, budget, latencies, hedges, wins, clock })
    }
}
