//! Readers while indexes are swapped.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use voussoir::trie::{Index, Keep, Suggester};

use super::world::{World, figure, nanos};
use crate::completion::timing::of;
use crate::harness::case::Case;
use crate::harness::figure::Figured;
use crate::harness::json::Unit;

pub(super) fn cases(world: &Arc<World>) -> Vec<Case> {
    vec![
        nanos(
            "query of two readers while indexes are swapped, p99",
            figure("ours", world, |world| swapped(world, true).0),
            vec![figure("without swaps", world, |world| swapped(world, false).0)],
        ),
        Figured {
            name: "wrong answers while indexes are swapped".to_owned(),
            unit: Unit::Count,
            ours: figure("ours", world, |world| swapped(world, true).1),
            peers: Vec::new(),
        }
        .into(),
    ]
}

/// Two threads ask for 200 ms, one swaps two indexes whose weights differ in their lowest bit. The
/// ninety-ninth percentile of their times, and how many answers were of both.
fn swapped(world: &World, swaps: bool) -> (f64, f64) {
    let count = world.strings.len().min(50_000);
    let version = |bit: u64| {
        let strings = world.strings[..count].iter();
        Index::build(strings.map(|(text, weight)| (text, weight << 1 | bit)))
            .expect("short strings")
    };
    let versions = [version(0), version(1)];
    let suggest = Suggester::new(versions[0].clone());
    let (done, wrong) = (AtomicBool::new(false), AtomicU64::new(0));
    let ask = || {
        let mut times = Vec::new();
        let mut at = 0;
        while !done.load(Ordering::Relaxed) {
            let prefix = &world.prefixes[1 + at % 3][at % world.prefixes[1 + at % 3].len()];
            let start = Instant::now();
            let now = suggest.snapshot();
            let mut bits = now.complete(prefix).take(10).map(|hit| hit.weight() & 1);
            let first = bits.next();
            if bits.any(|bit| Some(bit) != first) {
                wrong.fetch_add(1, Ordering::Relaxed);
            }
            times.push(start.elapsed().as_nanos() as f64);
            at += 1;
        }
        times
    };
    let mut times = thread::scope(|scope| {
        let readers = [scope.spawn(ask), scope.spawn(ask)];
        let start = Instant::now();
        let mut turn = 0;
        while start.elapsed().as_millis() < 200 {
            if swaps {
                turn += 1;
                let next = versions[turn % 2].clone();
                suggest.swap_index(next, Keep::Clear).expect("one folding");
            }
            thread::sleep(core::time::Duration::from_millis(5));
        }
        done.store(true, Ordering::Relaxed);
        readers.into_iter().flat_map(|reader| reader.join().expect("no panic")).collect::<Vec<_>>()
    });
    (of(&mut times).p99, wrong.load(Ordering::Relaxed) as f64)
}
