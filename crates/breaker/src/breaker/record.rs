use voussoir_core::{Nanos, Outcome};

use super::{CircuitBreaker, NO_WORD_BUT_SPAN, Tallies, after, swap};
use crate::State;
use crate::breaker::permit::Ticket;
use crate::breaker::state::Word;
use crate::breaker::window::{Outcomes, Tally};
use crate::sync::Ordering;

/// What becomes of outcomes.
impl<C> CircuitBreaker<C> {
    #[inline]
    pub(crate) fn finish(&self, ticket: Ticket, outcome: Outcome, now: impl Fn() -> Nanos) {
        match outcome {
            Outcome::Success => self.record(ticket, false, now),
            Outcome::Failure => self.record(ticket, true, now),
            Outcome::Ignore => self.give_back(ticket),
        }
    }

    /// Counts the outcome of a call.
    #[inline]
    pub(crate) fn record(&self, ticket: Ticket, failed: bool, now: impl Fn() -> Nanos) {
        let outcomes = self.outcomes();
        if !failed
            && outcomes.0 >= self.healthy
            && self.word() == Word::new(State::Closed, ticket.generation)
        {
            // A success in a full window can only push a failure out, and so cannot open anything. In
            // a window of successes it does not even change anything.
            if outcomes.0 == self.healthy
                || swap(&self.outcomes, outcomes.0, outcomes.push_in_full(self.healthy).0)
            {
                return;
            }
        }
        if !failed && self.healthy == NO_WORD_BUT_SPAN {
            return self.record_in_span(ticket, now);
        }
        self.record_apart(ticket, failed, now);
    }

    /// A success in a window of time, no call timed.
    #[inline(never)]
    fn record_in_span(&self, ticket: Ticket, now: impl Fn() -> Nanos) {
        let Tallies::Span(span) = &self.tallies else { return };
        let now = now();
        let is_current = || self.word() == Word::new(State::Closed, ticket.generation);
        if !span.push_success(now, is_current) {
            self.record_success_at(ticket, now);
        }
    }

    /// Apart, for the registers that it needs.
    #[cold]
    #[inline(never)]
    fn record_success_at(&self, ticket: Ticket, now: Nanos) {
        self.record_timed(ticket, false, false, || now);
    }

    /// Apart, so that the way of a success is short enough to be inlined.
    #[inline(never)]
    fn record_apart(&self, ticket: Ticket, failed: bool, now: impl Fn() -> Nanos) {
        if self.healthy < NO_WORD_BUT_SPAN && self.record_in_word(ticket, failed, &now) {
            return;
        }
        if self.config.times_calls() {
            let now = now();
            let took = now.saturating_duration_since(ticket.start);
            self.record_timed(ticket, failed, self.config.is_slow(took), || now);
        } else {
            self.record_timed(ticket, failed, false, now);
        }
    }

    /// The usual case, without the questions that others need: closed, the window in a word, no call
    /// timed. Says whether it was that.
    #[inline]
    fn record_in_word(&self, ticket: Ticket, failed: bool, now: impl Fn() -> Nanos) -> bool {
        loop {
            let outcomes = self.outcomes();
            if self.word() != Word::new(State::Closed, ticket.generation) {
                return false;
            }
            let pushed = outcomes.push(failed, self.config.window);
            // A failure among failures changes nothing either, but must open the breaker itself:
            // whoever filled the window may have been held up before it could.
            if pushed == outcomes && !failed {
                return true;
            }
            if pushed == outcomes || swap(&self.outcomes, outcomes.0, pushed.0) {
                let tally = pushed.tally(false);
                if tally.failures > 0 && self.config.trips(tally) {
                    self.trip_by(ticket.generation, tally, now());
                }
                return true;
            }
        }
    }

    #[inline]
    fn record_timed(&self, ticket: Ticket, failed: bool, slow: bool, now: impl Fn() -> Nanos) {
        let word = self.word();
        if word.generation() != ticket.generation {
            return;
        }
        match word.state() {
            State::HalfOpen => self.record_probe(ticket.generation, failed, slow, now),
            state if state.counts() => {
                if let Some(tally) = self.push(ticket.generation, failed, slow, &now)
                    && self.config.trips(tally)
                {
                    self.trip_by(ticket.generation, tally, now());
                }
            }
            _ => {}
        }
    }

