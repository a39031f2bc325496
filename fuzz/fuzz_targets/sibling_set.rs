#![no_main]

//! No bytes panic, what is read is written back the same, and synchronizing it with itself changes nothing.

#[path = "../seal.rs"]
mod seal;

use voussoir::quorum::DvvSet;

fn check(bytes: &[u8]) {
    if let Ok(set) = DvvSet::<Vec<u8>>::from_bytes(bytes) {
        assert_eq!(set.to_bytes(), bytes);
        let mut synced = set.clone();
        synced.sync(&set);
        assert_eq!(synced, set);
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    check(&seal::sealed(0x21, bytes));
});
