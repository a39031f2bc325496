use alloc::sync::Arc;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::Poll;
use core::time::Duration;

use voussoir_core::{Clock, Nanos, SystemClock};

use super::place::{Place, Want};
use super::{Bulkhead, BulkheadError, BulkheadPermit, OwnedBulkheadPermit};
use crate::Sleep;

/// How much it matters that work is done; in the words of "Site Reliability Engineering", chapter 21.
///
/// In line, more important work goes before less important; when the line is full, it takes the
/// place of the last that is less important.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Criticality {
    /// Nobody will notice: it can be done later, or never.
    Sheddable,
    /// A batch job that will try again.
    SheddablePlus,
    /// A person waits for it.
    #[default]
    Critical,
    /// Others cannot go on without it.
    CriticalPlus,
}

/// What a piece of work asks of a [`Bulkhead`].
///
/// ```
/// use voussoir_breaker::{Bulkhead, BulkheadError};
///
/// let pool = Bulkhead::builder(10).partition("reports", 0.3).build()?;
/// let report = pool.claim().partition("reports").weight(3).try_acquire()?;
/// // The rest of the permits is free for others, but no report can take more of its own.
/// assert_eq!(pool.available(), 7);
/// # drop(report);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a claim does nothing until a permit is taken"]
pub struct Claim<'a, C = SystemClock> {
    bulkhead: &'a Bulkhead<C>,
    want: Want,
    criticality: Criticality,
    max_wait: Duration,
}

impl<'a, C> Claim<'a, C> {
    pub(super) fn new(bulkhead: &'a Bulkhead<C>) -> Self {
        let (want, max_wait) = (Want::ONE, bulkhead.max_wait);
        Self { bulkhead, want, criticality: Criticality::default(), max_wait }
    }

    /// Asks for so many permits at once; of none, nothing is taken.
    pub fn weight(mut self, weight: u32) -> Self {
        self.want.weight = weight;
        self
    }

    /// How important the work is.
    pub fn criticality(self, criticality: Criticality) -> Self {
        Self { criticality, ..self }
    }

    /// The partition whose permits it may take. A name that no partition has stands for none.
    pub fn partition(mut self, name: &str) -> Self {
        self.want.partition = self.bulkhead.partitions.find(name);
        self
    }

    /// Waits for so long in line, whatever the builder said.
    pub fn max_wait(self, max_wait: Duration) -> Self {
        Self { max_wait, ..self }
    }

    /// Takes the permits at `now`, if nobody has to wait for them. It is no refusal if not.
    pub(crate) fn take_at_once(&self, now: Nanos) -> Option<BulkheadPermit<'a, C>> {
        let taken = self.bulkhead.take_for(self.want);
        taken.then(|| BulkheadPermit::new(self.bulkhead, self.want, now))
    }

    /// Waits for so long at most, and no longer than it would.
    pub(crate) fn no_longer_than(self, limit: Duration) -> Self {
        Self { max_wait: self.max_wait.min(limit), ..self }
    }

    /// Takes the permits at `now`, if they are free and nobody waits for them.
    ///
    /// # Errors
    ///
    /// [`BulkheadError::Full`].
    pub fn try_acquire_at(self, now: Nanos) -> Result<BulkheadPermit<'a, C>, BulkheadError> {
        if self.bulkhead.take_for(self.want) {
            return Ok(BulkheadPermit::new(self.bulkhead, self.want, now));
        }
        Err(self.refuse(BulkheadError::Full))
    }

    /// A place in the line.
    fn join(&self) -> Result<Place<'a, C>, BulkheadError> {
        let (weight, limit) = (self.want.weight, self.bulkhead.limit());
        if weight > limit {
            return Err(self.refuse(BulkheadError::TooHeavy { weight, limit }));
        }
        if self.max_wait.is_zero() {
            return Err(self.refuse(BulkheadError::Full));
        }
        let place = Place::join(self.bulkhead, self.want, self.criticality as u8);
        place.map_err(|error| self.refuse(error))
    }

    fn refuse(&self, error: BulkheadError) -> BulkheadError {
        self.bulkhead.refuse(error)
    }
}

impl<'a, C: Clock> Claim<'a, C> {
    /// Takes the permits, if they are free and nobody waits for them.
    ///
    /// # Errors
    ///
    /// [`BulkheadError::Full`].
    pub fn try_acquire(self) -> Result<BulkheadPermit<'a, C>, BulkheadError> {
        let now = self.bulkhead.now();
        self.try_acquire_at(now)
    }

    /// Takes the permits, and blocks the thread in line for them.
    ///
    /// # Errors
    ///
    /// [`BulkheadError`].
    pub fn acquire(self) -> Result<BulkheadPermit<'a, C>, BulkheadError> {
        if !self.bulkhead.take_for(self.want) {
            self.join()?.wait(self.max_wait).map_err(|error| self.refuse(error))?;
        }
        Ok(self.permit())
    }

    /// Takes the permits, and awaits them in line.
    ///
    /// # Errors
    ///
    /// [`BulkheadError`].
    pub async fn acquire_async(
        self,
        sleep: &impl Sleep,
    ) -> Result<BulkheadPermit<'a, C>, BulkheadError> {
        if !self.bulkhead.take_for(self.want) {
            let place = self.join()?;
            self.within(place, sleep).await.map_err(|error| self.refuse(error))?;
        }
        Ok(self.permit())
    }

    async fn within(
        &self,
        mut place: Place<'a, C>,
        sleep: &impl Sleep,
    ) -> Result<(), BulkheadError> {
        if self.max_wait == Duration::MAX {
            return place.await;
        }
        let mut timer = pin!(sleep.sleep(self.max_wait));
        poll_fn(|context| {
            if let Poll::Ready(told) = Pin::new(&mut place).poll(context) {
                return Poll::Ready(told);
            }
            timer.as_mut().poll(context).map(|()| place.time_out(self.max_wait))
        })
        .await
    }

    fn permit(&self) -> BulkheadPermit<'a, C> {
        BulkheadPermit::new(self.bulkhead, self.want, self.bulkhead.now())
    }
}

/// Permits that can go to another task.
impl<C: Clock> Bulkhead<C> {
    /// As [`try_acquire`](Self::try_acquire), holding the `Arc`.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_owned(self: &Arc<Self>) -> Result<OwnedBulkheadPermit<C>, BulkheadError> {
        Ok(self.try_acquire()?.into_owned(Arc::clone(self)))
    }

    /// As [`acquire_async`](Self::acquire_async), holding the `Arc`.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    pub async fn acquire_owned_async(
        self: Arc<Self>,
        sleep: &impl Sleep,
    ) -> Result<OwnedBulkheadPermit<C>, BulkheadError> {
        Ok(self.acquire_async(sleep).await?.into_owned(Arc::clone(&self)))
    }
}
