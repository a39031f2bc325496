//! Where a query with errors leads: the places of a trie below which every string matches.
//!
//! The automaton walks the trie. Where the query is used up, everything below matches with that many
//! errors; the walk goes on below only as long as fewer errors may still be found there. Of a state
//! that has no error left to make, only the children that the query names are visited.

use alloc::vec::Vec;

use crate::osa::{Osa, State};
use crate::tree::{BUCKET, Child, Kind, Node, Place, Ranks, Tree};

/// Everything in `place` matches with at most `distance` errors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Root {
    pub(crate) place: Place,
    pub(crate) distance: u8,
}

/// The automaton between two bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk {
    state: State,
    /// The fewest errors with which a beginning of the text is the query; more than allowed if none.
    pub(crate) best: u8,
    /// Bytes of a character that has not ended, and how many are missing.
    partial: u32,
    missing: u8,
    pub(crate) alive: bool,
}

impl Walk {
    pub(crate) fn new(osa: &Osa, edits: u8) -> Self {
        let state = osa.start();
        let best = osa.distance(&state).unwrap_or(edits + 1);
        let alive = osa.can_reach_below(&state, best);
        Self { state, best, partial: 0, missing: 0, alive }
    }

    /// Goes over one byte of a key. A separator ends the key.
    #[inline]
    pub(crate) fn feed(&mut self, osa: &Osa, byte: u8, separated: bool) {
        if byte < 0x80 {
            if byte == 0 && separated {
                self.alive = false;
            } else {
                self.step(osa, char::from(byte));
            }
            self.missing = 0;
        } else if byte < 0xc0 {
            self.partial = self.partial << 6 | u32::from(byte & 0x3f);
            self.missing = self.missing.saturating_sub(1);
            if self.missing == 0 {
                let c = char::from_u32(self.partial).unwrap_or(char::REPLACEMENT_CHARACTER);
                self.step(osa, c);
            }
        } else {
            if self.missing > 0 {
                // Only a mutated snapshot breaks a character off. It counts as one, so that no walk is
                // longer than what the query is forgiven.
                self.step(osa, char::REPLACEMENT_CHARACTER);
            }
            self.missing = (byte.leading_ones() as u8).clamp(2, 4) - 1;
            self.partial = u32::from(byte) & (0x3f >> self.missing);
        }
    }

    #[inline]
    fn step(&mut self, osa: &Osa, c: char) {
        self.state = osa.step(&self.state, c);
        if let Some(distance) = osa.distance(&self.state) {
            self.best = self.best.min(distance);
        }
        self.alive = osa.can_reach_below(&self.state, self.best);
    }
}

/// Finds the roots of a query, in order of ranks, outer before inner.
pub(crate) fn find(tree: Tree<'_>, osa: &Osa, edits: u8, separated: bool) -> Vec<Root> {
    let mut search = Search {
        tree,
        osa,
        separated,
        roots: Vec::new(),
        characters: Vec::new(),
        walks: Vec::new(),
    };
    let walk = Walk::new(osa, edits);
    let ranks = tree.all();
    if ranks.len() > 0 {
        if walk.best <= edits {
            search.found(Place { ranks, node: 0 }, walk.best);
        }
        if walk.alive {
            search.node(0, ranks, walk);
        }
    }
    search.roots
}

struct Search<'t, 'o> {
    tree: Tree<'t>,
    osa: &'o Osa,
    separated: bool,
    roots: Vec<Root>,
    characters: Vec<char>,
    walks: Vec<Walk>,
}

impl Search<'_, '_> {
    fn found(&mut self, place: Place, distance: u8) {
        self.roots.push(Root { place, distance });
    }

    /// Below a node whose common bytes are still ahead.
    fn node(&mut self, index: u32, ranks: Ranks, mut walk: Walk) {
        let Some(node) = self.tree.node(index) else { return };
        let before = walk.best;
        for &byte in node.common {
            walk.feed(self.osa, byte, self.separated);
            if !walk.alive {
                break;
            }
        }
        if walk.best < before {
            self.found(Place { ranks, node: index }, walk.best);
        }
        if walk.alive {
            self.children(&node, ranks, walk);
        }
    }

