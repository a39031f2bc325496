#![no_main]

//! No bytes panic, an error names a column of them, and what is read is written back the same.

use voussoir::idgen::{Base62, CodeError};

fn check<T>(text: &[u8], read: Result<T, CodeError>, write: impl Fn(T) -> Vec<u8>) {
    match read {
        Ok(number) => assert_eq!(write(number), text),
        Err(error) => assert!((1..=text.len() + 1).contains(&error.column())),
    }
}

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    for codec in [Base62::SORTABLE, Base62::LOWER_FIRST] {
        check(text, codec.decode(text), |number| codec.encode(number).as_bytes().to_vec());
        check(text, codec.decode_fixed(text), |number| {
            codec.encode_fixed(number).as_bytes().to_vec()
        });
        check(text, codec.decode_u128(text), |number| {
            codec.encode_u128(number).as_bytes().to_vec()
        });
        check(text, codec.decode_fixed_u128(text), |number| {
            codec.encode_fixed_u128(number).as_bytes().to_vec()
        });
    }
});
