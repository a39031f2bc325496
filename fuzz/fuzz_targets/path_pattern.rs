#![no_main]

//! No text panics, an error names a column within the text, and a pattern matches itself.

use voussoir::ratelimit::rules::PathPattern;

libfuzzer_sys::fuzz_target!(|texts: (&str, &str)| {
    let (text, path) = texts;
    match text.parse::<PathPattern>() {
        Ok(pattern) => {
            assert_eq!(pattern.to_string().parse(), Ok(pattern.clone()));
            assert!(pattern.matches(text));
            assert!(pattern.matches(&text.replace('/', "//")));
            let _ = pattern.matches(path);
        }
        Err(error) => assert!((1..=text.chars().count() + 1).contains(&error.column())),
    }
});
