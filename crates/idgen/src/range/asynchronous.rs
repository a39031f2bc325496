use alloc::vec::Vec;
use core::future::poll_fn;
use core::mem;
use core::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use voussoir_core::{Clock, SystemClock};

use super::supply::{Step, Supply};
use super::{Block, RangeAllocatorBuilder, RangeError};

/// [`RangeSource`](super::RangeSource) for a store that is awaited.
///
/// Every closure from a count to a future of a `Result<Block, E>` is one.
pub trait AsyncRangeSource {
    /// Why there is no block.
    type Error;

    /// As [`RangeSource::claim`](super::RangeSource::claim). If the future is dropped, the block may
    /// be lost, but is never used.
    fn claim(&self, n: u64) -> impl Future<Output = Result<Block, Self::Error>> + Send;
}

impl<E, F, T> AsyncRangeSource for F
where
    F: Fn(u64) -> T,
    T: Future<Output = Result<Block, E>> + Send,
{
    type Error = E;

    fn claim(&self, n: u64) -> impl Future<Output = Result<Block, E>> + Send {
        self(n)
    }
}

/// [`RangeAllocator`](super::RangeAllocator) for tasks, of any runtime: who has to wait is woken.
///
/// Built by [`build_async`](RangeAllocatorBuilder::build_async).
///
/// ```
/// use std::convert::Infallible;
/// use voussoir_idgen::{AsyncRangeAllocator, Block};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Stands for a query that is awaited.
/// let row = std::sync::atomic::AtomicU64::new(1);
/// let claim = async |n| {
///     let start = row.fetch_add(n, std::sync::atomic::Ordering::SeqCst);
///     Ok::<_, Infallible>(Block::new(start..start + n, 0))
/// };
/// let keys = AsyncRangeAllocator::builder(claim).block(100).build_async()?;
/// assert_eq!((keys.next().await?, keys.next().await?), (1, 2));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct AsyncRangeAllocator<S, C = SystemClock> {
    source: S,
    shared: Mutex<Shared>,
    clock: C,
}

#[derive(Debug)]
struct Shared {
    supply: Supply,
    /// Tasks that wait for the end of a claim. Those whose futures were dropped are woken in vain.
    waiting: Vec<Waker>,
}

impl<S> AsyncRangeAllocator<S> {
    /// Starts an allocator with the defaults that its builder lists.
    pub const fn builder(source: S) -> RangeAllocatorBuilder<S> {
        RangeAllocatorBuilder::new(source)
    }
}

impl<S, C> AsyncRangeAllocator<S, C> {
    pub(super) fn new(source: S, supply: Supply, clock: C) -> Self {
        Self { source, shared: Mutex::new(Shared { supply, waiting: Vec::new() }), clock }
    }

    /// Ends a claim with `outcome` and wakes those who wait for it.
    fn end_claim<T>(&self, outcome: impl FnOnce(&mut Supply) -> T) -> T {
        let mut shared = self.shared.lock();
        let result = outcome(&mut shared.supply);
        let waiting = mem::take(&mut shared.waiting);
        drop(shared);
        waiting.into_iter().for_each(Waker::wake);
        result
    }
}

impl<S: AsyncRangeSource, C: Clock> AsyncRangeAllocator<S, C> {
    /// The next number.
    ///
    /// Dropping the future uses no number; if it was asking the source, another task asks again. One
    /// that is neither dropped nor polled keeps the others waiting: give the source a time limit.
    ///
    /// Complexity: O(1), and one in a block calls the source. Allocates where tasks wait.
    ///
    /// # Errors
    ///
    /// As [`RangeAllocator::next`](super::RangeAllocator::next).
    pub async fn next(&self) -> Result<u64, RangeError<S::Error>> {
        loop {
            let mut waits_since = None;
            let n = match poll_fn(|context| self.poll_step(context, &mut waits_since)).await {
                Step::Take(number) => return Ok(number),
                Step::Claim(n) => n,
                Step::Wait => return Err(RangeError::FailedElsewhere),
            };
            let turn = Turn { allocator: self };
            let answer = self.source.claim(n).await;
            mem::forget(turn);
            let ended = self.end_claim(|supply| match answer {
                Ok(block) => supply.fulfil(block).map_err(RangeError::Block),
                Err(error) => {
                    supply.fail();
                    Err(RangeError::Source(error))
                }
            });
            if let Err(error) = ended {
                return self.shared.lock().supply.take().ok_or(error);
            }
        }
    }

    /// What to do; [`Step::Wait`] where that has been in vain, as the claim waited for has failed.
    fn poll_step(&self, context: &Context<'_>, waits_since: &mut Option<u64>) -> Poll<Step> {
        let mut shared = self.shared.lock();
        let failures = shared.supply.failures();
        if waits_since.is_some_and(|since| since != failures) {
            return Poll::Ready(shared.supply.take().map_or(Step::Wait, Step::Take));
        }
        match shared.supply.step(|| self.clock.now()) {
            Step::Wait => {
                *waits_since = Some(failures);
                let waker = context.waker();
                if !shared.waiting.iter().any(|waiting| waiting.will_wake(waker)) {
                    shared.waiting.push(waker.clone());
                }
                Poll::Pending
            }
            step => Poll::Ready(step),
        }
    }
}

/// The right to ask the source, given back if the future is dropped meanwhile.
struct Turn<'a, S, C> {
    allocator: &'a AsyncRangeAllocator<S, C>,
}

impl<S, C> Drop for Turn<'_, S, C> {
    fn drop(&mut self) {
        self.allocator.end_claim(Supply::give_up);
    }
}
