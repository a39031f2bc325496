use core::time::Duration;

use voussoir_core::Nanos;

/// Was it the others that were silent, or were we? A process that was stopped, swapped out or collecting
/// garbage finds every peer overdue at once. While this says so, convict nobody.
///
/// Cassandra's rule: when two looks at the detectors lie further apart than the limit, there are no
/// convictions until the limit has passed once more, in which heartbeats can come in.
///
/// ```
/// use std::time::Duration;
/// use voussoir_core::Nanos;
/// use voussoir_quorum::LocalPause;
///
/// let mut pause = LocalPause::new(Duration::from_secs(5));
/// assert!(pause.may_convict(Nanos::from_secs(0)));
/// assert!(pause.may_convict(Nanos::from_secs(1)));
/// assert!(!pause.may_convict(Nanos::from_secs(31))); // we were away for 30 s
/// assert!(!pause.may_convict(Nanos::from_secs(35)));
/// assert!(pause.may_convict(Nanos::from_secs(36)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalPause {
    limit: Duration,
    last: Option<Nanos>,
    paused: Option<Nanos>,
}

impl LocalPause {
    /// With this limit; Cassandra's is 5 s. It must be longer than the time between two looks.
    pub const fn new(limit: Duration) -> Self {
        Self { limit, last: None, paused: None }
    }

    /// Whether silence may be held against peers now. Call it at every look at the detectors.
    ///
    /// Complexity: O(1).
    pub fn may_convict(&mut self, now: Nanos) -> bool {
        if let Some(last) = self.last
            && now.saturating_duration_since(last) > self.limit
        {
            self.paused = Some(now);
        }
        // A clock that goes back makes the next look no later than it is.
        self.last = Some(now);
        let over =
            |paused: Nanos| now < paused || now.saturating_duration_since(paused) >= self.limit;
        if self.paused.is_some_and(over) {
            self.paused = None;
        }
        self.paused.is_none()
    }
}

impl Default for LocalPause {
    /// 5 s.
    fn default() -> Self {
        Self::new(Duration::from_secs(5))
    }
}
