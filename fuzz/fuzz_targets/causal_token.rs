#![no_main]

//! No bytes and no text panic, and what is read is written back the same.

use voussoir::quorum::VectorClock;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(clock) = VectorClock::<u64>::from_bytes(bytes) {
        assert_eq!(clock.to_bytes(), bytes);
    }
    if let Ok(text) = str::from_utf8(bytes)
        && let Ok(clock) = text.parse::<VectorClock<u64>>()
    {
        assert_eq!(clock.to_text(), text);
    }
});
