use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use crate::best::Best;
use crate::fold::Fold;
use crate::fuzzy::Fuzzy;
use crate::hit::{Asked, Hit, Source};
use crate::osa::Osa;
use crate::overlay::best::{BestEntries, Found};
use crate::overlay::leaf::Leaf;
use crate::overlay::over::Over;
use crate::overlay::typed;
use crate::roots::{self, Root};
use crate::tree::{Ranks, Tree};

/// What is searched: an index, an overlay over it, or one of them alone.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) tree: Tree<'a>,
    pub(crate) fold: Fold,
    pub(crate) over: Option<Over<'a>>,
}

/// The strings that begin with a query, best first, each found when it is asked for.
///
/// The order is total: by distance (see [`Order`](crate::Order)), weight descending, then the bytes of
/// key and display form ascending. So pages never overlap, and shards agree.
///
/// Complexity: O(length of the query) to begin; about O(log strings) a hit.
pub struct Completions<'a> {
    view: View<'a>,
    query: &'a str,
    key: Cow<'a, str>,
    fuzzy: Fuzzy,
    /// How many errors the query is forgiven.
    edits: u8,
    /// How many errors the hits have that are being found.
    stage: u8,
    started: bool,
    base: Best<'a>,
    over: Option<BestEntries<'a>>,
    /// The next of each, if it was found and not yet taken.
    next_base: Option<Next<'a>>,
    next_over: Option<Next<'a>>,
    base_roots: Vec<Root>,
    over_roots: Vec<(Ranks, u8)>,
}

impl<'a> Completions<'a> {
    #[inline]
    pub(crate) fn new(view: View<'a>, query: &'a str, fuzzy: Fuzzy) -> Self {
        let key = if view.fold == Fold::NONE {
            Cow::Borrowed(query)
        } else {
            Cow::Owned(view.fold.fold(query))
        };
        let mut this = Self {
            view,
            query,
            key,
            fuzzy,
            edits: 0,
            stage: 0,
            started: false,
            base: Best::empty(view.tree),
            over: None,
            next_base: None,
            next_over: None,
            base_roots: Vec::new(),
            over_roots: Vec::new(),
        };
        this.edits = this.edits();
        this
    }

    /// Forgives typing errors. To be called before the first hit is asked for; later it changes
    /// nothing.
    pub fn fuzzy(mut self, fuzzy: Fuzzy) -> Self {
        if !self.started {
            self.fuzzy = fuzzy;
            self.edits = self.edits();
        }
        self
    }

    fn edits(&self) -> u8 {
        if self.fuzzy == Fuzzy::OFF { 0 } else { self.fuzzy.edits_for(self.key.chars().count()) }
    }

    #[inline]
    fn start(&mut self) {
        self.started = true;
        if self.edits > 0 && self.fuzzy.by_weight() {
            self.stage = self.edits;
            self.find_roots(self.edits);
            self.open_roots(true);
            return;
        }
        let key = self.key.as_bytes();
        if let Some(place) = self.view.tree.locate(key) {
            self.base = Best::below(self.view.tree, place);
        }
        if let Some(Over { root: node, .. }) = self.view.over {
            self.over = Some(BestEntries::within(node, [node.ranks(key)], Vec::new()));
        }
    }

    /// Where the query leads with so many errors.
    fn find_roots(&mut self, edits: u8) {
        let Some(osa) = Osa::new(&self.key, edits, self.fuzzy.right_letters()) else { return };
        let separated = self.view.fold.keeps_display();
        self.base_roots = roots::find(self.view.tree, &osa, edits, separated);
        if let Some(Over { root: node, .. }) = self.view.over {
            self.over_roots = typed::find(node, &osa, edits, separated);
        }
    }

