use core::time::Duration;

use tokio::sync::Mutex;
use voussoir_core::{Lock, Random};

/// The line in which tasks wait for a limiter: first come, first served.
///
/// One line for those who wait, made beside the limiter, so that a limiter that nobody waits for
/// has none. Only the first in line watches the time; the others sleep until it is their turn, so
/// that a hundred waiters are one timer and no herd.
///
/// ```
/// use std::time::Duration;
/// use voussoir_core::TokioClock;
/// use voussoir_ratelimit::{Line, Limiter, TokenBucket};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bucket = TokenBucket::per_second(10).burst(1);
/// let limiter = Limiter::builder(bucket).clock(TokioClock).build()?;
/// let line = Line::new();
///
/// let start = tokio::time::Instant::now();
/// for _ in 0..4 {
///     limiter.until_ready(&line).await?;
/// }
/// assert_eq!(start.elapsed().as_millis(), 300);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Line {
    /// Whose turn it is: tokio's lock is given in the order in which it was asked for.
    pub(crate) turn: Mutex<()>,
    pub(crate) jitter: Jitter,
}

impl Line {
    /// A line in which nobody waits.
    pub fn new() -> Self {
        Self::default()
    }

    /// A line whose waiters are held for a random time of up to `jitter` more, so that many
    /// processes with the same limit do not strike in step. Each is counted at its own turn all the
    /// same; only its start is later.
    pub fn with_jitter(jitter: Duration) -> Self {
        Self { turn: Mutex::default(), jitter: Jitter::up_to(jitter) }
    }
}

/// By how much longer than it must each waiter is held.
#[derive(Debug)]
pub(crate) struct Jitter {
    at_most: Duration,
    random: Lock<Random>,
}

impl Jitter {
    pub(crate) fn up_to(at_most: Duration) -> Self {
        Self { at_most, random: Lock::new(Random::from_entropy()) }
    }

    pub(super) fn delay(&self) -> Duration {
        if self.at_most.is_zero() { self.at_most } else { self.random.lock().up_to(self.at_most) }
    }
}

impl Default for Jitter {
    fn default() -> Self {
        Self::up_to(Duration::ZERO)
    }
}
