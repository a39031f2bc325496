use alloc::vec::Vec;
use core::mem;

use voussoir_core::{Clock, ConfigError, Nanos};

use super::entry::{Entry, longest};
use super::{RuleLimiter, Stripes};
use crate::Carry;
use crate::rules::{Order, RuleSet};

impl<C: Clock + Clone> RuleLimiter<C> {
    /// Gives the limiter other rules at `now`; `carry` says what becomes of what was available.
    ///
    /// A rule that counts by the same key as the one that had its name keeps what it knows of each
    /// key, under its new limit. All others begin anew, and what rules knew that are no more is
    /// forgotten. In O(rules² + keys).
    ///
    /// It takes the limiter alone, so that checks need no lock to read the rules. Where others hold it,
    /// keep it behind a lock of yours that readers share.
    ///
    /// # Errors
    ///
    /// What is wrong with a limit, all of which a [`RuleSet`] has refused already; the old rules then
    /// stay.
    pub fn reconfigure_at(
        &mut self,
        now: Nanos,
        set: RuleSet,
        carry: Carry,
    ) -> Result<(), ConfigError> {
        let order = set.order();
        let new = set.into_rules().into_iter().map(|rule| Entry::new(rule, self.clock.clone()));
        let mut new: Vec<_> = new.collect::<Result<_, _>>()?;
        for entry in &mut new {
            let old = self.entries.iter_mut().find(|old| old.rule.counts_as(&entry.rule));
            if let Some(old) = old {
                mem::swap(&mut old.limiter, &mut entry.limiter);
                entry.limiter.set_max_keys(entry.rule.most_keys());
                entry.limiter.reconfigure_at(now, entry.rule.limit(), carry)?;
            }
        }
        self.longest = longest(&new);
        self.entries = new.into_boxed_slice();
        self.stripes = (order == Order::AllMatch).then(Stripes::new);
        self.order = order;
        Ok(())
    }

    /// [`reconfigure_at`](Self::reconfigure_at) the present.
    ///
    /// # Errors
    ///
    /// What is wrong with a limit, all of which a [`RuleSet`] has refused already; the old rules then
    /// stay.
    ///
    /// ```
    /// use voussoir_ratelimit::Carry;
    /// use voussoir_ratelimit::rules::{Facts, Order, Rule, RuleKey, RuleLimiter, RuleSet};
    ///
    /// let rules = |limit: &str| {
    ///     RuleSet::new(Order::FirstMatch, [Rule::new("all", limit.parse().unwrap(), RuleKey::all())])
    /// };
    /// let mut limiter = RuleLimiter::builder(rules("100/h")?).build()?;
    /// assert!(limiter.check_n(&Facts::default(), 60).is_allowed());
    ///
    /// limiter.reconfigure(rules("200/h")?, Carry::Additive)?;
    /// let decision = limiter.check(&Facts::default()).decision().expect("one rule");
    /// assert_eq!((decision.limit(), decision.remaining()), (200, 139));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reconfigure(&mut self, set: RuleSet, carry: Carry) -> Result<(), ConfigError> {
        self.reconfigure_at(self.clock.now(), set, carry)
    }
}
