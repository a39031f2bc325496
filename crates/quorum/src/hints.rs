use alloc::collections::{BTreeMap, VecDeque};
use core::time::Duration;

use thiserror::Error;
use voussoir_core::Nanos;

use crate::ConfigError;

/// The number of a hint; later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HintId(u64);

/// How much a [`HintStore`] keeps, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct HintLimits {
    /// Bytes of all hints together, [`BYTES_EACH`](HintStore::BYTES_EACH) for each included. Default:
    /// 1 GiB.
    pub bytes: usize,
    /// Bytes of the hints for one target. Default: 128 MiB, so that one dead node does not take all.
    pub bytes_per_target: usize,
    /// How long a hint is kept. Default: 3 h, as Cassandra does; who is away for longer is brought up to
    /// date by anti-entropy. **Must be shorter than the [grace](crate::Grace) of tombstones.**
    #[cfg_attr(feature = "serde", serde(with = "voussoir_core::duration"))]
    pub window: Duration,
}

impl Default for HintLimits {
    fn default() -> Self {
        Self { bytes: 1 << 30, bytes_per_target: 128 << 20, window: Duration::from_hours(3) }
    }
}

/// A hint was not taken; it is given back. The write then has one replica fewer that will hear of it
/// before anti-entropy, and the hint **must not count** as its acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kept} bytes of hints are kept and {asked} more do not fit; allowed: at most {allowed}")]
pub struct HintError<T> {
    /// The bytes kept, of all targets or of this one.
    pub kept: usize,
    /// The bytes of this hint, and those that the store needs for it.
    pub asked: usize,
    /// What may be kept.
    pub allowed: usize,
    /// What was to be stored.
    pub hint: T,
}

/// Writes that wait for replicas that are down: bounded, by target, in the order they came.
///
/// In memory; who needs them to survive a crash writes them to a log besides, **before** the hint is
/// acknowledged. Handing over is read, send, [`acknowledge`](Self::acknowledge): a crash in between
/// sends a hint twice, which a dot or a stamp makes harmless, and loses none.
///
/// Memory: what the hints take, and [`BYTES_EACH`](Self::BYTES_EACH) for each; both count towards the
/// limits.
///
/// ```
/// use voussoir_core::Nanos;
/// use voussoir_quorum::{HintLimits, HintStore};
///
/// let mut hints = HintStore::new(HintLimits::default())?;
/// hints.push("b", "x = 1", 5, Nanos::ZERO)?;
/// hints.push("b", "x = 2", 5, Nanos::ZERO)?;
/// let (last, _) = hints.pending(&"b").last().expect("two wait");
/// assert_eq!(hints.acknowledge(&"b", last), 2); // after `b` has stored them
/// assert!(hints.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct HintStore<N, T> {
    limits: HintLimits,
    targets: BTreeMap<N, Target<T>>,
    bytes: usize,
    next: u64,
}

#[derive(Clone, Debug)]
struct Target<T> {
    hints: VecDeque<Hint<T>>,
    bytes: usize,
}

#[derive(Clone, Debug)]
struct Hint<T> {
    id: HintId,
    since: Nanos,
    bytes: usize,
    content: T,
}

impl<N: Ord, T> HintStore<N, T> {
    /// What a hint takes besides the bytes that are told of it: 24 bytes and the value itself.
    pub const BYTES_EACH: usize = size_of::<Hint<T>>();

    /// An empty store. No allocation.
    ///
    /// # Errors
    ///
    /// When a limit is zero.
    pub fn new(limits: HintLimits) -> Result<Self, ConfigError> {
        for (option, bytes) in
            [("bytes", limits.bytes), ("bytes_per_target", limits.bytes_per_target)]
        {
            if bytes == 0 {
                return Err(ConfigError::new(option, bytes, "1 or more"));
            }
        }
        if limits.window.is_zero() {
            return Err(ConfigError::new("window", "0s", "more than zero"));
        }
        Ok(Self { limits, targets: BTreeMap::new(), bytes: 0, next: 0 })
    }

    /// Keeps a hint for `target`, behind those that wait already. `bytes` is what it takes on the heap or
    /// in the log, besides [`BYTES_EACH`](Self::BYTES_EACH).
    ///
    /// Complexity: O(log targets).
    ///
    /// # Errors
    ///
    /// Gives the hint back when it does not fit; nothing has changed then.
    pub fn push(
        &mut self,
        target: N,
        hint: T,
        bytes: usize,
        now: Nanos,
    ) -> Result<HintId, HintError<T>> {
        let bytes = bytes.saturating_add(Self::BYTES_EACH);
        let here = self.targets.get(&target).map_or(0, |target| target.bytes);
        let limits = [(self.bytes, self.limits.bytes), (here, self.limits.bytes_per_target)];
        for (kept, allowed) in limits {
            if kept.saturating_add(bytes) > allowed {
                return Err(HintError { kept, asked: bytes, allowed, hint });
            }
        }
        let id = HintId(self.next);
        self.next += 1;
        self.bytes += bytes;
        let empty = || Target { hints: VecDeque::new(), bytes: 0 };
        let target = self.targets.entry(target).or_insert_with(empty);
        target.bytes += bytes;
        target.hints.push_back(Hint { id, since: now, bytes, content: hint });
        Ok(id)
    }

    /// The hints for `target`, oldest first, without taking them out: take as many as a throttle lets
    /// pass, send them in this order, then acknowledge the last.
    pub fn pending(&self, target: &N) -> impl Iterator<Item = (HintId, &T)> {
        let hints = self.targets.get(target).map(|target| &target.hints);
        hints.into_iter().flatten().map(|hint| (hint.id, &hint.content))
    }

    /// The target has stored every hint up to this one; tells how many that were. Again it is none.
    ///
    /// Complexity: O(log targets + hints removed).
    pub fn acknowledge(&mut self, target: &N, through: HintId) -> usize {
        self.drop_while(target, |hint| hint.id <= through)
    }

    /// Drops the hints that are older than the window, and tells how many: their replicas now depend on
    /// anti-entropy.
    ///
    /// Complexity: O(targets + hints dropped).
    pub fn expire(&mut self, now: Nanos) -> usize
    where
        N: Clone,
    {
        let window = self.limits.window;
        let targets: alloc::vec::Vec<_> = self.targets.keys().cloned().collect();
        let expired = |hint: &Hint<T>| now.saturating_duration_since(hint.since) > window;
        targets.iter().map(|target| self.drop_while(target, expired)).sum()
    }

    /// Drops every hint for a node that has left for good, and tells how many.
    pub fn forget(&mut self, target: &N) -> usize {
        self.drop_while(target, |_| true)
    }

    /// Who has hints waiting, in order.
    pub fn targets(&self) -> impl ExactSizeIterator<Item = &N> {
        self.targets.keys()
    }

    /// The bytes kept: those that were told, and [`BYTES_EACH`](Self::BYTES_EACH) for each hint.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether no hint waits.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    fn drop_while(&mut self, name: &N, drop: impl Fn(&Hint<T>) -> bool) -> usize {
        let Some(target) = self.targets.get_mut(name) else { return 0 };
        let mut dropped = 0;
        while let Some(hint) = target.hints.pop_front_if(|hint| drop(hint)) {
            target.bytes -= hint.bytes;
            self.bytes -= hint.bytes;
            dropped += 1;
        }
        if target.hints.is_empty() {
            self.targets.remove(name);
        }
        dropped
    }
}
