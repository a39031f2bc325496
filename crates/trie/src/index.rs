use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::builder::{Builder, Duplicates};
use crate::completions::{Completions, View};
use crate::error::{BuildError, OpenError};
use crate::fold::Fold;
use crate::fuzzy::Fuzzy;
use crate::header::{Header, Section};
use crate::hit::{Asked, Hit, Source};
use crate::memory::MemoryUse;
use crate::stored;
use crate::terms::Matches;
use crate::tree::Tree;

/// Strings with weights in one piece of bytes that never changes: about 8 bytes a string, keys,
/// weights and the way to the best of them included.
///
/// `B` is where the bytes are: a `Vec<u8>`, a `&'static [u8]`, a memory map of yours. Opening checks the
/// header and reads nothing else; [`verify`](Self::verify) reads everything. An index that was damaged
/// and not verified may give wrong answers. It never panics, reads outside or goes on for ever.
#[derive(Clone)]
pub struct Index<B = Vec<u8>> {
    bytes: B,
    header: Header,
}

impl Index {
    /// An index of strings in any order; of a string that comes twice, the greatest weight stays.
    ///
    /// ```
    /// use voussoir_trie::Index;
    ///
    /// let index = Index::build([("system design", 900), ("system", 400), ("sysadmin", 700)])?;
    /// let best: Vec<_> = index.complete("syst").map(|hit| hit.key()).collect();
    /// assert_eq!(best, ["system design", "system"]);
    /// # Ok::<(), voussoir_trie::BuildError>(())
    /// ```
    ///
    /// Complexity: O(bytes), and O(strings × log strings) if they were not in order.
    ///
    /// # Errors
    ///
    /// Those of [`Builder::add`] and [`Builder::build`].
    pub fn build<T: AsRef<str>>(
        strings: impl IntoIterator<Item = (T, u64)>,
    ) -> Result<Self, BuildError> {
        let mut builder = Self::builder();
        for (text, weight) in strings {
            builder.add(text.as_ref(), weight)?;
        }
        builder.build()
    }

    /// A builder with choices.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// One index of several that fold alike: byte for byte what one build of all their strings would
    /// be. Payloads and weights of a string in several of them follow `duplicates`. Has words to
    /// [`search`](Index::search) for if the first has.
    ///
    /// ```
    /// use voussoir_trie::{Duplicates, Index};
    ///
    /// let shards = [Index::build([("ant", 1), ("bee", 5)])?, Index::build([("bee", 2)])?];
    /// let whole = Index::build([("ant", 1), ("bee", 5)])?;
    /// assert_eq!(Index::merge(&shards, Duplicates::Max)?.as_bytes(), whole.as_bytes());
    /// # Ok::<(), voussoir_trie::BuildError>(())
    /// ```
    ///
    /// Complexity: O(strings × log strings).
    ///
    /// # Errors
    ///
    /// [`BuildError::OtherFold`] if they fold differently, and those of [`Builder::build`].
    pub fn merge<B: AsRef<[u8]>>(
        shards: &[Index<B>],
        duplicates: Duplicates,
    ) -> Result<Self, BuildError> {
        let mut builder = Self::builder().duplicates(duplicates);
        if let Some(first) = shards.first() {
            builder = builder.fold(first.fold()).terms(first.has_terms());
        }
        for shard in shards {
            builder.add_index(shard)?;
        }
        builder.build()
    }

    pub(crate) fn from_written(bytes: Vec<u8>) -> Self {
        let header = Header::open(&bytes).expect("the header that was just written");
        Self { bytes, header }
    }
}

impl<B: AsRef<[u8]>> Index<B> {
    /// Opens what [`as_bytes`](Self::as_bytes) gave. Reads the header and nothing else.
    ///
    /// ```
    /// use voussoir_trie::Index;
    ///
    /// let built = Index::build([("a", 1)])?;
    /// let opened = Index::from_bytes(built.as_bytes())?; // borrowed, nothing is copied
    /// opened.verify()?;
    /// assert_eq!(opened.get("a").unwrap().weight(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Complexity: O(1).
    ///
    /// # Errors
    ///
    /// An [`OpenError`] if these are not the bytes of an index of this version, or not all of them.
    pub fn from_bytes(bytes: B) -> Result<Self, OpenError> {
        let header = Header::open(bytes.as_ref())?;
        Ok(Self { bytes, header })
    }

    /// Whether every byte is as it was written: an `xxh3` checksum of 64 bits.
    ///
    /// Complexity: O(bytes), some gigabytes a second.
    ///
    /// # Errors
    ///
    /// [`OpenError::Content`] if not.
    pub fn verify(&self) -> Result<(), OpenError> {
        Header::verify(self.bytes.as_ref())
    }

    /// The bytes, to be written to a file and opened elsewhere.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    /// What holds the bytes.
    pub fn into_bytes(self) -> B {
        self.bytes
    }

    /// The same index in memory of its own.
    pub fn to_owned(&self) -> Index {
        Index { bytes: self.as_bytes().to_owned(), header: self.header.clone() }
    }

    /// How keys were folded, and queries are.
    pub fn fold(&self) -> Fold {
        self.header.fold
    }

    /// Whether words can be searched for.
    pub fn has_terms(&self) -> bool {
        !self.section(Section::Terms).is_empty()
    }

    /// How many strings there are.
    pub fn len(&self) -> usize {
        self.header.count as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A string, exactly as it was added.
    ///
    /// Complexity: O(length).
    pub fn get(&self, text: &str) -> Option<Hit<'_>> {
        let tree = self.tree();
        let key = stored::key(self.fold(), text).ok()?;
        tree.rank_of(&key).map(|rank| self.hit(rank))
    }

