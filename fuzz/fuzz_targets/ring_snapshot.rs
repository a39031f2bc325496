#![no_main]

//! No bytes panic, what is read is written back the same, and a ring that is restored is the one that
//! was kept. The ring has 2^16 points at most, as a few bytes can name 2^24.

use voussoir::hashring::RingSnapshot;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(snapshot) = RingSnapshot::from_bytes(bytes) else { return };
    assert_eq!(snapshot.to_bytes(), bytes);
    if let Ok(ring) = snapshot.restore_within(1 << 16) {
        assert_eq!(ring.snapshot(), snapshot);
    }
});
