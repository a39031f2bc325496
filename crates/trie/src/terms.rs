//! Which strings have which words.
//!
//! The words are an index of their own, each with its best string as weight and the place of its list
//! as payload. Strings are numbered by their place in the order of answers, so that every list is in
//! that order. A conjunctive query walks the shortest list of its whole words and looks the others,
//! and the range of words that the last may become, up in what each string has (the forward lists of
//! Gog, Pibiri and Venturini, "Efficient and effective query auto-completion", 2020).

use alloc::collections::BinaryHeap;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::fmt;

use crate::best::Best;
use crate::bytes::{Packed, bit_width, put_varint, take_varint, u32_at};
use crate::completions::View;
use crate::error::BuildError;
use crate::fold::Fold;
use crate::header::{SECTIONS, Section};
use crate::hit::{Asked, Hit, Source};
use crate::index::Index;
use crate::overlay::entries::Entries;
use crate::overlay::node::Node;
use crate::stored;
use crate::tree::Ranks;

/// The words of `text` with their places: runs of letters and digits.
pub(crate) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let start = text.as_ptr() as usize;
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(move |word| (word.as_ptr() as usize - start, word))
}

/// The whole words of a query, and the one that may go on.
pub(crate) fn of_query(query: &str) -> (Vec<&str>, Option<&str>) {
    let mut whole: Vec<&str> = words(query).map(|(_, word)| word).collect();
    let last = match query.chars().next_back() {
        Some(c) if c.is_alphanumeric() => whole.pop(),
        _ => None,
    };
    (whole, last)
}

/// Writes the sections of words.
pub(crate) fn write<'k>(
    count: usize,
    key: impl Fn(usize) -> &'k [u8],
    codes: &[u64],
    fold: Fold,
    sections: &mut [Vec<u8>; SECTIONS],
) -> Result<(), BuildError> {
    let mut ranking: Vec<u32> = (0..count as u32).collect();
    ranking.sort_by_key(|&rank| (Reverse(codes[rank as usize]), rank));
    let mut pairs: Vec<(&[u8], u32)> = Vec::new();
    for (place, &rank) in ranking.iter().enumerate() {
        let (key, _) = stored::parts(fold, key(rank as usize));
        let key = core::str::from_utf8(key).unwrap_or_default();
        pairs.extend(words(key).map(|(_, word)| (word.as_bytes(), place as u32)));
    }
    pairs.sort_unstable();
    pairs.dedup();
    let mut dictionary = Index::builder();
    let mut postings = Vec::new();
    let mut of_string: Vec<(u32, u32)> = Vec::with_capacity(pairs.len());
    for (id, list) in pairs.chunk_by(|a, b| a.0 == b.0).enumerate() {
        let (word, best) = list[0];
        dictionary.add_stored(word, (u32::MAX - best).into(), postings.len() as u64);
        put_varint(&mut postings, list.len() as u64);
        let mut last = 0;
        for &(_, place) in list {
            put_varint(&mut postings, (place - last).into());
            last = place;
            of_string.push((place, id as u32));
        }
    }
    of_string.sort_unstable();
    let (mut offsets, mut forward) = (Vec::with_capacity(4 * count), Vec::new());
    let mut at = 0;
    for place in 0..count as u32 {
        let offset = u32::try_from(forward.len()).map_err(|_| BuildError::TooLarge)?;
        offsets.extend(offset.to_le_bytes());
        let end = at + of_string[at..].iter().take_while(|pair| pair.0 == place).count();
        put_varint(&mut forward, (end - at) as u64);
        let mut last = 0;
        for &(_, id) in &of_string[at..end] {
            put_varint(&mut forward, (id - last).into());
            last = id;
        }
        at = end;
    }
    let width = bit_width(count as u64);
    sections[Section::Terms as usize] = dictionary.build()?.into_bytes();
    sections[Section::Postings as usize] = postings;
    sections[Section::Ranking as usize] = Packed::write(ranking.into_iter().map(u64::from), width);
    sections[Section::ForwardOffsets as usize] = offsets;
    sections[Section::Forward as usize] = forward;
    Ok(())
}

/// The sections of words of an index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TermSections<'a> {
    terms: &'a [u8],
    postings: &'a [u8],
    ranking: Packed<'a>,
    offsets: &'a [u8],
    forward: &'a [u8],
}

