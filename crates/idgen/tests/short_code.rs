//! Codes are a permutation of the numbers, and the same in every version.

use std::collections::HashSet;

use proptest::prelude::*;
use voussoir_idgen::{CodeAlphabet, CodeErrorKind, Scramble, ShortCode};

const ALPHABETS: [(CodeAlphabet, u64); 2] =
    [(CodeAlphabet::Base62, 62), (CodeAlphabet::NoVowels, 46)];
const SCRAMBLES: [Scramble; 2] = [Scramble::Feistel, Scramble::Linear];

fn codes(length: u32, key: u128, alphabet: CodeAlphabet, scramble: Scramble) -> ShortCode {
    let builder = ShortCode::builder(length, key).alphabet(alphabet).scramble(scramble);
    builder.build().expect("valid")
}

#[test]
fn every_number_has_a_code_of_its_own() {
    for (alphabet, radix) in ALPHABETS {
        for scramble in SCRAMBLES {
            for length in 1..=3 {
                let codes = codes(length, 0xC0FF_EE00 + u128::from(length), alphabet, scramble);
                assert_eq!(codes.capacity(), radix.pow(length));
                let mut seen = HashSet::new();
                for number in 0..codes.capacity() {
                    let code = codes.encode(number).expect("below the capacity");
                    assert_eq!(code.len(), length as usize);
                    assert_eq!(codes.decode(code), Ok(number));
                    assert!(seen.insert(code), "{code} twice");
                }
            }
        }
    }
}

/// Seven characters are too many to try all numbers. A permutation followed from a number comes back to
/// that number before to any other; what is none runs into the middle of its own trail.
#[test]
fn a_trail_of_seven_characters_meets_itself_at_its_beginning_alone() {
    let steps = if std::env::var_os("VOUSSOIR_LONG").is_some() { 10_000_000 } else { 100_000 };
    for scramble in SCRAMBLES {
        let codes = codes(7, 0xC0FF_EE07, CodeAlphabet::Base62, scramble);
        let mut digits = [0_u64; 128];
        for (digit, letter) in ('0'..='9').chain('A'..='Z').chain('a'..='z').enumerate() {
            digits[letter as usize] = digit as u64;
        }
        let mut trail = HashSet::new();
        let mut number = 1;
        for _ in 0..steps {
            let code = codes.encode(number).expect("below the capacity");
            assert_eq!(codes.decode(code), Ok(number));
            number = code.bytes().fold(0, |sum, letter| sum * 62 + digits[usize::from(letter)]);
            assert!(trail.insert(number), "{number} comes from two numbers");
            if number == 1 {
                break;
            }
        }
        assert!(trail.len() > 1_000, "long enough to say something");
    }
}

/// Stored codes must be read by every later version: these lines are never to be changed.
#[test]
#[rustfmt::skip]
fn codes_are_those_of_the_first_version() {
    let key = 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210;
    let golden = [
        (CodeAlphabet::Base62, Scramble::Feistel, 1, 0, "k"),
        (CodeAlphabet::Base62, Scramble::Feistel, 1, 45, "r"),
        (CodeAlphabet::Base62, Scramble::Feistel, 3, 1, "I35"),
        (CodeAlphabet::Base62, Scramble::Feistel, 7, 0, "4rBFYwO"),
        (CodeAlphabet::Base62, Scramble::Feistel, 7, 1, "t74cvEg"),
        (CodeAlphabet::Base62, Scramble::Feistel, 7, 1_000_000, "45GJO9w"),
        (CodeAlphabet::Base62, Scramble::Feistel, 10, 0, "CwnRk6llH9"),
        (CodeAlphabet::Base62, Scramble::Feistel, 10, 123_456_789_012, "JR2GNeiQpf"),
        (CodeAlphabet::Base62, Scramble::Linear, 1, 0, "R"),
        (CodeAlphabet::Base62, Scramble::Linear, 1, 45, "2"),
        (CodeAlphabet::Base62, Scramble::Linear, 3, 1, "Gbs"),
        (CodeAlphabet::Base62, Scramble::Linear, 7, 0, "QfbL4MR"),
        (CodeAlphabet::Base62, Scramble::Linear, 7, 1, "akzVGbs"),
        (CodeAlphabet::Base62, Scramble::Linear, 7, 1_000_000, "s7EAvmJ"),
        (CodeAlphabet::Base62, Scramble::Linear, 10, 0, "sz1QfbL4MR"),
        (CodeAlphabet::Base62, Scramble::Linear, 10, 123_456_789_012, "I0m50vdBGd"),
        (CodeAlphabet::NoVowels, Scramble::Feistel, 1, 0, "N"),
        (CodeAlphabet::NoVowels, Scramble::Feistel, 1, 45, "x"),
        (CodeAlphabet::NoVowels, Scramble::Feistel, 3, 1, "jnM"),
        (CodeAlphabet::NoVowels, Scramble::Feistel, 7, 0, "rMwhZgh"),
        (CodeAlphabet::NoVowels, Scramble::Feistel, 7, 1, "jdxn9BT"),
        (CodeAlphabet::NoVowels, Scramble::Feistel, 7, 1_000_000, "2qcJTrq"),
        (CodeAlphabet::NoVowels, Scramble::Feistel, 10, 0, "zp669HGBhL"),
        (CodeAlphabet::NoVowels, Scramble::Feistel, 10, 123_456_789_012, "96jP27KMsv"),
        (CodeAlphabet::NoVowels, Scramble::Linear, 1, 0, "k"),
        (CodeAlphabet::NoVowels, Scramble::Linear, 1, 45, "D"),
        (CodeAlphabet::NoVowels, Scramble::Linear, 3, 1, "cBJ"),
        (CodeAlphabet::NoVowels, Scramble::Linear, 7, 0, "fVmdFMk"),
        (CodeAlphabet::NoVowels, Scramble::Linear, 7, 1, "FXGzcBJ"),
        (CodeAlphabet::NoVowels, Scramble::Linear, 7, 1_000_000, "HfNKVmz"),
        (CodeAlphabet::NoVowels, Scramble::Linear, 10, 0, "q6NfVmdFMk"),
        (CodeAlphabet::NoVowels, Scramble::Linear, 10, 123_456_789_012, "2dFBvJwkdW"),
    ];
    for (alphabet, scramble, length, number, code) in golden {
        let codes = codes(length, key, alphabet, scramble);
        assert_eq!(codes.encode(number).expect("below the capacity"), code);
        assert_eq!(codes.decode(code), Ok(number));
    }
}

