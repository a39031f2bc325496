use alloc::string::String;
use alloc::vec::Vec;

use crate::bytes::{Packed, bit_width};
use crate::error::BuildError;
use crate::fold::Fold;
use crate::header::{self, SECTIONS, Section};
use crate::index::Index;
use crate::keys::Keys;
use crate::{stored, terms, write};

/// What becomes of a string that is added more than once.
///
/// Two strings that fold to the same key but look different are two strings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Duplicates {
    /// The greatest weight stays, with its payload; of equal weights, the greatest payload. The
    /// order in which strings come does not matter.
    #[default]
    Max,
    /// Weights are added up, at most to `u64::MAX`; the greatest payload stays. The order in which
    /// strings come does not matter.
    Sum,
    /// The first stays.
    First,
    /// The last stays.
    Last,
    /// It is an error.
    Refuse,
}

/// Builds an [`Index`] from strings in any order.
///
/// ```
/// use voussoir_trie::{Duplicates, Fold, Index};
///
/// let mut builder = Index::builder().fold(Fold::ALL).duplicates(Duplicates::Sum);
/// builder.add("Zürich", 30)?;
/// builder.add_with_payload("Zug", 12, 6300)?;
/// builder.add("Zürich", 5)?;
/// let index = builder.build()?;
///
/// let best = index.complete("zu").next().unwrap();
/// assert_eq!((best.display(), best.weight()), ("Zürich".into(), 35));
/// # Ok::<(), voussoir_trie::BuildError>(())
/// ```
///
/// Strings that come in order of their bytes are not sorted again.
///
/// Memory while building: the strings, 24 bytes each, and the index that becomes of them.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder builds nothing until `build` is called"]
pub struct Builder {
    fold: Fold,
    duplicates: Duplicates,
    terms: bool,
    /// Keys one after the other, each followed by its display form where that differs.
    bytes: Vec<u8>,
    items: Vec<Item>,
    sorted: bool,
    folded: String,
}

#[derive(Clone, Copy, Debug)]
struct Item {
    start: u64,
    weight: u64,
    payload: u64,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self { sorted: true, ..Self::default() }
    }

    /// Which differences between strings are ignored; [`Fold::NONE`] at first. To be called before
    /// anything is added: later calls do not change what was.
    pub fn fold(mut self, fold: Fold) -> Self {
        self.fold = fold;
        self
    }

    /// What becomes of a string that is added twice; [`Duplicates::Max`] at first.
    pub fn duplicates(mut self, duplicates: Duplicates) -> Self {
        self.duplicates = duplicates;
        self
    }

    /// Also writes what [`Index::search`] needs: which strings have which words.
    ///
    /// Costs about 10 bytes a string and 3 a word.
    pub fn terms(mut self, terms: bool) -> Self {
        self.terms = terms;
        self
    }

    /// Adds a string.
    ///
    /// Complexity: O(length).
    ///
    /// # Errors
    ///
    /// [`BuildError::TooLong`] if it, or what it folds to, is longer than [`MAX_LEN`](crate::MAX_LEN).
    pub fn add(&mut self, text: &str, weight: u64) -> Result<(), BuildError> {
        self.add_with_payload(text, weight, 0)
    }

    /// Adds a string with a number that its hits carry: a row's id, an offset, flags.
    ///
    /// Payloads take as many bits as the greatest needs, for each string; none if all are 0.
    ///
    /// Complexity: O(length).
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn add_with_payload(
        &mut self,
        text: &str,
        weight: u64,
        payload: u64,
    ) -> Result<(), BuildError> {
        let start = self.bytes.len();
        stored::append(self.fold, text, &mut self.folded, &mut self.bytes)?;
        self.push(start, weight, payload);
        Ok(())
    }

    /// Adds what an index stores: a key, with its display form where that differs.
    pub(crate) fn add_stored(&mut self, stored: &[u8], weight: u64, payload: u64) {
        let start = self.bytes.len();
        self.bytes.extend(stored);
        self.push(start, weight, payload);
    }

    fn push(&mut self, start: usize, weight: u64, payload: u64) {
        if self.sorted
            && let Some(last) = self.items.last()
        {
            self.sorted = self.bytes[last.start as usize..start] < self.bytes[start..];
        }
        self.items.push(Item { start: start as u64, weight, payload });
    }

    /// Adds every string of an index.
    ///
    /// Complexity: O(strings).
    ///
    /// # Errors
    ///
    /// [`BuildError::OtherFold`] if it folds in another way than this builder.
    pub fn add_index<B: AsRef<[u8]>>(&mut self, index: &Index<B>) -> Result<(), BuildError> {
        if index.fold() != self.fold {
            return Err(BuildError::OtherFold);
        }
        let tree = index.tree();
        let mut keys = Keys::new(tree);
        while let Some((rank, stored)) = keys.next() {
            self.add_stored(stored, tree.weight(tree.codes.get(rank)), tree.payloads.get(rank));
        }
        Ok(())
    }

    /// How many strings were added.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Builds the index. The same strings give the same bytes, in whatever order they came (but for
    /// [`Duplicates::First`] and [`Duplicates::Last`], which ask for the order).
    ///
    /// Complexity: O(bytes), and O(strings × log strings) if they were not in order.
    ///
    /// # Errors
    ///
    /// [`BuildError::Duplicate`] under [`Duplicates::Refuse`], [`BuildError::TooLarge`] beyond
    /// 2^32 - 2 strings or 4 GiB.
    pub fn build(self) -> Result<Index, BuildError> {
        let Self { fold, duplicates, terms: with_terms, bytes, items, sorted, .. } = self;
        let end_of = |at: usize| items.get(at + 1).map_or(bytes.len(), |item| item.start as usize);
        let count = u32::try_from(items.len()).ok().filter(|&count| count < u32::MAX - 1);
        let count = count.ok_or(BuildError::TooLarge)?;
        let text = |at: u32| &bytes[items[at as usize].start as usize..end_of(at as usize)];
        let mut order: Vec<u32> = (0..count).collect();
        if !sorted {
            order.sort_by(|&a, &b| text(a).cmp(text(b)));
        }
        let mut values: Vec<(u64, u64)> = order
            .iter()
            .map(|&at| (items[at as usize].weight, items[at as usize].payload))
            .collect();
        if !sorted {
            resolve(duplicates, &mut order, &mut values, text)?;
        }
        let payload_width =
            bit_width(values.iter().map(|&(_, payload)| payload).max().unwrap_or(0));
        let weights: Vec<u64> = values.iter().map(|&(weight, _)| weight).collect();
        let Coded { codes, table, width: code_width } = encode(weights);
        let key = |at: usize| text(order[at]);
        let written = write::write(order.len(), key, &codes).map_err(|_| BuildError::TooLarge)?;
        let mut sections: [Vec<u8>; SECTIONS] = Default::default();
        sections[Section::NodeOffsets as usize] = written.node_offsets;
        sections[Section::Nodes as usize] = written.nodes;
        sections[Section::BucketOffsets as usize] = written.bucket_offsets;
        sections[Section::Strings as usize] = written.strings;
        sections[Section::Codes as usize] = Packed::write(codes.iter().copied(), code_width);
        sections[Section::Weights as usize] =
            table.iter().flat_map(|weight| weight.to_le_bytes()).collect();
        sections[Section::Payloads as usize] =
            Packed::write(values.iter().map(|&(_, payload)| payload), payload_width);
        if with_terms {
            terms::write(order.len(), key, &codes, fold, &mut sections)?;
        }
        let bytes = header::write(order.len() as u32, fold, code_width, payload_width, &sections);
        Ok(Index::from_written(bytes))
    }
}

