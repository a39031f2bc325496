use core::time::Duration;

use crossbeam_utils::CachePadded;
use voussoir_core::{Clock, Nanos, WallClock};

use crate::lease::Tenure;
use crate::rules::{MARGIN, Rules, Window};
use crate::sync::{AtomicU64, Ordering};
use crate::wait::Patience;
use crate::{Batch, Layout, Lease, LeaseMismatch, NextError, SnowflakeBuilder, SnowflakeId};

/// A generator of unique, increasing ids, shared between threads. The crate's page explains it.
///
/// Shared by reference; not a cheap clone, put it into an `Arc` or a `static`. **One for each worker
/// id**, for as long as the process runs: two of the same worker make the same ids, and so does a
/// new one for each call
/// ([nodejs-snowflake#19](https://github.com/utkarsh-pro/nodejs-snowflake/issues/19)).
///
/// Lock-free. An id costs a reading of the clock and one atomic operation: `fetch_add` where the
/// policy cannot refuse, a compare-and-swap else.
///
/// ```
/// use voussoir_idgen::{Layout, Snowflake};
///
/// let ids = Snowflake::builder(Layout::TWITTER).worker(7).build()?;
/// let (first, second) = (ids.next()?, ids.next()?);
/// assert!(first < second);
/// assert_eq!(Layout::TWITTER.parts(first).worker, 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Snowflake<C = WallClock> {
    /// The first word that is free, as [`Rules`] draws it. Padded, since it alone is written for every
    /// id: the rest of the generator then stays in the caches of all processors.
    free: CachePadded<AtomicU64>,
    /// The start of the [window](Window) last opened. Opened after `free` has come to its step, so that
    /// who sees it open and then adds to `free` gets a word of that step or later.
    window: AtomicU64,
    /// The limit of that window, or of an earlier one: raised after the window is opened and read
    /// before it, so that it never is a later one's.
    limit: AtomicU64,
    /// The first word that is out of bounds: the layout's end, or that of the lease.
    end: AtomicU64,
    rules: Rules,
    tenure: Option<Tenure>,
    clock: C,
}

impl Snowflake {
    /// Starts a generator with the defaults that the crate's page lists.
    pub const fn builder(layout: Layout) -> SnowflakeBuilder {
        SnowflakeBuilder::new(layout)
    }
}

/// With the time given, in nanoseconds since 1970. These never wait: a policy that says so refuses.
/// All in O(1), without allocation.
impl<C> Snowflake<C> {
    pub(crate) fn new(rules: Rules, free: u64, end: u64, tenure: Option<Tenure>, clock: C) -> Self {
        Self {
            free: CachePadded::new(AtomicU64::new(free)),
            window: AtomicU64::new(Window::NONE.start),
            limit: AtomicU64::new(Window::NONE.limit),
            end: AtomicU64::new(end),
            rules,
            tenure,
            clock,
        }
    }

    /// The next id at `now`.
    ///
    /// # Errors
    ///
    /// As [`NextError`] says; nothing has changed then.
    #[inline]
    pub fn next_at(&self, now: Nanos) -> Result<SnowflakeId, NextError> {
        match self.next_in_window(|| now) {
            Ok(id) => Ok(id),
            Err(_) => self.claim(1, now, || now).map(|word| self.rules.shape.id(word)),
        }
    }

    /// The next `n` ids at `now`, in one step: none of another thread's stands between them.
    ///
    /// # Errors
    ///
    /// As [`NextError`] says; nothing has changed then. All of the `n` are had or none.
    #[inline]
    pub fn next_batch_at(&self, now: Nanos, n: u32) -> Result<Batch, NextError> {
        self.claim(n, now, || now).map(|first| Batch::new(self.rules.shape, first, n))
    }

