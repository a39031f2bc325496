#![no_main]

//! No bytes panic, what is read is written back the same, and a ring that is restored is the one that
//! was kept.

use voussoir::hashring::RingSnapshot;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(snapshot) = RingSnapshot::from_bytes(bytes) else { return };
    assert_eq!(snapshot.to_bytes(), bytes);
    if let Ok(ring) = snapshot.restore() {
        assert_eq!(ring.snapshot(), snapshot);
    }
});
