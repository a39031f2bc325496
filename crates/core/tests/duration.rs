//! Durations as text: what is printed is read back, and what is refused says where and why.

use std::time::Duration;

use proptest::prelude::*;
use voussoir_core::duration::{self, DurationErrorKind as Kind};

proptest! {
    #[test]
    fn what_is_shown_is_read_back(secs in any::<u64>(), nanos in 0..1_000_000_000_u32) {
        let duration = Duration::new(secs, nanos);
        prop_assert_eq!(duration::parse(&duration::text(duration).to_string()), Ok(duration));
    }

    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = duration::parse(&text);
    }

    #[test]
    fn nearly_durations_do_not_panic(text in "[0-9. ]{0,30}(ns|us|µs|ms|s|m|h|d|x)?[0-9.]{0,25}(s)?") {
        if let Err(error) = duration::parse(&text) {
            prop_assert!(error.column() >= 1 && error.column() <= text.chars().count() + 1);
        }
    }
}

#[test]
fn reads_what_people_write() {
    let cases = [
        ("0s", Duration::ZERO),
        ("1ns", Duration::from_nanos(1)),
        ("7us", Duration::from_micros(7)),
        ("7µs", Duration::from_micros(7)),
        ("250 ms", Duration::from_millis(250)),
        ("30s", Duration::from_secs(30)),
        ("1.5s", Duration::from_millis(1500)),
        ("0.000000001 s", Duration::from_nanos(1)),
        ("0.0000000019s", Duration::from_nanos(1)),
        ("5 minutes", Duration::from_mins(5)),
        ("1h30m", Duration::from_mins(90)),
        (" 1 h 30 min ", Duration::from_mins(90)),
        ("1 day", Duration::from_hours(24)),
        ("1.5d", Duration::from_hours(36)),
        ("18446744073709551615s", Duration::from_secs(u64::MAX)),
    ];
    for (text, duration) in cases {
        assert_eq!(duration::parse(text), Ok(duration), "{text}");
    }
}

#[test]
fn refuses_with_the_column_and_the_reason() {
    let cases = [
        ("", 1, Kind::Number),
        ("  ", 3, Kind::Number),
        ("s", 1, Kind::Number),
        ("-1s", 1, Kind::Number),
        ("1.s", 3, Kind::Number),
        ("30", 3, Kind::NoUnit),
        ("1h 30", 6, Kind::NoUnit),
        ("10 parsecs", 4, Kind::UnknownUnit),
        ("10 µm", 4, Kind::UnknownUnit),
        ("30s1m", 5, Kind::UnitOrder),
        ("1s1s", 4, Kind::UnitOrder),
        ("18446744073709551616s", 1, Kind::TooLong),
        ("18446744073709551615d", 1, Kind::TooLong),
        ("1s!", 3, Kind::Number),
    ];
    for (text, column, kind) in cases {
        let error = duration::parse(text).expect_err(text);
        assert_eq!((error.column(), error.kind()), (column, kind), "{text}");
    }
}

#[cfg(feature = "serde")]
#[test]
fn serde_uses_the_same_text() {
    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Config {
        #[serde(with = "voussoir_core::duration")]
        open_for: Duration,
    }

    let config = Config { open_for: Duration::from_secs(90) };
    let text = serde_json::to_string(&config).expect("no map keys, no I/O");
    assert_eq!(text, r#"{"open_for":"1m30s"}"#);
    assert_eq!(serde_json::from_str::<Config>(&text).expect("what was just written"), config);

    let error = serde_json::from_str::<Config>(r#"{"open_for":30}"#).unwrap_err();
    assert!(error.to_string().contains("a duration with its unit"), "{error}");
    let error = serde_json::from_str::<Config>(r#"{"open_for":"30"}"#).unwrap_err();
    assert!(error.to_string().contains("no unit at column 3"), "{error}");
}
