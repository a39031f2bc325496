#![no_main]

//! Whatever follows the magic and the version of a snapshot, nothing panics or goes on for ever: a
//! sound snapshot is mutated by the input, and its header is sealed again so that it is believed.

use voussoir::trie::{Fold, Fuzzy, Index};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let mut builder = Index::builder().fold(Fold::ALL).terms(true);
    for at in 0..200_u64 {
        let text = format!("Wörd {} {}", at * at % 97, at);
        builder.add_with_payload(&text, at % 7, at).expect("short strings");
    }
    let mut bytes = builder.build().expect("few strings").into_bytes();
    for mutation in input.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([mutation[0], mutation[1]])) % bytes.len();
        bytes[at] = mutation[2];
    }
    if let Ok(index) = Index::from_bytes(&bytes[..]) {
        let _ = index.verify();
    }
    let sum = xxhash_rust::xxh3::xxh3_64(&bytes[..248]);
    bytes[248..256].copy_from_slice(&sum.to_le_bytes());
    let Ok(index) = Index::from_bytes(&bytes[..]) else { return };
    for query in ["", "w", "word 1", "wrod", "9"] {
        for hit in index.complete(query).fuzzy(Fuzzy::edits(2)).take(300) {
            let _ = (hit.display(), hit.payload(), hit.spans());
        }
        let _ = index.search(query).take(300).map(|hit| hit.key()).count();
        let _ = (index.get(query), index.count(query), index.longest_prefix_of(query));
    }
});
