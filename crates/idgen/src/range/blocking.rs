use parking_lot::{Condvar, Mutex};
use voussoir_core::{Clock, SystemClock};

use super::supply::{Step, Supply};
use super::{Block, RangeAllocatorBuilder, RangeError};

/// A counter kept elsewhere, which gives out blocks of numbers: a row of a database, a key of a
/// store, a file.
///
/// Every closure from a count to a `Result<Block, E>` is one.
pub trait RangeSource {
    /// Why there is no block.
    type Error;

    /// Gives a block of `n` numbers, or of some other count, that nobody else was or will be given,
    /// and that is above all blocks given to this claimant before.
    ///
    /// # Errors
    ///
    /// When the source cannot be reached, or has no more numbers. If it is unknown whether the block
    /// was given, it is an error too: the numbers are lost, and the next block is another.
    fn claim(&self, n: u64) -> Result<Block, Self::Error>;
}

impl<E, F: Fn(u64) -> Result<Block, E>> RangeSource for F {
    type Error = E;

    fn claim(&self, n: u64) -> Result<Block, E> {
        self(n)
    }
}

/// Numbers from a [`RangeSource`], asked for by the block: one question for thousands of numbers.
///
/// Shared by reference; not a cheap clone. A number costs a lock and an addition, some 10 ns. The
/// caller who finds the current block at its low-water mark asks for the next one and waits for the
/// answer, while others go on with what is left; only when nothing is left do they wait too.
///
/// Numbers increase as each thread sees them. They have gaps: what a process had not used when it
/// ended is lost, at most two blocks. No number is given twice, also when the source fails midway,
/// repeats itself or is rolled back: see [`BlockError`](super::BlockError).
///
/// ```
/// use std::convert::Infallible;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use voussoir_idgen::{Block, RangeAllocator};
///
/// // Stands for `UPDATE counters SET next = next + $n RETURNING next`.
/// let row = AtomicU64::new(1);
/// let claim = |n| {
///     let start = row.fetch_add(n, Ordering::SeqCst);
///     Ok::<_, Infallible>(Block::new(start..start + n, 0))
/// };
/// let keys = RangeAllocator::builder(claim).block(100).build()?;
/// assert_eq!((keys.next()?, keys.next()?), (1, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RangeAllocator<S, C = SystemClock> {
    source: S,
    supply: Mutex<Supply>,
    /// Whether a claim has ended that others wait for.
    answered: Condvar,
    clock: C,
}

impl<S> RangeAllocator<S> {
    /// Starts an allocator with the defaults that its builder lists.
    pub const fn builder(source: S) -> RangeAllocatorBuilder<S> {
        RangeAllocatorBuilder::new(source)
    }
}

impl<S, C> RangeAllocator<S, C> {
    pub(super) fn new(source: S, supply: Supply, clock: C) -> Self {
        Self { source, supply: Mutex::new(supply), answered: Condvar::new(), clock }
    }
}

impl<S: RangeSource, C: Clock> RangeAllocator<S, C> {
    /// The next number.
    ///
    /// Complexity: O(1), no allocation, and one in a block calls the source.
    ///
    /// # Errors
    ///
    /// Why there came no block, once all are used up. As long as numbers are left, a source that
    /// fails is not seen; it is asked again when half of them are used. Whoever waits for an answer
    /// shares it, so that no call takes longer than two claims do.
    ///
    /// # Panics
    ///
    /// When the source does; another caller then asks it again. A source must not call its own
    /// allocator: that would wait for itself.
    pub fn next(&self) -> Result<u64, RangeError<S::Error>> {
        let mut supply = self.supply.lock();
        loop {
            match supply.step(|| self.clock.now()) {
                Step::Take(number) => return Ok(number),
                Step::Wait => {
                    let failures = supply.failures();
                    self.answered.wait(&mut supply);
                    if supply.failures() != failures {
                        return supply.take().ok_or(RangeError::FailedElsewhere);
                    }
                }
                Step::Claim(n) => {
                    drop(supply);
                    let turn = Turn { allocator: Some(self) };
                    let answer = self.source.claim(n);
                    let failed = turn.end(answer);
                    supply = self.supply.lock();
                    if let Err(error) = failed {
                        return supply.take().ok_or(error);
                    }
                }
            }
        }
    }
}

/// The right to ask the source, given back also by a panic.
struct Turn<'a, S: RangeSource, C: Clock> {
    allocator: Option<&'a RangeAllocator<S, C>>,
}

impl<S: RangeSource, C: Clock> Turn<'_, S, C> {
    fn end(mut self, answer: Result<Block, S::Error>) -> Result<(), RangeError<S::Error>> {
        let Some(allocator) = self.allocator.take() else { return Ok(()) };
        let mut supply = allocator.supply.lock();
        let ended = match answer {
            Ok(block) => supply.fulfil(block).map_err(RangeError::Block),
            Err(error) => {
                supply.fail();
                Err(RangeError::Source(error))
            }
        };
        allocator.answered.notify_all();
        ended
    }
}

impl<S: RangeSource, C: Clock> Drop for Turn<'_, S, C> {
    fn drop(&mut self) {
        if let Some(allocator) = self.allocator {
            allocator.supply.lock().give_up();
            allocator.answered.notify_all();
        }
    }
}