    /// Puts an outcome into the window. `None` when that can change no verdict.
    #[inline]
    fn push(
        &self,
        generation: u32,
        failed: bool,
        slow: bool,
        now: impl Fn() -> Nanos,
    ) -> Option<Tally> {
        let is_current = || {
            let word = self.word();
            word.generation() == generation && word.state().counts()
        };
        match &self.tallies {
            Tallies::Word => loop {
                let outcomes = self.outcomes();
                if !is_current() {
                    return None;
                }
                let timed = self.config.times_calls();
                let pushed = if timed {
                    outcomes.push_timed(failed, slow, self.config.window)
                } else {
                    outcomes.push(failed, self.config.window)
                };
                // As above.
                if pushed == outcomes && !failed && !slow {
                    return None;
                }
                if pushed == outcomes || swap(&self.outcomes, outcomes.0, pushed.0) {
                    return Some(pushed.tally(timed));
                }
            },
            #[cfg(feature = "std")]
            Tallies::Ring(ring) => ring.push(generation, failed, slow, is_current),
            Tallies::Span(span) => {
                span.push(now(), Tally::one(failed, slow), self.config.min_calls, is_current)
            }
        }
    }

    /// What is in the window opens the breaker, if it is still of this generation.
    #[cold]
    fn trip_by(&self, generation: u32, tally: Tally, now: Nanos) {
        loop {
            let word = self.word();
            if word.generation() != generation {
                return;
            }
            let done = match word.state() {
                State::Closed | State::RampingUp => self.open(word, now, None),
                State::MetricsOnly => self.note_excess(word, tally),
                _ => true,
            };
            if done {
                return;
            }
        }
    }

    /// Tells, once, that a metrics-only breaker would have opened.
    fn note_excess(&self, word: Word, tally: Tally) -> bool {
        if word.slow() > 0 {
            return true;
        }
        let noted = self.swap_state(word, Word(word.0 + 1));
        if noted {
            let mut stats = self.stats();
            Tally { calls: stats.calls, failures: stats.failures, slow: stats.slow } = tally;
            self.watch.tell(|observer| observer.would_open(&stats));
        }
        noted
    }

    #[cold]
    fn record_probe(&self, generation: u32, failed: bool, slow: bool, now: impl Fn() -> Nanos) {
        loop {
            let window = self.window_mark();
            let word = self.word();
            if word.generation() != generation {
                return;
            }
            let counted = word.count(failed, slow);
            let verdict =
                self.config.verdict(counted.successes(), counted.failures(), counted.slow());
            let done = match verdict {
                Some(true) => self.open(word, now(), None),
                Some(false) => self.close(word, window, &now),
                None => self.swap_state(word, counted),
            };
            if done {
                return;
            }
        }
    }

    /// A call ended without a verdict: when half-open, another may take its place.
    pub(crate) fn give_back(&self, ticket: Ticket) {
        loop {
            let word = self.word();
            if word.generation() != ticket.generation || word.state() != State::HalfOpen {
                return;
            }
            if self.swap_state(word, word.give_back()) {
                return;
            }
        }
    }

    /// Opens the breaker for `period` nanoseconds, or as long as its options say, unless its state is
    /// no longer `from`, and tells whether it did.
    #[cold]
    pub(super) fn open(&self, from: Word, now: Nanos, period: Option<u64>) -> bool {
        let failed_again = from.state() == State::HalfOpen;
        let reopenings = match self.reopenings.load(Ordering::Acquire) {
            before if failed_again => before.saturating_add(1),
            _ => 0,
        };
        let dice = || self.dice.fraction();
        let period = period.unwrap_or_else(|| self.config.open_period(reopenings, dice));
        loop {
            let deadline = self.deadline();
            if self.word() != from {
                return false;
            }
            // Whoever loses the race for the state leaves its period behind: that of another roll
            // of the dice, which only a clock set back makes anybody read.
            self.period.store(period, Ordering::Release);
            if self.swap_deadline(deadline, after(now, period)) {
                return self.change_counting(from, from.next(State::Open), reopenings);
            }
        }
    }

    /// Closes the breaker with an empty window, unless its state is no longer `from` or somebody has
    /// begun to fill the window since `window` was read, and tells whether it did.
    pub(super) fn close(&self, from: Word, window: u64, now: impl Fn() -> Nanos) -> bool {
        let ramps = self.config.ramp_up > 0 && from.state() == State::HalfOpen;
        let to = if ramps { State::RampingUp } else { State::Closed };
        let deadline = self.deadline();
        if self.word() != from || !self.clear(window) {
            return false;
        }
        if ramps && !self.swap_deadline(deadline, after(now(), self.config.ramp_up)) {
            return false;
        }
        self.change_counting(from, from.next(to), 0)
    }

    /// What [`clear`](Self::clear) wants to see unchanged. To be read before the state.
    pub(super) fn window_mark(&self) -> u64 {
        match &self.tallies {
            Tallies::Word => self.outcomes().0,
            #[cfg(feature = "std")]
            Tallies::Ring(_) => 0,
            Tallies::Span(_) => 0,
        }
    }

    pub(super) fn clear(&self, mark: u64) -> bool {
        match &self.tallies {
            Tallies::Word => swap(&self.outcomes, mark, Outcomes::NONE.0),
            // It clears itself when it meets a new generation.
            #[cfg(feature = "std")]
            Tallies::Ring(_) => true,
            Tallies::Span(span) => {
                span.forget();
                true
            }
        }
    }
}
