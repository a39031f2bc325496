use core::hash::{BuildHasher, BuildHasherDefault};

use voussoir_core::{Clock, ConfigError};

#[cfg(feature = "http")]
use crate::http::Policy;
use crate::rules::decision::Bound;
use crate::rules::fingerprint::{AsIs, Fingerprint};
#[cfg(feature = "http")]
use crate::rules::rule::NAMES;
use crate::rules::{MissingKey, Request, Rule};
use crate::{Decision, KeyedLimiter, Limit};

/// A rule with the states of its keys.
pub(super) struct Entry<C> {
    pub(super) rule: Rule,
    pub(super) limiter: KeyedLimiter<Fingerprint, Limit, BuildHasherDefault<AsIs>, C>,
    #[cfg(feature = "http")]
    policy: Policy,
}

/// Whether and by what a rule counts a request.
pub(super) enum Counted {
    By(Fingerprint),
    /// It lacks the key, and that is refused.
    Refused,
    /// The rule does not apply.
    Not,
}

impl<C: Clock> Entry<C> {
    pub(super) fn new(rule: Rule, clock: C) -> Result<Self, ConfigError> {
        let mut limiter = KeyedLimiter::builder(rule.limit())
            .max_keys(rule.most_keys())
            .hasher(BuildHasherDefault::default())
            .clock(clock);
        if let Some(initial) = rule.begins_with() {
            limiter = limiter.initial(initial);
        }
        Ok(Self {
            limiter: limiter.build()?,
            #[cfg(feature = "http")]
            policy: Policy::of(rule.name(), &rule.limit())
                .map_err(|_| ConfigError::new("name", rule.name(), NAMES))?,
            rule,
        })
    }
}

impl<C> Entry<C> {
    pub(super) fn counted<R: Request + ?Sized>(
        &self,
        request: &R,
        path: &[&str],
        secret: &impl BuildHasher,
    ) -> Counted {
        if !self.rule.matches_split(request, path) {
            return Counted::Not;
        }
        match (Fingerprint::of(&self.rule, request, path, secret), self.rule.on_missing()) {
            (Some(key), _) => Counted::By(key),
            (None, MissingKey::Share) => Counted::By(Fingerprint::of_missing(secret)),
            (None, MissingKey::Refuse) => Counted::Refused,
            (None, MissingKey::Skip) => Counted::Not,
        }
    }

    pub(super) fn bound(&self, decision: Option<Decision>) -> Bound<'_> {
        Bound {
            rule: &self.rule,
            #[cfg(feature = "http")]
            policy: &self.policy,
            decision,
        }
    }
}

/// How many segments the longest pattern of `entries` has.
pub(super) fn longest<C>(entries: &[Entry<C>]) -> Option<usize> {
    entries.iter().filter_map(|entry| Some(entry.rule.pattern()?.len())).max()
}
