use alloc::vec::Vec;
use core::time::Duration;

use voussoir_core::Nanos;

use super::{CircuitBreaker, Tallies, after};
use crate::State;
use crate::breaker::state::Word;
use crate::breaker::window::{Outcomes, Tally};
use crate::sync::Ordering;

/// What a breaker knows, to be kept over a restart or handed to another process. Times are those
/// that remain, so that it can be read by any clock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct BreakerSnapshot {
    /// What the breaker does with calls.
    pub state: State,
    /// How long an open or ramping breaker remains so.
    pub remaining: Duration,
    /// How long an open period is in all.
    pub period: Duration,
    /// How often in a row the half-open calls failed.
    pub reopenings: u32,
    /// The window from the oldest to the latest: one entry a call of a count window, one a sixteenth
    /// of a window of time.
    pub window: Vec<Tally>,
}

impl<C> CircuitBreaker<C> {
    /// What the breaker knows at `now`. Complexity: O(window).
    pub fn snapshot_at(&self, now: Nanos) -> BreakerSnapshot {
        let deadline = self.deadline();
        let word = self.word();
        let window = if word.state().counts() { self.window_at(now, word) } else { Vec::new() };
        let lasts = matches!(word.state(), State::Open | State::HalfOpen | State::RampingUp);
        let remaining = deadline.saturating_duration_since(now);
        BreakerSnapshot {
            state: word.state(),
            remaining: if lasts { remaining } else { Duration::ZERO },
            period: Duration::from_nanos(self.period.load(Ordering::Acquire)),
            reopenings: self.reopenings.load(Ordering::Acquire),
            window,
        }
    }

    /// What the breaker knows.
    pub fn snapshot(&self) -> BreakerSnapshot {
        self.snapshot_at(self.now())
    }

    /// Goes on at `now` where the snapshot was taken. A half-open breaker begins its probes anew: who
    /// held the permits is gone. What does not fit the options gives way to them: of a longer window
    /// the latest calls are kept, an open time ends no later than the snapshot says it may last.
    ///
    /// Meant for a breaker that nobody uses yet; used meanwhile, it may miss outcomes.
    pub fn restore_at(&self, now: Nanos, snapshot: &BreakerSnapshot) {
        let generation = self.word().next(State::Closed).generation();
        let nanos = |duration| Nanos::from_duration(duration).as_nanos();
        let (state, remaining) = match snapshot.state {
            State::HalfOpen => (State::Open, Duration::ZERO),
            state => (state, snapshot.remaining.min(snapshot.period.max(self.ramp()))),
        };
        while !self.clear(self.window_mark()) {}
        self.reopenings.store(snapshot.reopenings, Ordering::Release);
        self.period.store(nanos(snapshot.period).max(1), Ordering::Release);
        self.deadline.store(after(now, nanos(remaining)).as_nanos(), Ordering::Release);
        let word = self.word();
        self.change(word, Word::new(state, generation));
        if state.counts() {
            self.refill(now, generation, &snapshot.window);
        }
    }

    /// Goes on where the snapshot was taken.
    pub fn restore(&self, snapshot: &BreakerSnapshot) {
        self.restore_at(self.now(), snapshot);
    }

    fn ramp(&self) -> Duration {
        Duration::from_nanos(self.config.ramp_up)
    }

    fn window_at(&self, now: Nanos, word: Word) -> Vec<Tally> {
        let one = |(failed, slow)| Tally::one(failed, slow);
        match &self.tallies {
            Tallies::Word => self.outcomes().iter(self.config.times_calls()).map(one).collect(),
            #[cfg(feature = "std")]
            Tallies::Ring(ring) => ring.outcomes(word.generation()).into_iter().map(one).collect(),
            Tallies::Span(span) => {
                let _ = word;
                span.slots(now)
            }
        }
    }

    fn refill(&self, now: Nanos, generation: u32, window: &[Tally]) {
        match &self.tallies {
            Tallies::Span(span) => span.restore(now, window),
            #[cfg(feature = "std")]
            Tallies::Ring(ring) => {
                for tally in window {
                    ring.push(generation, tally.failures > 0, tally.slow > 0, || true);
                }
            }
            Tallies::Word => {
                let _ = generation;
                let push = |outcomes: Outcomes, tally: &Tally| {
                    let (failed, slow) = (tally.failures > 0, tally.slow > 0);
                    if self.config.times_calls() {
                        outcomes.push_timed(failed, slow, self.config.window)
                    } else {
                        outcomes.push(failed, self.config.window)
                    }
                };
                let outcomes = window.iter().fold(Outcomes::NONE, push);
                self.outcomes.store(outcomes.0, Ordering::Release);
            }
        }
    }
}
