//! Many threads: readers see one state or another, and no change is lost.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use voussoir_trie::{Index, Keep, Suggester};

fn rounds(few: u64, many: u64) -> u64 {
    if std::env::var_os("VOUSSOIR_LONG").is_some_and(|value| value == "1") { many } else { few }
}

/// 500 strings, all of one weight.
fn version(weight: u64) -> Index {
    Index::build((0..500).map(|at| (format!("string {at:03}"), weight))).unwrap()
}

#[test]
fn readers_see_one_index_or_the_other_and_never_a_mixture() {
    let suggest = Suggester::new(version(0));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut last = 0;
                while !done.load(Ordering::Relaxed) {
                    let now = suggest.snapshot();
                    let weights: Vec<u64> =
                        now.complete("string").map(|hit| hit.weight()).collect();
                    assert_eq!(weights.len(), 500);
                    assert!(weights.iter().all(|&weight| weight == weights[0]), "{weights:?}");
                    assert!(weights[0] >= last, "an index came back");
                    last = weights[0];
                }
            });
        }
        for round in 1..=rounds(200, 5_000) {
            suggest.swap_index(version(round), Keep::Clear).unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn no_change_is_lost_while_compacted_indexes_are_swapped_in() {
    let suggest = Suggester::new(version(1));
    let writing = rounds(2_000, 50_000);
    let (done, begin) = (AtomicBool::new(false), Barrier::new(3));
    let mine = thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let (suggest, begin) = (&suggest, &begin);
                scope.spawn(move || {
                    begin.wait();
                    let mut mine = BTreeMap::new();
                    for at in 0..writing {
                        let text = format!("string {:03}{}", at * 7 % 600, ["", " b"][writer]);
                        if at % 5 == 0 {
                            suggest.remove(&text).unwrap();
                            mine.insert(text, None);
                        } else {
                            suggest.upsert(&text, at).unwrap();
                            let now = suggest.snapshot();
                            let seen = now.get(&text).map(|hit| hit.weight());
                            assert_eq!(seen, Some(at), "the next snapshot has it");
                            mine.insert(text, Some(at));
                        }
                    }
                    mine
                })
            })
            .collect();
        let compactor = scope.spawn(|| {
            begin.wait();
            // At least one, however late this thread gets its turn.
            loop {
                suggest.swap(suggest.compact().unwrap()).unwrap();
                if done.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let mine: Vec<_> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
        done.store(true, Ordering::Relaxed);
        compactor.join().unwrap();
        mine
    });
    let now = suggest.snapshot();
    for (text, weight) in mine.into_iter().flatten() {
        assert_eq!(now.get(&text).map(|hit| hit.weight()), weight, "{text}");
    }
}

#[test]
fn increases_of_many_threads_add_up() {
    let suggest = Suggester::new(version(0));
    let each = rounds(2_000, 50_000);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for at in 0..each {
                    suggest.increase(&format!("string {:03}", at % 3), 1).unwrap();
                }
            });
        }
    });
    let total: u64 = suggest.snapshot().complete("string").map(|hit| hit.weight()).sum();
    assert_eq!(total, 4 * each);
}