/// Makes one of each run of equal strings.
fn resolve<'t>(
    duplicates: Duplicates,
    order: &mut Vec<u32>,
    values: &mut Vec<(u64, u64)>,
    text: impl Fn(u32) -> &'t [u8],
) -> Result<(), BuildError> {
    let mut kept = 0;
    for at in 0..order.len() {
        if kept > 0 && text(order[kept - 1]) == text(order[at]) {
            let (weight, payload) = values[at];
            let stays = &mut values[kept - 1];
            *stays = match duplicates {
                Duplicates::Max => (weight, payload).max(*stays),
                Duplicates::Sum => (weight.saturating_add(stays.0), payload.max(stays.1)),
                Duplicates::First => *stays,
                Duplicates::Last => (weight, payload),
                Duplicates::Refuse => return Err(BuildError::Duplicate { nth: kept as u64 - 1 }),
            };
        } else {
            order[kept] = order[at];
            values[kept] = values[at];
            kept += 1;
        }
    }
    order.truncate(kept);
    values.truncate(kept);
    Ok(())
}

/// Weights as numbers that are fewer bits and sort alike.
struct Coded {
    codes: Vec<u64>,
    table: Vec<u64>,
    width: u32,
}

/// Places in a table of the different weights where that is smaller than the weights, as it is for
/// counts: most strings are rare and share theirs.
fn encode(weights: Vec<u64>) -> Coded {
    let mut table = weights.clone();
    table.sort_unstable();
    table.dedup();
    let plain = bit_width(table.last().copied().unwrap_or(0));
    let short = bit_width(table.len().saturating_sub(1) as u64);
    let count = weights.len() as u64;
    let table_bytes = 8 * table.len() as u64;
    if Packed::len_for(count, short) + table_bytes >= Packed::len_for(count, plain) {
        return Coded { codes: weights, table: Vec::new(), width: plain };
    }
    let codes =
        weights.iter().map(|weight| table.partition_point(|other| other < weight) as u64).collect();
    Coded { codes, table, width: short }
}
