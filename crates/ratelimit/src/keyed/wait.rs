use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use core::hash::{BuildHasher, Hash};
use core::time::Duration;

use equivalent::Equivalent;
use futures_core::Stream;
use voussoir_core::Clock;

use super::{KeyedLimiter, Lines};
use crate::wait::{self, Awaited};
use crate::{Algorithm, Denied, NotReady, PacedByKey, Reservation};

/// Waiting, first come, first served among those of one key; different keys do not wait for each
/// other.
///
/// Dropping the future leaves the line, with nothing taken (from a
/// [queue](crate::LeakyBucket::queue), and while a jitter holds it, as
/// [`cancel`](KeyedLimiter::cancel) can). Requests that do
/// not wait, by [`check`](KeyedLimiter::check), do not see the line and may pass it. Keys for which
/// there is no room and that [share](crate::Overflow::Share) one limit wait in a line each, so that
/// among them who comes first is not always first.
///
/// The clock should go as the runtime's timer does: that of the system, `QuantaClock`, `TokioClock`.
impl<K: Eq + Hash, A: Algorithm, S: BuildHasher, C: Clock> KeyedLimiter<K, A, S, C> {
    /// Waits until a request of cost 1 of `key` passes.
    ///
    /// # Errors
    ///
    /// The refusal, when the limit lets nothing through at all.
    pub async fn until_ready<Q, H>(&self, lines: &Lines<K, H>, key: &Q) -> Result<(), Denied>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
        H: BuildHasher,
    {
        self.until_ready_n(lines, key, 1).await
    }

    /// Waits until a request of cost `n` of `key` passes, and for its
    /// [`delay`](crate::Decision::delay).
    ///
    /// # Errors
    ///
    /// The refusal, when the cost exceeds the capacity: no wait would help.
    pub async fn until_ready_n<Q, H>(
        &self,
        lines: &Lines<K, H>,
        key: &Q,
        n: u32,
    ) -> Result<(), Denied>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
        H: BuildHasher,
    {
        let place = lines.join(key);
        wait::until_ready(Key { limiter: self, key }, place.turn(), lines.jitter(), n).await
    }

    /// The items of `stream` in their order, each when the `key` of it is ready. One whose key is let
    /// through nothing at all, as of a [tier](crate::Tiers) that is blocked, is given back as
    /// [`Refused`](crate::Refused), and the next follows.
    ///
    /// An item is taken from the stream before it waits, so that nothing is spent while the stream
    /// has none; one item waits at a time, and those behind it with it, whatever their keys. Where
    /// keys must not wait for each other, let each item wait for itself:
    /// `stream.for_each_concurrent(…)` with [`until_ready`](Self::until_ready). Dropped, it gives back
    /// what the item that waits has taken; the item itself is dropped.
    ///
    /// ```
    /// use futures_util::{TryStreamExt, stream};
    /// use voussoir_core::TokioClock;
    /// use voussoir_ratelimit::{KeyedLimiter, Lines, TokenBucket};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bucket = TokenBucket::per_second(10).burst(1);
    /// let limiter = KeyedLimiter::<String>::builder(bucket).clock(TokioClock).build()?;
    /// let lines = Lines::new();
    ///
    /// let start = tokio::time::Instant::now();
    /// let pages = stream::iter([("a.example", 1), ("b.example", 1), ("a.example", 2)]);
    /// let pages = limiter.pace(&lines, pages, |(host, _)| (*host).to_owned());
    /// assert_eq!(pages.try_collect::<Vec<_>>().await?.len(), 3);
    /// assert_eq!(start.elapsed().as_millis(), 100);
    /// # Ok(())
    /// # }
    /// ```
    pub fn pace<'a, T, F, H>(
        &'a self,
        lines: &'a Lines<K, H>,
        stream: T,
        key: F,
    ) -> PacedByKey<'a, T>
    where
        Self: Sync,
        K: Clone + Send + Sync,
        T: Stream,
        F: Fn(&T::Item) -> K + Send + 'a,
        H: BuildHasher + Sync,
        Reservation<A::State>: Send,
    {
        PacedByKey::new(stream, move |item| {
            let key = key(item);
            Box::pin(async move { self.until_ready(lines, &key).await })
        })
    }

    /// As [`until_ready_n`](Self::until_ready_n), for `at_most` so long. The first in line is
    /// refused as soon as it is known that its wait would be longer, rather than at its end.
    ///
    /// # Errors
    ///
    /// [`NotReady`], with nothing taken.
    pub async fn until_ready_within<Q, H>(
        &self,
        lines: &Lines<K, H>,
        key: &Q,
        n: u32,
        at_most: Duration,
    ) -> Result<(), NotReady>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
        H: BuildHasher,
    {
        let place = lines.join(key);
        let key = Key { limiter: self, key };
        wait::until_ready_within(key, place.turn(), lines.jitter(), n, at_most).await
    }
}

/// What is waited for.
struct Key<'a, K, Q: ?Sized, A: Algorithm, S, C> {
    limiter: &'a KeyedLimiter<K, A, S, C>,
    key: &'a Q,
}

impl<K, Q, A, S, C> Awaited for Key<'_, K, Q, A, S, C>
where
    K: Eq + Hash,
    Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    A: Algorithm,
    S: BuildHasher,
    C: Clock,
{
    type State = A::State;

    fn take(&self, n: u32) -> Result<Reservation<A::State>, Denied> {
        self.limiter.take(self.key, n)
    }

    fn give_back(&self, taken: Reservation<A::State>) {
        self.limiter.cancel(self.key, taken);
    }
}