    /// The first instant that no id made so far carries: for the store when the generator is done, or
    /// for [`WorkerLease::release`](crate::WorkerLease::release). While it goes on, store
    /// [`high_water_in`](Self::high_water_in).
    pub fn high_water(&self) -> Nanos {
        self.rules.high_water(self.free.load(Ordering::Acquire))
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
    pub fn extend(&self, renewed: &Lease) -> Result<(), LeaseMismatch> {
        Tenure::check(self.tenure, renewed)?;
        self.end.fetch_max(self.rules.word_until(renewed.until()), Ordering::AcqRel);
        Ok(())
    }

    /// Takes an id by `fetch_add`, where the window allows it; else says what time it is.
    ///
    /// An atomic operation waits until all that was stored before it has reached the cache, and most
    /// of what comes after waits for it. So this is small enough to become part of the caller, does
    /// beforehand what it can, and leaves whatever else may have to be done to a call.
    #[inline]
    fn next_in_window(&self, now: impl FnOnce() -> Nanos) -> Result<SnowflakeId, Nanos> {
        let time = now();
        let shape = self.rules.shape;
        let limit = self.limit.load(Ordering::Acquire);
        let window = self.window.load(Ordering::Acquire);
        if !self.rules.is_open(window, time) {
            return Err(time);
        }
        let word = self.free.fetch_add(1, Ordering::AcqRel);
        if word < limit || self.takes_above(window, word, time) {
            Ok(shape.id(word))
        } else {
            Err(time)
        }
    }

    /// Closes a window whose words come near a limit, and says whether this one may still be used.
    ///
    /// If not, this thread was held up between the window and the word while others took all there
    /// was. It is given none, and the word is left out: a gap, as a process leaves that ends.
    #[cold]
    fn takes_above(&self, window: u64, word: u64, time: Nanos) -> bool {
        let end = self.end.load(Ordering::Acquire);
        // The limit read may be an earlier window's, or from before the lease was renewed.
        if let Some(Window { limit, .. }) = self.rules.window(word, end, time, MARGIN) {
            self.limit.fetch_max(limit, Ordering::AcqRel);
            return true;
        }
        // Where it fails, a later window was opened or this one is closed.
        let closed = Window::close(window);
        let _ = self.window.compare_exchange(window, closed, Ordering::AcqRel, Ordering::Relaxed);
        self.rules.permits(word, end, time)
    }

    /// Takes `n` words by compare-and-swap and returns the first. `time` was read just now.
    #[inline(never)]
    fn claim(&self, n: u32, mut time: Nanos, now: impl Fn() -> Nanos) -> Result<u64, NextError> {
        let mut free = self.free.load(Ordering::Acquire);
        if n == 0 {
            return Ok(free);
        }
        // Whether the clock was read after the word. The other way round, a thread held up in between
        // would find ids of later times and take them for a clock that was set back.
        let mut time_is_later = false;
        loop {
            let end = self.end.load(Ordering::Acquire);
            match self.rules.claim(free, end, time, n) {
                Ok(first) => {
                    let taken = first + u64::from(n);
                    let swapped = self.free.compare_exchange_weak(
                        free,
                        taken,
                        Ordering::AcqRel,
                        Ordering::Acquire,
                    );
                    let Err(changed) = swapped else {
                        self.open_window(taken, end, time);
                        return Ok(first);
                    };
                    free = changed;
                    time_is_later = false;
                }
                Err(refused) if time_is_later => return Err(refused),
                Err(_) => {
                    time = now();
                    time_is_later = true;
                }
            }
        }
    }

    /// Lets ids be taken by `fetch_add` for the rest of this step, if `free` leaves room for that.
    #[inline]
    fn open_window(&self, free: u64, end: u64, time: Nanos) {
        if let Some(window) = self.rules.window(free, end, time, MARGIN)
            && window.start > self.window.load(Ordering::Relaxed)
        {
            self.window.fetch_max(window.start, Ordering::AcqRel);
            self.limit.fetch_max(window.limit, Ordering::AcqRel);
        }
    }
}

/// With the time of the generator's clock. All in O(1), without allocation.
impl<C: Clock> Snowflake<C> {
    /// The next id.
    ///
    /// # Errors
    ///
    /// As [`NextError`] says; nothing has changed then. Under [`Policy::Wait`](crate::Policy::Wait)
    /// only after the wait, or where that would be too long.
    #[inline]
    pub fn next(&self) -> Result<SnowflakeId, NextError> {
        self.next_in_window(|| self.clock.now()).or_else(|time| self.next_guarded(time))
    }

