mod all;
mod builder;
mod entry;
mod reconfigure;
mod stripes;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use std::hash::RandomState;

use voussoir_core::{Clock, Nanos, SystemClock};

use super::decision::{Bound, RuleDecision};
use super::path::{Split, split};
use super::{Order, Request, Rule};
use crate::observe::{Observation, Observer};
pub use builder::RuleLimiterBuilder;
use entry::{Counted, Entry};
use stripes::Stripes;

/// A [`RuleSet`](super::RuleSet) at work: each rule with the states of its keys.
///
/// Shared by reference; not a cheap clone, put it into an `Arc`. A check allocates nothing but room
/// for new keys, as a [`KeyedLimiter`](crate::KeyedLimiter) does, where at most 8 rules apply at once, no
/// pattern has more than 7 segments, and nobody observes.
///
/// # All or nothing
///
/// With [`Order::AllMatch`] every rule is asked first without taking, and then all are taken from, in
/// one step: requests that are counted by the same key of a rule take turns, so that however many
/// threads there are, exactly as many pass as would one after the other, and a refused one is
/// counted nowhere. Locks are taken for keys, in one order; requests with none in common seldom wait
/// for each other.
///
/// One exception: new keys beyond the `max_keys` of a rule share one state without taking turns. No
/// rule lets through more than its limit then either; but of requests that come at the same moment
/// one may be refused by what another had taken and is just giving back. That is at most as much as
/// the other threads ask for at that moment, and nothing of it stays counted.
pub struct RuleLimiter<C = SystemClock> {
    order: Order,
    entries: Box<[Entry<C>]>,
    /// Segments of the longest pattern; `None` if no rule has one.
    longest: Option<usize>,
    /// Of [`Order::AllMatch`]; none otherwise.
    stripes: Option<Stripes>,
    secret: RandomState,
    observer: Option<Arc<dyn Observer>>,
    clock: C,
}

/// When a request came.
#[derive(Clone, Copy)]
enum When {
    At(Nanos),
    /// Each limiter reads the clock, so that one that was set back is found out.
    Now,
}

impl<C: Clock> RuleLimiter<C> {
    /// Decides on a request of cost 1.
    pub fn check<R: Request + ?Sized>(&self, request: &R) -> RuleDecision<'_> {
        self.check_n(request, 1)
    }

    /// Decides on a request of cost `n`.
    pub fn check_n<R: Request + ?Sized>(&self, request: &R, n: u32) -> RuleDecision<'_> {
        self.decide(When::Now, request, n)
    }

    /// Decides on a request of cost 1 at `now`.
    pub fn check_at<R: Request + ?Sized>(&self, now: Nanos, request: &R) -> RuleDecision<'_> {
        self.check_n_at(now, request, 1)
    }

    /// Decides on a request of cost `n` at `now`.
    pub fn check_n_at<R: Request + ?Sized>(
        &self,
        now: Nanos,
        request: &R,
        n: u32,
    ) -> RuleDecision<'_> {
        self.decide(When::At(now), request, n)
    }

    fn decide<R: Request + ?Sized>(&self, when: When, request: &R, n: u32) -> RuleDecision<'_> {
        // Read once, however many rules there are.
        let path = self.longest.map_or(Split::new(), |longest| split(request.path(), longest));
        match &self.stripes {
            None => self.first(when, request, &path, n),
            Some(stripes) => self.all(stripes, when, request, &path, n),
        }
    }

    fn first<R: Request + ?Sized>(
        &self,
        when: When,
        request: &R,
        path: &[&str],
        n: u32,
    ) -> RuleDecision<'_> {
        for entry in &self.entries {
            let Some(bound) = self.take(entry, when, request, path, n) else { continue };
            if !entry.rule.is_shadow() {
                return RuleDecision { bound: Some(bound) };
            }
        }
        RuleDecision::FREE
    }

    /// What the rule of `entry` decides, `None` if it does not apply. The observer is told.
    fn take<'a, R: Request + ?Sized>(
        &self,
        entry: &'a Entry<C>,
        when: When,
        request: &R,
        path: &[&str],
        n: u32,
    ) -> Option<Bound<'a>> {
        let decision = match (entry.counted(request, path, &self.secret), when) {
            (Counted::Not, _) => return None,
            (Counted::Refused, _) => None,
            (Counted::By(key), When::At(now)) => Some(entry.limiter.check_n_at(now, &key, n)),
            (Counted::By(key), When::Now) => Some(entry.limiter.check_n(&key, n)),
        };
        let bound = entry.bound(decision);
        self.tell_of(&bound);
        Some(bound)
    }

    fn tell_of(&self, bound: &Bound<'_>) {
        if let Some(observer) = &self.observer {
            let name = bound.rule.name();
            let seen = match bound.decision {
                Some(decision) => Observation::new(name, decision),
                None => Observation::key_missing(name),
            };
            observer.on_decision(&seen.shadow(bound.rule.is_shadow()));
        }
    }
}

impl<C> RuleLimiter<C> {
    /// Which of the rules that apply decide.
    pub fn order(&self) -> Order {
        self.order
    }

    /// The rules, in their order, each with how many keys it holds.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = (&Rule, usize)> {
        self.entries.iter().map(|entry| (&entry.rule, entry.limiter.len()))
    }
}

impl<C> fmt::Debug for RuleLimiter<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = fmt::from_fn(|f| {
            f.debug_map().entries(self.rules().map(|(rule, keys)| (rule.name(), keys))).finish()
        });
        f.debug_struct("RuleLimiter")
            .field("order", &self.order)
            .field("keys", &rules)
            .finish_non_exhaustive()
    }
}
