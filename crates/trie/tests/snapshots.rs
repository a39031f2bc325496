//! Bytes that are not what was written: found by `verify`, and harmless without it.

mod brute;

use brute::{cases, fold, strings};
use proptest::prelude::*;
use voussoir_trie::{Fold, Fuzzy, Index, Keep, OpenError, Order, Suggester};

fn index_of(fold: Fold, strings: &[(String, u64, u64)]) -> Index {
    let mut builder = Index::builder().fold(fold).terms(true);
    for (text, weight, payload) in strings {
        builder.add_with_payload(text, *weight, *payload).unwrap();
    }
    builder.build().unwrap()
}

/// Where the checksum of the header is, and what it covers.
const HEADER: usize = 248;

/// Puts the checksum of the header right, so that what a mutation did to it is believed.
fn seal(bytes: &mut [u8]) {
    let sum = xxhash_rust::xxh3::xxh3_64(&bytes[..HEADER]);
    bytes[HEADER..HEADER + 8].copy_from_slice(&sum.to_le_bytes());
}

/// Asks everything there is to ask; the answers may be anything, but not more than there are.
fn ask(index: &Index<&[u8]>) {
    let most = index.len().min(5_000);
    let mut text = String::new();
    for query in ["", "a", "ab", "é", "日", "abcab", "\u{0}"] {
        assert!(index.complete(query).take(most + 1).count() <= index.len() || index.len() > most);
        for fuzzy in [Fuzzy::edits(1), Fuzzy::edits(2).order(Order::Weight)] {
            for hit in index.complete(query).fuzzy(fuzzy).take(100) {
                hit.write_display(&mut text);
                let _ = (hit.payload(), hit.spans());
            }
        }
        for hit in index.search(query).take(100) {
            hit.write_key(&mut text);
        }
        let _ = (index.get(query), index.count(query), index.longest_prefix_of(query));
    }
    for hit in index.iter().take(200) {
        hit.write_key(&mut text);
    }
    let suggest = Suggester::new(index.clone());
    suggest.upsert("ab", 7).unwrap();
    suggest.remove("a").unwrap();
    let now = suggest.snapshot();
    for hit in now.complete("").take(200) {
        hit.write_display(&mut text);
    }
    if index.len() < 2000 {
        let _ = now.compact().map(|done| done.index.verify());
    }
    let _ = suggest.swap_index(index.clone(), Keep::Clear);
}

proptest! {
    #![proptest_config(cases(150, 20_000))]

    #[test]
    fn a_mutated_snapshot_is_found_out_and_harms_nobody_if_it_is_not(
        strings in strings(), fold in fold(),
        mutations in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let index = index_of(fold, &strings);
        let mut bytes = index.as_bytes().to_vec();
        for (at, byte) in &mutations {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        let changed = bytes != index.as_bytes();
        let found = Index::from_bytes(&bytes[..]).and_then(|index| index.verify());
        prop_assert_eq!(found.is_err(), changed);
        seal(&mut bytes);
        if let Ok(index) = Index::from_bytes(&bytes[..]) {
            ask(&index);
        }
    }

    #[test]
    fn any_bytes_behind_a_sound_header_harm_nobody(
        strings in strings(), noise in prop::collection::vec(any::<u8>(), 1..64), every in 1..7_usize,
    ) {
        let index = index_of(Fold::NONE, &strings);
        let mut bytes = index.as_bytes().to_vec();
        for (at, byte) in bytes[256..].iter_mut().enumerate() {
            if at % every == 0 {
                *byte = noise[at % noise.len()];
            }
        }
        if let Ok(index) = Index::from_bytes(&bytes[..]) {
            ask(&index);
        }
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Index::from_bytes(&bytes[..]).is_err());
    }
}

#[test]
fn every_single_byte_is_covered_by_a_checksum() {
    let index = index_of(Fold::ALL, &[("Übung".into(), 3, 4), ("ubung".into(), 1, 0)]);
    let mut bytes = index.as_bytes().to_vec();
    for at in 0..bytes.len() {
        for flip in [1, 0x80, 0xff] {
            bytes[at] ^= flip;
            let found = Index::from_bytes(&bytes[..]).and_then(|index| index.verify());
            assert!(found.is_err(), "{at}");
            bytes[at] ^= flip;
        }
    }
}

/// Where the widths of weights and of payloads are.
const WIDTHS: [usize; 2] = [24, 28];

#[test]
fn every_width_that_a_header_may_claim_is_harmless() {
    let strings = [("é", 0, 0), ("", 1, 0), ("A", 2, 1 << 56), ("b", u64::MAX, 0), ("a", 3, 0)];
    let many = (0..200).map(|at| (format!("a{at}"), (at % 3) << 40, at));
    for strings in [
        strings.map(|(text, weight, payload)| (text.to_owned(), weight, payload)).to_vec(),
        many.collect(),
    ] {
        let index = index_of(Fold::CASE, &strings);
        for at in WIDTHS {
            for width in 0..=65 {
                let mut bytes = index.as_bytes().to_vec();
                bytes[at] = width;
                seal(&mut bytes);
                if let Ok(index) = Index::from_bytes(&bytes[..]) {
                    ask(&index);
                }
            }
        }
    }
}

#[test]
fn a_snapshot_that_was_cut_or_grew_says_so() {
    let index = index_of(Fold::NONE, &[("a".into(), 1, 0)]);
    let bytes = index.as_bytes();
    let expected = bytes.len() as u64;
    let cut = Index::from_bytes(&bytes[..bytes.len() - 1]).unwrap_err();
    assert_eq!(cut, OpenError::Length { expected, found: expected - 1 });
    let grown = [bytes, &[0]].concat();
    let grown = Index::from_bytes(&grown[..]).unwrap_err();
    assert_eq!(grown, OpenError::Length { expected, found: expected + 1 });
    assert_eq!(
        Index::from_bytes(&b"voussTRI"[..]).unwrap_err(),
        OpenError::Version { found: 0, known: 1 }
    );
    assert_eq!(Index::from_bytes(&b""[..]).unwrap_err(), OpenError::NotASnapshot);
}
