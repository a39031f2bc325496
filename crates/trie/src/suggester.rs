mod snapshot;
mod swap;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use crate::error::BuildError;
use crate::fold::Fold;
use crate::fuzzy::Fuzzy;
use crate::index::Index;
use crate::overlay::Overlay;
use crate::overlay::entry::Entry;
use crate::overlay::shadow::Shadow;
use crate::stored;
pub use snapshot::Snapshot;
pub use swap::{Compacted, Keep};

/// An index that serves while its strings change and while it is replaced: shared by reference among
/// any number of threads.
///
/// Changes go to an [`Overlay`], which is merged into every answer, exactly. Readers take a
/// [`snapshot`](Self::snapshot) and never wait; writers wait for each other. When the overlay has grown
/// to a few percent of the index, [`compact`](Self::compact) makes one index of both, and
/// [`swap`](Self::swap) puts it in place, whatever was changed meanwhile.
///
/// ```
/// use voussoir_trie::{Fuzzy, Index, Suggester};
///
/// let suggest = Suggester::new(Index::build([("system", 400), ("sysadmin", 700)])?);
/// suggest.upsert("system design", 1_000)?;
/// suggest.remove("sysadmin")?;
///
/// let now = suggest.snapshot(); // one consistent state, for as long as it is kept
/// let best: Vec<_> = now.complete("sys").take(10).map(|hit| hit.key()).collect();
/// assert_eq!(best, ["system design", "system"]);
///
/// let done = suggest.compact()?; // takes as long as a build; reads and writes go on
/// suggest.upsert("syslog", 5)?; // is kept
/// suggest.swap(done)?;
/// assert_eq!(suggest.snapshot().complete("sysl").count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Memory: the index and a seventh of a byte for each of its strings; for each changed string 32 bytes,
/// its bytes, and about 8 for the nodes.
pub struct Suggester<B = Vec<u8>> {
    state: ArcSwap<State<B>>,
    /// Held by who makes the next state from the last.
    writing: Mutex<()>,
    fold: Fold,
    fuzzy: Fuzzy,
}

struct State<B> {
    base: Arc<Base<B>>,
    overlay: Overlay,
    /// How many strings there are.
    len: usize,
    /// How many changes there were.
    epoch: u64,
    /// The overlay has every change after this one. Earlier ones may be in the index alone.
    since: u64,
}

/// What does not change until it is replaced.
struct Base<B> {
    index: Index<B>,
    shadow: Shadow,
}

impl<B: AsRef<[u8]>> Base<B> {
    fn new(index: Index<B>) -> Self {
        let shadow = Shadow::new(index.len() as u32);
        Self { index, shadow }
    }
}

impl<B: AsRef<[u8]>> Suggester<B> {
    /// Serves an index.
    pub fn new(index: Index<B>) -> Self {
        let (fold, len) = (index.fold(), index.len());
        let (base, overlay) = (Arc::new(Base::new(index)), Overlay::new(fold));
        let state = State { base, overlay, len, epoch: 0, since: 0 };
        let state = ArcSwap::from_pointee(state);
        Self { state, writing: Mutex::new(()), fold, fuzzy: Fuzzy::OFF }
    }

    /// How many typing errors completions of its snapshots forgive; none at first.
    pub fn fuzzy(mut self, fuzzy: Fuzzy) -> Self {
        self.fuzzy = fuzzy;
        self
    }

    /// The state as it is now, with every change that returned before this call.
    ///
    /// Complexity: O(1), wait-free but for `arc-swap`'s fallback after eight guards on one thread.
    pub fn snapshot(&self) -> Snapshot<B> {
        Snapshot { state: self.state.load_full(), fuzzy: self.fuzzy }
    }

    /// Adds a string, or gives it another weight.
    ///
    /// Complexity: O(length + log changes), and about 4 kB copied.
    ///
    /// # Errors
    ///
    /// [`BuildError::TooLong`] if it, or what it folds to, is longer than
    /// [`MAX_LEN`](crate::MAX_LEN).
    pub fn upsert(&self, text: &str, weight: u64) -> Result<(), BuildError> {
        self.change(text, |_| Some((weight, None))).map(drop)
    }

    /// Adds a string with a number that its hits carry, or replaces weight and number.
    ///
    /// Complexity: as [`upsert`](Self::upsert).
    ///
    /// # Errors
    ///
    /// As [`upsert`](Self::upsert).
    pub fn upsert_with_payload(
        &self,
        text: &str,
        weight: u64,
        payload: u64,
    ) -> Result<(), BuildError> {
        self.change(text, |_| Some((weight, Some(payload)))).map(drop)
    }

