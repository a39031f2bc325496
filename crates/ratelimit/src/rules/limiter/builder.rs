use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use std::hash::RandomState;

use voussoir_core::{Clock, ConfigError, SystemClock};

use super::entry::{Entry, longest};
use super::{RuleLimiter, Stripes};
use crate::observe::Observer;
use crate::rules::{Order, RuleSet};

/// Options of a [`RuleLimiter`].
#[must_use = "a builder does nothing until `build` is called"]
pub struct RuleLimiterBuilder<C = SystemClock> {
    set: RuleSet,
    observer: Option<Arc<dyn Observer>>,
    clock: C,
}

impl RuleLimiter {
    /// Starts a limiter of these rules.
    pub fn builder(set: RuleSet) -> RuleLimiterBuilder {
        RuleLimiterBuilder { set, observer: None, clock: SystemClock }
    }
}

impl<C> RuleLimiterBuilder<C> {
    /// Who is told of every decision of every rule that is asked, shadow rules included.
    pub fn observer(self, observer: Arc<dyn Observer>) -> Self {
        Self { observer: Some(observer), ..self }
    }

    /// The clock that calls without a given time read; each rule gets a clone.
    pub fn clock<D>(self, clock: D) -> RuleLimiterBuilder<D> {
        RuleLimiterBuilder { set: self.set, observer: self.observer, clock }
    }

    /// The limiter. Rules that begin with less than their limit begin at this moment.
    ///
    /// # Errors
    ///
    /// What is wrong with a limit, all of which a [`RuleSet`] has refused already.
    pub fn build(self) -> Result<RuleLimiter<C>, ConfigError>
    where
        C: Clock + Clone,
    {
        let Self { set, observer, clock } = self;
        let order = set.order();
        let entries = set.into_rules().into_iter().map(|rule| Entry::new(rule, clock.clone()));
        let entries = entries.collect::<Result<Box<[_]>, _>>()?;
        Ok(RuleLimiter {
            order,
            longest: longest(&entries),
            stripes: (order == Order::AllMatch).then(Stripes::new),
            entries,
            secret: RandomState::new(),
            observer,
            clock,
        })
    }
}

impl<C> fmt::Debug for RuleLimiterBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleLimiterBuilder").field("set", &self.set).finish_non_exhaustive()
    }
}
