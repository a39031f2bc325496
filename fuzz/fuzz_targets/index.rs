#![no_main]

//! Whatever follows the magic and the version of a snapshot, nothing panics or goes on for ever: a
//! sound snapshot is mutated by the input, and its header is sealed again so that it is believed. Then
//! everything is asked of it, also with changes laid over it, and it is compacted.

use std::sync::LazyLock;

use voussoir::trie::{Fold, Fuzzy, Hit, Index, Order, Suggester};

static SOUND: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut builder = Index::builder().fold(Fold::ALL).terms(true);
    for at in 0..150_u64 {
        let text = format!("Wörd {} {}", at * at % 97, at);
        builder.add_with_payload(&text, at % 7, at).expect("short strings");
    }
    for len in 1..12 {
        builder.add(&"aé日🦀".repeat(len), len as u64).expect("short strings");
    }
    builder.build().expect("few strings").into_bytes()
});

const QUERIES: [&str; 7] = ["", "w", "word 1", "wrod", "9", "aé日🦀aé", "é日"];

fn look<'a>(hits: impl Iterator<Item = Hit<'a>>) {
    for (at, hit) in hits.take(20).enumerate() {
        let _ = (hit.key(), hit.payload());
        // To mark what was typed takes longer than all else together.
        if at < 2 {
            let _ = hit.spans();
        }
    }
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let mut bytes = SOUND.clone();
    for mutation in input.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([mutation[0], mutation[1]])) % bytes.len();
        bytes[at] = mutation[2];
    }
    let changed = bytes != *SOUND;
    let found = Index::from_bytes(&bytes[..]).and_then(|index| index.verify());
    // Mutations that meet the checksum are for a cryptographer to find.
    assert_eq!(found.is_err(), changed);
    let sum = xxhash_rust::xxh3::xxh3_64(&bytes[..248]);
    bytes[248..256].copy_from_slice(&sum.to_le_bytes());
    let Ok(index) = Index::from_bytes(&bytes[..]) else { return };
    // A count that nothing stands behind makes long work of little, but no endless one.
    if index.len() > 10_000 {
        look(index.complete("w"));
        return;
    }
    for query in QUERIES {
        look(index.complete(query).fuzzy(Fuzzy::edits(2)));
        look(index.complete(query).fuzzy(Fuzzy::edits(1).order(Order::Weight)));
        look(index.search(query));
        let _ = (index.get(query), index.count(query), index.longest_prefix_of(query));
    }
    look(index.iter());
    let suggest = Suggester::new(index);
    for query in QUERIES {
        let _ = (suggest.upsert(query, 3), suggest.remove("word 1 1"), suggest.increase("w", 1));
    }
    let now = suggest.snapshot();
    look(now.complete("w"));
    if let Ok(done) = now.compact() {
        done.index.verify().expect("what was just written");
        look(done.index.complete(""));
    }
});