    /// Begins with the hits of this stage, or with those of all.
    fn open_roots(&mut self, all: bool) {
        let stage = self.stage;
        let (places, without): (Vec<_>, _) = if all {
            let mut end = 0;
            let outer = self.base_roots.iter().filter(|root| {
                let is_outer = root.place.ranks.first >= end;
                end = end.max(root.place.ranks.end);
                is_outer
            });
            (outer.map(|root| root.place).collect(), Vec::new())
        } else {
            let of_stage = self.base_roots.iter().filter(|root| root.distance == stage);
            let before = stage.checked_sub(1);
            let without = before.map(|before| roots::ranks_within(&self.base_roots, before));
            (of_stage.map(|root| root.place).collect(), without.unwrap_or_default())
        };
        self.base = Best::below_all(self.view.tree, places, without);
        if let Some(Over { root: node, .. }) = self.view.over {
            let clips = typed::within(&self.over_roots, stage);
            let without = match stage.checked_sub(1) {
                Some(before) if !all => typed::within(&self.over_roots, before),
                _ => Vec::new(),
            };
            self.over = Some(BestEntries::within(node, clips, without));
        }
    }

    /// The fewest errors with which the query is a beginning of what has this rank.
    fn distance(&self, rank: u32, over: bool) -> u8 {
        if !self.fuzzy.by_weight() || self.edits == 0 {
            return self.stage;
        }
        let least = if over {
            let roots = self.over_roots.iter();
            roots.filter(|(ranks, _)| ranks.contains(rank)).map(|&(_, distance)| distance).min()
        } else {
            let roots = self.base_roots.iter().filter(|root| root.place.ranks.contains(rank));
            roots.map(|root| root.distance).min()
        };
        least.unwrap_or(self.stage)
    }

    fn hit(&self, next: Next<'a>) -> Hit<'a> {
        let Next { weight, rank, over } = next;
        let distance = self.distance(rank, over.is_some());
        let source = match over {
            None => Source::Index { tree: self.view.tree, rank },
            Some((leaf, at)) => Source::Overlay { leaf, at },
        };
        let asked = Asked::Prefix(self.query);
        let group = if self.fuzzy.by_weight() { 0 } else { distance };
        Hit { source, fold: self.view.fold, weight, score: weight, distance, group, asked }
    }

    #[inline]
    fn find_base(&mut self) -> Option<Next<'a>> {
        loop {
            let (code, rank) = self.base.next()?;
            if self.view.over.is_some_and(|over| over.hides(self.view.tree, rank)) {
                continue;
            }
            return Some(Next { weight: self.view.tree.weight(code), rank, over: None });
        }
    }

    fn find_over(&mut self) -> Option<Next<'a>> {
        let Found { leaf, at, rank } = self.over.as_mut()?.next()?;
        Some(Next { weight: leaf.entry(at).weight, rank, over: Some((leaf, at)) })
    }

    #[inline]
    fn next_of_stage(&mut self) -> Option<Next<'a>> {
        if self.over.is_none() {
            return self.find_base();
        }
        self.next_base = self.next_base.or_else(|| self.find_base());
        self.next_over = self.next_over.or_else(|| self.find_over());
        let takes_over = match (&self.next_base, &self.next_over) {
            (Some(base), Some(over)) if base.weight == over.weight => {
                self.hit(*base).order(&self.hit(*over)).is_gt()
            }
            (Some(base), Some(over)) => over.weight > base.weight,
            (base, _) => base.is_none(),
        };
        if takes_over { self.next_over.take() } else { self.next_base.take() }
    }
}

/// What comes next of the index, or of the overlay, where it has a place in a leaf.
#[derive(Clone, Copy)]
struct Next<'a> {
    weight: u64,
    rank: u32,
    over: Option<(&'a Leaf, usize)>,
}

impl<'a> Iterator for Completions<'a> {
    type Item = Hit<'a>;

    #[inline]
    fn next(&mut self) -> Option<Hit<'a>> {
        if !self.started {
            self.start();
        }
        loop {
            if let Some(next) = self.next_of_stage() {
                return Some(self.hit(next));
            }
            if self.stage >= self.edits {
                return None;
            }
            self.stage += 1;
            self.find_roots(self.stage);
            self.open_roots(false);
        }
    }
}

impl core::iter::FusedIterator for Completions<'_> {}

impl fmt::Debug for Completions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completions")
            .field("query", &self.query)
            .field("fuzzy", &self.fuzzy)
            .finish_non_exhaustive()
    }
}
