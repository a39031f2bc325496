use core::{iter, mem};
use std::thread;

use voussoir_core::{Clock, ConfigError, Gate, Nanos, Rejected, Striped, SystemClock};

use crate::cell::Cell;
use crate::initial::Initial;
use crate::limiter::rejected;
use crate::sync::AtomicU64;
use crate::{Algorithm, Decision, Limiter, TokenBucket};

/// A [`TokenBucket`] for many cores: threads take tokens from it by the handful.
///
/// However many cores there are, one word that all of them change lets some 50 million requests a
/// second through. Here a thread that finds its pocket empty takes a batch of tokens from the
/// bucket, and spends it without touching a line that others touch, and without reading the clock.
/// The price is a short answer without figures, and a burst that may be up to 1/64 short, below.
/// Take a [`Limiter`] unless a profile says otherwise.
///
/// ```
/// use voussoir_ratelimit::{StripedLimiter, TokenBucket};
///
/// let limiter = StripedLimiter::builder(TokenBucket::per_hour(1).burst(1_000)).build()?;
/// let passed = (0..2_000).filter(|_| limiter.check().is_ok()).count();
/// assert_eq!(passed, 1_000);
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
///
/// # The error
///
/// Tokens in pockets are part of the burst: the bucket itself holds only the rest of it. Hence
///
/// * never more is let through than by the bucket in one piece: at most the burst and what the
///   rate brings, in any time;
/// * nothing is refused while there is a token in the bucket or in any pocket: who finds the bucket
///   empty looks into the others' pockets. (Tokens on the way from one pocket to another are in
///   none for the moment.)
/// * pockets do not refill by themselves. After a quiet time the burst is short of what was spent
///   from them, **at most 1/64 of it**; the rate is not.
///
/// A burst below 64 a part is too small to be handed out by the handful; all then take from the
/// bucket itself.
///
/// # Memory
///
/// 128 bytes a part, one part a processor, rounded up to a power of two, 16 at most.
#[derive(Debug)]
pub struct StripedLimiter<C = SystemClock> {
    bucket: TokenBucket,
    /// The bucket without what the pockets hold when they are full.
    rest: Limiter<TokenBucket, C>,
    pockets: Striped<AtomicU64>,
    /// What a pocket holds at most.
    batch: u32,
}

/// Options of a [`StripedLimiter`].
#[derive(Clone, Copy, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct StripedLimiterBuilder<C = SystemClock> {
    bucket: TokenBucket,
    parts: Option<usize>,
    clock: C,
    initial: Option<Initial>,
}

/// The share of the burst that may lie in pockets. With more of it the handfuls are larger, but at
/// 16 a handful the bucket already costs less than the pockets do.
const POCKETED: u32 = 64;

impl StripedLimiter {
    /// Starts a limiter of `bucket`.
    pub const fn builder(bucket: TokenBucket) -> StripedLimiterBuilder {
        StripedLimiterBuilder { bucket, parts: None, clock: SystemClock, initial: None }
    }
}

impl<C> StripedLimiterBuilder<C> {
    /// How many parts, rounded up to a power of two, 16 at most. One a processor by default.
    pub fn parts(self, parts: usize) -> Self {
        Self { parts: Some(parts), ..self }
    }

    /// The clock that calls without a given time read.
    pub fn clock<D>(self, clock: D) -> StripedLimiterBuilder<D> {
        let initial = self.initial.map(Initial::with_other_clock);
        StripedLimiterBuilder { bucket: self.bucket, parts: self.parts, clock, initial }
    }

    /// Begins at `now` with `n` available instead of the whole burst, as
    /// [`LimiterBuilder::initial_at`](crate::LimiterBuilder::initial_at).
    pub fn initial_at(self, now: Nanos, n: u32) -> Self {
        Self { initial: Some(Initial::given(now, n)), ..self }
    }

