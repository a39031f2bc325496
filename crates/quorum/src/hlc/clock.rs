use core::time::Duration;

use voussoir_core::{Clock, Nanos, WallClock};

use super::{HlcBuilder, HlcError, HlcTime};
use crate::sync::{AtomicU64, Ordering};

/// A hybrid logical clock: readings only grow, follow the wall clock as closely as they can, and are
/// later than everything that was observed before them.
///
/// Kulkarni, Demirbas, Madappa, Avva and Leone, "Logical physical clocks" (2014), in one word: the
/// next reading is the wall's millisecond, or the last reading and one, whichever is later. The count
/// of a busy millisecond carries into the next.
///
/// Shared by reference, lock-free: one compare-and-swap a reading. Not a cheap clone; put it into an
/// `Arc` or a `static`. **One for each actor.**
///
/// ```
/// use voussoir_core::Nanos;
/// use voussoir_quorum::Hlc;
///
/// let (ours, theirs) = (Hlc::builder().build()?, Hlc::builder().build()?);
/// let sent = theirs.tick_at(Nanos::from_millis(1_000))?;
/// let received = ours.observe_at(sent, Nanos::from_millis(990))?; // our wall clock is 10 ms behind
/// assert!(received > sent, "what was received is later than what was sent");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Hlc<C = WallClock> {
    /// The last reading given, as [`HlcTime`] draws it.
    last: AtomicU64,
    max_drift: Duration,
    clock: C,
}

impl Hlc {
    /// Starts a clock with the defaults that the crate's page lists.
    pub const fn builder() -> HlcBuilder {
        HlcBuilder::new()
    }
}

/// With the wall's time given. All in O(1), without allocation.
impl<C> Hlc<C> {
    pub(super) fn new(max_drift: Duration, resume_at: HlcTime, clock: C) -> Self {
        // The mark itself was not given out: it is the bound below which readings may have been.
        Self { last: AtomicU64::new(resume_at.to_bits().saturating_sub(1)), max_drift, clock }
    }

    /// A reading for a local event or a message to be sent, when the wall clock shows `now`.
    ///
    /// # Errors
    ///
    /// [`HlcError::Exhausted`] only.
    #[inline]
    pub fn tick_at(&self, now: Nanos) -> Result<HlcTime, HlcError> {
        self.advance(HlcTime::at(now).to_bits())
    }

    /// A reading for the receipt of a message: later than `remote`, and than all readings here.
    ///
    /// # Errors
    ///
    /// [`HlcError::DriftExceeded`] when `remote` lies too far ahead; the clock is as before then.
    #[inline]
    pub fn observe_at(&self, remote: HlcTime, now: Nanos) -> Result<HlcTime, HlcError> {
        let ahead = remote.ahead_of(now);
        if ahead > self.max_drift {
            return Err(HlcError::DriftExceeded { remote, ahead, allowed: self.max_drift });
        }
        let after = remote.next().ok_or(HlcError::Exhausted)?;
        self.advance(after.max(HlcTime::at(now)).to_bits())
    }

    /// The first reading that has not been given. Stored now and then, together with some time to
    /// spare, and given to [`resume_at`](HlcBuilder::resume_at) after a restart, it keeps readings
    /// increasing even if the wall clock was set back while the process was down. Let no reading
    /// beyond the stored mark leave the process before the next mark is stored.
    ///
    /// ```
    /// use std::time::Duration;
    /// use voussoir_core::Nanos;
    /// use voussoir_quorum::Hlc;
    ///
    /// let clock = Hlc::builder().build()?;
    /// let last = clock.tick_at(Nanos::from_secs(100))?;
    /// let mark = clock.high_water().saturating_add(Duration::from_secs(10));
    ///
    /// let resumed = Hlc::builder().resume_at(mark).build()?;
    /// assert!(resumed.tick_at(Nanos::from_secs(50))? > last);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn high_water(&self) -> HlcTime {
        HlcTime::from_bits(self.last.load(Ordering::Acquire).saturating_add(1))
    }

    /// The next reading that is at least `earliest`.
    #[inline]
    fn advance(&self, earliest: u64) -> Result<HlcTime, HlcError> {
        let mut last = self.last.load(Ordering::Relaxed);
        loop {
            let next = last.checked_add(1).ok_or(HlcError::Exhausted)?.max(earliest);
            let swapped =
                self.last.compare_exchange_weak(last, next, Ordering::AcqRel, Ordering::Relaxed);
            match swapped {
                Ok(_) => return Ok(HlcTime::from_bits(next)),
                Err(changed) => last = changed,
            }
        }
    }
}

/// With the time of the wall clock. All in O(1), without allocation.
impl<C: Clock> Hlc<C> {
    /// A reading for a local event or a message to be sent.
    ///
    /// # Errors
    ///
    /// As [`tick_at`](Self::tick_at).
    #[inline]
    pub fn tick(&self) -> Result<HlcTime, HlcError> {
        self.tick_at(self.clock.now())
    }

    /// A reading for the receipt of a message.
    ///
    /// # Errors
    ///
    /// As [`observe_at`](Self::observe_at).
    #[inline]
    pub fn observe(&self, remote: HlcTime) -> Result<HlcTime, HlcError> {
        self.observe_at(remote, self.clock.now())
    }
}

#[cfg(all(test, voussoir_loom))]
mod models {
    use loom::sync::Arc;
    use loom::thread;
    use voussoir_core::Nanos;

    use super::Hlc;
    use crate::HlcTime;

    const NOW: Nanos = Nanos::from_millis(5);

    #[test]
    fn no_reading_is_given_twice_and_each_thread_sees_them_grow() {
        loom::model(|| {
            let clock = Arc::new(Hlc::builder().build().unwrap());
            let other = {
                let clock = Arc::clone(&clock);
                thread::spawn(move || [0; 2].map(|_| clock.tick_at(NOW).unwrap()))
            };
            let remote = HlcTime::at(Nanos::from_millis(6));
            let ours = [clock.tick_at(NOW).unwrap(), clock.observe_at(remote, NOW).unwrap()];
            let theirs = other.join().unwrap();
            assert!(ours[0] < ours[1] && theirs[0] < theirs[1] && remote < ours[1]);
            assert!(ours.iter().all(|reading| !theirs.contains(reading)));
        });
    }
}
