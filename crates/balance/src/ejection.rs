use core::time::Duration;

use voussoir_core::Nanos;

use crate::Probe;

/// When the outcomes of calls take a node out of service for a while (passive health, outlier
/// ejection). Beside the checks, or instead of them: an ejected node comes back by itself.
///
/// A node is ejected when **more than** `failure_rate` of its calls of the last `window` failed and
/// there were at least `min_calls` of them; the call that reaches the minimum may be a success. It
/// stays away for `base` times the number of ejections it has had, at most for `max`; each `window`
/// that it serves in peace takes one ejection off that number. At most `max_share` of the nodes, but
/// always one, is away at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct EjectionPolicy {
    /// The share of failures that a node may have and stay. 0.5 by default.
    pub failure_rate: f64,
    /// Calls within the window below which nothing is concluded. 20 by default, as in Hystrix.
    pub min_calls: u32,
    /// How long a call is remembered, to a tenth of it. 10 s by default, as in Envoy and Hystrix.
    #[cfg_attr(feature = "serde", serde(with = "voussoir_core::duration"))]
    pub window: Duration,
    /// How long the first ejection takes. 30 s by default, as in Envoy.
    #[cfg_attr(feature = "serde", serde(with = "voussoir_core::duration"))]
    pub base: Duration,
    /// How long an ejection takes at most. 5 min by default, as in Envoy.
    #[cfg_attr(feature = "serde", serde(with = "voussoir_core::duration"))]
    pub max: Duration,
    /// The share of the nodes that may be ejected at a time. 0.1 by default, as in Envoy.
    pub max_share: f64,
}

impl Default for EjectionPolicy {
    fn default() -> Self {
        Self {
            failure_rate: 0.5,
            min_calls: 20,
            window: Duration::from_secs(10),
            base: Duration::from_secs(30),
            max: Duration::from_mins(5),
            max_share: 0.1,
        }
    }
}

impl EjectionPolicy {
    /// How many of `nodes` may be ejected at a time: [`max_share`](Self::max_share) of them, rounded
    /// down, but at least one.
    #[expect(clippy::cast_sign_loss, reason = "a share is not negative")]
    pub fn max_ejected(&self, nodes: usize) -> usize {
        ((nodes as f64 * self.max_share) as usize).max(1)
    }
}

const BUCKETS: usize = 10;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Bucket {
    calls: u32,
    failures: u32,
}

/// What the last calls of one node say, and for how long it is ejected: a state machine that a
/// caller can also run by itself, without `std`. 128 bytes.
///
/// ```
/// use std::time::Duration;
/// use voussoir_balance::{EjectionPolicy, EjectionState, Probe};
/// use voussoir_core::Nanos;
///
/// let policy = EjectionPolicy { min_calls: 3, ..EjectionPolicy::default() };
/// let mut state = EjectionState::default();
/// let at = Nanos::from_secs;
/// assert!(!state.observe_at(at(0), Probe::Failure, &policy));
/// assert!(!state.observe_at(at(1), Probe::Success, &policy));
/// assert!(state.observe_at(at(2), Probe::Failure, &policy)); // 2 of 3
/// assert_eq!(state.eject_at(at(2), &policy), Duration::from_secs(30));
/// assert!(state.is_ejected_at(at(31)) && !state.is_ejected_at(at(32)));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EjectionState {
    buckets: [Bucket; BUCKETS],
    /// The tenth of a window that is counted now, since the clock's origin.
    tenth: u64,
    /// Ejected until then.
    until: Nanos,
    /// Ejections that are not forgiven yet.
    times: u32,
}

impl EjectionState {
    /// Counts the outcome of a call, and tells whether the node deserves to be ejected for what is
    /// remembered now. While it is ejected nothing counts: those are calls that began before.
    ///
    /// Complexity: O(1), ten buckets at most.
    #[must_use = "whether to eject the node"]
    pub fn observe_at(&mut self, now: Nanos, probe: Probe, policy: &EjectionPolicy) -> bool {
        if self.is_ejected_at(now) {
            return false;
        }
        self.turn_to(now, policy.window);
        let bucket = &mut self.buckets[(self.tenth % BUCKETS as u64) as usize];
        bucket.calls = bucket.calls.saturating_add(1);
        if probe == Probe::Failure {
            bucket.failures = bucket.failures.saturating_add(1);
        }
        let (calls, failures) = self.counted();
        calls >= u64::from(policy.min_calls) && failures as f64 > policy.failure_rate * calls as f64
    }

    /// Calls and failures that are remembered at `now`.
    pub fn outcomes_at(&mut self, now: Nanos, policy: &EjectionPolicy) -> (u64, u64) {
        self.turn_to(now, policy.window);
        self.counted()
    }

    /// Ejects the node, and says for how long. What is remembered of its calls is forgotten, so that
    /// it starts anew when it is back. Complexity: O(1).
    pub fn eject_at(&mut self, now: Nanos, policy: &EjectionPolicy) -> Duration {
        if self.times > 0 {
            let peace = now.saturating_duration_since(self.until).as_nanos();
            let forgiven = peace / policy.window.as_nanos().max(1);
            self.times = self.times.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX));
        }
        self.times = self.times.saturating_add(1);
        let away = policy.base.saturating_mul(self.times).min(policy.max);
        self.until = now.saturating_add(away);
        self.buckets = [Bucket::default(); BUCKETS];
        away
    }

    /// Whether it is ejected at `now`. Complexity: O(1).
    pub fn is_ejected_at(&self, now: Nanos) -> bool {
        now < self.until
    }

    /// When the last ejection ends or ended; the origin if there was none.
    pub const fn until(&self) -> Nanos {
        self.until
    }

    /// Ejections that are not forgiven yet, by which the next one grows.
    pub const fn times(&self) -> u32 {
        self.times
    }

    fn counted(&self) -> (u64, u64) {
        self.buckets.iter().fold((0, 0), |(calls, failures), bucket| {
            (calls + u64::from(bucket.calls), failures + u64::from(bucket.failures))
        })
    }

    /// Forgets the buckets that `now` has left behind. A clock that went back counts where it was.
    fn turn_to(&mut self, now: Nanos, window: Duration) {
        let length = (Nanos::from_duration(window).as_nanos() / BUCKETS as u64).max(1);
        let tenth = now.as_nanos() / length;
        let passed = tenth.saturating_sub(self.tenth);
        for back in 0..passed.min(BUCKETS as u64) {
            self.buckets[((tenth - back) % BUCKETS as u64) as usize] = Bucket::default();
        }
        self.tenth = self.tenth.max(tenth);
    }
}
