use alloc::borrow::ToOwned;
use core::hash::{BuildHasher, Hash};
use core::time::Duration;

use equivalent::Equivalent;
use voussoir_core::Clock;

use super::{KeyedLimiter, Lines};
use crate::wait::{self, Awaited};
use crate::{Algorithm, Denied, NotReady, Reservation};

/// Waiting, first come, first served among those of one key; different keys do not wait for each
/// other.
///
/// Dropping the future leaves the line, with nothing taken (from a
/// [queue](crate::LeakyBucket::queue), as [`cancel`](KeyedLimiter::cancel) can). Requests that do
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
