#![allow(clippy::single_range_in_vec_init, reason = "one span of several that there could be")]
//! What the page promises and no model covers.

use std::time::Duration;

use voussoir_core::Nanos;
use voussoir_trie::{
    BuildError, Decay, Duplicates, Fold, Fuzzy, Index, MAX_LEN, Overlay, Suggester,
};

fn keys<'a>(hits: impl Iterator<Item = voussoir_trie::Hit<'a>>) -> Vec<String> {
    hits.map(|hit| hit.display()).collect()
}

/// Deterministic, for weights and strings.
fn numbers() -> impl Iterator<Item = u64> {
    let mut state = 1_u64;
    std::iter::repeat_with(move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    })
}

fn many(count: usize) -> Vec<(String, u64)> {
    numbers()
        .take(count)
        .map(|number| (format!("{:x}", number % 0xff_ffff), number % 5000))
        .collect()
}

#[test]
fn memory_of_an_index_is_what_the_allocator_counts() {
    let strings = many(50_000);
    let mut index = None;
    let counted =
        allocation_counter::measure(|| index = Some(Index::build(strings.clone()).unwrap()));
    let reported = index.unwrap().memory().bytes as f64;
    let held = counted.bytes_current as f64;
    assert!((reported / held - 1.0).abs() < 0.02, "{reported} of {held}");
}

#[test]
fn memory_of_an_overlay_is_what_the_allocator_counts() {
    for count in [10_usize, 1_000, 30_000] {
        let strings = many(count);
        let mut overlay = None;
        let counted = allocation_counter::measure(|| {
            let mut filled = Overlay::default();
            for (text, weight) in &strings {
                filled.upsert(text, *weight).unwrap();
            }
            for (text, _) in strings.iter().step_by(7) {
                filled.remove(text).unwrap();
            }
            overlay = Some(filled);
        });
        let reported = overlay.unwrap().memory().bytes as f64;
        let held = counted.bytes_current as f64;
        assert!((reported / held - 1.0).abs() < 0.02, "{count}: {reported} of {held}");
    }
}

#[test]
fn memory_of_a_suggester_is_what_the_allocator_counts() {
    let strings = many(20_000);
    let mut kept = None;
    let counted = allocation_counter::measure(|| {
        let suggest = Suggester::new(Index::build(strings.clone()).unwrap());
        for (text, weight) in strings.iter().step_by(3) {
            suggest.upsert(text, weight + 1).unwrap();
        }
        kept = Some(suggest);
    });
    let reported = kept.as_ref().unwrap().snapshot().memory().bytes as f64;
    let held = counted.bytes_current as f64;
    assert!((reported / held - 1.0).abs() < 0.02, "{reported} of {held}");
}

/// elasticsearch #13915: deleted entries still suggested.
#[test]
fn a_deletion_is_seen_by_the_next_query() {
    let suggest = Suggester::new(Index::build([("a", 1), ("ab", 2)]).unwrap());
    assert!(suggest.remove("ab").unwrap());
    assert!(!suggest.remove("ab").unwrap());
    assert_eq!(keys(suggest.snapshot().complete("")), ["a"]);
}

/// Redis `FT.SUGGET` #378: an exchange of neighbours is one error; #8: so is one of an emoji.
#[test]
fn errors_are_of_characters_and_an_exchange_is_one() {
    let index = Index::build([("harvard", 1), ("🦀🐍 zoo", 2)]).unwrap();
    assert_eq!(keys(index.complete("ahrv").fuzzy(Fuzzy::edits(1))), ["harvard"]);
    assert_eq!(keys(index.complete("🐍🦀").fuzzy(Fuzzy::edits(1))), ["🦀🐍 zoo"]);
    assert_eq!(keys(index.complete("🐙🐍").fuzzy(Fuzzy::edits(1))), ["🦀🐍 zoo"]);
}

/// A beginning that is accepted with one error may go on to be right: `ab` is `abc` with one left out.
#[test]
fn the_best_beginning_counts_not_the_first() {
    let index = Index::build([("abc", 1), ("abd", 9)]).unwrap();
    let hits: Vec<_> = index
        .complete("abc")
        .fuzzy(Fuzzy::edits(1))
        .map(|hit| (hit.key(), hit.distance()))
        .collect();
    assert_eq!(hits, [("abc".into(), 0), ("abd".into(), 1)]);
}