    /// The next `n` ids, in one step: none of another thread's stands between them, and all of them
    /// cost one reading of the clock and one atomic operation.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next). All of the `n` are had or none, and no more than there are in one
    /// step of time and in those that may be borrowed.
    ///
    /// ```
    /// use voussoir_idgen::{Layout, Snowflake};
    ///
    /// let ids = Snowflake::builder(Layout::TWITTER).worker(7).build()?;
    /// let rows: Vec<_> = ids.next_batch(1_000)?.zip(1..).collect();
    /// assert_eq!(rows.len(), 1_000);
    /// assert!(ids.next()? > rows[999].0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn next_batch(&self, n: u32) -> Result<Batch, NextError> {
        self.claim_or_wait(n, self.clock.now()).map(|first| Batch::new(self.rules.shape, first, n))
    }

    /// The first instant that no id carries which is made within the next `span`. Stored before that
    /// span begins, and given to [`resume_at`](SnowflakeBuilder::resume_at) after a restart, it keeps
    /// ids unique even if the clock was set back while the process was down.
    ///
    /// It counts in what may be borrowed, but trusts the clock not to jump ahead meanwhile; bounded by
    /// a [`Lease`] of its own worker, a generator need not trust it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use voussoir_idgen::{Layout, Snowflake};
    ///
    /// let ids = Snowflake::builder(Layout::TWITTER).worker(7).build()?;
    /// // Every second, to a file or a row: two seconds, so that the next mark may come late.
    /// let mark = ids.high_water_in(Duration::from_secs(2));
    /// let last = ids.next()?;
    ///
    /// let resumed = Snowflake::builder(Layout::TWITTER).worker(7).resume_at(mark).build()?;
    /// assert!(resumed.next().is_err(), "the clock has not reached the mark");
    /// assert!(resumed.next_at(mark)? > last);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn high_water_in(&self, span: Duration) -> Nanos {
        let last = self.clock.now().saturating_add(span);
        self.high_water().max(self.rules.high_water_at(last))
    }

    /// Ids without end; each is what [`next`](Self::next) returns.
    pub fn iter(&self) -> impl Iterator<Item = Result<SnowflakeId, NextError>> {
        core::iter::repeat_with(|| self.next())
    }

    /// The next id; where the policy is to wait, asleep instead of spinning.
    ///
    /// Dropping the future takes no id.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    ///
    /// # Panics
    ///
    /// If it has to wait outside of a tokio runtime with time enabled.
    #[cfg(feature = "tokio")]
    pub async fn next_async(&self) -> Result<SnowflakeId, NextError> {
        let mut patience = None;
        loop {
            let made = self.next_in_window(|| self.clock.now()).or_else(|time| {
                let word = self.claim(1, time, || self.clock.now())?;
                Ok(self.rules.shape.id(word))
            });
            let refused = match made {
                Ok(id) => return Ok(id),
                Err(refused) => refused,
            };
            let Some(longest) = self.rules.longest_wait(&refused) else { return Err(refused) };
            let patience = patience.get_or_insert_with(|| Patience::new(longest));
            if patience.is_over() {
                return Err(refused);
            }
            tokio::time::sleep(refused.retry_after().unwrap_or_default()).await;
        }
    }

    #[inline(never)]
    fn next_guarded(&self, time: Nanos) -> Result<SnowflakeId, NextError> {
        self.claim_or_wait(1, time).map(|word| self.rules.shape.id(word))
    }

    fn claim_or_wait(&self, n: u32, time: Nanos) -> Result<u64, NextError> {
        let now = || self.clock.now();
        self.claim(n, time, now).or_else(|refused| {
            Patience::exercise(&self.rules, refused, || self.claim(n, now(), now))
        })
    }
}

