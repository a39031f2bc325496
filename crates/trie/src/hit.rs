use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::ops::Range;

use crate::fold::Fold;
use crate::highlight;
use crate::overlay::leaf::Leaf;
use crate::stored;
use crate::tree::Tree;

/// A string that was found, in place: nothing is copied until its key is asked for.
#[derive(Clone, Copy)]
pub struct Hit<'a> {
    pub(crate) source: Source<'a>,
    pub(crate) fold: Fold,
    pub(crate) weight: u64,
    pub(crate) score: u64,
    pub(crate) distance: u8,
    /// Hits of a lower group come before it, whatever their weight.
    pub(crate) group: u8,
    pub(crate) asked: Asked<'a>,
}

/// Where a hit is.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    Index { tree: Tree<'a>, rank: u32 },
    Overlay { leaf: &'a Leaf, at: usize },
}

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked<'a> {
    /// Nothing: a look-up or a list.
    Nothing,
    /// A beginning.
    Prefix(&'a str),
    /// Words.
    Terms(&'a str),
}

impl Hit<'_> {
    /// The string, folded as the index folds. [`display`](Self::display) is what to show.
    ///
    /// Complexity: O(length + log strings); allocates the string.
    pub fn key(&self) -> String {
        let stored = self.stored();
        lossy(stored::parts(self.fold, &stored).0.to_vec())
    }

    /// The string as it was added.
    ///
    /// Complexity: O(length + log strings); allocates the string.
    pub fn display(&self) -> String {
        let stored = self.stored();
        lossy(stored::parts(self.fold, &stored).1.to_vec())
    }

    /// Puts [`key`](Self::key) in place of what `text` holds, whose memory is used again.
    ///
    /// Complexity: O(length + log strings).
    pub fn write_key(&self, text: &mut String) {
        self.write(text, false);
    }

    /// Puts [`display`](Self::display) in place of what `text` holds, whose memory is used again.
    ///
    /// Complexity: O(length + log strings).
    pub fn write_display(&self, text: &mut String) {
        self.write(text, true);
    }

    fn write(&self, text: &mut String, display: bool) {
        let mut bytes = core::mem::take(text).into_bytes();
        self.write_stored(&mut bytes);
        if self.fold.keeps_display() {
            let (key, shown) = stored::parts(self.fold, &bytes);
            let (key, shown, all) = (key.len(), shown.len(), bytes.len());
            if display {
                bytes.drain(..all - shown);
            } else {
                bytes.truncate(key);
            }
        }
        *text = lossy(bytes);
    }

    /// The weight that was added.
    pub fn weight(&self) -> u64 {
        self.weight
    }

    /// What the order goes by: the weight, or what [`boost`](crate::Hits::boost) made of it.
    pub fn score(&self) -> u64 {
        self.score
    }

    /// The number that was added with the string, or 0.
    ///
    /// Complexity: O(1).
    pub fn payload(&self) -> u64 {
        match self.source {
            Source::Index { tree, rank } => tree.payloads.get(rank),
            Source::Overlay { leaf, at } => leaf.entry(at).payload,
        }
    }

    /// With how many typing errors the query is a beginning of the string.
    pub fn distance(&self) -> u8 {
        self.distance
    }

    /// Which bytes of [`display`](Self::display) the query stands for, in order, on borders of
    /// grapheme clusters: for the eye. With typing errors, the characters that were typed right.
    ///
    /// Complexity: O(length of the string × length of the query).
    ///
    /// ```
    /// use voussoir_trie::{Fold, Index};
    ///
    /// let mut builder = Index::builder().fold(Fold::ALL);
    /// builder.add("Übergröße", 1)?;
    /// let index = builder.build()?;
    /// let hit = index.complete("ube").next().unwrap();
    /// assert_eq!(hit.spans(), [0..4]);
    /// assert_eq!(&hit.display()[..4], "Übe");
    /// # Ok::<(), voussoir_trie::BuildError>(())
    /// ```
    pub fn spans(&self) -> Vec<Range<usize>> {
        match self.asked {
            Asked::Nothing => Vec::new(),
            Asked::Prefix(query) => {
                highlight::prefix(self.fold, &self.display(), query, self.distance)
            }
            Asked::Terms(query) => highlight::terms(self.fold, &self.display(), query),
        }
    }

    pub(crate) fn write_stored(&self, to: &mut Vec<u8>) {
        match self.source {
            Source::Index { tree, rank } => tree.write_key(rank, to),
            Source::Overlay { leaf, at } => {
                to.clear();
                to.extend_from_slice(leaf.key(at));
            }
        }
    }

    pub(crate) fn stored(&self) -> Vec<u8> {
        let mut stored = Vec::new();
        self.write_stored(&mut stored);
        stored
    }

    /// Which of two of one group comes first.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        other.score.cmp(&self.score).then_with(|| match (self.source, other.source) {
            (Source::Index { rank: a, .. }, Source::Index { rank: b, .. }) => a.cmp(&b),
            _ => self.stored().cmp(&other.stored()),
        })
    }
}

impl fmt::Debug for Hit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hit")
            .field("display", &self.display())
            .field("weight", &self.weight)
            .field("distance", &self.distance)
            .finish_non_exhaustive()
    }
}

/// Keys are text, but those of a snapshot that nobody verified may be anything.
pub(crate) fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|wrong| String::from_utf8_lossy(wrong.as_bytes()).into())
}
