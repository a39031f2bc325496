//! The peers, each asked for the best ten in the best way it has.

use alloc::collections::BinaryHeap;
use core::cmp::Reverse;
use core::fmt;

use fst::{Automaton, IntoStreamer, Streamer};
use levenshtein_automata::{DFA, Distance, LevenshteinAutomatonBuilder, SINK_STATE};

use super::data::Weighted;

/// The best ten of what streams by; ties by the order in which it comes.
#[derive(Debug, Default)]
pub struct Best<T: Ord>(BinaryHeap<Reverse<(u64, Reverse<u64>, T)>>, u64);

impl<T: Ord> Best<T> {
    /// Whether a string of this weight would be kept.
    pub fn takes(&self, weight: u64) -> bool {
        self.0.len() < 10 || self.0.peek().is_some_and(|Reverse((least, ..))| weight > *least)
    }

    /// Keeps it.
    pub fn keep(&mut self, weight: u64, value: T) {
        self.1 += 1;
        self.0.push(Reverse((weight, Reverse(self.1), value)));
        if self.0.len() > 10 {
            self.0.pop();
        }
    }

    /// The best first.
    pub fn into_sorted(self) -> Vec<(u64, T)> {
        let sorted = self.0.into_sorted_vec();
        sorted.into_iter().map(|Reverse((weight, _, value))| (weight, value)).collect()
    }
}

/// A sorted list: two binary searches, and all between them.
pub fn sorted_top(strings: &[(Box<str>, u64)], prefix: &str) -> Vec<(u64, usize)> {
    let first = strings.partition_point(|(text, _)| **text < *prefix);
    let mut best = Best::default();
    for (at, (text, weight)) in strings.iter().enumerate().skip(first) {
        if !text.starts_with(prefix) {
            break;
        }
        if best.takes(*weight) {
            best.keep(*weight, at);
        }
    }
    best.into_sorted()
}

/// A map of `fst`, from strings in order.
///
/// # Panics
///
/// If they are not in order.
pub fn fst_of(strings: &[Weighted]) -> fst::Map<Vec<u8>> {
    let strings = strings.iter().map(|(text, weight)| (text, *weight));
    let mut bytes = fst::Map::from_iter(strings).expect("strings in order").into_fst().into_inner();
    bytes.shrink_to_fit();
    fst::Map::new(bytes).expect("the bytes of a map")
}

/// Everything that an automaton of `fst` lets through.
pub fn fst_top(map: &fst::Map<Vec<u8>>, automaton: impl Automaton) -> Vec<(u64, Vec<u8>)> {
    let mut stream = map.search(automaton).into_stream();
    let mut best = Best::default();
    while let Some((key, weight)) = stream.next() {
        if best.takes(weight) {
            best.keep(weight, key.to_vec());
        }
    }
    best.into_sorted()
}

/// An automaton of `levenshtein_automata` that `fst` walks with.
pub struct Typed(DFA);

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Typed").field(&self.0.num_states()).finish()
    }
}

impl Typed {
    /// Everything that begins with nearly `query`.
    pub fn new(builder: &LevenshteinAutomatonBuilder, query: &str) -> Self {
        Self(builder.build_prefix_dfa(query))
    }
}

impl Automaton for Typed {
    type State = u32;

    fn start(&self) -> u32 {
        self.0.initial_state()
    }

    fn is_match(&self, state: &u32) -> bool {
        matches!(self.0.distance(*state), Distance::Exact(_))
    }

    fn can_match(&self, state: &u32) -> bool {
        *state != SINK_STATE
    }

    fn accept(&self, state: &u32, byte: u8) -> u32 {
        self.0.transition(*state, byte)
    }
}

/// A trie of `patricia_tree`.
pub fn patricia_of(strings: &[Weighted]) -> patricia_tree::StringPatriciaMap<u64> {
    strings.iter().map(|(text, weight)| (text.as_str(), *weight)).collect()
}

/// Everything below a prefix.
pub fn patricia_top(
    map: &patricia_tree::StringPatriciaMap<u64>,
    prefix: &str,
) -> Vec<(u64, String)> {
    let mut best = Best::default();
    for (text, &weight) in map.iter_prefix(prefix) {
        if best.takes(weight) {
            best.keep(weight, text);
        }
    }
    best.into_sorted()
}
