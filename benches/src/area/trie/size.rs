//! What an index weighs, and how long it takes to build, to open, to verify and to walk.

use core::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use voussoir::trie::Index;

use super::world::{
    World, fastest, figure, index_of, nanos, pruning_of, sorted_of, weighed, weighted_of,
};
use crate::completion::blocks::Blocks;
use crate::completion::data::Weighted;
use crate::completion::peers;
use crate::completion::timing::of;
use crate::harness::alloc::{Built, Weighed};
use crate::harness::case::Case;

type Build = Box<dyn Fn(&[Weighted]) -> Box<dyn core::any::Any>>;

pub(super) fn cases(world: &Arc<World>) -> Vec<Case> {
    let entries = world.strings.len();
    let strings = Arc::clone(&world.strings);
    let weigh = |build: Build, name: &str| {
        let strings = Arc::clone(&strings);
        Built::new(name, move || build(&strings))
    };
    let memory = Weighed {
        name: "memory, static".to_owned(),
        entries,
        ours: weigh(Box::new(|strings| Box::new(index_of(strings))), "ours"),
        peers: vec![
            weigh(Box::new(|strings| Box::new(peers::fst_of(strings))), "fst"),
            weigh(Box::new(|strings| Box::new(Blocks::new(strings))), "front-coded blocks"),
            weigh(Box::new(|strings| Box::new(peers::patricia_of(strings))), "patricia_tree"),
            weigh(Box::new(|strings| Box::new(sorted_of(strings))), "sorted Vec"),
            weigh(Box::new(|strings| Box::new(pruning_of(strings))), "pruning_radix_trie"),
            weigh(Box::new(|strings| Box::new(weighted_of(strings))), "weighted_trie"),
        ],
    };
    let per = move |time: f64| time / entries as f64;
    vec![
        memory.into(),
        nanos(
            "build, for each string in order",
            figure("ours", world, move |world| per(fastest(|| index_of(&world.strings)))),
            vec![
                figure("fst", world, move |world| per(fastest(|| peers::fst_of(&world.strings)))),
                figure("front-coded blocks", world, move |world| {
                    per(fastest(|| Blocks::new(&world.strings)))
                }),
            ],
        ),
        nanos(
            "each further result",
            figure("ours", world, |world| {
                let mut times: Vec<f64> = world.prefixes[1..=3]
                    .iter()
                    .flatten()
                    .filter(|prefix| world.index.count(prefix) >= 1000)
                    .map(|prefix| {
                        let mut hits = world.index.complete(prefix);
                        black_box(hits.by_ref().take(10).fold(0, weighed));
                        let start = Instant::now();
                        black_box(hits.take(990).fold(0, weighed));
                        start.elapsed().as_nanos() as f64 / 990.0
                    })
                    .collect();
                of(&mut times).mean
            }),
            Vec::new(),
        ),
        nanos(
            "open",
            figure("ours", world, |world| {
                fastest(|| Index::from_bytes(world.index.as_bytes()).map(drop))
            }),
            vec![figure("fst", world, |world| {
                let bytes = world.fst().as_fst().as_bytes();
                fastest(|| fst::Map::new(bytes).map(drop))
            })],
        ),
        nanos(
            "verify",
            figure("ours", world, |world| fastest(|| world.index.verify())),
            vec![figure("fst", world, |world| fastest(|| world.fst().as_fst().verify()))],
        ),
    ]
}
