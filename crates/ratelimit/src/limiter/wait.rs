use alloc::boxed::Box;
use core::time::Duration;

use futures_core::Stream;
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time;
use voussoir_core::{Clock, Lock, Random, duration};

use super::{Limiter, Paced};
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
#[derive(Debug)]
pub struct Line {
    /// Whose turn it is: tokio's lock is given in the order in which it was asked for.
    turn: Mutex<()>,
    jitter: Duration,
    random: Lock<Random>,
}

impl Line {
    /// A line in which nobody waits.
    pub fn new() -> Self {
        Self::with_jitter(Duration::ZERO)
    }

    /// A line whose waiters are held for a random time of up to `jitter` more, so that many
    /// processes with the same limit do not strike in step. Each is counted at its own turn all the
    /// same; only its start is later.
    pub fn with_jitter(jitter: Duration) -> Self {
        Self { turn: Mutex::new(()), jitter, random: Lock::new(Random::from_entropy()) }
    }

    fn delay(&self) -> Duration {
        if self.jitter.is_zero() { self.jitter } else { self.random.lock().up_to(self.jitter) }
    }
}

impl Default for Line {
    fn default() -> Self {
        Self::new()
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
                    Held::new(self, taken, line).until_turn().await;
                    return Ok(());
                }
                Err(denied) => match denied.decision().retry_after() {
                    Some(wait) => time::sleep(wait).await,
                    None => return Err(denied),
                },
            }
        }
    }

    /// The items of `stream`, each when it is ready.
    ///
    /// An item is taken from the stream before it waits, so that nothing is spent while the stream
    /// has none; one item waits at a time. Dropped, it gives back what the item that waits has taken;
    /// the item itself is dropped.
    ///
    /// ```
    /// use futures_util::{StreamExt, stream};
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
    /// let letters = limiter.pace(&line, stream::iter(["a", "b", "c"]))?;
    /// assert_eq!(letters.collect::<String>().await, "abc");
    /// assert_eq!(start.elapsed().as_millis(), 200);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The refusal, when the limit lets nothing through at all.
    pub fn pace<'a, S: Stream>(&'a self, line: &'a Line, stream: S) -> Result<Paced<'a, S>, Denied>
    where
        Self: Sync,
        Reservation<A::State>: Send,
    {
        let decision = self.peek();
        if decision.exceeds_capacity() {
            let _ = decision.into_result()?;
        }
        Ok(Paced::new(stream, move || Box::pin(self.until_ready(line))))
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
                    let held = Held::new(self, taken, line);
                    if held.delay > left {
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
    delay: Duration,
}

impl<'a, A: Algorithm, C> Held<'a, A, C> {
    fn new(limiter: &'a Limiter<A, C>, taken: Reservation<A::State>, line: &Line) -> Self {
        let delay = taken.delay().saturating_add(line.delay());
        Self { limiter, taken: Some(taken), delay }
    }

    async fn until_turn(mut self) {
        if !self.delay.is_zero() {
            time::sleep(self.delay).await;
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
