//! What stands in the fields, letter by letter, and that others can read it.
#![cfg(feature = "http")]

use std::time::Duration;

use http::HeaderMap;
use proptest::prelude::*;
use voussoir_core::{ManualClock, Nanos};
use voussoir_ratelimit::http::{HeaderStyle, Policy, PolicyNameErrorKind, QuotaUnit, Reset};
use voussoir_ratelimit::{Decision, Limiter, TokenBucket};

/// 2025-01-01 00:00:00.5 UTC.
const WALL: Nanos = Nanos::from_millis(1_735_689_600_500);

const MINUTE: TokenBucket = TokenBucket::per_minute(50);
const HOUR: TokenBucket = TokenBucket::per_hour(1_000);

/// The decision on a request of cost `n` after `used` were spent at the same moment.
fn decision(bucket: TokenBucket, used: u32, n: u32) -> Decision {
    let limiter = Limiter::builder(bucket).clock(ManualClock::new()).build().expect("valid");
    assert!(limiter.check_n(used).is_allowed());
    limiter.check_n(n)
}

fn policy(name: &str, bucket: &TokenBucket) -> Policy {
    Policy::of(name, bucket).expect("a name")
}

/// The fields as lines, in the order of their names.
fn lines(style: HeaderStyle, limits: &[(&Policy, Decision)]) -> Vec<String> {
    let mut headers = HeaderMap::new();
    style.write_at(WALL, &mut headers, limits);
    let mut lines: Vec<_> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().expect("ASCII")))
        .collect();
    lines.sort();
    lines
}

