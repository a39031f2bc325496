use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use thiserror::Error;
use voussoir_core::ConfigError;

use super::Rule;

/// Rules in their order, checked. Run them with a [`RuleLimiter`](super::RuleLimiter).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Unchecked"))]
pub struct RuleSet {
    order: Order,
    rules: Vec<Rule>,
}

/// Which of the rules that apply to a request decide on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Order {
    /// The first alone.
    #[default]
    FirstMatch,
    /// All of them: each must allow the request.
    AllMatch,
}

impl RuleSet {
    /// These rules, in this order.
    ///
    /// # Errors
    ///
    /// Which rule says what cannot be meant, has the name of another, or, of
    /// [`Order::FirstMatch`], is never reached, since one before it decides on all that it applies to.
    pub fn new(order: Order, rules: impl IntoIterator<Item = Rule>) -> Result<Self, RuleSetError> {
        let rules: Vec<_> = rules.into_iter().collect();
        let mut names = BTreeSet::new();
        for (index, rule) in rules.iter().enumerate() {
            let error = |reason| RuleSetError { rule: rule.name().into(), reason };
            rule.validate().map_err(error)?;
            if !names.insert(rule.name()) {
                let reason = ConfigError::new("name", "given twice", "each name once");
                return Err(error(reason));
            }
            let mut before = rules[..index].iter().filter(|_| order == Order::FirstMatch);
            if let Some(before) = before.find(|before| before.covers(rule)) {
                let name = before.name();
                let given =
                    alloc::format!("behind `{name}`, which decides on all that it applies to");
                return Err(error(ConfigError::new("position", given, "one before it")));
            }
        }
        Ok(Self { order, rules })
    }

    /// Which of them decide.
    pub fn order(&self) -> Order {
        self.order
    }

    /// The rules.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub(super) fn into_rules(self) -> Vec<Rule> {
        self.rules
    }
}

/// A rule was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("rule `{rule}`: {reason}")]
pub struct RuleSetError {
    rule: String,
    reason: ConfigError,
}

impl RuleSetError {
    /// The name of the rule.
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// What was wrong with it, and what is allowed.
    pub fn reason(&self) -> &ConfigError {
        &self.reason
    }
}

/// A [`RuleSet`] as a configuration has it.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename = "RuleSet")]
struct Unchecked {
    #[serde(default)]
    order: Order,
    rules: Vec<Rule>,
}

#[cfg(feature = "serde")]
impl TryFrom<Unchecked> for RuleSet {
    type Error = RuleSetError;

    fn try_from(Unchecked { order, rules }: Unchecked) -> Result<Self, RuleSetError> {
        Self::new(order, rules)
    }
}
