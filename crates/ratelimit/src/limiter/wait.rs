use alloc::boxed::Box;
use core::time::Duration;

use futures_core::Stream;
use voussoir_core::Clock;

use super::Limiter;
use crate::wait::{self, Awaited};
use crate::{Algorithm, Denied, Line, NotReady, Paced, Reservation};

/// Waiting, first come, first served. Dropping the future leaves the line, with nothing taken (from
/// a [queue](crate::LeakyBucket::queue), and while a jitter holds it, as [`cancel`](Limiter::cancel)
/// can). Requests that do not
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
        wait::until_ready(self, &line.turn, &line.jitter, n).await
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
        Ok(Paced::new(stream, move |_| Box::pin(self.until_ready(line))))
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
        wait::until_ready_within(self, &line.turn, &line.jitter, n, at_most).await
    }
}

impl<A: Algorithm, C: Clock> Awaited for &Limiter<A, C> {
    type State = A::State;

    fn take(&self, n: u32) -> Result<Reservation<A::State>, Denied> {
        Limiter::take(self, n)
    }

    fn give_back(&self, taken: Reservation<A::State>) {
        self.cancel(taken);
    }
}
