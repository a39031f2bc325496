mod builder;
mod entry;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::hash::RandomState;

use voussoir_core::{Clock, Nanos, SystemClock};

use super::decision::{Bound, RuleDecision};
use super::{Order, Request, Rule};
use crate::Decision;
use crate::observe::{Observation, Observer};
pub use builder::RuleLimiterBuilder;
use entry::{Counted, Entry};

/// A [`RuleSet`](super::RuleSet) at work: each rule with the states of its keys.
///
/// Shared by reference; not a cheap clone, put it into an `Arc`. A check allocates nothing but room
/// for new keys, as a [`KeyedLimiter`](crate::KeyedLimiter) does.
///
/// # All or nothing
///
/// With [`Order::AllMatch`] every rule is asked first without taking, and then all are taken from. No
/// rule ever admits more than its limit. When another thread takes the last of one rule between
/// question and taking, the request is refused although the rules before have counted it: under
/// such contention fewer pass than could, never more.
pub struct RuleLimiter<C = SystemClock> {
    order: Order,
    entries: Box<[Entry<C>]>,
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

/// How long a refusal lasts, the longest last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wait {
    For(Duration),
    Forever,
}

impl Wait {
    fn of(decision: &Decision) -> Option<Self> {
        let refusal = || decision.retry_after().map_or(Self::Forever, Self::For);
        (!decision.is_allowed()).then(refusal)
    }
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
        match self.order {
            Order::FirstMatch => self.first(when, request, n),
            Order::AllMatch => self.all(when, request, n),
        }
    }

    fn first<R: Request + ?Sized>(&self, when: When, request: &R, n: u32) -> RuleDecision<'_> {
        for entry in &self.entries {
            let Some(bound) = self.take(entry, when, request, n) else { continue };
            if !entry.rule.is_shadow() {
                return RuleDecision { bound: Some(bound) };
            }
        }
        RuleDecision::FREE
    }

    fn all<R: Request + ?Sized>(&self, when: When, request: &R, n: u32) -> RuleDecision<'_> {
        let mut applying = 0;
        let mut refusing: Option<(&Entry<C>, Wait)> = None;
        for entry in &self.entries {
            if entry.rule.is_shadow() {
                self.take(entry, when, request, n);
                continue;
            }
            let wait = match entry.counted(request, &self.secret) {
                Counted::Not => continue,
                Counted::Refused => Some(Wait::Forever),
                Counted::By(key) => Wait::of(&entry.limiter.peek_n_at(self.reading(when), &key, n)),
            };
            applying += 1;
            if let Some(wait) = wait
                && refusing.is_none_or(|(_, longest)| wait > longest)
            {
                refusing = Some((entry, wait));
            }
        }
        // Asked once more, to be told of, and since this finds out a clock that was set back.
        if let Some((entry, _)) = refusing
            && let Some(bound) = self.take(entry, when, request, n)
            && !bound.is_allowed()
        {
            return RuleDecision { bound: Some(bound) };
        }
        let mut fewest: Option<Bound<'_>> = None;
        for entry in self.entries.iter().filter(|entry| !entry.rule.is_shadow()) {
            if applying == 0 {
                break;
            }
            let Some(bound) = self.take(entry, when, request, n) else { continue };
            applying -= 1;
            if !bound.is_allowed() {
                return RuleDecision { bound: Some(bound) };
            }
            if fewest.is_none_or(|fewest| bound.remaining() < fewest.remaining()) {
                fewest = Some(bound);
            }
        }
        RuleDecision { bound: fewest }
    }

    /// What the rule of `entry` decides, `None` if it does not apply. The observer is told.
    fn take<'a, R: Request + ?Sized>(
        &self,
        entry: &'a Entry<C>,
        when: When,
        request: &R,
        n: u32,
    ) -> Option<Bound<'a>> {
        let decision = match (entry.counted(request, &self.secret), when) {
            (Counted::Not, _) => return None,
            (Counted::Refused, _) => None,
            (Counted::By(key), When::At(now)) => Some(entry.limiter.check_n_at(now, &key, n)),
            (Counted::By(key), When::Now) => Some(entry.limiter.check_n(&key, n)),
        };
        if let Some(observer) = &self.observer {
            let name = entry.rule.name();
            let seen = match decision {
                Some(decision) => Observation::new(name, decision),
                None => Observation::key_missing(name),
            };
            observer.on_decision(&seen.shadow(entry.rule.is_shadow()));
        }
        Some(entry.bound(decision))
    }

    fn reading(&self, when: When) -> Nanos {
        match when {
            When::At(now) => now,
            When::Now => self.clock.now(),
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

impl Bound<'_> {
    fn is_allowed(&self) -> bool {
        self.decision.is_some_and(|decision| decision.is_allowed())
    }

    fn remaining(&self) -> u32 {
        self.decision.map_or(0, |decision| decision.remaining())
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
