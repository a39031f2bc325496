#![no_main]

//! A snapshot of a cache that anybody may have written is read or refused, is written back the same,
//! and harms no cache that restores it, whatever its policy.

use voussoir::cache::{Cache, Policy, Snapshot};
use voussoir::time::ManualClock;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(snapshot) = serde_json::from_str::<Snapshot<String, u8>>(text) else { return };
    let written = serde_json::to_string(&snapshot).expect("a snapshot is written");
    let read: Snapshot<String, u8> = serde_json::from_str(&written).expect("and read");
    assert_eq!(read, snapshot);
    for policy in Policy::ALL {
        let cache = Cache::<String, u8>::builder(8).policy(policy).clock(ManualClock::new());
        let cache = cache.build().expect("valid");
        cache.restore(snapshot.clone());
        for entry in &snapshot.entries {
            cache.get(&entry.key);
            cache.insert(format!("{} once more", entry.key), 0);
        }
        assert!(cache.len() <= 8 && cache.snapshot().entries.len() <= 8);
        for tag in snapshot.entries.iter().flat_map(|entry| &entry.tags) {
            cache.invalidate_tag(tag);
        }
        cache.clear();
        assert!(cache.is_empty());
    }
});
