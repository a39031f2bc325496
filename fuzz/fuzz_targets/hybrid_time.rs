#![no_main]

//! No text panics, and what is read is shown the same.

use voussoir::quorum::HlcTime;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(time) = text.parse::<HlcTime>() {
        assert_eq!(time.to_string(), text);
    }
});
