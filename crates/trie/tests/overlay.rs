//! An overlay through the splits and joins of its tree is the map that it stands for, and so is each
//! copy that was made on the way.

mod brute;

use std::collections::BTreeMap;

use brute::cases;
use proptest::prelude::*;
use voussoir_trie::{MAX_LEN, Overlay};

type Map = BTreeMap<String, u64>;

/// Everything that an overlay says of itself.
fn check(overlay: &Overlay, map: &Map) {
    assert_eq!(overlay.len(), map.len());
    let found: Vec<_> = overlay.iter().map(|hit| (hit.key(), hit.weight())).collect();
    let expected: Vec<_> = map.iter().map(|(text, weight)| (text.clone(), *weight)).collect();
    assert_eq!(found, expected);
    for query in ["", "a", "b", "ab", "ba7"] {
        let found: Vec<_> = overlay.complete(query).map(|hit| (hit.key(), hit.weight())).collect();
        let mut expected: Vec<_> = map
            .iter()
            .filter(|(text, _)| text.starts_with(query))
            .map(|(text, weight)| (text.clone(), *weight))
            .collect();
        expected.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        assert_eq!(found, expected, "{query}");
    }
}

/// A key by its number: short ones, and for some numbers ones that fill a leaf alone.
fn key(number: u32, long: bool) -> String {
    let text = format!("{}{number}", ["", "a", "ab", "b", "ba"][number as usize % 5]);
    if long && number.is_multiple_of(17) { text + &"x".repeat(MAX_LEN / 2) } else { text }
}

#[derive(Clone, Debug)]
enum Run {
    /// Puts the keys of so many numbers from one on, in steps.
    Put(u32, u32, u32),
    /// Takes them out.
    Remove(u32, u32, u32),
    /// Keeps a copy, which must stay as it is.
    Copy,
}

fn runs() -> impl Strategy<Value = Vec<Run>> {
    let numbers = || (0..2000_u32, 1..400_u32, 1..50_u32);
    let run = prop_oneof![
        3 => numbers().prop_map(|(first, count, step)| Run::Put(first, count, step)),
        3 => numbers().prop_map(|(first, count, step)| Run::Remove(first, count, step)),
        1 => Just(Run::Copy),
    ];
    prop::collection::vec(run, 1..20)
}

proptest! {
    #![proptest_config(cases(60, 3_000))]

    #[test]
    fn an_overlay_and_its_copies_are_the_maps_they_stand_for(runs in runs(), long in any::<bool>()) {
        let (mut overlay, mut map) = (Overlay::default(), Map::new());
        let mut copies = Vec::new();
        for run in runs {
            match run {
                Run::Put(first, count, step) => {
                    for number in (first..).step_by(step as usize).take(count as usize) {
                        let weight = u64::from(number * 7 % 13);
                        overlay.upsert(&key(number, long), weight).unwrap();
                        map.insert(key(number, long), weight);
                    }
                }
                Run::Remove(first, count, step) => {
                    for number in (first..).step_by(step as usize).take(count as usize) {
                        let was = map.remove(&key(number, long));
                        prop_assert_eq!(overlay.remove(&key(number, long)).unwrap(), was.is_some());
                    }
                }
                Run::Copy => copies.push((overlay.clone(), map.clone())),
            }
        }
        check(&overlay, &map);
        for (copy, map) in &copies {
            check(copy, map);
        }
    }
}

/// Strings that go in an unfavourable order do not leave their room behind.
#[test]
fn room_is_given_back_as_strings_go() {
    let mut overlay = Overlay::default();
    for number in 0..100_000 {
        overlay.upsert(&format!("{number:06}"), number).unwrap();
    }
    let full = overlay.memory().bytes;
    for number in (0..100_000).filter(|number| number % 50 > 0) {
        overlay.remove(&format!("{number:06}")).unwrap();
    }
    assert_eq!(overlay.len(), 2000);
    let sparse = overlay.memory();
    assert!(sparse.bytes < full / 15, "{} of {full}", sparse.bytes);
    for number in (0..100_000).step_by(50) {
        overlay.remove(&format!("{number:06}")).unwrap();
    }
    assert!(overlay.is_empty() && overlay.memory().bytes < 4000, "{}", overlay.memory().bytes);
}