#[cfg(all(test, voussoir_loom))]
mod models {
    use alloc::vec::Vec;
    use core::time::Duration;

    use loom::sync::Arc;
    use loom::thread;
    use voussoir_core::Nanos;

    use super::Snowflake;
    use crate::{Layout, Lease, Policy, SnowflakeId};

    const NOW: Nanos = Nanos::from_secs(1);

    fn generator(sequence_bits: u32, policy: Policy) -> Arc<Snowflake> {
        let layout = Layout::new(40, 0, sequence_bits).unwrap();
        let builder = Snowflake::builder(layout).when_exhausted(policy);
        Arc::new(builder.when_clock_behind(policy).build().unwrap())
    }

    fn borrow(millis: u64) -> Policy {
        Policy::Borrow { at_most: Duration::from_millis(millis) }
    }

    /// What the threads make, each in its order, must be increasing in each and different in all.
    fn check(ours: &[SnowflakeId], theirs: &[SnowflakeId]) {
        assert!(ours.is_sorted_by(|a, b| a < b) && theirs.is_sorted_by(|a, b| a < b));
        assert!(ours.iter().all(|id| !theirs.contains(id)));
    }

    #[test]
    fn compare_and_swap_gives_no_word_twice() {
        loom::model(|| {
            let ids = generator(1, borrow(5));
            let make = |ids: &Snowflake| [0; 2].map(|_| ids.next_at(NOW).unwrap());
            let other = {
                let ids = Arc::clone(&ids);
                thread::spawn(move || make(&ids))
            };
            check(&make(&ids), &other.join().unwrap());
        });
    }

    #[test]
    fn fetch_add_and_compare_and_swap_give_no_word_twice() {
        loom::model(|| {
            // Wide enough for `fetch_add`, once a first id has brought the word to the present.
            let ids = generator(20, borrow(5));
            let first = ids.next_at(NOW).unwrap();
            let other = {
                let ids = Arc::clone(&ids);
                thread::spawn(move || [0; 2].map(|_| ids.next_at(NOW).unwrap()))
            };
            let later = NOW.saturating_add(Duration::from_millis(1));
            let mut ours: Vec<_> = ids.next_batch_at(NOW, 3).unwrap().collect();
            ours.push(ids.next_at(later).unwrap());
            check(&ours, &other.join().unwrap());
            assert!(first < ours[0]);
        });
    }

    #[test]
    fn threads_make_exactly_what_a_step_holds() {
        loom::model(|| {
            let ids = generator(1, Policy::Refuse);
            let make = |ids: &Snowflake| (0..2).filter(|_| ids.next_at(NOW).is_ok()).count();
            let other = {
                let ids = Arc::clone(&ids);
                thread::spawn(move || make(&ids))
            };
            assert_eq!(make(&ids) + other.join().unwrap(), 2);
        });
    }

    #[test]
    fn a_lease_extended_meanwhile_lets_more_be_made_but_none_twice() {
        loom::model(|| {
            let layout = Layout::new(40, 1, 1).unwrap();
            let until = |millis| NOW.saturating_add(Duration::from_millis(millis));
            let lease = Lease::new(1, 1, NOW, until(1));
            let builder = Snowflake::builder(layout).lease(&lease).when_exhausted(borrow(5));
            let ids = Arc::new(builder.build().unwrap());
            let other = {
                let ids = Arc::clone(&ids);
                thread::spawn(move || {
                    ids.extend(&Lease::new(1, 1, NOW, until(2))).unwrap();
                    ids.next_at(NOW).unwrap()
                })
            };
            let ours: Vec<_> = (0..2).filter_map(|_| ids.next_at(NOW).ok()).collect();
            check(&ours, &[other.join().unwrap()]);
        });
    }
}
