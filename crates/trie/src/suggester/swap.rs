use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Base, State, Suggester};
use crate::error::{BuildError, SwapError};
use crate::index::Index;
use crate::overlay::Overlay;

/// An index that contains the changes up to an epoch; see [`Suggester::compact`](crate::Suggester::compact).
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
    /// Those after this [epoch](crate::Snapshot::epoch) are laid over the new index; it contains the others.
    KeepSince(u64),
    /// None.
    Clear,
}

impl<B: AsRef<[u8]>> Suggester<B> {
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

    /// Puts an index from elsewhere in the place of this one. Readers see the one or the other.
    ///
    /// Read the [epoch](crate::Snapshot::epoch) before you collect what the index is built from, and keep
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
    /// What [`compact`](Self::compact) makes while the other index is being built has to be swapped in
    /// here too, to keep the changes since the same epoch; [`swap`](Self::swap) would keep only those
    /// that it does not contain.
    ///
    /// Complexity: O(changes).
    ///
    /// # Errors
    ///
    /// [`SwapError::OtherFold`] if it folds in another way, [`SwapError::OtherEpoch`] if changes since
    /// the epoch are in the index that would go, and nowhere else.
    pub fn swap_index(&self, index: Index<B>, keep: Keep) -> Result<(), SwapError> {
        let (expected, found) = (self.fold, index.fold());
        if expected != found {
            return Err(SwapError::OtherFold { expected, found });
        }
        let _writing = self.writing.lock();
        let state = self.state.load();
        let (oldest, newest) = (state.since, state.epoch);
        let since = match keep {
            Keep::KeepSince(epoch) => epoch,
            Keep::Clear => newest,
        };
        if since < oldest || since > newest {
            return Err(SwapError::OtherEpoch { asked: since, oldest, newest });
        }
        let mut len = index.len();
        let base = Arc::new(Base::new(index));
        let (tree, mut overlay) = (base.index.tree(), Overlay::new(expected));
        for (key, entry) in state.overlay.entries().filter(|(_, entry)| entry.epoch() > since) {
            // What was deleted is kept even where this index does not have it: the next may.
            let entry = entry.over(tree.rank_of(key));
            len = len.saturating_add_signed(entry.balance());
            if let Some(rank) = entry.base() {
                base.shadow.hide(rank, newest);
            }
            let (path, was) = overlay.root.find(key);
            overlay.root.put(&path, key, entry, was);
        }
        drop(state);
        self.state.store(Arc::new(State { base, overlay, len, epoch: newest, since }));
        Ok(())
    }
}

impl<B: AsRef<[u8]> + From<Vec<u8>>> Suggester<B> {
    /// Puts what [`compact`](Self::compact) made in place. Changes that came meanwhile are kept.
    ///
    /// Complexity: O(changes).
    ///
    /// # Errors
    ///
    /// [`SwapError::OtherEpoch`] if it was overtaken: an index that was swapped in meanwhile has changes
    /// that this one does not have.
    pub fn swap(&self, done: Compacted) -> Result<(), SwapError> {
        let Compacted { index, epoch } = done;
        self.swap_index(index.map_bytes(B::from), Keep::KeepSince(epoch))
    }
}
