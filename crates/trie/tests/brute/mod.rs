//! Exact models without any cleverness: every string is looked at for every question.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use voussoir_trie::{Fold, Hit};

/// Cases of a property: few by default, many with `VOUSSOIR_LONG=1`.
pub fn cases(few: u32, many: u32) -> ProptestConfig {
    let long = std::env::var_os("VOUSSOIR_LONG").is_some_and(|value| value == "1");
    ProptestConfig::with_cases(if long { many } else { few })
}

/// What a hit says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub display: String,
    pub key: String,
    pub score: u64,
    pub distance: u8,
    pub payload: u64,
}

pub fn said(hit: Hit<'_>) -> Said {
    Said {
        display: hit.display(),
        key: hit.key(),
        score: hit.score(),
        distance: hit.distance(),
        payload: hit.payload(),
    }
}

/// Optimal string alignment by the textbook's table.
pub fn osa(a: &[char], b: &[char]) -> usize {
    let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            table[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = table[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut least = replaced.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(table[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    table[a.len()][b.len()]
}

/// The least distance of `query` from a beginning of `key`; the first letters must be right.
pub fn prefix_distance(query: &str, key: &str, first_letters: usize) -> usize {
    let query: Vec<char> = query.chars().collect();
    let key: Vec<char> = key.chars().collect();
    let right = first_letters.min(query.len());
    if !key.starts_with(&query[..right]) {
        return usize::MAX;
    }
    (0..=key.len() - right)
        .map(|len| osa(&query[right..], &key[right..right + len]))
        .min()
        .unwrap_or(usize::MAX)
}

pub fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

/// Strings as they were added, with weight and payload.
#[derive(Clone, Debug, Default)]
pub struct Brute {
    pub fold: Fold,
    pub strings: BTreeMap<String, (u64, u64)>,
}

impl Brute {
    pub fn new(fold: Fold) -> Self {
        Self { fold, strings: BTreeMap::new() }
    }

    /// The greater weight stays, and of equal ones the greater payload.
    pub fn add(&mut self, text: &str, weight: u64, payload: u64) {
        let entry = self.strings.entry(text.to_owned()).or_insert((weight, payload));
        *entry = (*entry).max((weight, payload));
    }

    /// Those that `matches` gives a distance, in the order of the answers.
    pub fn sorted(
        &self,
        by_weight: bool,
        score: impl Fn(&str, u64) -> u64,
        matches: impl Fn(&str) -> Option<usize>,
    ) -> Vec<Said> {
        let mut found: Vec<Said> = self
            .strings
            .iter()
            .filter_map(|(display, &(weight, payload))| {
                let key = self.fold.fold(display);
                let distance = matches(&key)? as u8;
                let score = score(display, weight);
                Some(Said { display: display.clone(), key, score, distance, payload })
            })
            .collect();
        // What equals its key sorts before the other forms of the key, as it does in the index.
        found.sort_by_key(|said| {
            let group = if by_weight { 0 } else { said.distance };
            let other_form = (said.display != said.key).then(|| said.display.clone());
            (group, std::cmp::Reverse(said.score), said.key.clone(), other_form)
        });
        found
    }

    pub fn complete(&self, query: &str) -> Vec<Said> {
        let query = self.fold.fold(query);
        self.sorted(false, |_, weight| weight, |key| key.starts_with(&query).then_some(0))
    }

    pub fn fuzzy(&self, query: &str, edits: usize, by_weight: bool, first: usize) -> Vec<Said> {
        let query = self.fold.fold(query);
        self.sorted(
            by_weight,
            |_, weight| weight,
            |key| Some(prefix_distance(&query, key, first)).filter(|&found| found <= edits),
        )
    }

    pub fn search(&self, query: &str) -> Vec<Said> {
        let query = self.fold.fold(query);
        let mut whole = words(&query);
        let last = if query.ends_with(|c: char| c.is_alphanumeric()) { whole.pop() } else { None };
        self.sorted(
            false,
            |_, weight| weight,
            |key| {
                let has = words(key);
                let all = whole.iter().all(|word| has.contains(word));
                let last = last.is_none_or(|last| has.iter().any(|word| word.starts_with(last)));
                (all && last).then_some(0)
            },
        )
    }
}

/// Strings that meet often: few letters, of one to four bytes, marks that combine, right to left.
pub fn text() -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        8 => Just("a"), 6 => Just("b"), 4 => Just("c"), 1 => Just("A"), 1 => Just("é"),
        1 => Just("e\u{301}"), 1 => Just("E"), 1 => Just("ß"), 1 => Just("日"), 1 => Just("本"),
        1 => Just("🦀"), 1 => Just("👩‍🚀"), 1 => Just("ש"), 1 => Just(" "), 1 => Just("İ"),
    ];
    prop::collection::vec(letter, 0..7).prop_map(|letters| letters.concat())
}

/// Many ties.
pub fn weight() -> impl Strategy<Value = u64> {
    prop_oneof![6 => 0..4_u64, 2 => 0..1000_u64, 1 => Just(u64::MAX), 1 => any::<u64>()]
}

pub fn fold() -> impl Strategy<Value = Fold> {
    prop_oneof![Just(Fold::NONE), Just(Fold::CASE), Just(Fold::ALL)]
}

/// Strings with weights and payloads. Sometimes so many that buckets and nodes appear.
pub fn strings() -> impl Strategy<Value = Vec<(String, u64, u64)>> {
    let payload = prop_oneof![3 => Just(0), 1 => 0..100_u64, 1 => any::<u64>()];
    prop_oneof![
        prop::collection::vec((text(), weight(), payload.clone()), 0..20),
        prop::collection::vec((text(), weight(), payload), 60..400),
    ]
}
