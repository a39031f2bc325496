use core::time::Duration;

use voussoir_core::{Clock, Nanos};

use super::CircuitBreaker;
use crate::State;

/// Steering by hand. Permits that are out count nowhere afterwards.
impl<C> CircuitBreaker<C> {
    /// Opens for as long as the options say, as if too many calls had failed.
    pub fn trip_at(&self, now: Nanos) {
        while !self.open(self.word(), now, None) {}
    }

    /// Opens for `time`, as when the callee said for how long to stay away.
    pub fn trip_for_at(&self, now: Nanos, time: Duration) {
        let nanos = Nanos::from_duration(time).as_nanos();
        while !self.open(self.word(), now, Some(nanos)) {}
    }

    /// Refuses every call until [`reset`](Self::reset) or another of these: no time ends it.
    pub fn isolate(&self) {
        self.force(State::Isolated);
    }

    /// Lets every call through and counts nothing, until [`reset`](Self::reset) or another of these.
    pub fn disable(&self) {
        self.force(State::Disabled);
    }

    /// Lets every call through and counts it, in an empty window, until [`reset`](Self::reset) or
    /// another of these. The observer hears once when it would have opened.
    pub fn metrics_only(&self) {
        self.force(State::MetricsOnly);
    }

    /// Closes, with an empty window, whatever the state.
    pub fn reset(&self) {
        self.force(State::Closed);
    }

    fn force(&self, state: State) {
        loop {
            let window = self.window_mark();
            let word = self.word();
            if self.clear(window) && self.change_counting(word, word.next(state), 0) {
                return;
            }
        }
    }
}

impl<C: Clock> CircuitBreaker<C> {
    /// Opens for as long as the options say, as if too many calls had failed.
    pub fn trip(&self) {
        self.trip_at(self.clock.now());
    }

    /// Opens for `time`, as when the callee said for how long to stay away.
    ///
    /// ```
    /// use std::time::Duration;
    /// use voussoir_breaker::CircuitBreaker;
    /// use voussoir_core::ManualClock;
    ///
    /// let breaker = CircuitBreaker::builder().clock(ManualClock::new()).build()?;
    /// breaker.trip_for(Duration::from_secs(120)); // Retry-After: 120
    /// let open = breaker.try_acquire().unwrap_err();
    /// assert_eq!(open.retry_after(), Some(Duration::from_secs(120)));
    /// # Ok::<(), voussoir_core::ConfigError>(())
    /// ```
    pub fn trip_for(&self, time: Duration) {
        self.trip_for_at(self.clock.now(), time);
    }
}
