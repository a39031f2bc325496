#![no_main]

//! No code panics under any key, and what is read is written back the same.

use voussoir::idgen::{CodeAlphabet, Scramble, ShortCode};

libfuzzer_sys::fuzz_target!(|input: (u32, u128, &[u8])| {
    let (length, key, text) = input;
    for alphabet in [CodeAlphabet::Base62, CodeAlphabet::NoVowels] {
        for scramble in [Scramble::Feistel, Scramble::Linear] {
            let codes =
                ShortCode::builder(length, key).alphabet(alphabet).scramble(scramble).build();
            let Ok(codes) = codes else { return };
            if let Ok(number) = codes.decode(text) {
                let code = codes.encode(number).expect("what is read is below the capacity");
                assert_eq!(code.as_bytes(), text);
            }
        }
    }
});
