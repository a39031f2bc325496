pub(crate) mod best;
pub(crate) mod entries;
pub(crate) mod entry;
mod inner;
pub(crate) mod leaf;
pub(crate) mod node;
pub(crate) mod over;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
pub(crate) mod shadow;
pub(crate) mod typed;

use crate::completions::{Completions, View};
use crate::error::BuildError;
use crate::fold::Fold;
use crate::fuzzy::Fuzzy;
use crate::hit::{Asked, Hit, Source};
use crate::memory::MemoryUse;
use crate::stored;
use crate::tree::Tree;
use entries::Entries;
use entry::Entry;
use leaf::Leaf;
use node::Node;
use over::Over;

/// Strings that change: a completion of its own, or what a [`Suggester`](crate::Suggester) lays over
/// its index.
///
/// A clone is one counter, and neither of the two ever sees what happens to the other: keep one to
/// read from while the other is written to. A change after a clone copies about 3 kB, without one it is
/// made in place.
///
/// ```
/// use voussoir_trie::Overlay;
///
/// let mut live = Overlay::default();
/// live.upsert("rust", 10)?;
/// live.upsert("ruby", 12)?;
/// let before = live.clone();
/// live.increase("rust", 5)?;
/// live.remove("ruby")?;
///
/// let best = |overlay: &Overlay| overlay.complete("ru").map(|hit| hit.key()).collect::<Vec<_>>();
/// assert_eq!(best(&live), ["rust"]);
/// assert_eq!(best(&before), ["ruby", "rust"]);
/// # Ok::<(), voussoir_trie::BuildError>(())
/// ```
///
/// Memory: 32 bytes a string, its bytes, and about 8 bytes for the nodes: 49.3 for each of 1.9 million
/// words of 9.9 bytes that came in any order.
#[derive(Clone, Debug)]
pub struct Overlay {
    pub(crate) root: Node,
    pub(crate) fold: Fold,
}

impl Default for Overlay {
    /// Empty, without folding.
    fn default() -> Self {
        Self::new(Fold::NONE)
    }
}

impl Overlay {
    /// Empty.
    pub fn new(fold: Fold) -> Self {
        Self { root: Node::default(), fold }
    }

    /// Adds a string, or gives it another weight.
    ///
    /// Complexity: O(length + log strings).
    ///
    /// # Errors
    ///
    /// [`BuildError::TooLong`] if it, or what it folds to, is longer than
    /// [`MAX_LEN`](crate::MAX_LEN).
    pub fn upsert(&mut self, text: &str, weight: u64) -> Result<(), BuildError> {
        self.upsert_with_payload(text, weight, 0)
    }

    /// Adds a string with a number that its hits carry, or replaces weight and number.
    ///
    /// Complexity: O(length + log strings).
    ///
    /// # Errors
    ///
    /// As [`upsert`](Self::upsert).
    pub fn upsert_with_payload(
        &mut self,
        text: &str,
        weight: u64,
        payload: u64,
    ) -> Result<(), BuildError> {
        self.change(text, |_| Some((weight, payload))).map(drop)
    }

    /// Adds to the weight of a string, at most to `u64::MAX`; of one that is not there, to 0. Returns
    /// the new weight.
    ///
    /// Complexity: O(length + log strings).
    ///
    /// # Errors
    ///
    /// As [`upsert`](Self::upsert).
    pub fn increase(&mut self, text: &str, by: u64) -> Result<u64, BuildError> {
        let more = |was: Option<Entry>| {
            let (weight, payload) = was.map_or((0, 0), |was| (was.weight, was.payload));
            Some((weight.saturating_add(by), payload))
        };
        Ok(self.change(text, more)?.1.unwrap_or(0))
    }

    /// Takes from the weight of a string, at most down to 0, where it stays a hit. Returns the new
    /// weight; `None` if the string is not there.
    ///
    /// Complexity: O(length + log strings).
    ///
    /// # Errors
    ///
    /// As [`upsert`](Self::upsert).
    pub fn decrease(&mut self, text: &str, by: u64) -> Result<Option<u64>, BuildError> {
        let less = |was: Option<Entry>| was.map(|was| (was.weight.saturating_sub(by), was.payload));
        Ok(self.change(text, less)?.1)
    }

    /// Takes a string out. Returns whether it was there.
    ///
    /// Complexity: O(length + log strings).
    ///
    /// # Errors
    ///
    /// As [`upsert`](Self::upsert).
    pub fn remove(&mut self, text: &str) -> Result<bool, BuildError> {
        Ok(self.change(text, |_| None)?.0.is_some())
    }

    /// Sets weight and payload by what they were; `None` is no string. Returns what was there, and the
    /// weight that is now.
    fn change(
        &mut self,
        text: &str,
        change: impl FnOnce(Option<Entry>) -> Option<(u64, u64)>,
    ) -> Result<(Option<Entry>, Option<u64>), BuildError> {
        let key = stored::key(self.fold, text)?;
        let (path, was) = self.root.find(&key);
        let now = change(was);
        match (now, &was) {
            (Some((weight, payload)), _) => {
                self.root.put(&path, &key, Entry::new(weight, payload, 0, None), was);
            }
            (None, Some(was)) => self.root.remove(&path, was),
            (None, None) => {}
        }
        Ok((was, now.map(|(weight, _)| weight)))
    }

    /// Gives every string the weight that `weigh` makes of its own: `|w| w / 2` halves them.
    ///
    /// For weights that fade all the time, see [`Decay`](crate::Decay), which touches nothing.
    ///
    /// Complexity: O(strings).
    pub fn reweigh(&mut self, weigh: impl Fn(u64) -> u64) {
        self.root.reweigh(&weigh);
    }

    /// A string, exactly as it was added.
    ///
    /// Complexity: O(length + log strings).
    pub fn get(&self, text: &str) -> Option<Hit<'_>> {
        let key = stored::key(self.fold, text).ok()?;
        self.root.get(&key).map(|(leaf, at)| self.hit(leaf, at))
    }

    /// How many strings there are.
    ///
    /// Complexity: O(1).
    pub fn len(&self) -> usize {
        self.root.count() as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every string, in order of bytes.
    ///
    /// Complexity: O(1) each.
    pub fn iter(&self) -> impl Iterator<Item = Hit<'_>> {
        let mut entries = self.entries();
        core::iter::from_fn(move || entries.next_place()).map(|(leaf, at)| self.hit(leaf, at))
    }

    /// The strings that begin with `query`, best first.
    pub fn complete<'a>(&'a self, query: &'a str) -> Completions<'a> {
        let over = Some(Over::nothing(&self.root));
        Completions::new(View { tree: Tree::default(), fold: self.fold, over }, query, Fuzzy::OFF)
    }

    /// The bytes held. What clones share is counted in each of them.
    ///
    /// Complexity: O(strings).
    pub fn memory(&self) -> MemoryUse {
        MemoryUse { bytes: self.root.bytes_held(), strings: self.len() }
    }

    pub(crate) fn hit<'a>(&self, leaf: &'a Leaf, at: usize) -> Hit<'a> {
        let (weight, source) = (leaf.entry(at).weight, Source::Overlay { leaf, at });
        let asked = Asked::Nothing;
        Hit { source, fold: self.fold, weight, score: weight, distance: 0, group: 0, asked }
    }

    /// All entries with their keys, deleted ones too.
    pub(crate) fn entries(&self) -> Entries<'_> {
        Entries::of(&self.root)
    }
}