    /// Every string, in order of the bytes of its key.
    ///
    /// Complexity: O(1) each, and O(length + log strings) for its text.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Hit<'_>> {
        (0..self.header.count).map(|rank| self.hit(rank))
    }

    /// How many strings begin with `prefix`.
    ///
    /// Complexity: O(length).
    pub fn count(&self, prefix: &str) -> usize {
        let key = self.fold().fold(prefix);
        self.tree().locate(key.as_bytes()).map_or(0, |place| place.ranks.len() as usize)
    }

    /// The longest string that `text` begins with.
    ///
    /// ```
    /// use voussoir_trie::Index;
    ///
    /// let index = Index::build([("new", 1), ("new york", 1), ("new york city", 1)])?;
    /// let found = index.longest_prefix_of("new york times").unwrap();
    /// assert_eq!(found.key(), "new york");
    /// # Ok::<(), voussoir_trie::BuildError>(())
    /// ```
    ///
    /// Of several forms of one key it is the first in order of bytes.
    ///
    /// Complexity: O(length).
    pub fn longest_prefix_of(&self, text: &str) -> Option<Hit<'_>> {
        let key = self.fold().fold(text);
        let tree = self.tree();
        if self.fold().keeps_display() {
            // What is shown follows the key: a form that differs is another end of the same key.
            let mut ends =
                key.char_indices().map(|(at, _)| at).chain([key.len()]).collect::<Vec<_>>();
            ends.reverse();
            return ends.into_iter().find_map(|end| {
                let ranks = tree.locate(key.get(..end)?.as_bytes())?.ranks;
                let hit = self.hit(ranks.first);
                (hit.key() == key[..end]).then_some(hit)
            });
        }
        tree.rank_of_longest(key.as_bytes()).map(|rank| self.hit(rank))
    }

    /// The strings that begin with `query`, best first.
    ///
    /// Complexity: O(length) to begin, about O(log strings) a hit.
    #[inline]
    pub fn complete<'a>(&'a self, query: &'a str) -> Completions<'a> {
        Completions::new(self.view(), query, Fuzzy::OFF)
    }

    /// The strings that have all words of `query`, in any order, the last of which may be the
    /// beginning of a word; best first. Nothing if the index was built without
    /// [`terms`](Builder::terms).
    ///
    /// A word is a run of letters and digits. A query that ends in something else has no unfinished
    /// word.
    ///
    /// ```
    /// use voussoir_trie::Index;
    ///
    /// let mut builder = Index::builder().terms(true);
    /// builder.add("cheap flights to oslo", 7)?;
    /// builder.add("oslo opera", 3)?;
    /// let index = builder.build()?;
    /// let found: Vec<_> = index.search("oslo fli").map(|hit| hit.key()).collect();
    /// assert_eq!(found, ["cheap flights to oslo"]);
    /// # Ok::<(), voussoir_trie::BuildError>(())
    /// ```
    ///
    /// Complexity: about O(strings with the rarest whole word).
    pub fn search<'a>(&'a self, query: &'a str) -> Matches<'a> {
        Matches::new(self.view(), self.term_sections(), query)
    }

    /// The bytes of the snapshot. What `B` holds beyond them is not counted.
    pub fn memory(&self) -> MemoryUse {
        MemoryUse { bytes: self.as_bytes().len(), strings: self.len() }
    }

    /// The same bytes, held otherwise.
    #[cfg(all(feature = "std", target_has_atomic = "64"))]
    pub(crate) fn map_bytes<C>(self, hold: impl FnOnce(B) -> C) -> Index<C> {
        Index { bytes: hold(self.bytes), header: self.header }
    }

    pub(crate) fn section(&self, section: Section) -> &[u8] {
        self.header.section(self.bytes.as_ref(), section)
    }

    #[inline]
    pub(crate) fn tree(&self) -> Tree<'_> {
        self.tree_of(self.bytes.as_ref())
    }

    /// The trie in `bytes`, which are those of this index.
    #[inline]
    pub(crate) fn tree_of<'a>(&self, bytes: &'a [u8]) -> Tree<'a> {
        let header = &self.header;
        Tree {
            count: header.count,
            node_offsets: header.section(bytes, Section::NodeOffsets),
            nodes: header.section(bytes, Section::Nodes),
            bucket_offsets: header.section(bytes, Section::BucketOffsets),
            strings: header.section(bytes, Section::Strings),
            codes: header.packed(bytes, Section::Codes, header.code_width),
            weights: header.section(bytes, Section::Weights),
            payloads: header.packed(bytes, Section::Payloads, header.payload_width),
        }
    }

    #[inline]
    pub(crate) fn view(&self) -> View<'_> {
        View { tree: self.tree(), fold: self.header.fold, over: None }
    }

    pub(crate) fn hit(&self, rank: u32) -> Hit<'_> {
        let tree = self.tree();
        let weight = tree.weight(tree.codes.get(rank));
        let source = Source::Index { tree, rank };
        let asked = Asked::Nothing;
        Hit { source, fold: self.fold(), weight, score: weight, distance: 0, group: 0, asked }
    }
}

impl<B: AsRef<[u8]>> fmt::Debug for Index<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let some: Vec<String> = self.iter().take(3).map(|hit| hit.display()).collect();
        f.debug_struct("Index")
            .field("len", &self.len())
            .field("fold", &self.fold())
            .field("first", &some)
            .finish_non_exhaustive()
    }
}
