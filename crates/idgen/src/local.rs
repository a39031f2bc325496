use core::time::Duration;

use voussoir_core::{Clock, Nanos, WallClock};

use crate::lease::Tenure;
use crate::rules::{Rules, Window};
use crate::wait::Patience;
use crate::{Batch, Layout, Lease, LeaseMismatch, NextError, SnowflakeId};

/// A generator for one thread: the same rules as [`Snowflake`](crate::Snowflake), without atomics.
///
/// Built by [`build_local`](crate::SnowflakeBuilder::build_local).
///
/// ```
/// use voussoir_idgen::{Layout, Snowflake};
///
/// let mut ids = Snowflake::builder(Layout::INSTAGRAM).worker(1_341).build_local()?;
/// assert!(ids.next()? < ids.next()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LocalSnowflake<C = WallClock> {
    /// The first word that is free, as [`Rules`] draws it.
    free: u64,
    /// The first word that is out of bounds.
    end: u64,
    /// Where the next words may be taken without a division.
    window: Window,
    rules: Rules,
    tenure: Option<Tenure>,
    clock: C,
}

/// With the time given, in nanoseconds since 1970. These never wait.
/// All in O(1), without allocation.
impl<C> LocalSnowflake<C> {
    pub(crate) fn new(rules: Rules, free: u64, end: u64, tenure: Option<Tenure>, clock: C) -> Self {
        Self { free, end, window: Window::NONE, rules, tenure, clock }
    }

    /// The next id at `now`.
    ///
    /// # Errors
    ///
    /// As [`NextError`] says; nothing has changed then.
    #[inline]
    pub fn next_at(&mut self, now: Nanos) -> Result<SnowflakeId, NextError> {
        self.claim(now, 1).map(|word| self.rules.shape.id(word))
    }

    /// The next `n` ids at `now`.
    ///
    /// # Errors
    ///
    /// As [`NextError`] says; nothing has changed then. All of the `n` are had or none.
    #[inline]
    pub fn next_batch_at(&mut self, now: Nanos, n: u32) -> Result<Batch, NextError> {
        self.claim(now, n).map(|first| Batch::new(self.rules.shape, first, n))
    }

    /// The first instant that no id of this generator carries, as
    /// [`Snowflake::high_water`](crate::Snowflake::high_water).
    pub fn high_water(&self) -> Nanos {
        self.rules.high_water(self.free)
    }

    /// The layout given to the builder.
    pub const fn layout(&self) -> Layout {
        self.rules.layout
    }

    /// Goes on after the worker's lease was renewed.
    ///
    /// # Errors
    ///
    /// When the generator was not built with this lease: it is another worker's, or a later holder's.
    pub fn extend(&mut self, renewed: &Lease) -> Result<(), LeaseMismatch> {
        Tenure::check(self.tenure, renewed)?;
        self.end = self.end.max(self.rules.word_until(renewed.until()));
        Ok(())
    }

    #[inline]
    fn claim(&mut self, now: Nanos, n: u32) -> Result<u64, NextError> {
        let first = self.free;
        let next = first + u64::from(n);
        if next <= self.window.limit && self.rules.is_open(self.window.start, now) {
            self.free = next;
            return Ok(first);
        }
        self.claim_guarded(now, n)
    }

    fn claim_guarded(&mut self, now: Nanos, n: u32) -> Result<u64, NextError> {
        if n == 0 {
            return Ok(self.free);
        }
        let first = self.rules.claim(self.free, self.end, now, n)?;
        self.free = first + u64::from(n);
        self.window = self.rules.window(self.free, self.end, now, 0).unwrap_or(Window::NONE);
        Ok(first)
    }
}

/// With the time of the generator's clock. All in O(1), without allocation.
impl<C: Clock> LocalSnowflake<C> {
    /// The next id.
    ///
    /// # Errors
    ///
    /// As [`Snowflake::next`](crate::Snowflake::next).
    #[expect(clippy::should_implement_trait, reason = "an iterator could not refuse; see `iter`")]
    #[inline]
    pub fn next(&mut self) -> Result<SnowflakeId, NextError> {
        self.claim_or_wait(1).map(|word| self.rules.shape.id(word))
    }

    /// The next `n` ids.
    ///
    /// # Errors
    ///
    /// As [`Snowflake::next_batch`](crate::Snowflake::next_batch).
    #[inline]
    pub fn next_batch(&mut self, n: u32) -> Result<Batch, NextError> {
        self.claim_or_wait(n).map(|first| Batch::new(self.rules.shape, first, n))
    }

    /// The first instant that no id carries which is made within the next `span`, as
    /// [`Snowflake::high_water_in`](crate::Snowflake::high_water_in).
    pub fn high_water_in(&self, span: Duration) -> Nanos {
        let last = self.clock.now().saturating_add(span);
        self.high_water().max(self.rules.high_water_at(last))
    }

    /// Ids without end; each is what [`next`](Self::next) returns.
    pub fn iter(&mut self) -> impl Iterator<Item = Result<SnowflakeId, NextError>> {
        core::iter::repeat_with(|| self.next())
    }

    #[inline]
    fn claim_or_wait(&mut self, n: u32) -> Result<u64, NextError> {
        self.claim(self.clock.now(), n).or_else(|refused| self.wait(n, refused))
    }

    #[cold]
    fn wait(&mut self, n: u32, refused: NextError) -> Result<u64, NextError> {
        let rules = self.rules;
        Patience::exercise(&rules, refused, || self.claim(self.clock.now(), n))
    }
}
