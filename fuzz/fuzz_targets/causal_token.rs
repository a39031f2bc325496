#![no_main]

//! No bytes and no text panic, and what is read is written back the same.

#[path = "../seal.rs"]
mod seal;

use voussoir::quorum::VectorClock;

fn check(bytes: &[u8]) {
    if let Ok(clock) = VectorClock::<u64>::from_bytes(bytes) {
        assert_eq!(clock.to_bytes(), bytes);
        let text = clock.to_text();
        assert!(clock.len() > VectorClock::<u64>::MOST_ACTORS || text.parse() == Ok(clock));
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    check(&seal::sealed(0x11, bytes));
    if let Ok(text) = str::from_utf8(bytes)
        && let Ok(clock) = text.parse::<VectorClock<u64>>()
    {
        assert_eq!(clock.to_text(), text);
    }
});
