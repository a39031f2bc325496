use core::time::Duration;

use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time;
use voussoir_core::{Clock, duration};

use super::Limiter;
use crate::{Algorithm, Denied, Reservation};

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
    turn: Mutex<()>,
}

impl Line {
    /// A line in which nobody waits.
    pub fn new() -> Self {
        Self::default()
    }
}

/// A request was not ready within the time it had.
#[derive(Clone, Copy, Debug, Error)]
#[non_exhaustive]
pub enum NotReady {
    /// It costs more than the limit ever lets through at once.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Its time would come later, or those before it in line were not served in time.
    #[error("not ready within {}", duration::text(*at_most))]
    TooLate {
        /// The time it had.
        at_most: Duration,
    },
}

/// Waiting, first come, first served. Dropping the future leaves the line, with nothing taken (from
/// a [queue](crate::LeakyBucket::queue), as [`cancel`](Limiter::cancel) can). Requests that do not
/// wait, by [`check`](Limiter::check), do not see the line and may pass it.
///
/// The clock should go as the runtime's timer does: that of the system, `QuantaClock`, `TokioClock`.
impl<A: Algorithm, C: Clock> Limiter<A, C> {
    /// Waits until a request of cost 1 passes.
    ///
    /// # Errors
    ///
    /// The refusal, when the limit lets nothing through at all.
    pub async fn until_ready(&self, line: &Line) -> Result<(), Denied> {
        self.until_ready_n(line, 1).await
    }

    /// Waits until a request of cost `n` passes, and for its [`delay`](crate::Decision::delay).
    ///
    /// # Errors
    ///
    /// The refusal, when the cost exceeds the capacity: no wait would help.
    pub async fn until_ready_n(&self, line: &Line, n: u32) -> Result<(), Denied> {
        let turn = line.turn.lock().await;
        loop {
            match self.take(n) {
                Ok(taken) => {
                    drop(turn);
                    Held::new(self, taken).until_turn().await;
                    return Ok(());
                }
                Err(denied) => match denied.decision().retry_after() {
                    Some(wait) => time::sleep(wait).await,
                    None => return Err(denied),
                },
            }
        }
    }

    /// As [`until_ready_n`](Self::until_ready_n), for `at_most` so long. The first in line is
    /// refused as soon as it is known that its wait would be longer, rather than at its end.
    ///
    /// # Errors
    ///
    /// [`NotReady`], with nothing taken.
    pub async fn until_ready_within(
        &self,
        line: &Line,
        n: u32,
        at_most: Duration,
    ) -> Result<(), NotReady> {
        let start = time::Instant::now();
        let too_late = NotReady::TooLate { at_most };
        let turn = time::timeout(at_most, line.turn.lock()).await.map_err(|_| too_late)?;
        loop {
            let left = at_most.saturating_sub(start.elapsed());
            match self.take(n) {
                Ok(taken) => {
                    drop(turn);
                    let held = Held::new(self, taken);
                    if held.delay() > left {
                        return Err(too_late);
                    }
                    held.until_turn().await;
                    return Ok(());
                }
                Err(denied) => match denied.decision().retry_after() {
                    Some(wait) if wait > left => return Err(too_late),
                    Some(wait) => time::sleep(wait).await,
                    None => return Err(denied.into()),
                },
            }
        }
    }
}

/// A request that was let in and is held until its turn; given up before, it is given back.
struct Held<'a, A: Algorithm, C> {
    limiter: &'a Limiter<A, C>,
    taken: Option<Reservation<A::State>>,
}

impl<'a, A: Algorithm, C> Held<'a, A, C> {
    fn new(limiter: &'a Limiter<A, C>, taken: Reservation<A::State>) -> Self {
        Self { limiter, taken: Some(taken) }
    }

    fn delay(&self) -> Duration {
        self.taken.as_ref().map_or(Duration::ZERO, Reservation::delay)
    }

    async fn until_turn(mut self) {
        if !self.delay().is_zero() {
            time::sleep(self.delay()).await;
        }
        self.taken = None;
    }
}

impl<A: Algorithm, C> Drop for Held<'_, A, C> {
    fn drop(&mut self) {
        if let Some(taken) = self.taken.take() {
            self.limiter.cancel(taken);
        }
    }
}
