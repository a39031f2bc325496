use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::swap::Compacted;
use super::{Base, State};
use crate::completions::{Completions, View};
use crate::error::BuildError;
use crate::fuzzy::Fuzzy;
use crate::hit::Hit;
use crate::index::Index;
use crate::keys::Keys;
use crate::memory::MemoryUse;
use crate::overlay::entry::Entry;
use crate::overlay::over::Over;
use crate::stored;
use crate::terms::Matches;

/// One state of a [`Suggester`](crate::Suggester), for as long as it is kept. A cheap clone.
pub struct Snapshot<B = Vec<u8>> {
    pub(super) state: Arc<State<B>>,
    pub(super) fuzzy: Fuzzy,
}

impl<B: AsRef<[u8]>> Snapshot<B> {
    /// The strings that begin with `query`, best first, of index and changes.
    ///
    /// Complexity: as [`Index::complete`].
    pub fn complete<'a>(&'a self, query: &'a str) -> Completions<'a> {
        let mut view = self.view();
        if self.state.overlay.is_empty() {
            view.over = None;
        }
        Completions::new(view, query, self.fuzzy)
    }

    /// The strings that have all words of `query`, best first; see [`Index::search`].
    ///
    /// Complexity: as [`Index::search`], and O(changes).
    pub fn search<'a>(&'a self, query: &'a str) -> Matches<'a> {
        Matches::new(self.view(), self.index().term_sections(), query)
    }

    /// A string, exactly as it was added.
    ///
    /// Complexity: O(length + log changes).
    pub fn get(&self, text: &str) -> Option<Hit<'_>> {
        let (index, overlay) = (self.index(), &self.state.overlay);
        let key = stored::key(index.fold(), text).ok()?;
        match overlay.root.get(&key) {
            Some((leaf, at)) => leaf.entry(at).lives().then(|| overlay.hit(leaf, at)),
            None => index.tree().rank_of(&key).map(|rank| index.hit(rank)),
        }
    }

    /// The number of changes that this state has seen; see [`Suggester::swap_index`](crate::Suggester::swap_index).
    pub fn epoch(&self) -> u64 {
        self.state.epoch
    }

    /// The index below the changes.
    pub fn index(&self) -> &Index<B> {
        &self.state.base.index
    }

    /// How many strings were changed since the index was built, deleted ones too.
    pub fn changes(&self) -> usize {
        self.state.overlay.len()
    }

    /// How many strings there are.
    ///
    /// Complexity: O(1).
    pub fn len(&self) -> usize {
        self.state.len
    }

    /// Whether there are none.
    ///
    /// Complexity: O(1).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of index and changes.
    ///
    /// Complexity: O(changes).
    pub fn memory(&self) -> MemoryUse {
        let Base { index, shadow } = &*self.state.base;
        let overlay = self.state.overlay.memory().bytes;
        MemoryUse {
            bytes: index.memory().bytes + shadow.bytes_held() + overlay,
            strings: self.len(),
        }
    }

    /// One index of index and changes.
    ///
    /// Complexity: that of a build from sorted strings.
    ///
    /// # Errors
    ///
    /// [`BuildError::TooLarge`].
    pub fn compact(&self) -> Result<Compacted, BuildError> {
        let index = self.index();
        let tree = index.tree();
        let mut builder = Index::builder().fold(index.fold()).terms(index.has_terms());
        let mut keys = Keys::new(tree);
        let mut changed = self.state.overlay.entries().peekable();
        let mut add = |(key, entry): (&[u8], &Entry)| {
            if entry.lives() {
                builder.add_stored(key, entry.weight, entry.payload);
            }
        };
        while let Some((rank, key)) = keys.next() {
            while let Some(before) = changed.next_if(|(other, _)| *other < key) {
                add(before);
            }
            if let Some(instead) = changed.next_if(|(other, _)| *other == key) {
                add(instead);
            } else {
                let weight = tree.weight(tree.codes.get(rank));
                add((key, &Entry::new(weight, tree.payloads.get(rank), 0, None)));
            }
        }
        changed.for_each(add);
        Ok(Compacted { index: builder.build()?, epoch: self.epoch() })
    }

    fn view(&self) -> View<'_> {
        let State { base, overlay, epoch, .. } = &*self.state;
        let shadow = Some((&base.shadow, *epoch));
        let over = Some(Over { root: &overlay.root, shadow });
        View { tree: base.index.tree(), fold: base.index.fold(), over }
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