    /// Adds to the weight of a string, at most to `u64::MAX`; of one that is not there, to 0. Returns
    /// the new weight. No call of several threads is lost.
    ///
    /// Complexity: as [`upsert`](Self::upsert).
    ///
    /// # Errors
    ///
    /// As [`upsert`](Self::upsert).
    pub fn increase(&self, text: &str, by: u64) -> Result<u64, BuildError> {
        let after = self.change(text, |was| Some((was.unwrap_or(0).saturating_add(by), None)))?;
        Ok(after.unwrap_or(0))
    }

    /// Takes from the weight of a string, at most down to 0, where it stays a hit. Returns the new
    /// weight; `None` if the string is not there.
    ///
    /// Complexity: as [`upsert`](Self::upsert).
    ///
    /// # Errors
    ///
    /// As [`upsert`](Self::upsert).
    pub fn decrease(&self, text: &str, by: u64) -> Result<Option<u64>, BuildError> {
        self.change(text, |was| was.map(|was| (was.saturating_sub(by), None)))
    }

    /// Gives a string the weight that `change` makes of its own, or takes it out: for scores that are
    /// neither added nor set, as those of a [`Decay`](crate::Decay). Returns the new weight.
    ///
    /// `change` runs while other writers wait: it should be short, and must not write to the same
    /// suggester.
    ///
    /// Complexity: as [`upsert`](Self::upsert).
    ///
    /// # Errors
    ///
    /// As [`upsert`](Self::upsert).
    pub fn update(
        &self,
        text: &str,
        change: impl FnOnce(Option<u64>) -> Option<u64>,
    ) -> Result<Option<u64>, BuildError> {
        self.change(text, |was| change(was).map(|weight| (weight, None)))
    }

    /// Takes a string out: the next snapshot has it no more. Returns whether it was there.
    ///
    /// Complexity: as [`upsert`](Self::upsert).
    ///
    /// # Errors
    ///
    /// As [`upsert`](Self::upsert).
    pub fn remove(&self, text: &str) -> Result<bool, BuildError> {
        let mut was_there = false;
        self.change(text, |was| {
            was_there = was.is_some();
            None
        })?;
        Ok(was_there)
    }

    /// Sets weight and payload by what they were; `None` is no string. A payload of `None` stays.
    fn change(
        &self,
        text: &str,
        change: impl FnOnce(Option<u64>) -> Option<(u64, Option<u64>)>,
    ) -> Result<Option<u64>, BuildError> {
        let key = stored::key(self.fold, text)?;
        let _writing = self.writing.lock();
        let state = self.state.load();
        let Base { index, shadow } = &*state.base;
        let tree = index.tree();
        let (path, over) = state.overlay.root.find(&key);
        let base = over.map_or_else(|| tree.rank_of(&key), |entry| entry.base());
        let was = match (&over, base) {
            (Some(entry), _) => entry.lives().then_some((entry.weight, entry.payload)),
            (None, Some(rank)) => {
                Some((tree.weight(tree.codes.get(rank)), tree.payloads.get(rank)))
            }
            (None, None) => None,
        };
        let after = change(was.map(|(weight, _)| weight));
        if after.is_none() && was.is_none() {
            return Ok(None);
        }
        let epoch = state.epoch + 1;
        let entry = match after {
            Some((weight, payload)) => {
                let payload = payload.or(was.map(|(_, payload)| payload)).unwrap_or(0);
                Entry::new(weight, payload, epoch, base)
            }
            // Also a string that only the overlay has leaves its mark: an index that is being made
            // from an earlier state will have it.
            None => Entry::deleted(epoch, base),
        };
        if let (None, Some(rank)) = (&over, base) {
            shadow.hide(rank, epoch);
        }
        let mut overlay = state.overlay.clone();
        overlay.root.put(&path, &key, entry, over);
        let len = state.len + usize::from(after.is_some()) - usize::from(was.is_some());
        let (base, since) = (Arc::clone(&state.base), state.since);
        drop(state);
        self.state.store(Arc::new(State { base, overlay, len, epoch, since }));
        Ok(after.map(|(weight, _)| weight))
    }
}

impl<B: AsRef<[u8]>> fmt::Debug for Suggester<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Suggester").field(&self.snapshot()).finish()
    }
}
