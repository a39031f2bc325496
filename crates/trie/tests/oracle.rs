//! Every kind of query equals brute force, order included.

mod brute;

use std::time::Duration;

use brute::{Brute, cases, fold, said, strings, text, weight};
use proptest::prelude::*;
use voussoir_core::Nanos;
use voussoir_trie::{
    Blocklist, Boosts, Decay, Duplicates, Fold, Fuzzy, Hits, Index, Keep, Order, Overlay, Suggester,
};

type Strings = [(String, u64, u64)];

fn brute_of(fold: Fold, strings: &Strings) -> Brute {
    let mut brute = Brute::new(fold);
    for (text, weight, payload) in strings {
        brute.add(text, *weight, *payload);
    }
    brute
}

fn index_of(fold: Fold, strings: &Strings) -> Index {
    let mut builder = Index::builder().fold(fold).terms(true);
    for (text, weight, payload) in strings {
        builder.add_with_payload(text, *weight, *payload).unwrap();
    }
    builder.build().unwrap()
}

/// A query that is likely to find something: a part of a string, or anything.
fn query_of(strings: &Strings, pick: usize, cut: usize, other: &str) -> String {
    match strings.get(pick % (strings.len() + 1)) {
        Some((text, ..)) => text.chars().take(cut).collect(),
        None => other.to_owned(),
    }
}

