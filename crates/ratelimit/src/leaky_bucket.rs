use core::fmt;
use core::time::Duration;

use voussoir_core::{ConfigError, Nanos};

use crate::algorithm::{Algorithm, sealed};
use crate::decision::{Decision, Facts};
use crate::gcra::Gcra;
use crate::limit;
use crate::snapshot::{Snapshot, Use};
use crate::verdict::Verdict;

/// Lets requests through evenly spaced, one every `period / drops`.
///
/// Two things go by this name, and both are here:
///
/// * as a **queue** it smooths: a request is let in while fewer than `queue` wait before it, and
///   [`Decision::delay`] says how long to hold it, so that releases are evenly spaced whatever the
///   arrivals. nginx's `limit_req … burst=50` does this.
/// * as a **meter** it only says no: up to `burst` requests pass at once, none is held. It is a
///   [token bucket](crate::TokenBucket) seen from the other side, nginx's `nodelay`.
///
/// With neither, requests that come sooner than their turn are refused.
///
/// ```
/// use std::time::Duration;
/// use voussoir_core::ManualClock;
/// use voussoir_ratelimit::{LeakyBucket, Limiter};
///
/// let queue = LeakyBucket::per_second(5).queue(2);
/// let limiter = Limiter::builder(queue).clock(ManualClock::new()).build()?;
/// let held = [0, 1, 2].map(|_| limiter.check().delay().as_millis());
/// assert_eq!(held, [0, 200, 400]);
/// assert_eq!(limiter.check().retry_after(), Some(Duration::from_millis(200)));
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
///
/// # Exactness
///
/// Releases of a queue are `cost × period / drops` apart, rounded to the nanosecond, first in first
/// out, and none waits longer than `queue × period / drops`. A request of cost `n` takes `n` turns,
/// and one above `queue + 1`, or above `burst`, is never let in. The state is one `u64`, the tick
/// of the next turn; see [`TokenBucket`](crate::TokenBucket) for the ticks and their range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeakyBucket {
    gcra: Gcra,
    mode: Mode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Meter,
    Queue { waiting: u32 },
}

impl LeakyBucket {
    /// `drops` every `period`, each in its turn or refused.
    pub const fn new(drops: u32, period: Duration) -> Self {
        Self { gcra: Gcra::new(drops, period, 1, 0), mode: Mode::Meter }
    }

    /// A meter: up to `burst` pass at once.
    pub const fn burst(self, burst: u32) -> Self {
        let Gcra { tokens, period, .. } = self.gcra;
        Self { gcra: Gcra::new(tokens, period, burst, 0), mode: Mode::Meter }
    }

    /// A queue: up to `waiting` are let in before their turn and held until then.
    pub const fn queue(self, waiting: u32) -> Self {
        let Gcra { tokens, period, .. } = self.gcra;
        // One more than wait: the one whose turn it is.
        let gcra = Gcra::new(tokens, period, waiting.saturating_add(1), 0);
        // Where nobody waits, nobody is held.
        Self { gcra, mode: if waiting == 0 { Mode::Meter } else { Mode::Queue { waiting } } }
    }

    /// Requests that a period lets through.
    pub const fn drops(&self) -> u32 {
        self.gcra.tokens
    }

    /// The period in which [`drops`](Self::drops) pass.
    pub const fn period(&self) -> Duration {
        self.gcra.period
    }

    /// How many fit at once: the burst of a meter, and those that wait and one more of a queue.
    pub const fn capacity(&self) -> u32 {
        self.gcra.burst
    }

    /// Whether requests are held until their turn.
    pub const fn is_queue(&self) -> bool {
        matches!(self.mode, Mode::Queue { .. })
    }
}

crate::rate::constructors!(LeakyBucket, drops, "each in its turn or refused");

impl sealed::Sealed for LeakyBucket {}
#[cfg(all(feature = "std", target_has_atomic = "64"))]
impl sealed::Single for LeakyBucket {}

impl Algorithm for LeakyBucket {
    /// The tick of the next turn (of a meter: at which it will be empty); 0 of a key never seen.
    type State = u64;
    #[cfg(target_has_atomic = "64")]
    type Cell = crate::sync::AtomicU64;

    fn validate(&self) -> Result<(), ConfigError> {
        if self.mode == (Mode::Queue { waiting: u32::MAX }) {
            return Err(ConfigError::new("queue", u32::MAX, "0 to 4294967294"));
        }
        self.gcra.validate()
    }

    #[inline]
    fn decide(&self, next: &mut u64, now: Nanos, n: u32) -> Verdict {
        self.gcra.decide(next, now, n)
    }

    #[inline]
    fn decision(&self, verdict: Verdict, now: Nanos, n: u32) -> Decision {
        let level = self.gcra.level(verdict, now, n);
        let facts = if self.is_queue() { Facts::Queue(level) } else { Facts::Bucket(level) };
        Decision::new(verdict, facts)
    }

    fn refund(&self, next: &mut u64, now: Nanos, n: u32) {
        self.gcra.refund(next, now, n);
    }

    #[inline]
    fn is_fresh(&self, next: &u64, now: Nanos) -> bool {
        self.gcra.is_fresh(*next, now)
    }

    fn used_up(&self, now: Nanos) -> u64 {
        self.gcra.used_up(now)
    }

    fn mend(&self, next: &mut u64, now: Nanos) {
        self.gcra.mend(next, now);
    }

    fn save(&self, state: &u64, now: Nanos) -> Snapshot {
        Snapshot::new(Use::all_of(self.peek(state, now, 0)))
    }

    fn load(&self, snapshot: &Snapshot, now: Nanos) -> u64 {
        self.gcra.full_after(snapshot.counts_for(), now)
    }
}

/// As [`Limit`](crate::Limit) reads it: `leaky 5/s queue 50`, `leaky 5/s burst 10`.
impl fmt::Display for LeakyBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("leaky ")?;
        limit::write_rate(f, self.gcra.tokens, self.gcra.period)?;
        match (self.mode, self.gcra.burst) {
            (Mode::Queue { waiting }, _) => write!(f, " queue {waiting}"),
            (Mode::Meter, 1) => Ok(()),
            (Mode::Meter, burst) => write!(f, " burst {burst}"),
        }
    }
}
