#![no_main]

//! No text panics, an error names a column within the text, and what is shown is read back.

use voussoir::ratelimit::Limit;

libfuzzer_sys::fuzz_target!(|text: &str| {
    match text.parse::<Limit>() {
        Ok(limit) => assert_eq!(limit.to_string().parse(), Ok(limit)),
        Err(error) => assert!((1..=text.chars().count() + 1).contains(&error.column())),
    }
});