proptest! {
    #![proptest_config(cases(300, 10_000))]

    #[test]
    fn completions_are_those_of_brute_force(
        strings in strings(), fold in fold(), pick in any::<usize>(), cut in 0..8_usize, other in text(),
    ) {
        let (brute, index) = (brute_of(fold, &strings), index_of(fold, &strings));
        index.verify().unwrap();
        let query = query_of(&strings, pick, cut, &other);
        let expected = brute.complete(&query);
        let found: Vec<_> = index.complete(&query).map(said).collect();
        prop_assert_eq!(index.count(&query), expected.len());
        prop_assert_eq!(&found, &expected);
        prop_assert_eq!(index.len(), brute.strings.len());
        for (text, &(weight, payload)) in &brute.strings {
            let hit = index.get(text).expect("what was added");
            prop_assert_eq!((hit.display(), hit.weight(), hit.payload()), (text.clone(), weight, payload));
        }
        prop_assert_eq!(index.get(&other).is_some(), brute.strings.contains_key(&other));
        let mut keys: Vec<_> = brute.strings.keys().map(|text| fold.fold(text)).collect();
        keys.sort();
        prop_assert_eq!(index.iter().map(|hit| hit.key()).collect::<Vec<_>>(), keys);
    }

    #[test]
    fn the_longest_prefix_is_that_of_brute_force(strings in strings(), fold in fold(), text in text()) {
        let (brute, index) = (brute_of(fold, &strings), index_of(fold, &strings));
        let text = fold.fold(&text);
        let keys = brute.strings.keys().map(|key| fold.fold(key));
        let expected = keys.filter(|key| text.starts_with(key.as_str())).max_by_key(String::len);
        prop_assert_eq!(index.longest_prefix_of(&text).map(|hit| hit.key()), expected);
    }

    #[test]
    fn fuzzy_completions_are_those_of_brute_force(
        strings in strings(), fold in fold(), pick in any::<usize>(), cut in 0..8_usize, other in text(),
        edits in 1..=2_u8, by_weight in any::<bool>(), first in 0..3_u8,
    ) {
        let (brute, index) = (brute_of(fold, &strings), index_of(fold, &strings));
        let query = query_of(&strings, pick, cut, &other);
        let order = if by_weight { Order::Weight } else { Order::Distance };
        let fuzzy = Fuzzy::edits(edits).order(order).first_letters(first);
        let expected = brute.fuzzy(&query, edits.into(), by_weight, first.into());
        let found: Vec<_> = index.complete(&query).fuzzy(fuzzy).map(said).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn words_are_found_as_by_brute_force(
        strings in prop::collection::vec(("[ab]{0,2}( [abc]{1,2}){0,4}[ .]?", weight(), 0..9_u64), 0..120),
        query in "[abc]{0,2}( [abc]{1,2}){0,2} ?", fold in fold(),
    ) {
        let (brute, index) = (brute_of(fold, &strings), index_of(fold, &strings));
        let found: Vec<_> = index.search(&query).map(said).collect();
        prop_assert_eq!(found, brute.search(&query));
    }

    #[test]
    fn boosted_blocked_and_filtered_hits_are_those_of_brute_force(
        strings in strings(), pick in any::<usize>(), cut in 0..4_usize, edits in 0..=2_u8,
        by_weight in any::<bool>(),
        boosts in prop::collection::vec((any::<usize>(), 0..500_u32), 0..6), modulus in 1..4_u64,
    ) {
        let (brute, index) = (brute_of(Fold::NONE, &strings), index_of(Fold::NONE, &strings));
        let query = query_of(&strings, pick, cut, "a");
        let named = |pick: usize| query_of(&strings, pick, usize::MAX, "a");
        let factors: Vec<_> = boosts.iter().map(|&(pick, percent)| (named(pick), percent)).collect();
        let blocked = named(pick / 2);
        let factor = |text: &str| {
            factors.iter().rev().find(|(other, _)| other == text).map_or(100, |&(_, percent)| percent)
        };
        let order = if by_weight { Order::Weight } else { Order::Distance };
        let expected: Vec<_> = brute
            .sorted(
                by_weight,
                |text, weight| u64::try_from(u128::from(weight) * u128::from(factor(text)) / 100).unwrap_or(u64::MAX),
                |key| Some(brute::prefix_distance(&query, key, 0)).filter(|&d| d <= edits.into()),
            )
            .into_iter()
            .filter(|said| said.display != blocked && said.payload % modulus == 0)
            .collect();
        let blocklist = Blocklist::new(Fold::NONE, [&blocked]);
        let boosts = Boosts::new(Fold::NONE, factors.clone());
        let found: Vec<_> = index
            .complete(&query)
            .fuzzy(Fuzzy::edits(edits).order(order))
            .without(&blocklist)
            .filter(|hit| hit.payload() % modulus == 0)
            .boost(&boosts)
            .map(said)
            .collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn dedup_keeps_the_best_form_of_each_key(strings in strings(), query in text()) {
        let (brute, index) = (brute_of(Fold::ALL, &strings), index_of(Fold::ALL, &strings));
        let mut seen = Vec::new();
        let mut expected = brute.complete(&query);
        expected.retain(|said| {
            let is_new = !seen.contains(&said.key);
            seen.push(said.key.clone());
            is_new
        });
        let found: Vec<_> = index.complete(&query).dedup().map(said).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn merged_shards_are_one_build_byte_for_byte(
        strings in strings(), fold in fold(), shards in 1..9_usize, terms in any::<bool>(), sum in any::<bool>(),
    ) {
        let duplicates = if sum { Duplicates::Sum } else { Duplicates::Max };
        let build = |strings: &mut dyn Iterator<Item = &(String, u64, u64)>| {
            let mut builder = Index::builder().fold(fold).terms(terms).duplicates(duplicates);
            for (text, weight, payload) in strings {
                builder.add_with_payload(text, *weight, *payload).unwrap();
            }
            builder.build().unwrap()
        };
        let whole = build(&mut strings.iter());
        let backwards = build(&mut strings.iter().rev());
        prop_assert_eq!(backwards.as_bytes(), whole.as_bytes());
        let shards: Vec<_> = (0..shards)
            .map(|shard| build(&mut strings.iter().skip(shard).step_by(shards)))
            .collect();
        let merged = Index::merge(&shards, duplicates).unwrap();
        if merged.has_terms() == whole.has_terms() {
            prop_assert_eq!(merged.as_bytes(), whole.as_bytes());
        }
    }
}

proptest! {
    #![proptest_config(cases(200, 10_000))]

    /// Shards of decayed scores are merged and served, events come and strings go, and a query forgives
    /// errors, leaves out, filters, boosts and shows one form of each: all at once.
    #[test]
    fn everything_together_is_brute_force(
        strings in strings(), fold in fold(), shards in 1..5_usize,
        events in prop::collection::vec((any::<usize>(), text(), prop::option::of((1..100_u32, 0..5000_u64))), 0..40),
        pick in any::<usize>(), cut in 0..5_usize, edits in 0..=2_u8, by_weight in any::<bool>(),
        boosts in prop::collection::vec((any::<usize>(), 0..500_u32), 0..6), modulus in 1..4_u64,
        dedup in any::<bool>(),
    ) {
        let decay = Decay::half_life(Duration::from_mins(10)).unwrap();
        let at = |weight: u64| decay.score(weight as f64, Nanos::from_secs(weight % 3600));
        let mut brute = Brute::new(fold);
        let strings: Vec<_> =
            strings.into_iter().map(|(text, weight, payload)| (text, at(weight), payload)).collect();
        for (text, weight, payload) in &strings {
            brute.add(text, *weight, *payload);
        }
        let shards: Vec<_> = (0..shards)
            .map(|shard| {
                let of_shard = strings.iter().skip(shard).step_by(shards).cloned();
                index_of(fold, &of_shard.collect::<Vec<_>>())
            })
            .collect();
        let suggest = Suggester::new(Index::merge(&shards, Duplicates::Max).unwrap());
        for (pick, other, event) in events {
            let text = query_of(&strings, pick, usize::MAX, &other);
            if let Some((weight, seconds)) = event {
                let add = |was| decay.add(was, weight.into(), Nanos::from_secs(seconds));
                suggest.update(&text, |was| Some(add(was))).unwrap();
                let entry = brute.strings.entry(text).or_insert((0, 0));
                entry.0 = add(Some(entry.0));
            } else {
                suggest.remove(&text).unwrap();
                brute.strings.remove(&text);
            }
        }

        let query = query_of(&strings, pick, cut, "a");
        let named = |pick: usize| query_of(&strings, pick, usize::MAX, "a");
        let factors: Vec<_> = boosts.iter().map(|&(pick, percent)| (named(pick), percent)).collect();
        let blocked = fold.fold(&named(pick / 2));
        let factor = |text: &str| {
            let is_it = |other: &&(String, u32)| fold.fold(&other.0) == fold.fold(text);
            factors.iter().rev().find(is_it).map_or(100, |&(_, percent)| percent)
        };
        let folded = fold.fold(&query);
        let mut expected: Vec<_> = brute
            .sorted(
                by_weight,
                |text, weight| u64::try_from(u128::from(weight) * u128::from(factor(text)) / 100).unwrap_or(u64::MAX),
                |key| Some(brute::prefix_distance(&folded, key, 0)).filter(|&d| d <= edits.into()),
            )
            .into_iter()
            .filter(|said| said.key != blocked && said.payload % modulus == 0)
            .collect();
        if dedup {
            let mut seen = std::collections::BTreeSet::new();
            expected.retain(|said| seen.insert(said.key.clone()));
        }

        let order = if by_weight { Order::Weight } else { Order::Distance };
        let blocklist = Blocklist::new(fold, [&blocked]);
        let boosts = Boosts::new(fold, factors.clone());
        let now = suggest.snapshot();
        let hits = now
            .complete(&query)
            .fuzzy(Fuzzy::edits(edits).order(order))
            .without(&blocklist)
            .filter(|hit| hit.payload() % modulus == 0)
            .boost(&boosts);
        let found: Vec<_> =
            if dedup { hits.dedup().map(said).collect() } else { hits.map(said).collect() };
        prop_assert_eq!(found, expected);
    }
}

/// What is done to strings while they are served.
#[derive(Clone, Debug)]
enum Change {
    Upsert(u64, u64),
    Increase(u64),
    Decrease(u64),
    Remove,
    Compact,
    Swap,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (weight(), 0..3_u64).prop_map(|(weight, payload)| Change::Upsert(weight, payload)),
        2 => weight().prop_map(Change::Increase),
        2 => weight().prop_map(Change::Decrease),
        3 => Just(Change::Remove),
        1 => Just(Change::Compact),
        1 => Just(Change::Swap),
    ]
}

proptest! {
    #![proptest_config(cases(150, 5_000))]

    #[test]
    fn an_overlaid_index_is_brute_force_after_every_change(
        strings in strings(), fold in fold(),
        changes in prop::collection::vec((any::<usize>(), text(), change()), 1..60),
        query in text(), edits in 0..=2_u8, by_weight in any::<bool>(),
    ) {
        let mut brute = brute_of(fold, &strings);
        let suggest = Suggester::new(index_of(fold, &strings));
        let mut alone = Overlay::new(fold);
        for (text, &(weight, payload)) in &brute.strings {
            alone.upsert_with_payload(text, weight, payload).unwrap();
        }
        let mut compacted = None;
        let mut held = Vec::new();
        for (pick, other, change) in changes {
            if pick % 5 == 0 {
                held.push((suggest.snapshot(), brute.clone()));
            }
            let text = query_of(&strings, pick, usize::MAX, &other);
            let was = brute.strings.get(&text).copied();
            match change {
                Change::Upsert(weight, payload) => {
                    suggest.upsert_with_payload(&text, weight, payload).unwrap();
                    alone.upsert_with_payload(&text, weight, payload).unwrap();
                    brute.strings.insert(text, (weight, payload));
                }
                Change::Increase(by) => {
                    let (weight, payload) = was.unwrap_or((0, 0));
                    let weight = weight.saturating_add(by);
                    prop_assert_eq!(suggest.increase(&text, by).unwrap(), weight);
                    prop_assert_eq!(alone.increase(&text, by).unwrap(), weight);
                    brute.strings.insert(text, (weight, payload));
                }
                Change::Decrease(by) => {
                    let after = was.map(|(weight, _)| weight.saturating_sub(by));
                    prop_assert_eq!(suggest.decrease(&text, by).unwrap(), after);
                    prop_assert_eq!(alone.decrease(&text, by).unwrap(), after);
                    if let Some((weight, _)) = brute.strings.get_mut(&text) {
                        *weight = weight.saturating_sub(by);
                    }
                }
                Change::Remove => {
                    prop_assert_eq!(suggest.remove(&text).unwrap(), was.is_some());
                    prop_assert_eq!(alone.remove(&text).unwrap(), was.is_some());
                    brute.strings.remove(&text);
                }
                Change::Compact => compacted = Some(suggest.compact().unwrap()),
                Change::Swap => {
                    if let Some(done) = compacted.take() {
                        suggest.swap(done).unwrap();
                    }
                }
            }
        }
        for (then, brute) in held {
            prop_assert_eq!(then.len(), brute.strings.len());
            prop_assert_eq!(then.complete("").map(said).collect::<Vec<_>>(), brute.complete(""));
            prop_assert_eq!(then.search(&query).map(said).collect::<Vec<_>>(), brute.search(&query));
        }
        let now = suggest.snapshot();
        prop_assert_eq!(now.len(), brute.strings.len());
        prop_assert_eq!(alone.len(), brute.strings.len());
        for (text, &(weight, payload)) in &brute.strings {
            let hit = now.get(text).expect("what was added");
            prop_assert_eq!((hit.display(), hit.weight(), hit.payload()), (text.clone(), weight, payload));
        }
        let order = if by_weight { Order::Weight } else { Order::Distance };
        let fuzzy = Fuzzy::edits(edits).order(order);
        let expected = brute.fuzzy(&query, edits.into(), by_weight, 0);
        prop_assert_eq!(&now.complete(&query).fuzzy(fuzzy).map(said).collect::<Vec<_>>(), &expected);
        prop_assert_eq!(&alone.complete(&query).fuzzy(fuzzy).map(said).collect::<Vec<_>>(), &expected);
        prop_assert_eq!(now.complete("").map(said).collect::<Vec<_>>(), brute.complete(""));
        prop_assert_eq!(now.search(&query).map(said).collect::<Vec<_>>(), brute.search(&query));
        // An index of all of it is the one that a build of all of it makes.
        let done = now.compact().unwrap();
        let mut builder = Index::builder().fold(fold).terms(done.index.has_terms());
        for (text, &(weight, payload)) in &brute.strings {
            builder.add_with_payload(text, weight, payload).unwrap();
        }
        let built = builder.build().unwrap();
        prop_assert_eq!(done.index.as_bytes(), built.as_bytes());
        suggest.swap_index(done.index, Keep::KeepSince(done.epoch)).unwrap();
        prop_assert_eq!(suggest.snapshot().changes(), 0);
        prop_assert_eq!(suggest.snapshot().complete("").map(said).collect::<Vec<_>>(), brute.complete(""));
    }

    #[test]
    fn folding_twice_changes_nothing(text in prop_oneof![text(), any::<String>()], fold in fold()) {
        let once = fold.fold(&text);
        prop_assert_eq!(fold.fold(&once), once);
    }
}