impl<B: AsRef<[u8]>> Index<B> {
    pub(crate) fn term_sections(&self) -> TermSections<'_> {
        let width = bit_width(self.len() as u64);
        TermSections {
            terms: self.section(Section::Terms),
            postings: self.section(Section::Postings),
            ranking: Packed::new(self.section(Section::Ranking), width),
            offsets: self.section(Section::ForwardOffsets),
            forward: self.section(Section::Forward),
        }
    }
}

/// A list of rising numbers, each written as what it adds to the one before.
#[derive(Clone, Debug)]
struct List<'a> {
    bytes: &'a [u8],
    left: u64,
    last: u64,
}

impl<'a> List<'a> {
    fn at(bytes: &'a [u8], offset: u64) -> Self {
        let mut bytes = usize::try_from(offset).ok().and_then(|at| bytes.get(at..)).unwrap_or(&[]);
        let left = take_varint(&mut bytes).unwrap_or(0);
        Self { bytes, left, last: 0 }
    }
}

impl Iterator for List<'_> {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        self.left = self.left.checked_sub(1)?;
        self.last = self.last.saturating_add(take_varint(&mut self.bytes)?);
        Some(self.last)
    }
}

/// The strings that have all words of a query, best first.
pub struct Matches<'a> {
    view: View<'a>,
    sections: TermSections<'a>,
    query: &'a str,
    plan: Plan<'a>,
    next_base: Option<Hit<'a>>,
    /// What the overlay has, the best last.
    over: Vec<Hit<'a>>,
}

/// How the index is searched.
enum Plan<'a> {
    Nothing,
    /// Every string.
    All(core::ops::Range<u32>),
    /// The strings of one word, as far as they have the others and one of a range.
    Filter {
        list: List<'a>,
        others: Vec<u64>,
        last: Option<Ranks>,
    },
    /// The strings of a range of words, joined.
    Join {
        words: Best<'a>,
        next: Option<(u64, u32)>,
        lists: BinaryHeap<Reverse<Head<'a>>>,
        done: Option<u64>,
    },
}

/// A list whose first number was taken out.
struct Head<'a> {
    place: u64,
    list: List<'a>,
}

impl PartialEq for Head<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl Eq for Head<'_> {}

impl PartialOrd for Head<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head<'_> {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.place.cmp(&other.place)
    }
}

impl<'a> Matches<'a> {
    pub(crate) fn new(view: View<'a>, sections: TermSections<'a>, query: &'a str) -> Self {
        let folded = view.fold.fold(query);
        let (whole, last) = of_query(&folded);
        let plan = plan(&view, sections, &whole, last).unwrap_or(Plan::Nothing);
        let mut over = match view.over {
            Some(over) => scan(&view, over.root, query, &whole, last),
            None => Vec::new(),
        };
        over.sort_by(|a, b| b.order(a));
        Self { view, sections, query, plan, next_base: None, over }
    }

    fn find_base(&mut self) -> Option<Hit<'a>> {
        loop {
            let place = self.plan.next(self.sections)?;
            let rank =
                u32::try_from(place).ok().map(|place| self.sections.ranking.get(place) as u32);
            let Some(rank) = rank.filter(|&rank| rank < self.view.tree.count) else { continue };
            if self.view.over.is_some_and(|over| over.hides(self.view.tree, rank)) {
                continue;
            }
            let tree = self.view.tree;
            let weight = tree.weight(tree.codes.get(rank));
            return Some(Hit {
                source: Source::Index { tree, rank },
                fold: self.view.fold,
                weight,
                score: weight,
                distance: 0,
                group: 0,
                asked: Asked::Terms(self.query),
            });
        }
    }
}

