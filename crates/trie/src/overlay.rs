pub(crate) mod best;
pub(crate) mod node;
pub(crate) mod shadow;
pub(crate) mod typed;

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::completions::{Completions, View};
use crate::error::BuildError;
use crate::fold::Fold;
use crate::fuzzy::Fuzzy;
use crate::hit::{Asked, Hit, Source};
use crate::memory::MemoryUse;
use crate::stored;
use crate::tree::Tree;
use node::{Entry, Node};
use shadow::Shadow;

/// Strings that change: a completion of its own, or what a [`Suggester`](crate::Suggester) lays over
/// its index.
///
/// A clone is one counter, and neither of the two ever sees what happens to the other: keep one to
/// read from while the other is written to. A change after a clone copies about 2 kB, without one it is
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
/// Memory: 32 bytes a string, its bytes, and about 6 bytes for the nodes above.
#[derive(Clone, Debug)]
pub struct Overlay {
    pub(crate) root: Arc<Node>,
    pub(crate) fold: Fold,
    pub(crate) shadow: Shadow,
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
        Self::over(fold, 0)
    }

    pub(crate) fn over(fold: Fold, strings: u32) -> Self {
        Self { root: Arc::default(), fold, shadow: Shadow::new(strings) }
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
        let key = stored::stored(self.fold, text)?;
        Node::put(&mut self.root, &key, Entry::new(weight, payload, 0, None));
        Ok(())
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
        let key = stored::stored(self.fold, text)?;
        let (weight, payload) =
            self.root.get(&key).map_or((0, 0), |entry| (entry.weight, entry.payload));
        let weight = weight.saturating_add(by);
        Node::put(&mut self.root, &key, Entry::new(weight, payload, 0, None));
        Ok(weight)
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
        let key = stored::stored(self.fold, text)?;
        let Some(entry) = self.root.get(&key) else { return Ok(None) };
        let weight = entry.weight.saturating_sub(by);
        Node::put(&mut self.root, &key, Entry::new(weight, entry.payload, 0, None));
        Ok(Some(weight))
    }

    /// Takes a string out. Returns whether it was there.
    ///
    /// Complexity: O(length + log strings).
    ///
    /// # Errors
    ///
    /// As [`upsert`](Self::upsert).
    pub fn remove(&mut self, text: &str) -> Result<bool, BuildError> {
        let key = stored::stored(self.fold, text)?;
        let was = self.root.get(&key).is_some();
        if was {
            Node::remove(&mut self.root, &key);
        }
        Ok(was)
    }

    /// Gives every string the weight that `weigh` makes of its own: `|w| w / 2` halves them.
    ///
    /// For weights that fade all the time, see [`Decay`](crate::Decay), which touches nothing.
    ///
    /// Complexity: O(strings).
    pub fn reweigh(&mut self, weigh: impl Fn(u64) -> u64) {
        Node::reweigh(&mut self.root, &weigh);
    }

    /// A string, exactly as it was added.
    ///
    /// Complexity: O(length + log strings).
    pub fn get(&self, text: &str) -> Option<Hit<'_>> {
        let key = stored::stored(self.fold, text).ok()?;
        self.hit(self.root.rank(&key, false)).filter(|hit| hit.stored() == key)
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
    /// Complexity: O(log strings) each.
    pub fn iter(&self) -> impl Iterator<Item = Hit<'_>> {
        (0..self.root.count()).filter_map(|rank| self.hit(rank))
    }

    /// The strings that begin with `query`, best first.
    pub fn complete<'a>(&'a self, query: &'a str) -> Completions<'a> {
        Completions::new(self.view(Tree::default()), query, Fuzzy::OFF)
    }

    /// The bytes held. What clones share is counted in each of them.
    ///
    /// Complexity: O(strings).
    pub fn memory(&self) -> MemoryUse {
        MemoryUse { bytes: self.root.bytes_held() + self.shadow.bytes_held(), strings: self.len() }
    }

    pub(crate) fn view<'a>(&'a self, tree: Tree<'a>) -> View<'a> {
        View { tree, fold: self.fold, over: Some((&self.root, &self.shadow)) }
    }

    pub(crate) fn hit(&self, rank: u32) -> Option<Hit<'_>> {
        let (leaf, at) = self.root.at(rank)?;
        let entry = leaf.entry(at);
        let (weight, source) = (entry.weight, Source::Overlay { leaf, at });
        let asked = Asked::Nothing;
        Some(Hit { source, fold: self.fold, weight, score: weight, distance: 0, group: 0, asked })
    }

    /// All entries, deleted ones too.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&[u8], &Entry)> {
        (0..self.root.count()).filter_map(|rank| {
            let (leaf, at) = self.root.at(rank)?;
            Some((leaf.key(at), leaf.entry(at)))
        })
    }

    /// Puts an entry, and hides what it replaces in the index below.
    pub(crate) fn put(&mut self, key: &[u8], entry: Entry) {
        if entry.base != Entry::NO_BASE && !self.shadow.contains(entry.base) {
            self.shadow.insert(entry.base);
        }
        Node::put(&mut self.root, key, entry);
    }

    pub(crate) fn live_keys(&self) -> Vec<(&[u8], &Entry)> {
        self.entries().filter(|(_, entry)| entry.lives()).collect()
    }
}
