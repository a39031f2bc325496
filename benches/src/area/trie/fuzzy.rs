//! What is typed with errors.

use std::sync::Arc;

use levenshtein_automata::LevenshteinAutomatonBuilder;
use voussoir::trie::{Fuzzy, Order};

use super::exact::{PARTS, Part};
use super::world::{World, figure, index_of, nanos, weighed};
use crate::completion::data;
use crate::completion::peers::{self, Typed};
use crate::completion::timing::latency;
use crate::harness::case::Case;
use crate::harness::figure::Figured;
use crate::harness::json::Unit;

/// What was typed of strings that people ask for, half of it with errors.
fn typed_prefixes(
    world: &World,
    lengths: core::ops::RangeInclusive<usize>,
    errors: usize,
) -> Vec<String> {
    let mut found = Vec::new();
    for length in lengths {
        let prefixes = data::prefixes(&world.strings, length, 40);
        found.extend(prefixes.into_iter().enumerate().map(|(at, prefix)| {
            if at % 2 == 0 { data::misspelt(&prefix, errors, at as u64) } else { prefix }
        }));
    }
    found
}

fn typing_errors(edits: u8) -> &'static str {
    if edits == 1 { "1 typing error" } else { "2 typing errors" }
}

pub(super) fn cases(world: &Arc<World>) -> Vec<Case> {
    let ours = |edits: u8, order: Order, part: Part| {
        let name = format!("fuzzy {edits} {order:?}");
        move |world: &World| {
            let lengths = if edits == 1 { 3..=8 } else { 5..=12 };
            part(world.latency(&name, || {
                let fuzzy = Fuzzy::edits(edits).order(order);
                latency(&typed_prefixes(world, lengths, edits.into()), |query| {
                    let hits = world.index.complete(query).fuzzy(fuzzy).take(10);
                    hits.fold(0, weighed)
                })
            }))
        }
    };
    let peer = |edits: u8, part: Part| {
        let name = format!("levenshtein_automata {edits}");
        move |world: &World| {
            let lengths = if edits == 1 { 3..=8 } else { 5..=12 };
            part(world.latency(&name, || {
                let builder = LevenshteinAutomatonBuilder::new(edits, true);
                latency(&typed_prefixes(world, lengths, edits.into()), |query| {
                    peers::fst_top(world.fst(), Typed::new(&builder, query)).len()
                })
            }))
        }
    };
    let mut cases = Vec::new();
    for edits in 1..=2 {
        for &(name, part) in PARTS {
            for (form, order) in [("", Order::Distance), (", by weight", Order::Weight)] {
                let mut peers = Vec::new();
                if order == Order::Weight {
                    peers.push(figure("fst + levenshtein_automata", world, peer(edits, part)));
                }
                cases.push(nanos(
                    &format!("{}{form}, {name}", typing_errors(edits)),
                    figure("ours", world, ours(edits, order, part)),
                    peers,
                ));
            }
        }
    }
    cases.extend(recall(world));
    cases
}

/// Of misspellings whose correction is in the dictionary, the share whose first ten answers do not
/// have it.
fn missed(world: &World, edits: u8) -> f64 {
    let words = world.read("english-words-phrases.tsv.zst");
    let pairs = world
        .folder
        .as_ref()
        .and_then(|folder| data::read_text(&folder.join("misspellings-wikipedia.tsv.zst")).ok());
    let (Some(words), Some(pairs)) = (words, pairs) else { return f64::NAN };
    let index = index_of(&words);
    let (mut asked, mut missed) = (0_u32, 0_u32);
    for (typed, meant) in pairs.lines().filter_map(|line| line.split_once('\t')) {
        let meant: Vec<&str> =
            meant.split('|').filter(|meant| index.get(meant).is_some()).collect();
        if meant.is_empty() {
            continue;
        }
        asked += 1;
        let mut hits = index.complete(typed).fuzzy(Fuzzy::edits(edits)).take(10);
        missed += u32::from(!hits.any(|hit| meant.contains(&hit.key().as_str())));
    }
    100.0 * f64::from(missed) / f64::from(asked.max(1))
}

fn recall(world: &Arc<World>) -> [Case; 2] {
    [1, 2].map(|edits| {
        Case::from(Figured {
            name: format!("misspellings not among the best ten, {}", typing_errors(edits)),
            unit: Unit::Percent,
            ours: figure("ours", world, move |world| missed(world, edits)),
            peers: Vec::new(),
        })
    })
}