/// `weighted_trie` 0.2.0 drops words over 100 bytes silently; typesense #540 loses short ones.
#[test]
fn a_string_too_long_is_refused_aloud_and_the_longest_is_found() {
    let longest = "é".repeat(MAX_LEN / 2);
    let mut builder = Index::builder();
    builder.add(&longest, 1).unwrap();
    let refused = builder.add(&format!("{longest}x"), 1);
    assert_eq!(refused, Err(BuildError::TooLong { len: MAX_LEN + 1, most: MAX_LEN }));
    assert_eq!(builder.len(), 1);
    let index = builder.build().unwrap();
    assert_eq!(index.complete("éé").next().unwrap().key(), longest);
    assert!(index.get(&format!("{longest}x")).is_none());
}

/// A node for each of 4,000 beginnings, none of which may be a call of a function.
#[test]
fn chains_of_prefixes_are_no_trouble() {
    let chain = "a".repeat(4000);
    let index = Index::build((1..=4000).map(|len| (&chain[..len], len as u64))).unwrap();
    assert_eq!(index.complete(&chain[..3999]).count(), 2);
    assert_eq!(index.complete("").next().unwrap().key().len(), 4000);
    assert_eq!(index.complete("ab").fuzzy(Fuzzy::edits(2)).count(), 4000);
    assert_eq!(index.longest_prefix_of(&format!("{chain}b")).unwrap().weight(), 4000);
}

#[test]
fn an_empty_index_answers_nothing() {
    let index = Index::build::<&str>([]).unwrap();
    assert!(index.is_empty() && index.complete("").next().is_none());
    assert!(index.search("a").next().is_none() && index.get("").is_none());
    index.verify().unwrap();
    let suggest = Suggester::new(index);
    suggest.upsert("", 1).unwrap();
    assert_eq!(keys(suggest.snapshot().complete("")), [""]);
}

#[test]
fn duplicates_are_resolved_by_the_rule() {
    let build = |duplicates| {
        let mut builder = Index::builder().duplicates(duplicates);
        for (weight, payload) in [(2, 7), (9, 1), (3, 5)] {
            builder.add_with_payload("a", weight, payload).unwrap();
        }
        builder
            .build()
            .map(|index| (index.get("a").unwrap().weight(), index.get("a").unwrap().payload()))
    };
    assert_eq!(build(Duplicates::Max), Ok((9, 1)));
    assert_eq!(build(Duplicates::Sum), Ok((14, 7)));
    assert_eq!(build(Duplicates::First), Ok((2, 7)));
    assert_eq!(build(Duplicates::Last), Ok((3, 5)));
    assert_eq!(build(Duplicates::Refuse), Err(BuildError::Duplicate { nth: 0 }));
}

#[test]
fn decayed_scores_sort_as_worths_do_at_any_time() {
    let decay = Decay::half_life(Duration::from_mins(10)).unwrap();
    let mut events: Vec<Vec<(f64, Nanos)>> = vec![Vec::new(); 300];
    let mut overlay = Overlay::default();
    let mut numbers = numbers();
    let mut next = |below: u64| numbers.next().unwrap() % below;
    for _ in 0..if std::env::var_os("VOUSSOIR_LONG").is_some() { 100_000 } else { 5_000 } {
        let (string, weight) = (next(300) as usize, 1.0 + next(1000) as f64);
        // Not in order, and over 100 half-lives.
        let at = Nanos::from_secs(1_000_000 + next(60_000));
        events[string].push((weight, at));
        let text = format!("{string:03}");
        let was = overlay.get(&text).map(|hit| hit.weight());
        overlay.upsert(&text, decay.add(was, weight, at)).unwrap();
    }
    for now in [1_060_000, 1_100_000, 1_400_000] {
        let worth = |string: usize| -> f64 {
            let of = |&(weight, at): &(f64, Nanos)| {
                let age = now as f64 - at.as_nanos() as f64 * 1e-9;
                weight * (-age / 600.0).exp2()
            };
            events[string].iter().map(of).sum()
        };
        let shown: Vec<f64> =
            overlay.complete("").map(|hit| worth(hit.key().parse().unwrap())).collect();
        assert!(shown.len() > 250);
        for pair in shown.windows(2) {
            assert!(pair[0] >= pair[1] * (1.0 - 1e-9), "{pair:?}");
        }
        for hit in overlay.iter().take(50) {
            let (found, expected) = (
                decay.worth_at(hit.weight(), Nanos::from_secs(now)),
                worth(hit.key().parse().unwrap()),
            );
            assert!((found / expected - 1.0).abs() < 1e-6, "{found} {expected}");
        }
    }
    assert!(Decay::half_life(Duration::ZERO).is_err());
    assert_eq!(decay.score(0.0, Nanos::ZERO), 0);
    assert_eq!(decay.add(Some(0), f64::NAN, Nanos::MAX), 0);
}