#[test]
fn a_number_without_a_code_is_refused() {
    let codes = ShortCode::new(2, 1).expect("valid");
    assert!(codes.encode(3_843).is_ok());
    let refused = codes.encode(3_844).expect_err("62^2");
    assert_eq!(refused.to_string(), "no code for 3844; allowed: below 3844");
    assert!(codes.encode(u64::MAX).is_err());
}

#[test]
fn lengths_out_of_range_are_refused() {
    for length in [0, 11, u32::MAX] {
        assert_eq!(ShortCode::new(length, 1).expect_err("out of range").option(), "length");
    }
}

#[test]
fn a_text_that_is_no_code_is_told_with_its_column() {
    for (alphabet, wrong) in [(CodeAlphabet::Base62, "bb-b"), (CodeAlphabet::NoVowels, "bbab")] {
        let codes = codes(4, 1, alphabet, Scramble::Feistel);
        assert_eq!(codes.decode(wrong).expect_err("no digit").column(), 3);
        let short = codes.decode("bbb").expect_err("three");
        assert_eq!((short.column(), short.kind()), (4, CodeErrorKind::TooShort { least: 4 }));
        let long = codes.decode("bbbbb").expect_err("five");
        assert_eq!((long.column(), long.kind()), (5, CodeErrorKind::TooLong { most: 4 }));
    }
}

/// Two codes share a character by chance in one of 62 cases.
#[test]
fn consecutive_codes_share_no_more_than_chance() {
    let codes = ShortCode::new(7, 42).expect("valid");
    let text = |number| codes.encode(number).expect("below the capacity");
    for at in 0..7 {
        let equal = |number: &u64| text(*number).as_bytes()[at] == text(number + 1).as_bytes()[at];
        let same = (0..62_000).filter(equal).count();
        // 1,000 expected, standard deviation 31.
        assert!((850..1_150).contains(&same), "{same} of 62000 at {at}");
    }
}

#[test]
fn keys_that_differ_in_one_bit_give_other_codes() {
    for bit in 0..128 {
        let [one, other] =
            [0x2A, 0x2A ^ 1 << bit].map(|key| ShortCode::new(7, key).expect("valid"));
        let same = (0..100).filter(|&number| one.encode(number) == other.encode(number)).count();
        assert!(same < 3, "bit {bit}: {same} of 100");
    }
}

/// Of the 62^7 numbers those that a counter meets first and last, and as many in between.
#[test]
fn codes_of_seven_are_different_and_lead_back() {
    let count = if std::env::var_os("VOUSSOIR_LONG").is_some() { 3_000_000 } else { 30_000 };
    let codes = ShortCode::new(7, 0x5EED).expect("valid");
    let last = codes.capacity() - 1;
    let stride = codes.capacity() / count;
    let mut seen = HashSet::new();
    let numbers = (0..count).flat_map(|n| [n, last - n, count + (n + 1) * (stride - 2)]);
    let numbers: HashSet<_> = numbers.collect();
    for &number in &numbers {
        let code = codes.encode(number).expect("below the capacity");
        assert_eq!(codes.decode(code), Ok(number));
        assert!(seen.insert(codes.encode(number).expect("below the capacity")), "{code} twice");
    }
}

proptest! {
    #[test]
    fn long_codes_are_read_back(length in 1..=10_u32, key: u128, number: u64) {
        for (alphabet, _) in ALPHABETS {
            for scramble in SCRAMBLES {
                let codes = codes(length, key, alphabet, scramble);
                let number = number % codes.capacity();
                let code = codes.encode(number).expect("below the capacity");
                prop_assert_eq!(code.len(), length as usize);
                prop_assert_eq!(codes.decode(code), Ok(number));
            }
        }
    }

    /// Onto, not only one to one: every text of the alphabet is the code of some number.
    #[test]
    fn every_text_of_seven_digits_is_a_code(text in "[0-9A-Za-z]{7}", key: u128) {
        for scramble in SCRAMBLES {
            let codes = codes(7, key, CodeAlphabet::Base62, scramble);
            let number = codes.decode(&text).expect("seven digits");
            prop_assert_eq!(codes.encode(number).expect("below the capacity"), text.as_str());
        }
    }
}
