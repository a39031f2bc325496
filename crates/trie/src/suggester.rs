use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use thiserror::Error;

use crate::completions::Completions;
use crate::error::BuildError;
use crate::fold::Fold;
use crate::fuzzy::Fuzzy;
use crate::hit::Hit;
use crate::index::Index;
use crate::keys::Keys;
use crate::memory::MemoryUse;
use crate::overlay::Overlay;
use crate::overlay::node::Entry;
use crate::stored;
use crate::terms::Matches;

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
/// suggest.swap(done);
/// assert_eq!(suggest.snapshot().complete("sysl").count(), 1);
/// # Ok::<(), voussoir_trie::BuildError>(())
/// ```
///
/// Memory: the index, and 32 bytes for each changed string with its bytes, about 6 for the nodes above
/// and up to 12 for the mark that hides it in the index.
pub struct Suggester<B = Vec<u8>> {
    state: ArcSwap<State<B>>,
    /// Held by who makes the next state from the last.
    writing: Mutex<()>,
    fuzzy: Fuzzy,
}

struct State<B> {
    index: Arc<Index<B>>,
    overlay: Overlay,
    /// How many changes there were.
    epoch: u64,
}

/// One state of a [`Suggester`], for as long as it is kept. A cheap clone.
pub struct Snapshot<B = Vec<u8>> {
    state: Arc<State<B>>,
    fuzzy: Fuzzy,
}

/// An index that contains the changes up to an epoch; see [`Suggester::compact`].
#[derive(Clone, Debug)]
#[must_use = "it serves nobody until it is swapped in"]
pub struct Compacted {
    /// The index.
    pub index: Index,
    /// The last change that is in it.
    pub epoch: u64,
}

/// What becomes of the changes when an index is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Keep {
    /// Those after this [epoch](Snapshot::epoch) are laid over the new index; it contains the others.
    KeepSince(u64),
    /// None.
    Clear,
}

/// The index folds in another way than the one it was to replace, which stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("index folds by {found:?}; allowed: {expected:?}")]
pub struct OtherFold {
    /// How the suggester folds.
    pub expected: Fold,
    /// How the index does.
    pub found: Fold,
}

impl<B: AsRef<[u8]>> Suggester<B> {
    /// Serves an index.
    pub fn new(index: Index<B>) -> Self {
        let overlay = Overlay::over(index.fold(), index.len() as u32);
        let state = State { index: Arc::new(index), overlay, epoch: 0 };
        let state = ArcSwap::from_pointee(state);
        Self { state, writing: Mutex::new(()), fuzzy: Fuzzy::OFF }
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
    /// Complexity: O(length + log changes), and 3 to 6 kB copied.
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
        let state = self.state.load();
        let key = stored::stored(state.index.fold(), text)?;
        drop(state);
        let _writing = self.writing.lock();
        let state = self.state.load();
        let tree = state.index.tree();
        let over = state.overlay.root.get(&key);
        let base = match over {
            Some(entry) => Some(entry.base).filter(|&base| base != Entry::NO_BASE),
            None => tree.rank_of(&key),
        };
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
        let mut overlay = state.overlay.clone();
        match after {
            Some((weight, payload)) => {
                let payload = payload.or(was.map(|(_, payload)| payload)).unwrap_or(0);
                overlay.put(&key, Entry::new(weight, payload, epoch, base));
            }
            // Also a string that only the overlay has leaves its mark: an index that is being made
            // from an earlier state will have it.
            None => overlay.put(&key, Entry::deleted(epoch, base)),
        }
        let index = Arc::clone(&state.index);
        drop(state);
        self.state.store(Arc::new(State { index, overlay, epoch }));
        Ok(after.map(|(weight, _)| weight))
    }

    /// One index of the index and its changes, up to the epoch that comes with it. Nobody waits for it.
    ///
    /// Complexity: that of a build from sorted strings.
    ///
    /// # Errors
    ///
    /// [`BuildError::TooLarge`].
    pub fn compact(&self) -> Result<Compacted, BuildError> {
        self.snapshot().compact()
    }

    fn replace(&self, index: Index<B>, keep: Keep) {
        let _writing = self.writing.lock();
        let state = self.state.load();
        let mut overlay = Overlay::over(index.fold(), index.len() as u32);
        if let Keep::KeepSince(epoch) = keep {
            let tree = index.tree();
            for (key, entry) in state.overlay.entries().filter(|(_, entry)| entry.epoch() > epoch) {
                let base = tree.rank_of(key);
                if entry.lives() {
                    let Entry { weight, payload, .. } = *entry;
                    overlay.put(key, Entry::new(weight, payload, entry.epoch(), base));
                } else if base.is_some() {
                    overlay.put(key, Entry::deleted(entry.epoch(), base));
                }
            }
        }
        let epoch = state.epoch;
        drop(state);
        self.state.store(Arc::new(State { index: Arc::new(index), overlay, epoch }));
    }

