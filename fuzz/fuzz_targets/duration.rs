#![no_main]

//! No text panics, an error names a column within the text, and what is shown is read back.

libfuzzer_sys::fuzz_target!(|text: &str| {
    match voussoir::duration::parse(text) {
        Ok(duration) => {
            let shown = voussoir::duration::text(duration).to_string();
            assert_eq!(voussoir::duration::parse(&shown), Ok(duration));
        }
        Err(error) => assert!((1..=text.chars().count() + 1).contains(&error.column())),
    }
});
