use alloc::borrow::ToOwned;
use alloc::sync::Arc;
use core::hash::{BuildHasher, Hash};
use core::time::Duration;
use std::hash::RandomState;

use equivalent::Equivalent;
use tokio::sync::Mutex;
use voussoir_core::ShardedMap;

use crate::wait::Jitter;

/// The lines in which tasks wait for a keyed limiter: one a key, first come, first served.
///
/// Made beside the limiter, as a [`Line`](crate::Line) is beside a direct one, so that a limiter
/// that nobody waits for has none. A key has a line only while somebody is in it: they take memory
/// for those who wait, and nothing for those who have waited.
///
/// ```
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
/// for host in ["a.example", "b.example", "a.example", "b.example"] {
///     limiter.until_ready(&lines, host).await?;
/// }
/// assert_eq!(start.elapsed().as_millis(), 100);
/// assert!(lines.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Lines<K, H = RandomState> {
    lines: ShardedMap<K, Waiting, H>,
    jitter: Jitter,
}

#[derive(Debug, Default)]
struct Waiting {
    /// How many are in line, the first included.
    tasks: usize,
    /// Whose turn it is: tokio's lock is given in the order in which it was asked for.
    turn: Arc<Mutex<()>>,
}

impl<K> Lines<K> {
    /// Lines in which nobody waits.
    pub fn new() -> Self {
        Self::with_jitter(Duration::ZERO)
    }

    /// Lines whose waiters are held for a random time of up to `jitter` more, as those of
    /// [`Line::with_jitter`](crate::Line::with_jitter).
    pub fn with_jitter(jitter: Duration) -> Self {
        Self { lines: ShardedMap::new(), jitter: Jitter::up_to(jitter) }
    }
}

impl<K, H> Lines<K, H> {
    /// The same lines, of keys hashed by another hasher; they must be empty, as new ones are.
    pub fn hasher<I>(self, hasher: I) -> Lines<K, I> {
        Lines { lines: ShardedMap::with_hasher(hasher), jitter: self.jitter }
    }

    /// How many keys somebody waits for.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(crate) fn jitter(&self) -> &Jitter {
        &self.jitter
    }
}

impl<K: Eq + Hash, H: BuildHasher> Lines<K, H> {
    /// Goes into the line of `key`, without a turn yet.
    pub(crate) fn join<'a, Q>(&'a self, key: &'a Q) -> Place<'a, K, Q, H>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        let turn = self.lines.update_or_insert(key, Waiting::default, |waiting| {
            waiting.tasks += 1;
            Arc::clone(&waiting.turn)
        });
        Place { lines: self, key, turn }
    }
}

impl<K> Default for Lines<K> {
    fn default() -> Self {
        Self::new()
    }
}

/// One who is in the line of a key; the last to leave it removes it.
pub(crate) struct Place<'a, K, Q, H>
where
    K: Eq + Hash,
    Q: Hash + Equivalent<K> + ?Sized,
    H: BuildHasher,
{
    lines: &'a Lines<K, H>,
    key: &'a Q,
    turn: Arc<Mutex<()>>,
}

impl<K, Q, H> Place<'_, K, Q, H>
where
    K: Eq + Hash,
    Q: Hash + Equivalent<K> + ?Sized,
    H: BuildHasher,
{
    pub(crate) fn turn(&self) -> &Mutex<()> {
        &self.turn
    }
}

impl<K, Q, H> Drop for Place<'_, K, Q, H>
where
    K: Eq + Hash,
    Q: Hash + Equivalent<K> + ?Sized,
    H: BuildHasher,
{
    fn drop(&mut self) {
        // Counted under the lock under which others join, so that nobody joins what is removed.
        self.lines.lines.remove_if(self.key, |waiting| {
            waiting.tasks -= 1;
            waiting.tasks == 0
        });
    }
}