/// No argument makes a score that does not sort, and none makes an event lower a score.
#[test]
fn decay_at_its_extremes_keeps_its_order() {
    let nanos = [Nanos::ZERO, Nanos::from_secs(1), Nanos::MAX];
    let weights = [f64::MIN_POSITIVE * f64::EPSILON, 1e-300, 1.0, f64::MAX, f64::INFINITY];
    let plain = [0, 1, 5, 1 << 40, u64::MAX - 1, u64::MAX];
    for half_life in [Duration::from_nanos(1), Duration::from_hours(1), Duration::MAX] {
        let decay = Decay::half_life(half_life).unwrap();
        let mut scores = Vec::from(plain);
        for at in nanos {
            let of_time = weights.map(|weight| decay.score(weight, at));
            assert!(of_time.is_sorted() && of_time[0] > 0, "{of_time:?}");
            assert_eq!(decay.score(-1.0, at), 0);
            scores.extend(of_time);
        }
        for &score in &scores {
            for at in nanos {
                assert!(!decay.worth_at(score, at).is_nan());
                for weight in weights {
                    let sum = decay.add(Some(score), weight, at);
                    assert!(sum >= decay.score(weight, at), "{score} {weight} {at:?}");
                    assert!(sum >= score || plain.contains(&score), "{score} {weight} {at:?}");
                    assert!(!decay.worth_at(sum, at).is_nan());
                }
            }
        }
    }
}

#[test]
fn spans_show_what_was_typed() {
    let mut builder = Index::builder().fold(Fold::ALL).terms(true);
    for text in ["Übergröße heute", "cafe\u{301} noir", "new york city", "receive"] {
        builder.add(text, 1).unwrap();
    }
    let index = builder.build().unwrap();
    let spans = |query: &str| index.complete(query).fuzzy(Fuzzy::edits(1)).next().unwrap().spans();
    assert_eq!(spans("ubergross"), [0.."Übergröß".len()]);
    // The accent belongs to the letter.
    assert_eq!(spans("cafe"), [0.."cafe\u{301}".len()]);
    assert_eq!(spans("recieve"), [0..7]);
    assert_eq!(spans("rexeive"), [0..2, 3..7]);
    // Of the beginnings that are as near, the one that shows most of what was typed.
    assert_eq!(spans("reeive"), [0..2, 3..7]);
    assert_eq!(spans(""), [0..0; 0]);
    let found = index.search("city ne").next().unwrap();
    assert_eq!(found.spans(), [0..2, 9..13]);
}

#[test]
fn weights_of_64_bits_are_kept_to_the_last() {
    let weights = [u64::MAX, u64::MAX - 1, 1 << 60, 0];
    let index = Index::build(weights.map(|weight| (weight.to_string(), weight))).unwrap();
    let found: Vec<u64> = index.complete("").map(|hit| hit.weight()).collect();
    assert_eq!(found, weights);
}

#[cfg(feature = "serde")]
#[test]
fn options_are_read_from_configurations() {
    let fold: Fold = serde_json::from_str(r#"{"case": true}"#).unwrap();
    assert_eq!(fold, Fold::CASE);
    assert!(serde_json::from_str::<Fold>(r#"{"cases": true}"#).is_err());
    let fuzzy: Fuzzy = serde_json::from_str(r#"{"one_from": 4, "two_from": 8}"#).unwrap();
    assert_eq!(fuzzy, Fuzzy::auto());
    let text = serde_json::to_string(&Fuzzy::edits(1)).unwrap();
    assert_eq!(serde_json::from_str::<Fuzzy>(&text).unwrap(), Fuzzy::edits(1));
    assert_eq!(serde_json::to_string(&Duplicates::Sum).unwrap(), r#""sum""#);
}
