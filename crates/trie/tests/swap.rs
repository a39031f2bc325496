//! An index takes the place of another, and no change is lost.

use std::borrow::Cow;
use std::collections::BTreeMap;

use proptest::prelude::*;
use voussoir_trie::{Fold, Index, Keep, Snapshot, Suggester, SwapError};

fn keys<B: AsRef<[u8]>>(now: &Snapshot<B>) -> Vec<String> {
    now.complete("").map(|hit| hit.key()).collect()
}

fn one(text: &str) -> Index {
    Index::build([(text, 1)]).unwrap()
}

#[test]
fn an_index_that_folds_otherwise_is_not_swapped_in() {
    let suggest = Suggester::new(one("a"));
    let other = Index::builder().fold(Fold::ALL).build().unwrap();
    let refused = Err(SwapError::OtherFold { expected: Fold::NONE, found: Fold::ALL });
    assert_eq!(suggest.swap_index(other.clone(), Keep::Clear), refused);
    let elsewhere = Suggester::new(other).compact().unwrap();
    assert_eq!(suggest.swap(elsewhere), refused);
    assert_eq!(keys(&suggest.snapshot()), ["a"]);
}

#[test]
fn a_string_deleted_while_an_index_is_made_stays_deleted() {
    let suggest = Suggester::new(one("a"));
    suggest.upsert("b", 2).unwrap();
    let done = suggest.compact().unwrap();
    suggest.remove("b").unwrap();
    suggest.remove("a").unwrap();
    suggest.swap(done).unwrap();
    assert!(suggest.snapshot().is_empty());
    assert_eq!(keys(&suggest.snapshot()), [""; 0]);
}

#[test]
fn a_compaction_that_was_overtaken_is_refused_for_it_lacks_changes() {
    let suggest = Suggester::new(one("a"));
    let early = suggest.compact().unwrap();
    suggest.upsert("b", 2).unwrap();
    let late = suggest.compact().unwrap();
    suggest.upsert("c", 3).unwrap();
    suggest.swap(late).unwrap();
    let refused = suggest.swap(early);
    assert_eq!(refused, Err(SwapError::OtherEpoch { asked: 0, oldest: 1, newest: 2 }));
    assert_eq!(keys(&suggest.snapshot()), ["c", "b", "a"]);
}

#[test]
fn changes_that_are_in_the_index_alone_cannot_be_kept() {
    let suggest = Suggester::new(one("a"));
    let before = suggest.snapshot().epoch();
    suggest.upsert("b", 2).unwrap();
    suggest.swap(suggest.compact().unwrap()).unwrap();
    let refused = suggest.swap_index(one("a"), Keep::KeepSince(before));
    assert_eq!(refused, Err(SwapError::OtherEpoch { asked: 0, oldest: 1, newest: 1 }));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "changes since epoch 0 are not at hand; allowed: 1 to 1"
    );
    let refused = suggest.swap_index(one("a"), Keep::KeepSince(2));
    assert_eq!(refused, Err(SwapError::OtherEpoch { asked: 2, oldest: 1, newest: 1 }));
    assert_eq!(keys(&suggest.snapshot()), ["b", "a"]);
}

#[test]
fn a_compaction_that_keeps_them_leaves_changes_for_an_index_from_elsewhere() {
    let suggest = Suggester::new(one("a"));
    let before = suggest.snapshot().epoch();
    suggest.upsert("b", 2).unwrap();
    let done = suggest.compact().unwrap();
    suggest.upsert("c", 3).unwrap();
    suggest.swap_index(done.index, Keep::KeepSince(before)).unwrap();
    assert_eq!(keys(&suggest.snapshot()), ["c", "b", "a"]);
    suggest.swap_index(one("z"), Keep::KeepSince(before)).unwrap();
    assert_eq!(keys(&suggest.snapshot()), ["c", "b", "z"]);
}

/// The index in between does not have the string; the compaction from before does.
#[test]
fn a_deletion_outlives_an_index_without_the_string() {
    let suggest = Suggester::new(one("a"));
    suggest.upsert("b", 2).unwrap();
    let with_b = suggest.compact().unwrap();
    suggest.remove("b").unwrap();
    suggest.swap_index(one("z"), Keep::KeepSince(with_b.epoch)).unwrap();
    suggest.swap(with_b).unwrap();
    assert_eq!(keys(&suggest.snapshot()), ["a"]);
}

#[test]
fn an_index_of_borrowed_bytes_is_replaced_by_one_that_was_made() {
    let built = one("a");
    let index = Index::from_bytes(Cow::Borrowed(built.as_bytes())).unwrap();
    let suggest = Suggester::new(index);
    suggest.upsert("b", 2).unwrap();
    let done = suggest.compact().unwrap();
    suggest.swap(done).unwrap();
    let now = suggest.snapshot();
    assert_eq!((keys(&now), now.changes()), (vec!["b".to_owned(), "a".to_owned()], 0));
}

#[test]
fn snapshots_held_over_many_swaps_stay_as_they_were() {
    let suggest = Suggester::new(one("0"));
    let mut held = Vec::new();
    for round in 1..50_u64 {
        suggest.upsert(&round.to_string(), round + 1).unwrap();
        if round % 3 == 0 {
            suggest.remove(&(round / 2).to_string()).unwrap();
        }
        let now = suggest.snapshot();
        held.push((keys(&now), now.len(), now));
        suggest.swap(suggest.compact().unwrap()).unwrap();
    }
    for (then, len, snapshot) in &held {
        assert_eq!((keys(snapshot), snapshot.len()), (then.clone(), *len));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if std::env::var_os("VOUSSOIR_LONG").is_some() { 5_000 } else { 100 }))]

    /// For every epoch: another index with the changes since it, neither more nor less.
    #[test]
    fn the_changes_since_any_epoch_are_kept(
        changes in prop::collection::vec(("[ab]{0,2}", prop::option::of(0..9_u64)), 1..40),
        other in prop::collection::btree_map("[abc]{0,2}", 0..9_u64, 0..8),
    ) {
        let index = Index::build(other.iter().map(|(text, weight)| (text, *weight))).unwrap();
        for epoch in 0..=changes.len() as u64 {
            let suggest = Suggester::new(one("a"));
            let mut expected: BTreeMap<String, u64> = other.clone();
            for (text, weight) in &changes {
                let before = suggest.snapshot().epoch();
                match weight {
                    Some(weight) => suggest.upsert(text, *weight).unwrap(),
                    None => drop(suggest.remove(text).unwrap()),
                }
                // Taking out what is not there is no change.
                if before >= epoch && suggest.snapshot().epoch() > before {
                    match weight {
                        Some(weight) => drop(expected.insert(text.clone(), *weight)),
                        None => drop(expected.remove(text)),
                    }
                }
            }
            if epoch > suggest.snapshot().epoch() {
                continue;
            }
            suggest.swap_index(index.clone(), Keep::KeepSince(epoch)).unwrap();
            let now = suggest.snapshot();
            let found: BTreeMap<String, u64> =
                now.complete("").map(|hit| (hit.key(), hit.weight())).collect();
            prop_assert_eq!(now.len(), found.len());
            prop_assert_eq!(found, expected);
        }
    }
}