    /// Puts an index from elsewhere in the place of this one. Readers see the one or the other.
    ///
    /// Read the [epoch](Snapshot::epoch) before you collect what the index is built from, and keep
    /// what came since.
    ///
    /// ```
    /// use voussoir_trie::{Index, Keep, Suggester};
    ///
    /// let suggest = Suggester::new(Index::build([("old", 1)])?);
    /// let before = suggest.snapshot().epoch();
    /// suggest.upsert("meanwhile", 2)?;
    /// let tonight = Index::build([("new", 3)])?; // built by another process, opened here
    /// suggest.swap_index(tonight, Keep::KeepSince(before))?;
    ///
    /// let all: Vec<_> = suggest.snapshot().complete("").map(|hit| hit.key()).collect();
    /// assert_eq!(all, ["new", "meanwhile"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Complexity: O(changes).
    ///
    /// # Errors
    ///
    /// [`OtherFold`] if it folds in another way.
    pub fn swap_index(&self, index: Index<B>, keep: Keep) -> Result<(), OtherFold> {
        let (expected, found) = (self.state.load().index.fold(), index.fold());
        if expected != found {
            return Err(OtherFold { expected, found });
        }
        self.replace(index, keep);
        Ok(())
    }
}

impl Suggester {
    /// Puts what [`compact`](Self::compact) made in place. Changes that came meanwhile are kept.
    ///
    /// Complexity: O(changes).
    pub fn swap(&self, done: Compacted) {
        self.replace(done.index, Keep::KeepSince(done.epoch));
    }
}

impl<B: AsRef<[u8]>> Snapshot<B> {
    /// The strings that begin with `query`, best first, of index and changes.
    ///
    /// Complexity: as [`Index::complete`].
    pub fn complete<'a>(&'a self, query: &'a str) -> Completions<'a> {
        let State { index, overlay, .. } = &*self.state;
        let view = if overlay.is_empty() { index.view() } else { overlay.view(index.tree()) };
        Completions::new(view, query, self.fuzzy)
    }

    /// The strings that have all words of `query`, best first; see [`Index::search`].
    ///
    /// Complexity: as [`Index::search`], and O(changes).
    pub fn search<'a>(&'a self, query: &'a str) -> Matches<'a> {
        let State { index, overlay, .. } = &*self.state;
        Matches::new(overlay.view(index.tree()), index.term_sections(), query)
    }

    /// A string, exactly as it was added.
    ///
    /// Complexity: O(length + log changes).
    pub fn get(&self, text: &str) -> Option<Hit<'_>> {
        let State { index, overlay, .. } = &*self.state;
        let key = stored::stored(index.fold(), text).ok()?;
        match overlay.root.get(&key) {
            Some(entry) if entry.lives() => overlay.hit(overlay.root.rank(&key, false)),
            Some(_) => None,
            None => index.tree().rank_of(&key).map(|rank| index.hit(rank)),
        }
    }

    /// The number of changes that this state has seen; see [`Suggester::swap_index`].
    pub fn epoch(&self) -> u64 {
        self.state.epoch
    }

    /// The index below the changes.
    pub fn index(&self) -> &Index<B> {
        &self.state.index
    }

    /// How many strings were changed since the index was built, deleted ones too.
    pub fn changes(&self) -> usize {
        self.state.overlay.len()
    }

    /// How many strings there are.
    ///
    /// Complexity: O(changes).
    pub fn len(&self) -> usize {
        let in_both = |entry: &Entry| usize::from(entry.base != Entry::NO_BASE);
        let State { index, overlay, .. } = &*self.state;
        overlay
            .entries()
            .fold(index.len(), |len, (_, entry)| len + usize::from(entry.lives()) - in_both(entry))
    }

    /// Whether there are none.
    ///
    /// Complexity: O(changes).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of index and changes.
    ///
    /// Complexity: O(changes).
    pub fn memory(&self) -> MemoryUse {
        let State { index, overlay, .. } = &*self.state;
        MemoryUse { bytes: index.memory().bytes + overlay.memory().bytes, strings: self.len() }
    }

    /// One index of index and changes.
    ///
    /// Complexity: that of a build from sorted strings.
    ///
    /// # Errors
    ///
    /// [`BuildError::TooLarge`].
    pub fn compact(&self) -> Result<Compacted, BuildError> {
        let State { index, overlay, epoch } = &*self.state;
        let mut builder = Index::builder().fold(index.fold()).terms(index.has_terms());
        let tree = index.tree();
        let mut keys = Keys::new(tree);
        let mut changed = overlay.live_keys().into_iter().peekable();
        while let Some((rank, key)) = keys.next() {
            while let Some((other, entry)) = changed.next_if(|(other, _)| *other <= key) {
                builder.add_stored(other, entry.weight, entry.payload);
            }
            if !overlay.shadow.contains(rank) {
                builder.add_stored(key, tree.weight(tree.codes.get(rank)), tree.payloads.get(rank));
            }
        }
        for (key, entry) in changed {
            builder.add_stored(key, entry.weight, entry.payload);
        }
        Ok(Compacted { index: builder.build()?, epoch: *epoch })
    }
}

impl<B> Clone for Snapshot<B> {
    fn clone(&self) -> Self {
        Self { state: Arc::clone(&self.state), fuzzy: self.fuzzy }
    }
}

impl<B: AsRef<[u8]>> fmt::Debug for Snapshot<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("index", &self.index().len())
            .field("changes", &self.changes())
            .field("epoch", &self.epoch())
            .finish_non_exhaustive()
    }
}

impl<B: AsRef<[u8]>> fmt::Debug for Suggester<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Suggester").field(&self.snapshot()).finish()
    }
}
