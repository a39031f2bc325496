#![no_main]

//! No text panics in any form of an id, and what is read is written back the same.

use voussoir::idgen::{SnowflakeId, worker_of_host};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(id) = text.parse::<SnowflakeId>() {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(id) = SnowflakeId::from_hex(text) {
        assert_eq!(id.to_hex(), text);
    }
    if let Ok(id) = SnowflakeId::from_crockford(text) {
        assert_eq!(id.to_crockford(), text);
    }
    if let Ok(id) = SnowflakeId::from_base62(text) {
        assert_eq!(id.to_base62(), text);
    }
    if let Ok(worker) = worker_of_host(text) {
        let label = text.split('.').next().unwrap_or_default();
        assert!(label.ends_with(&format!("-{worker}")));
    }
});