    /// [`initial_at`](Self::initial_at) the present of the builder's clock; so call
    /// [`clock`](Self::clock) before.
    ///
    /// ```
    /// use voussoir_ratelimit::{StripedLimiter, TokenBucket};
    ///
    /// let bucket = TokenBucket::per_hour(1).burst(1_000);
    /// let limiter = StripedLimiter::builder(bucket).initial(10).build()?;
    /// assert_eq!(limiter.remaining(), 10);
    /// # Ok::<(), voussoir_core::ConfigError>(())
    /// ```
    pub fn initial(self, n: u32) -> Self
    where
        C: Clock,
    {
        let now = self.clock.now();
        Self { initial: Some(Initial::read(now, n)), ..self }
    }

    /// The limiter.
    ///
    /// # Errors
    ///
    /// No parts at all; what is wrong with the bucket, such as a burst of 0; an `initial` above the
    /// burst, or by another clock.
    pub fn build(self) -> Result<StripedLimiter<C>, ConfigError> {
        let Self { bucket, parts, clock, initial } = self;
        bucket.validate()?;
        if parts == Some(0) {
            return Err(ConfigError::new("parts", 0, "1 or more"));
        }
        let parts = parts.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
        let parts = parts.min(16).next_power_of_two();
        let batch = bucket.capacity() / POCKETED / parts as u32;
        // At most 1/64 of the burst, so that something is left.
        let rest = bucket.burst(bucket.capacity() - batch * parts as u32);
        // Of less than the burst, the pockets hold what the rest does not.
        let (of_rest, mut left) = match initial {
            None => (None, u32::MAX),
            Some(initial) => {
                initial.taken(&bucket)?;
                let (of_rest, left) = initial.split_at(rest.capacity());
                (Some(of_rest), left)
            }
        };
        let pocket = || {
            let held = left.min(batch);
            left -= held;
            AtomicU64::new(u64::from(held))
        };
        Ok(StripedLimiter {
            bucket,
            rest: Limiter::starting(rest, clock, of_rest)?,
            pockets: Striped::with_stripes(parts, pocket),
            batch,
        })
    }
}

/// With the time given.
impl<C> StripedLimiter<C> {
    /// Decides on a request of cost 1 at `now`.
    ///
    /// # Errors
    ///
    /// [`Rejected`], with the time until there is a token.
    #[inline]
    pub fn check_at(&self, now: Nanos) -> Result<(), Rejected> {
        self.check_n_at(now, 1)
    }

    /// Decides on a request of cost `n` at `now`.
    ///
    /// Complexity: O(1) of a pocket, O(parts) of a refusal; no allocation.
    ///
    /// # Errors
    ///
    /// [`Rejected`], with the time until there are so many tokens, without one if there never will
    /// be.
    #[inline]
    pub fn check_n_at(&self, now: Nanos, n: u32) -> Result<(), Rejected> {
        if self.spend(n) {
            return Ok(());
        }
        self.fetch(n, |n| self.rest.check_n_at(now, n), |n| self.rest.refund_at(now, n))
    }

    /// The bucket given to the builder.
    pub fn bucket(&self) -> &TokenBucket {
        &self.bucket
    }

    /// Takes `n` from the pocket of this thread, if it holds so many.
    #[inline]
    fn spend(&self, n: u32) -> bool {
        Cell::update(self.pockets.local(), |held: &mut u64| {
            let left = held.checked_sub(u64::from(n));
            *held = left.unwrap_or(*held);
            left.is_some()
        })
    }

