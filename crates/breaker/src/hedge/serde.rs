use alloc::sync::Arc;
use core::time::Duration;

use serde::{Deserialize, Serialize};
use voussoir_core::{ConfigError, duration};

use super::{Hedge, HedgeBuilder, HedgeDelay};
use crate::RetryBudgetConfig;

/// A [`Hedge`] as a configuration says it: `{ "quantile": 0.95 }` or `{ "delay": "50ms" }`. What is
/// left out has its default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HedgeConfig {
    /// [`HedgeDelay::fixed`]. Either this or a quantile.
    #[serde(with = "crate::optional", skip_serializing_if = "Option::is_none")]
    pub delay: Option<Duration>,
    /// [`HedgeDelay::quantile`]. Either this or a delay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantile: Option<f64>,
    /// See [`HedgeBuilder::max_hedges`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_hedges: Option<u32>,
    /// See [`HedgeBuilder::budget`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<RetryBudgetConfig>,
}

impl HedgeConfig {
    /// A builder with these options, to add a clock, or a budget that is shared.
    ///
    /// # Errors
    ///
    /// When there is neither a delay nor a quantile, or both, or the budget is refused.
    pub fn builder(self) -> Result<HedgeBuilder, ConfigError> {
        let delay = match (self.delay, self.quantile) {
            (Some(delay), None) => HedgeDelay::fixed(delay),
            (None, Some(share)) => HedgeDelay::quantile(share),
            (None, None) => {
                let allowed = "either a delay or a quantile";
                return Err(ConfigError::new("delay", "not given", allowed));
            }
            (Some(delay), Some(_)) => {
                let allowed = "without a quantile beside it";
                return Err(ConfigError::new("delay", duration::text(delay), allowed));
            }
        };
        let mut builder = Hedge::builder(delay);
        if let Some(max_hedges) = self.max_hedges {
            builder = builder.max_hedges(max_hedges);
        }
        Ok(match self.budget {
            Some(budget) => builder.budget(Arc::new(budget.build()?)),
            None => builder,
        })
    }
}