#[test]
fn an_allowed_request_is_told_in_each_style() {
    let policy = policy("permin", &MINUTE);
    let limits = [(&policy, decision(MINUTE, 0, 1))];
    let expected: [(_, &[&str]); 6] = [
        (
            HeaderStyle::Draft11,
            &[r#"ratelimit-policy: "permin";q=50;w=60"#, r#"ratelimit: "permin";r=49;t=2"#],
        ),
        (
            HeaderStyle::Draft07,
            &["ratelimit-policy: 50;w=60", "ratelimit: limit=50, remaining=49, reset=2"],
        ),
        (
            HeaderStyle::Draft06,
            &[
                "ratelimit-limit: 50",
                "ratelimit-policy: 50;w=60",
                "ratelimit-remaining: 49",
                "ratelimit-reset: 2",
            ],
        ),
        (
            HeaderStyle::XRateLimit(Reset::Delta),
            &["x-ratelimit-limit: 50", "x-ratelimit-remaining: 49", "x-ratelimit-reset: 2"],
        ),
        (
            HeaderStyle::XRateLimit(Reset::Epoch),
            &[
                "x-ratelimit-limit: 50",
                "x-ratelimit-remaining: 49",
                "x-ratelimit-reset: 1735689602",
            ],
        ),
        (HeaderStyle::None, &[]),
    ];
    for (style, lines_expected) in expected {
        assert_eq!(lines(style, &limits), lines_expected, "{style}");
    }
}

#[test]
fn a_refusal_says_when_to_come_back_in_each_style() {
    let policy = policy("permin", &MINUTE);
    let limits = [(&policy, decision(MINUTE, 48, 3))];
    for style in [
        HeaderStyle::Draft11,
        HeaderStyle::Draft07,
        HeaderStyle::Draft06,
        HeaderStyle::XRateLimit(Reset::Delta),
        HeaderStyle::XRateLimit(Reset::Epoch),
        HeaderStyle::None,
    ] {
        let lines = lines(style, &limits);
        assert!(lines.contains(&"retry-after: 2".to_owned()), "{style}: {lines:?}");
    }
    assert!(
        lines(HeaderStyle::Draft11, &limits).contains(&r#"ratelimit: "permin";r=2;t=2"#.to_owned())
    );
}

/// benwis/tower-governor#65, WeTransfer/prorate#40: rounded down, `Retry-After` was 0.
#[test]
fn retry_after_is_rounded_up_and_never_zero() {
    for (bucket, expected) in [
        (TokenBucket::per_second(1_000_000), "1"),
        (TokenBucket::per_second(1), "1"),
        (TokenBucket::new(1, Duration::from_nanos(1_000_000_001)), "2"),
        (TokenBucket::per_day(1), "86400"),
    ] {
        let policy = policy("p", &bucket);
        let refused = decision(bucket, bucket.capacity(), 1);
        let mut headers = HeaderMap::new();
        HeaderStyle::Draft11.write(&mut headers, &[(&policy, refused)]);
        assert_eq!(headers["retry-after"], expected);
        assert_eq!(headers["ratelimit"], format!("\"p\";r=0;t={expected}"));
    }
}

#[test]
fn a_request_above_the_capacity_is_not_told_to_come_back() {
    let policy = policy("permin", &MINUTE);
    let refused = decision(MINUTE, 0, 51);
    assert!(refused.exceeds_capacity());
    assert_eq!(lines(HeaderStyle::None, &[(&policy, refused)]), [""; 0]);
    // Neither when another limit, taken alone, would have an end.
    let other = decision(HOUR, 1_000, 1);
    assert_eq!(lines(HeaderStyle::None, &[(&policy, refused), (&policy, other)]), [""; 0]);
}

#[test]
fn several_limits_are_lists() {
    let (minute, hour) = (policy("permin", &MINUTE), policy("perhr", &HOUR));
    let allowed = [(&minute, decision(MINUTE, 0, 1)), (&hour, decision(HOUR, 100, 1))];
    assert_eq!(
        lines(HeaderStyle::Draft11, &allowed),
        [
            r#"ratelimit-policy: "permin";q=50;w=60, "perhr";q=1000;w=3600"#,
            r#"ratelimit: "permin";r=49;t=2, "perhr";r=899;t=364"#,
        ]
    );
    assert_eq!(
        lines(HeaderStyle::Draft07, &allowed),
        ["ratelimit-policy: 50;w=60, 1000;w=3600", "ratelimit: limit=50, remaining=49, reset=2",]
    );
    assert_eq!(lines(HeaderStyle::Draft11, &[]), [""; 0]);
}

/// The draft: `Retry-After` should not be earlier than `t`.
#[test]
fn beside_a_refusal_limits_that_allowed_have_no_reset() {
    let (minute, hour) = (policy("permin", &MINUTE), policy("perhr", &HOUR));
    let limits = [(&minute, decision(MINUTE, 50, 1)), (&hour, decision(HOUR, 500, 1))];
    assert_eq!(
        lines(HeaderStyle::Draft11, &limits),
        [
            r#"ratelimit-policy: "permin";q=50;w=60, "perhr";q=1000;w=3600"#,
            r#"ratelimit: "permin";r=0;t=2, "perhr";r=499"#,
            "retry-after: 2",
        ]
    );
}

#[test]
fn the_longest_wait_is_the_one_that_is_told() {
    let (minute, hour) = (policy("permin", &MINUTE), policy("perhr", &HOUR));
    let limits = [(&minute, decision(MINUTE, 50, 1)), (&hour, decision(HOUR, 1_000, 1))];
    assert_eq!(
        lines(HeaderStyle::XRateLimit(Reset::Delta), &limits),
        [
            "retry-after: 4",
            "x-ratelimit-limit: 1000",
            "x-ratelimit-remaining: 0",
            "x-ratelimit-reset: 4",
        ]
    );
}

#[test]
fn fields_of_an_upstream_are_replaced() {
    let mut headers = HeaderMap::new();
    headers.append("ratelimit", http::HeaderValue::from_static("\"theirs\";r=1"));
    headers.append("ratelimit", http::HeaderValue::from_static("\"theirs too\";r=1"));
    let ours = policy("ours", &MINUTE);
    HeaderStyle::Draft11.write(&mut headers, &[(&ours, decision(MINUTE, 0, 1))]);
    assert_eq!(headers.get_all("ratelimit").iter().count(), 1);
}

#[test]
fn a_policy_is_told_with_its_unit_and_its_window_in_whole_seconds() {
    let told = |quota, window| Policy::new("p", quota, window).expect("a name").to_string();
    assert_eq!(told(50, Some(Duration::from_mins(1))), r#""p";q=50;w=60"#);
    assert_eq!(told(50, Some(Duration::from_millis(250))), r#""p";q=50;w=1"#);
    assert_eq!(told(50, Some(Duration::ZERO)), r#""p";q=50"#);
    assert_eq!(told(0, None), r#""p";q=0"#);
    assert_eq!(told(1, Some(Duration::MAX)), r#""p";q=1;w=999999999999999"#);

    let bytes = policy("p", &MINUTE).unit(QuotaUnit::ContentBytes);
    assert_eq!(bytes.to_string(), r#""p";q=50;w=60;qu="content-bytes""#);
    assert_eq!(bytes.unit(QuotaUnit::Requests).to_string(), r#""p";q=50;w=60"#);
}

#[test]
fn names_that_no_field_can_hold_are_refused() {
    let long = "x".repeat(129);
    for (name, column, kind) in [
        ("", 1, PolicyNameErrorKind::Empty),
        ("a\nb", 2, PolicyNameErrorKind::Character('\n')),
        ("a\r\nSet-Cookie: b", 2, PolicyNameErrorKind::Character('\r')),
        ("käse", 2, PolicyNameErrorKind::Character('ä')),
        ("\u{7f}", 1, PolicyNameErrorKind::Character('\u{7f}')),
        (&long, 129, PolicyNameErrorKind::TooLong),
    ] {
        let error = Policy::of(name, &MINUTE).expect_err(name);
        assert_eq!((error.column(), error.kind()), (column, kind), "{name:?}");
    }
    assert!(Policy::of(&long[1..], &MINUTE).is_ok());
}

#[test]
fn styles_are_named_in_configurations() {
    for name in ["draft-11", "draft-07", "draft-06", "x-ratelimit", "x-ratelimit-epoch", "none"] {
        assert_eq!(name.parse::<HeaderStyle>().expect(name).to_string(), name);
    }
    let error = "draft-8".parse::<HeaderStyle>().unwrap_err().to_string();
    assert!(error.starts_with("`headers` is `draft-8`; allowed: draft-11, draft-07"), "{error}");
}

/// A structured field's item as an independent parser reads it.
fn item(entry: &sfv::ListEntry) -> (&str, Vec<(&str, i64)>) {
    let sfv::ListEntry::Item(item) = entry else { panic!("an inner list") };
    let name = item.bare_item.as_string().expect("a string").as_str();
    let parameters = item.params.iter();
    let integer = |value: &sfv::BareItem| i64::from(value.as_integer().expect("an integer"));
    (name, parameters.map(|(key, value)| (key.as_str(), integer(value))).collect())
}

fn list(headers: &HeaderMap, name: &str) -> sfv::List {
    sfv::Parser::new(&headers[name]).parse().expect(name)
}

proptest! {
    #[test]
    fn fields_are_read_back_by_an_independent_parser(
        limits in prop::collection::vec(
            ("[ -~]{1,20}", 1_u32..1_000_000, 1_u64..100_000, 0_u32..2_000_000),
            1..4,
        ),
    ) {
        let limits: Vec<_> = limits
            .into_iter()
            .map(|(name, tokens, seconds, cost)| {
                let bucket = TokenBucket::new(tokens, Duration::from_secs(seconds));
                (name.clone(), policy(&name, &bucket), seconds, decision(bucket, 0, cost))
            })
            .collect();
        let told: Vec<_> = limits.iter().map(|(_, policy, _, decision)| (policy, *decision)).collect();
        let mut headers = HeaderMap::new();
        HeaderStyle::Draft11.write(&mut headers, &told);
        let (policies, states) = (list(&headers, "ratelimit-policy"), list(&headers, "ratelimit"));
        prop_assert_eq!((policies.len(), states.len()), (limits.len(), limits.len()));
        for (at, (name, _, seconds, decision)) in limits.iter().enumerate() {
            let window = i64::try_from(*seconds).expect("small");
            let expected = vec![("q", i64::from(decision.limit())), ("w", window)];
            prop_assert_eq!(item(&policies[at]), (name.as_str(), expected));
            let (read, parameters) = item(&states[at]);
            prop_assert_eq!(read, name.as_str());
            prop_assert_eq!(parameters[0], ("r", i64::from(decision.remaining())));
            if let Some((key, t)) = parameters.get(1) {
                prop_assert_eq!(*key, "t");
                let exact = decision.retry_after().unwrap_or_else(|| decision.reset_after());
                let told = Duration::from_secs(u64::try_from(*t).expect("positive"));
                prop_assert!(told >= exact && told < exact + Duration::from_secs(1));
            }
        }
        HeaderStyle::Draft07.write(&mut headers, &told);
        let triple: sfv::Dictionary = sfv::Parser::new(&headers["ratelimit"]).parse().expect("a dictionary");
        let keys: Vec<_> = triple.keys().map(|key| key.as_str()).collect();
        prop_assert_eq!(keys, ["limit", "remaining", "reset"]);
    }
}

/// Windows that begin with a request last up to a tick longer than asked for; that is no second more.
#[test]
fn a_window_is_told_as_it_was_asked_for() {
    for (limit, told) in [
        ("fixed 100/s", "q=100;w=1"),
        ("fixed 100/s anchored", "q=100;w=1"),
        ("fixed 1000000/min anchored", "q=1000000;w=60"),
        ("fixed 10/s burst 30", "q=30;w=3"),
        ("fixed 7/1500ms anchored", "q=7;w=2"),
        ("7/s burst 14", "q=14;w=2"),
        ("leaky 3/s burst 3", "q=3;w=1"),
        ("log 100/s", "q=100;w=1"),
    ] {
        let algorithm: voussoir_ratelimit::Limit = limit.parse().expect(limit);
        let policy = Policy::of("p", &algorithm).expect("a name");
        assert_eq!(policy.to_string(), format!("\"p\";{told}"), "{limit}");
    }
}

/// Of a limit that lets nothing through no time helps: "more in 0 seconds" would bring all back at once.
#[test]
fn what_is_blocked_is_not_told_when_there_will_be_more() {
    let blocked = voussoir_ratelimit::Limit::Blocked;
    let policy = Policy::of("closed", &blocked).expect("a name");
    let limiter = Limiter::builder(blocked).build().expect("valid");
    let limits = [(&policy, limiter.check())];
    assert_eq!(
        lines(HeaderStyle::Draft11, &limits),
        [r#"ratelimit-policy: "closed";q=0"#, r#"ratelimit: "closed";r=0"#],
    );
}
