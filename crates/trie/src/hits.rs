use alloc::collections::{BTreeMap, BTreeSet, BinaryHeap};
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::fold::Fold;
use crate::hit::Hit;
use crate::stored;

/// What can be done with hits on their way, whatever they come from, lazily and exactly. To leave some
/// out by a rule of yours, [`Iterator::filter`] does.
///
/// ```
/// use voussoir_trie::{Blocklist, Boosts, Fold, Hits, Index};
///
/// let mut builder = Index::builder().fold(Fold::CASE);
/// for (text, weight) in [("Paris", 9), ("paris", 7), ("Parma", 6), ("Parka", 5)] {
///     builder.add(text, weight)?;
/// }
/// let index = builder.build()?;
///
/// let blocked = Blocklist::new(Fold::CASE, ["PARKA"]);
/// let mine = Boosts::new(Fold::CASE, [("parma", 200)]); // 200 %
/// let hits = index.complete("par").without(&blocked).boost(&mine).dedup();
/// assert_eq!(hits.map(|hit| hit.display()).collect::<Vec<_>>(), ["Parma", "Paris"]);
/// # Ok::<(), voussoir_trie::BuildError>(())
/// ```
pub trait Hits<'a>: Iterator<Item = Hit<'a>> + Sized {
    /// Of the forms that fold to one key, the best alone.
    ///
    /// Remembers the keys that were shown.
    fn dedup(self) -> Dedup<Self> {
        Dedup { hits: self, seen: BTreeSet::new() }
    }

    /// Leaves out what is blocked.
    fn without(self, blocked: &Blocklist) -> Without<'_, Self> {
        Without { hits: self, blocked }
    }

    /// Multiplies the weights of some strings: those that this user chose before. The order is that of
    /// the [scores](Hit::score), within equal distances.
    ///
    /// Looks ahead until no weight that follows, however boosted, can come first: the greater the
    /// greatest factor, the farther. To be used once, and before any hit is taken.
    fn boost<'b>(self, boosts: &'b Boosts) -> Boosted<'a, Self, impl Fn(&Hit<'a>) -> u32 + 'b>
    where
        'a: 'b,
    {
        self.boost_by(boosts.most, |hit| boosts.percent(hit))
    }

    /// Multiplies weights by what `percent` says of each hit, at most `most`; more is taken as that.
    fn boost_by<F: Fn(&Hit<'a>) -> u32>(self, most: u32, percent: F) -> Boosted<'a, Self, F> {
        Boosted { hits: self, percent, most, next: None, begun: false, ahead: BinaryHeap::new() }
    }
}

impl<'a, I: Iterator<Item = Hit<'a>>> Hits<'a> for I {}

/// Strings that are never shown.
#[derive(Clone, Debug, Default)]
pub struct Blocklist {
    fold: Fold,
    keys: BTreeSet<String>,
}

impl Blocklist {
    /// Blocks all forms of these strings: whatever `fold` makes equal to one of them.
    pub fn new<T: AsRef<str>>(fold: Fold, texts: impl IntoIterator<Item = T>) -> Self {
        Self { fold, keys: texts.into_iter().map(|text| fold.fold(text.as_ref())).collect() }
    }

    /// Whether a string is blocked.
    ///
    /// Complexity: O(length × log strings).
    pub fn contains(&self, text: &str) -> bool {
        self.keys.contains(&self.fold.fold(text))
    }
}

/// Factors for strings, in percent.
#[derive(Clone, Debug, Default)]
pub struct Boosts {
    fold: Fold,
    percents: BTreeMap<String, u32>,
    most: u32,
}

impl Boosts {
    /// 100 changes nothing, 200 doubles, 50 halves. Of a string that comes twice, the last counts.
    pub fn new<T: AsRef<str>>(fold: Fold, texts: impl IntoIterator<Item = (T, u32)>) -> Self {
        let percents: BTreeMap<_, _> =
            texts.into_iter().map(|(text, percent)| (fold.fold(text.as_ref()), percent)).collect();
        let most = percents.values().copied().max().unwrap_or(0).max(100);
        Self { fold, percents, most }
    }

    fn percent(&self, hit: &Hit<'_>) -> u32 {
        let key = self.fold.fold(&hit.display());
        self.percents.get(&key).copied().unwrap_or(100)
    }
}

/// See [`Hits::dedup`].
#[derive(Clone, Debug)]
pub struct Dedup<I> {
    hits: I,
    seen: BTreeSet<Vec<u8>>,
}

impl<'a, I: Iterator<Item = Hit<'a>>> Iterator for Dedup<I> {
    type Item = Hit<'a>;

    fn next(&mut self) -> Option<Hit<'a>> {
        let Self { hits, seen } = self;
        hits.find(|hit| seen.insert(stored::parts(hit.fold, &hit.stored()).0.to_vec()))
    }
}

/// See [`Hits::without`].
#[derive(Clone, Debug)]
pub struct Without<'b, I> {
    hits: I,
    blocked: &'b Blocklist,
}

impl<'a, I: Iterator<Item = Hit<'a>>> Iterator for Without<'_, I> {
    type Item = Hit<'a>;

    fn next(&mut self) -> Option<Hit<'a>> {
        let blocked = self.blocked;
        self.hits.find(|hit| !blocked.contains(&hit.display()))
    }
}

/// See [`Hits::boost`].
#[derive(Debug)]
pub struct Boosted<'a, I, F> {
    hits: I,
    percent: F,
    most: u32,
    next: Option<Hit<'a>>,
    begun: bool,
    ahead: BinaryHeap<Ahead<'a>>,
}

/// A hit that waits until no better one can follow.
#[derive(Clone, Copy, Debug)]
struct Ahead<'a>(Hit<'a>);

impl PartialEq for Ahead<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ahead<'_> {}

impl PartialOrd for Ahead<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ahead<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.order(&self.0)
    }
}

/// `percent` of `score`, at most `u64::MAX`.
fn times(score: u64, percent: u32) -> u64 {
    u64::try_from(u128::from(score) * u128::from(percent) / 100).unwrap_or(u64::MAX)
}

impl<'a, I, F> Iterator for Boosted<'a, I, F>
where
    I: Iterator<Item = Hit<'a>>,
    F: Fn(&Hit<'a>) -> u32,
{
    type Item = Hit<'a>;

    fn next(&mut self) -> Option<Hit<'a>> {
        if !self.begun {
            self.begun = true;
            self.next = self.hits.next();
        }
        while let Some(hit) = self.next {
            // Hits of one group wait together. One that could become as good as the best that
            // waits may come before it by its bytes.
            if let Some(Ahead(best)) = self.ahead.peek()
                && (best.group != hit.group || best.score > times(hit.score, self.most))
            {
                break;
            }
            let percent = (self.percent)(&hit).min(self.most);
            self.ahead.push(Ahead(Hit { score: times(hit.score, percent), ..hit }));
            self.next = self.hits.next();
        }
        self.ahead.pop().map(|Ahead(hit)| hit)
    }
}
