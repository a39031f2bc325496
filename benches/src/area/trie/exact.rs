//! The best ten of a prefix, by its length.

use core::hint::black_box;
use std::sync::Arc;

use fst::Automaton;
use voussoir::trie::Hit;

use super::world::{LONGEST, World, weighed};
use crate::completion::peers;
use crate::completion::timing::{Latency, latency};
use crate::harness::case::{Case, Contestant, Timed};
use crate::harness::figure::{Figure, Figured};
use crate::harness::json::Unit;

pub(super) type Query = fn(&World, &str) -> usize;

/// Counts a hit whose key is copied.
fn copied(count: usize, hit: Hit<'_>) -> usize {
    black_box(hit.key());
    count + 1
}

/// Who answers, and how: the number of answers says that there were some.
const EXACT: &[(&str, Query)] = &[
    ("fst", |world, prefix| {
        let automaton = fst::automaton::Str::new(prefix).starts_with();
        peers::fst_top(world.fst(), automaton).len()
    }),
    ("sorted Vec", |world, prefix| peers::sorted_top(world.sorted(), prefix).len()),
    ("pruning_radix_trie", |world, prefix| world.pruning().find(prefix, 10).len()),
    ("weighted_trie", |world, prefix| world.weighted().search(prefix).len()),
    ("patricia_tree", |world, prefix| peers::patricia_top(world.patricia(), prefix).len()),
    ("front-coded blocks", |world, prefix| world.blocks().top(prefix, 10).len()),
];

pub(super) const BORROWED: (&str, Query) =
    ("ours", |world, prefix| world.index.complete(prefix).take(10).fold(0, weighed));

const OWNED: (&str, Query) =
    ("ours, owned", |world, prefix| world.index.complete(prefix).take(10).fold(0, copied));

pub(super) const OVERLAID: (&str, Query) = ("ours, 1 % changed", |world, prefix| {
    let now = world.suggester().snapshot();
    now.complete(prefix).take(10).fold(0, weighed)
});

pub(super) const OVERLAY: (&str, Query) =
    ("ours, overlay", |world, prefix| world.overlay().complete(prefix).take(10).fold(0, weighed));

/// The latency of one of them at one length.
fn latency_of(world: &World, (name, query): (&'static str, Query), length: usize) -> Latency {
    let prefixes = if length == 0 { &world.prefixes[0][..1] } else { &world.prefixes[length][..] };
    world.latency(&format!("{name} {length}"), || {
        // What is built at the first query is not timed.
        query(world, "zzzzzzzz");
        latency(prefixes, |prefix| query(world, prefix))
    })
}

pub(super) type Part = fn(Latency) -> f64;

pub(super) const PARTS: &[(&str, Part)] =
    &[("mean", |found| found.mean), ("p50", |found| found.p50), ("p99", |found| found.p99)];

/// Everybody at one length: ours with keys left in place and copied out.
pub(super) fn of_length(world: &Arc<World>, length: usize) -> Vec<Case> {
    let figure = |who: (&'static str, Query), part: Part| {
        let world = Arc::clone(world);
        Figure::new(who.0, move || part(latency_of(&world, who, length)))
    };
    let mut cases = Vec::new();
    for &(form, ours) in &[("", BORROWED), (", owned", OWNED)] {
        for &(name, part) in PARTS {
            let peers = if form.is_empty() { EXACT } else { &[] };
            cases.push(Case::from(Figured {
                name: format!("prefix of {length}{form}, {name}"),
                unit: Unit::NanosPerOperation,
                ours: figure(ours, part),
                peers: peers
                    .iter()
                    // It answers an empty prefix with nothing.
                    .filter(|peer| length > 0 || peer.0 != "weighted_trie")
                    .map(|&peer| figure(peer, part))
                    .collect(),
            }));
        }
    }
    cases
}

/// The mean of all lengths, or the worst of them.
pub(super) fn over_lengths(world: &World, who: (&'static str, Query), worst: bool) -> f64 {
    let means = (0..=LONGEST).map(|length| latency_of(world, who, length).mean);
    if worst { means.fold(0.0, f64::max) } else { means.sum::<f64>() / (LONGEST + 1) as f64 }
}

/// The prefixes of three letters, for criterion.
pub(super) fn timed(world: &Arc<World>) -> Timed {
    let contestant = |(name, query): (&'static str, Query)| {
        let world = Arc::clone(world);
        Contestant::each(name, move |at| {
            query(&world, &world.prefixes[3][at % world.prefixes[3].len()]) > 0
        })
    };
    Timed::new(
        "prefixes of 3, one after the other",
        contestant(BORROWED),
        vec![contestant(EXACT[3]), contestant(EXACT[5])],
    )
    .alone()
    .allocations()
}
