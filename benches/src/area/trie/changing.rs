//! Strings that change: in an overlay that holds all of them, and over an index.

use std::sync::Arc;
use std::time::Instant;

use voussoir::trie::Suggester;

use super::exact::{BORROWED, OVERLAID, OVERLAY, over_lengths};
use super::world::{World, figure, nanos, overlay_of, shuffled};
use crate::completion::data::Weighted;
use crate::harness::alloc::{Built, Weighed};
use crate::harness::case::Case;

/// One of so many strings is changed.
const CHANGED: usize = 20;

/// How long one of `strings` takes `work`, the median of three.
fn each(strings: &[Weighted], mut work: impl FnMut(&[Weighted]) -> f64) -> f64 {
    let mut times: [f64; 3] = core::array::from_fn(|_| work(strings) / strings.len() as f64);
    times.sort_by(f64::total_cmp);
    times[1]
}

/// The time of one change of a suggester over all strings, each change seen by the next snapshot.
fn of_suggester(world: &World, change: fn(&Suggester, &Weighted)) -> f64 {
    each(&shuffled(&world.strings, CHANGED), |strings| {
        let suggest = Suggester::new(world.index.clone());
        let start = Instant::now();
        for string in strings {
            change(&suggest, string);
        }
        start.elapsed().as_nanos() as f64
    })
}

fn upsert(world: &World) -> f64 {
    let strings = shuffled(&world.strings, 1);
    let start = Instant::now();
    let overlay = overlay_of(&strings);
    start.elapsed().as_nanos() as f64 / overlay.len() as f64
}

fn delete(world: &World) -> f64 {
    // Not a clone, which would have it copy what the two share.
    let strings = shuffled(&world.strings, 1);
    let mut overlay = overlay_of(&strings);
    let mut parts = strings.chunks(strings.len() / CHANGED);
    each(&strings[..strings.len() / CHANGED], |_| {
        let strings = parts.next().unwrap_or_default();
        let start = Instant::now();
        for (text, _) in strings {
            overlay.remove(text).expect("short strings");
        }
        start.elapsed().as_nanos() as f64
    })
}

pub(super) fn cases(world: &Arc<World>) -> Vec<Case> {
    let strings = Arc::clone(&world.strings);
    vec![
        nanos(
            "suggester, upsert",
            figure("ours", world, |world| {
                of_suggester(world, |suggest, (text, weight)| {
                    suggest.upsert(text, weight + 1).expect("short strings");
                })
            }),
            Vec::new(),
        ),
        nanos(
            "suggester, delete",
            figure("ours", world, |world| {
                of_suggester(world, |suggest, (text, _)| {
                    suggest.remove(text).expect("short strings");
                })
            }),
            Vec::new(),
        ),
        nanos("overlay, upsert", figure("ours", world, upsert), Vec::new()),
        nanos("overlay, delete", figure("ours", world, delete), Vec::new()),
        Weighed {
            name: "memory, overlay".to_owned(),
            entries: world.strings.len(),
            ours: Built::new("ours", move || overlay_of(&shuffled(&strings, 1))),
            peers: Vec::new(),
        }
        .into(),
        nanos(
            "overlay, query, worst mean of all lengths",
            figure("ours", world, |world| over_lengths(world, OVERLAY, true)),
            Vec::new(),
        ),
        nanos(
            "index with 1 % changed, query",
            figure("ours", world, |world| over_lengths(world, OVERLAID, false)),
            vec![figure("the index alone", world, |world| over_lengths(world, BORROWED, false))],
        ),
    ]
}