    fn children(&mut self, node: &Node<'_>, ranks: Ranks, walk: Walk) {
        let mut characters = core::mem::take(&mut self.characters);
        let limited = walk.missing == 0 && self.osa.only_characters(&walk.state, &mut characters);
        if limited {
            let mut labels = [0_u8; 8];
            let mut count = 0;
            for &c in &characters {
                let mut utf8 = [0; 4];
                let label = c.encode_utf8(&mut utf8).as_bytes()[0];
                if count < labels.len() && !labels[..count].contains(&label) {
                    labels[count] = label;
                    count += 1;
                }
            }
            // At most two states for each error are left, so eight labels hold all of them; if not,
            // every child is visited.
            if count < labels.len() {
                self.characters = characters;
                labels[..count].sort_unstable();
                let mut last = None;
                for &label in &labels[..count] {
                    let found = node.find(label);
                    if let Some(at) = found
                        && found != last
                    {
                        self.child(node.child(at, ranks), &walk);
                        last = found;
                    }
                }
                return;
            }
        }
        self.characters = characters;
        for at in 0..node.children() {
            self.child(node.child(at, ranks), &walk);
        }
    }

    fn child(&mut self, child: Option<Child>, walk: &Walk) {
        let Some(child) = child else { return };
        match child.kind {
            Kind::Node(index) => {
                let mut walk = *walk;
                let before = walk.best;
                walk.feed(self.osa, child.label, self.separated);
                if walk.best < before {
                    self.found(Place { ranks: child.ranks, node: index }, walk.best);
                }
                if walk.alive {
                    self.node(index, child.ranks, walk);
                }
            }
            Kind::Bucket(bucket) => self.bucket(bucket, child.ranks, walk),
        }
    }

    /// The strings of a bucket, each from where it differs from the one before.
    fn bucket(&mut self, bucket: u32, ranks: Ranks, walk: &Walk) {
        let mut walks = core::mem::take(&mut self.walks);
        walks.clear();
        walks.push(*walk);
        let mut rank = ranks.first;
        for (same, rest) in self.tree.bucket(bucket, ranks) {
            // Fewer are there only if the walk died within what is the same.
            if same < walks.len() {
                walks.truncate(same + 1);
            }
            let mut last = walks[walks.len() - 1];
            if last.alive && walks.len() > same {
                for &byte in rest {
                    last.feed(self.osa, byte, self.separated);
                    walks.push(last);
                    if !last.alive {
                        break;
                    }
                }
            }
            if last.best < walk.best {
                self.bucket_string(rank, last.best);
            }
            rank = rank.saturating_add(1);
        }
        self.walks = walks;
    }

    /// Joins neighbours of one distance to one root.
    fn bucket_string(&mut self, rank: u32, distance: u8) {
        if let Some(last) = self.roots.last_mut()
            && last.place.node == Place::BUCKET
            && last.place.ranks.end == rank
            && last.distance == distance
            && last.place.ranks.len() < BUCKET
        {
            last.place.ranks.end = rank.saturating_add(1);
            return;
        }
        let ranks = Ranks { first: rank, end: rank.saturating_add(1) };
        self.found(Place { ranks, node: Place::BUCKET }, distance);
    }
}

/// The ranks of all roots with at most `distance` errors, in order and without overlap.
pub(crate) fn ranks_within(roots: &[Root], distance: u8) -> Vec<Ranks> {
    let mut runs: Vec<Ranks> = Vec::new();
    for root in roots.iter().filter(|root| root.distance <= distance) {
        let ranks = root.place.ranks;
        match runs.last_mut() {
            Some(last) if ranks.first <= last.end => last.end = last.end.max(ranks.end),
            _ => runs.push(ranks),
        }
    }
    runs
}
