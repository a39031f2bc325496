//! Every text is read exactly when it is the one that writing makes.

use std::collections::HashMap;

use proptest::prelude::*;
use voussoir_idgen::{Base62, CodeError, CodeErrorKind, SnowflakeId};

const BOTH: [(Base62, &str); 2] = [
    (Base62::SORTABLE, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
    (Base62::LOWER_FIRST, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
];

/// Digit by digit, as at school.
fn oracle(mut number: u128, alphabet: &str) -> String {
    let alphabet = alphabet.as_bytes();
    let mut digits = Vec::new();
    loop {
        digits.push(alphabet[(number % 62) as usize]);
        number /= 62;
        if number == 0 {
            break;
        }
    }
    digits.reverse();
    String::from_utf8(digits).expect("ASCII")
}

/// Numbers of every length, and those beside a power of 62.
fn numbers() -> impl Strategy<Value = u64> {
    let beside =
        (0..11_u32, -1..=1_i64).prop_map(|(power, by)| 62_u64.pow(power).wrapping_add_signed(by));
    prop_oneof![(any::<u64>(), 0..64_u32).prop_map(|(number, by)| number >> by), beside]
}

#[test]
fn every_text_of_up_to_three_bytes_is_read_exactly_when_it_is_canonical() {
    for (codec, alphabet) in BOTH {
        let text_of = |number: u64| (oracle(number.into(), alphabet).into_bytes(), number);
        let written: HashMap<Vec<u8>, u64> = (0..62 * 62 * 62).map(text_of).collect();
        let check = |text: &[u8]| {
            let expected = written.get(text).copied();
            assert_eq!(codec.decode(text).ok(), expected, "{}", text.escape_ascii());
            assert_eq!(codec.decode_u128(text).ok(), expected.map(u128::from));
            assert!(codec.decode_fixed(text).is_err());
        };
        check(b"");
        for a in 0..=u8::MAX {
            check(&[a]);
            for b in 0..=u8::MAX {
                check(&[a, b]);
            }
        }
        for a in 0..128 {
            for b in 0..128 {
                for c in 0..128 {
                    check(&[a, b, c]);
                }
            }
        }
    }
}

#[test]
fn the_largest_numbers_are_read_and_the_next_is_refused_at_its_last_digit() {
    for (codec, alphabet) in BOTH {
        let after = oracle(u128::from(u64::MAX) + 1, alphabet);
        assert_eq!(codec.decode(codec.encode(u64::MAX)), Ok(u64::MAX));
        for refused in [codec.decode(&after), codec.decode_fixed(&after)] {
            let refused = refused.expect_err("2^64");
            assert_eq!((refused.column(), refused.kind()), (11, CodeErrorKind::Overflow));
        }
        assert_eq!(codec.decode_u128(codec.encode_u128(u128::MAX)), Ok(u128::MAX));
        let refused = codec.decode_u128(alphabet[61..].repeat(22)).expect_err("62^22 - 1");
        assert_eq!(refused.kind(), CodeErrorKind::Overflow);
    }
    assert_eq!(Base62::SORTABLE.encode_u128(u128::MAX), "7n42DGM5Tflk9n8mt7Fhc7");
    let refused = Base62::SORTABLE.decode_u128("7n42DGM5Tflk9n8mt7Fhc8").expect_err("2^128");
    assert_eq!((refused.column(), refused.kind()), (22, CodeErrorKind::Overflow));
}

/// fbernier/base62 takes any number of zeros in front.
#[test]
fn what_is_wrong_is_told_with_its_column() {
    let read = |text: &str| Base62::SORTABLE.decode(text).expect_err("refused").to_string();
    let zero = "leading zero at column 1; allowed: zeros in front only at fixed width";
    assert_eq!(read(""), "end of text at column 1; allowed: 1 digits or more");
    assert_eq!(read("001"), zero);
    assert_eq!(read("00"), zero);
    assert_eq!(read("a+b"), "no digit `+` at column 2; allowed: 0-9, A-Z, a-z");
    assert_eq!(read("aé"), r"no digit `\xc3` at column 2; allowed: 0-9, A-Z, a-z");
    assert_eq!(read("000000000000"), "text too long at column 12; allowed: 11 digits at most");
    let large = "number too large at column 11; allowed: what the encoder writes";
    assert_eq!(read("zzzzzzzzzzz"), large);
    assert_eq!(Base62::SORTABLE.decode("0"), Ok(0));
    let short = Base62::SORTABLE.decode_fixed("123").expect_err("too short");
    assert_eq!((short.column(), short.kind()), (4, CodeErrorKind::TooShort { least: 11 }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn writes_as_the_oracle_and_reads_back(number in numbers()) {
        for (codec, alphabet) in BOTH {
            let text = oracle(number.into(), alphabet);
            prop_assert_eq!(codec.encode(number), text.as_str());
            prop_assert_eq!(&codec.encode_string(number), &text);
            let mut buffer = [0; 11];
            prop_assert_eq!(codec.encode_into(number, &mut buffer), text.as_bytes());
            prop_assert_eq!(codec.encode_fixed(number).to_string(), format!("{text:0>11}"));
            prop_assert_eq!(codec.encode_u128(number.into()), text.as_str());
            prop_assert_eq!(codec.decode(&text), Ok(number));
            prop_assert_eq!(codec.decode_fixed(codec.encode_fixed(number)), Ok(number));
        }
    }

    #[test]
    fn large_numbers_are_written_as_the_oracle_and_read_back(number: u128, by in 0..128_u32) {
        let number = number >> by;
        for (codec, alphabet) in BOTH {
            let text = oracle(number, alphabet);
            prop_assert_eq!(codec.encode_u128(number), text.as_str());
            prop_assert_eq!(codec.encode_fixed_u128(number).to_string(), format!("{text:0>22}"));
            prop_assert_eq!(codec.decode_u128(&text), Ok(number));
            prop_assert_eq!(codec.decode_fixed_u128(codec.encode_fixed_u128(number)), Ok(number));
        }
    }

    #[test]
    fn fixed_width_sorts_as_the_numbers(a in numbers(), b in numbers()) {
        let text = |number| Base62::SORTABLE.encode_fixed(number);
        prop_assert_eq!(text(a).cmp(&text(b)), a.cmp(&b));
    }

    /// No alias: what is read is what would be written.
    #[test]
    fn every_mutation_of_a_text_is_read_exactly_when_it_is_canonical(number in numbers()) {
        for (codec, alphabet) in BOTH {
            for mutant in mutants(codec.encode(number).as_bytes()) {
                prop_assert_eq!(codec.decode(&mutant).ok(), school(&mutant, alphabet));
                let write = |number| codec.encode(number).as_bytes().to_vec();
                is_read_only_as_written(&mutant, codec.decode(&mutant), write)?;
            }
            for mutant in mutants(codec.encode_fixed(number).as_bytes()) {
                let write = |number| codec.encode_fixed(number).as_bytes().to_vec();
                is_read_only_as_written(&mutant, codec.decode_fixed(&mutant), write)?;
            }
        }
    }

    #[test]
    fn ids_are_read_in_each_form_exactly_as_written(number in 0..=i64::MAX as u64) {
        type Form = (fn(SnowflakeId) -> Vec<u8>, fn(&[u8]) -> Result<SnowflakeId, CodeError>);
        const FORMS: [Form; 4] = [
            (|id| id.to_hex().as_bytes().to_vec(), |text| SnowflakeId::from_hex(text)),
            (|id| id.to_crockford().as_bytes().to_vec(), |text| SnowflakeId::from_crockford(text)),
            (|id| id.to_base62().as_bytes().to_vec(), |text| SnowflakeId::from_base62(text)),
            (|id| id.to_string().into_bytes(), |text| String::from_utf8_lossy(text).parse()),
        ];
        let id = SnowflakeId::new(number).expect("below 2^63");
        for (write, read) in FORMS {
            prop_assert_eq!(read(&write(id)), Ok(id));
            for mutant in mutants(&write(id)) {
                if mutant.is_ascii() {
                    is_read_only_as_written(&mutant, read(&mutant), write)?;
                }
            }
        }
        prop_assert_eq!(format!("{id:016x}"), id.to_hex().to_string());
        prop_assert_eq!(id.to_i64().try_into(), Ok(id));
    }
}

/// A text with each of its bytes replaced by each other or left out, two of them exchanged, and each
/// byte put in anywhere.
fn mutants(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let bytes = || (0..=u8::MAX).collect::<Vec<_>>();
    let mut mutants = Vec::new();
    for at in 0..=text.len() {
        let (before, behind) = text.split_at(at);
        mutants.extend(bytes().into_iter().map(|byte| [before, &[byte], behind].concat()));
        if let Some((_, rest)) = behind.split_first() {
            mutants.extend(bytes().into_iter().map(|byte| [before, &[byte], rest].concat()));
            mutants.push([before, rest].concat());
        }
        if let [first, second, rest @ ..] = behind {
            mutants.push([before, &[*second, *first], rest].concat());
        }
    }
    mutants.into_iter()
}

fn is_read_only_as_written<T>(
    text: &[u8],
    read: Result<T, CodeError>,
    write: impl Fn(T) -> Vec<u8>,
) -> Result<(), TestCaseError> {
    match read {
        Ok(number) => prop_assert_eq!(write(number), text),
        Err(error) => prop_assert!((1..=text.len() + 1).contains(&error.column())),
    }
    Ok(())
}

/// The number of a text without leading zeros, digit by digit; `None` if it is none below 2^64.
fn school(text: &[u8], alphabet: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 1 && text[0] == b'0' {
        return None;
    }
    let number = text.iter().try_fold(0_u128, |number, byte| {
        let digit = alphabet.bytes().position(|digit| digit == *byte)?;
        number.checked_mul(62)?.checked_add(digit as u128)
    });
    u64::try_from(number?).ok()
}

#[test]
fn ids_end_below_2_to_the_63() {
    let last = SnowflakeId::new(i64::MAX as u64).expect("the last");
    assert!(SnowflakeId::new(1 << 63).is_err());
    assert!(SnowflakeId::try_from(-1_i64).is_err());
    let refused = [
        "9223372036854775808".parse::<SnowflakeId>(),
        SnowflakeId::from_hex("8000000000000000"),
        SnowflakeId::from_crockford("8000000000000"),
        SnowflakeId::from_base62(Base62::SORTABLE.encode(1 << 63)),
    ];
    for (refused, column) in refused.into_iter().zip([19, 1, 1, 11]) {
        let refused = refused.expect_err("2^63");
        assert_eq!((refused.column(), refused.kind()), (column, CodeErrorKind::Overflow));
    }
    assert_eq!(last.to_string(), "9223372036854775807");
    assert_eq!(last.to_hex(), "7fffffffffffffff");
    assert_eq!(last.to_crockford(), "7ZZZZZZZZZZZZ");
    assert_eq!(last.to_base62(), "AzL8n0Y58m7");
}

#[test]
fn decimal_text_has_one_form() {
    for text in ["+7", "-7", "007", "00", " 7", "7 ", "", "7_000", "18446744073709551616"] {
        assert!(text.parse::<SnowflakeId>().is_err(), "{text:?}");
    }
    assert_eq!("0".parse::<SnowflakeId>().map(SnowflakeId::to_u64), Ok(0));
}