fn plan<'a>(
    view: &View<'a>,
    sections: TermSections<'a>,
    whole: &[&str],
    last: Option<&str>,
) -> Option<Plan<'a>> {
    let dictionary = Index::from_bytes(sections.terms).ok()?;
    // The index is a view of the section: its trie outlives it.
    let tree = dictionary.tree_of(sections.terms);
    let range = match last {
        Some(last) => Some(tree.locate(last.as_bytes())?),
        None => None,
    };
    let mut words = Vec::new();
    for word in whole {
        let id = tree.rank_of(word.as_bytes())?;
        words.push((id, List::at(sections.postings, tree.payloads.get(id))));
    }
    let shortest = (0..words.len()).min_by_key(|&at| words[at].1.left);
    Some(match (shortest, range) {
        (None, None) => Plan::All(0..view.tree.count),
        (None, Some(range)) => Plan::Join {
            words: Best::below(tree, range),
            next: None,
            lists: BinaryHeap::new(),
            done: None,
        },
        (Some(shortest), range) => {
            let (rarest, strings) = words.swap_remove(shortest);
            let mut others: Vec<u64> = words
                .iter()
                .map(|word| word.0.into())
                .filter(|&other| other != u64::from(rarest))
                .collect();
            others.sort_unstable();
            others.dedup();
            Plan::Filter { list: strings, others, last: range.map(|range| range.ranks) }
        }
    })
}

impl<'a> Plan<'a> {
    /// The next place in the order of answers.
    fn next(&mut self, sections: TermSections<'a>) -> Option<u64> {
        match self {
            Self::Nothing => None,
            Self::All(places) => places.next().map(u64::from),
            Self::Filter { list, others, last } => list.find(|&place| {
                let offset = u32_at(sections.offsets, (place as usize).saturating_mul(4));
                let mut has_last = last.is_none();
                let mut wanted = others.iter().copied().peekable();
                for id in List::at(sections.forward, offset.into()) {
                    has_last |= last.is_some_and(|last| {
                        u64::from(last.first) <= id && id < u64::from(last.end)
                    });
                    if wanted.peek() == Some(&id) {
                        wanted.next();
                    }
                }
                has_last && wanted.peek().is_none()
            }),
            Self::Join { words, next, lists, done } => loop {
                // A word whose best string comes before the best at hand has a say in it.
                *next = next.or_else(|| words.next());
                if let Some((code, id)) = *next {
                    let best = u64::from(u32::MAX).saturating_sub(words.tree().weight(code));
                    if lists.peek().is_none_or(|Reverse(top)| best <= top.place) {
                        *next = None;
                        let mut list = List::at(sections.postings, words.tree().payloads.get(id));
                        if let Some(place) = list.next() {
                            lists.push(Reverse(Head { place, list }));
                        }
                        continue;
                    }
                }
                let Reverse(mut top) = lists.pop()?;
                let place = top.place;
                if let Some(following) = top.list.next() {
                    top.place = following;
                    lists.push(Reverse(top));
                }
                if done.is_none_or(|done| done < place) {
                    *done = Some(place);
                    return Some(place);
                }
            },
        }
    }
}

/// The entries of an overlay that have the words: every one is looked at.
fn scan<'a>(
    view: &View<'a>,
    node: &'a Node,
    query: &'a str,
    whole: &[&str],
    last: Option<&str>,
) -> Vec<Hit<'a>> {
    let mut found = Vec::new();
    let mut entries = Entries::of(node);
    while let Some((leaf, at)) = entries.next_place() {
        if !leaf.entry(at).lives() {
            continue;
        }
        let (key, _) = stored::parts(view.fold, leaf.key(at));
        let key = core::str::from_utf8(key).unwrap_or_default();
        let mut missing = vec![true; whole.len()];
        let mut has_last = last.is_none();
        for (_, word) in words(key) {
            has_last |= last.is_some_and(|last| word.starts_with(last));
            for (at, _) in whole.iter().enumerate().filter(|&(_, other)| *other == word) {
                missing[at] = false;
            }
        }
        if has_last && !missing.contains(&true) {
            let weight = leaf.entry(at).weight;
            found.push(Hit {
                source: Source::Overlay { leaf, at },
                fold: view.fold,
                weight,
                score: weight,
                distance: 0,
                group: 0,
                asked: Asked::Terms(query),
            });
        }
    }
    found
}

impl<'a> Iterator for Matches<'a> {
    type Item = Hit<'a>;

    fn next(&mut self) -> Option<Hit<'a>> {
        self.next_base = self.next_base.take().or_else(|| self.find_base());
        match (&self.next_base, self.over.last()) {
            (Some(base), Some(over)) if base.order(over).is_gt() => self.over.pop(),
            (Some(_), _) => self.next_base.take(),
            (None, _) => self.over.pop(),
        }
    }
}

impl fmt::Debug for Matches<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Matches").field("query", &self.query).finish_non_exhaustive()
    }
}
