use alloc::vec::Vec;
use core::time::Duration;

use smallvec::SmallVec;
use voussoir_core::{Clock, Nanos};

use super::stripes::{Chosen, Stripes};
use super::{Counted, RuleLimiter, When};
use crate::Decision;
use crate::keyed::Whose;
use crate::rules::Request;
use crate::rules::decision::{Bound, RuleDecision};
use crate::rules::fingerprint::Fingerprint;

/// The rules in force that have a say, and by what they count the request. Found before any lock is
/// taken: what is asked of a [`Request`] is the caller's code.
type Counting = SmallVec<[(usize, Counted); 8]>;

/// [`Order::AllMatch`](crate::rules::Order::AllMatch).
impl<C: Clock> RuleLimiter<C> {
    pub(super) fn all<'a, R: Request + ?Sized>(
        &'a self,
        stripes: &Stripes,
        when: When,
        request: &R,
        path: &[&str],
        n: u32,
    ) -> RuleDecision<'a> {
        let mut counting = Counting::new();
        let mut chosen = Chosen::default();
        for (rule, entry) in self.entries.iter().enumerate() {
            if entry.rule.is_shadow() {
                self.take(entry, when, request, path, n);
                continue;
            }
            match entry.counted(request, path, &self.secret) {
                Counted::Not => {}
                Counted::Refused => counting.push((rule, Counted::Refused)),
                Counted::By(key) => {
                    chosen.add(rule, key);
                    counting.push((rule, Counted::By(key)));
                }
            }
        }
        let mut taken = Taken::new(self.observer.is_some());
        stripes.hold(chosen, || match self.ask_all(when, &counting, n) {
            Ok(now) => self.take_all(now, &counting, n, &mut taken),
            Err(refusal) => taken.refused(refusal),
        });
        // The observer is told when the locks are free: it may be slow, and it may ask the limiter.
        taken.all.iter().for_each(|bound| self.tell_of(bound));
        RuleDecision { bound: taken.bound }
    }

    /// Asks every rule that applies, without taking. The moment at which all allow, or the refusal
    /// that lasts longest.
    fn ask_all(
        &self,
        when: When,
        counting: &[(usize, Counted)],
        n: u32,
    ) -> Result<Nanos, Bound<'_>> {
        // One reading for all, so that what is taken is what was found.
        let mut now = match when {
            When::At(now) => now,
            When::Now => self.clock.now(),
        };
        let mut refusing: Option<(Bound<'_>, Wait)> = None;
        for (rule, counted) in counting {
            let entry = &self.entries[*rule];
            let (decision, wait) = match counted {
                Counted::Not => continue,
                Counted::Refused => (None, Some(Wait::Forever)),
                Counted::By(key) => {
                    let mut decision = entry.limiter.peek_n_at(now, key, n);
                    if decision.is_behind() && matches!(when, When::Now) {
                        entry.limiter.mend(key);
                        now = self.clock.now();
                        decision = entry.limiter.peek_n_at(now, key, n);
                    }
                    (Some(decision), Wait::of(&decision))
                }
            };
            if let Some(wait) = wait
                && refusing.as_ref().is_none_or(|(_, longest)| wait > *longest)
            {
                refusing = Some((entry.bound(decision), wait));
            }
        }
        match refusing {
            Some((bound, _)) => Err(bound),
            None => Ok(now),
        }
    }

    /// Takes from every rule that applies, all of which allow; should one not, since its keys share
    /// a state with those of other requests, what was taken before is given back.
    fn take_all<'a>(
        &'a self,
        now: Nanos,
        counting: &[(usize, Counted)],
        n: u32,
        taken: &mut Taken<'a>,
    ) {
        let mut given: SmallVec<[(usize, Fingerprint, Whose); 8]> = SmallVec::new();
        for (rule, counted) in counting {
            let Counted::By(key) = counted else { continue };
            let entry = &self.entries[*rule];
            let (decision, whose) = entry.limiter.count_at(now, key, n);
            if !decision.is_allowed() {
                for (rule, key, whose) in given {
                    self.entries[rule].limiter.give_back_at(now, &key, n, whose);
                }
                return taken.refused(entry.bound(Some(decision)));
            }
            given.push((*rule, *key, whose));
            taken.allowed(entry.bound(Some(decision)));
        }
    }
}

/// What came of a request.
struct Taken<'a> {
    /// The rule that refuses, or of those that allow the one with the fewest left.
    bound: Option<Bound<'a>>,
    /// All that an observer is to be told of; nothing without one.
    all: Vec<Bound<'a>>,
    is_observed: bool,
}

impl<'a> Taken<'a> {
    fn new(is_observed: bool) -> Self {
        Self { bound: None, all: Vec::new(), is_observed }
    }

    fn allowed(&mut self, bound: Bound<'a>) {
        if self.is_observed {
            self.all.push(bound);
        }
        if self.bound.is_none_or(|fewest| bound.remaining() < fewest.remaining()) {
            self.bound = Some(bound);
        }
    }

    fn refused(&mut self, bound: Bound<'a>) {
        self.all.clear();
        if self.is_observed {
            self.all.push(bound);
        }
        self.bound = Some(bound);
    }
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

impl Bound<'_> {
    fn remaining(&self) -> u32 {
        self.decision.map_or(0, |decision| decision.remaining())
    }
}
