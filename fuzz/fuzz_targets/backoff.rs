#![no_main]

//! No text panics, an error names a word within the text, and what is shown is read back.

use voussoir::breaker::Backoff;

libfuzzer_sys::fuzz_target!(|text: &str| {
    match text.parse::<Backoff>() {
        Ok(backoff) => assert_eq!(backoff.to_string().parse(), Ok(backoff)),
        Err(error) => assert!((1..=text.split_whitespace().count() + 1).contains(&error.word())),
    }
});