    /// As [`check_n_at`](Self::check_n_at), of a pocket that does not hold enough; `check` and
    /// `refund` are those of the bucket.
    #[cold]
    fn fetch(
        &self,
        n: u32,
        check: impl Fn(u32) -> Decision,
        refund: impl Fn(u32),
    ) -> Result<(), Rejected> {
        // With a batch on top, if that is there; the batch is at most 2^32 / 64.
        if n <= self.batch && check(n + self.batch).is_allowed() {
            self.put(u64::from(self.batch), refund);
            return Ok(());
        }
        if check(n).is_allowed() {
            return Ok(());
        }
        let found: u64 =
            self.pockets.iter().map(|pocket| Cell::update(pocket, mem::take::<u64>)).sum();
        let lacking = n.saturating_sub(u32::try_from(found).unwrap_or(u32::MAX));
        let decision = check(lacking);
        let spent = if decision.is_allowed() { n - lacking } else { 0 };
        self.put(found - u64::from(spent), refund);
        if decision.is_allowed() { Ok(()) } else { Err(rejected(&decision)) }
    }

    /// Puts tokens into this thread's pocket, those for which there is no room into the others', and
    /// what then is left back into the bucket.
    fn put(&self, tokens: u64, refund: impl Fn(u32)) {
        let mut left = tokens;
        let most = u64::from(self.batch);
        for pocket in iter::once(self.pockets.local()).chain(self.pockets.iter()) {
            if left > 0 {
                left -= Cell::update(pocket, |held: &mut u64| {
                    let put = left.min(most.saturating_sub(*held));
                    *held += put;
                    put
                });
            }
        }
        if left > 0 {
            // Came out of pockets and a batch, all of which are parts of the burst.
            refund(u32::try_from(left).unwrap_or(u32::MAX));
        }
    }
}

/// With the time of the limiter's clock, which is read only when the thread's pocket is empty.
impl<C: Clock> StripedLimiter<C> {
    /// Decides on a request of cost 1.
    ///
    /// # Errors
    ///
    /// As [`check_at`](Self::check_at).
    #[inline]
    pub fn check(&self) -> Result<(), Rejected> {
        self.check_n(1)
    }

    /// Decides on a request of cost `n`.
    ///
    /// # Errors
    ///
    /// As [`check_n_at`](Self::check_n_at).
    #[inline]
    pub fn check_n(&self, n: u32) -> Result<(), Rejected> {
        if self.spend(n) {
            return Ok(());
        }
        self.fetch(n, |n| self.rest.check_n(n), |n| self.rest.refund(n))
    }

    /// How many requests of cost 1 would pass at this moment. Complexity: O(parts).
    pub fn remaining(&self) -> u32 {
        let held: u64 = self.pockets.iter().map(|pocket| Cell::read(pocket, |held| *held)).sum();
        // At most the burst.
        self.rest.peek_n(0).remaining().saturating_add(held as u32)
    }
}

impl<C> Gate for StripedLimiter<C> {
    type Guard<'a>
        = ()
    where
        Self: 'a;

    fn try_pass_at(&self, now: Nanos) -> Result<(), Rejected> {
        self.check_at(now)
    }
}

#[cfg(all(test, voussoir_loom))]
mod models {
    use loom::sync::Arc;
    use loom::thread;
    use voussoir_core::Nanos;

    use super::StripedLimiter;
    use crate::TokenBucket;

    /// loom's threads are one to the stripes, so that these two fight over a pocket and the bucket.
    #[test]
    fn no_token_is_lost_or_spent_twice_between_pocket_and_bucket() {
        loom::model(|| {
            let bucket = TokenBucket::per_hour(1).burst(66);
            let limiter = StripedLimiter::builder(bucket).parts(1).build().unwrap();
            // All but the one in the pocket and one in the bucket.
            assert!(limiter.rest.check_n_at(Nanos::ZERO, 64).is_allowed());
            let limiter = Arc::new(limiter);
            let take = |limiter: &StripedLimiter| {
                (0..2).filter(|_| limiter.check_at(Nanos::ZERO).is_ok()).count()
            };
            let other = {
                let limiter = Arc::clone(&limiter);
                thread::spawn(move || take(&limiter))
            };
            let passed = take(&limiter) + other.join().unwrap();
            let left = (0..4).filter(|_| limiter.check_at(Nanos::ZERO).is_ok()).count();
            assert_eq!(passed + left, 2);
        });
    }
}
