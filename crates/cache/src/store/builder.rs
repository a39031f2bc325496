use core::hash::Hash;
use core::marker::PhantomData;
use core::time::Duration;

use voussoir_core::{ConfigError, Random};

use super::WriteQueue;

/// How a [`WriteQueue`] writes: what its builder was told.
#[derive(Clone, Copy, Debug)]
pub(super) struct WriteOptions {
    pub(super) batch: usize,
    pub(super) interval: Duration,
    pub(super) capacity: usize,
    pub(super) coalesce: bool,
    pub(super) attempts: u32,
    pub(super) backoff: Duration,
    pub(super) max_backoff: Duration,
}

/// The defaults, with reasons at the options of [`WriteQueueBuilder`].
impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            batch: 128,
            interval: Duration::from_millis(100),
            capacity: 65_536,
            coalesce: true,
            attempts: 10,
            backoff: Duration::from_millis(50),
            max_backoff: Duration::from_secs(10),
        }
    }
}

/// Options of a [`WriteQueue`]; see [`WriteQueue::builder`].
#[derive(Clone, Debug)]
#[must_use = "`build` makes the queue"]
pub struct WriteQueueBuilder<K, V> {
    options: WriteOptions,
    random: Option<Random>,
    queue: PhantomData<fn() -> (K, V)>,
}

impl<K, V> WriteQueueBuilder<K, V> {
    pub(super) fn new() -> Self {
        Self { options: WriteOptions::default(), random: None, queue: PhantomData }
    }

    /// At most so many changes a batch; when so many wait, they are written before the interval is
    /// over. 128 by default: about what one statement of a database takes at once.
    pub const fn batch(mut self, writes: usize) -> Self {
        self.options.batch = writes;
        self
    }

    /// A change waits at most so long for others. 100 ms by default: what a crash may cost.
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.options.interval = interval;
        self
    }

    /// At most so many changes wait; more are refused. 65,536 by default: some minutes of a store
    /// that is away, in some megabytes.
    pub const fn capacity(mut self, changes: usize) -> Self {
        self.options.capacity = changes;
        self
    }

    /// Whether a change replaces one of the same key that still waits (true, the default), so that
    /// a key that changes often is written once an interval; or each is written.
    pub const fn coalesce(mut self, coalesce: bool) -> Self {
        self.options.coalesce = coalesce;
        self
    }

    /// A change is given up after so many attempts. 10 by default: with the other defaults, about
    /// half a minute.
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.options.attempts = attempts;
        self
    }

    /// After its n-th failure a change waits for `first × 2^(n-1)`, at most `longest`, of which the
    /// second half is by chance. 50 ms and 10 s by default: a blip costs little, an outage is not
    /// made worse.
    pub const fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.options.backoff = first;
        self.options.max_backoff = longest;
        self
    }

    /// The chance in the waits after failures. By default one that differs from queue to queue.
    pub fn random(mut self, random: Random) -> Self {
        self.random = Some(random);
        self
    }

    /// The queue.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a batch, a capacity or attempts of 0, a capacity below the batch, and a
    /// first wait above the longest.
    pub fn build(self) -> Result<WriteQueue<K, V>, ConfigError>
    where
        K: Eq + Hash + Clone,
        V: Clone,
    {
        let options = self.options;
        if options.batch == 0 {
            return Err(ConfigError::new("batch", 0, "1 or more"));
        }
        if options.capacity < options.batch {
            return Err(ConfigError::new("capacity", options.capacity, "the batch or more"));
        }
        if options.attempts == 0 {
            return Err(ConfigError::new("attempts", 0, "1 or more"));
        }
        if options.backoff > options.max_backoff {
            let given = voussoir_core::duration::text(options.backoff);
            return Err(ConfigError::new("backoff", given, "at most the longest wait"));
        }
        Ok(WriteQueue::with(options, self.random.unwrap_or_else(Random::from_entropy)))
    }
}
