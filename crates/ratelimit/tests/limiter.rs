//! The shells: threads, clocks that misbehave, and text.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use voussoir_core::{ManualClock, Nanos};
use voussoir_ratelimit::{KeyedLimiter, Limit, LimitErrorKind, Limiter, Overflow, TokenBucket};

/// How many of `attempts` on each of `threads` pass.
fn passing(threads: usize, attempts: usize, check: impl Fn() -> bool + Sync) -> usize {
    let passed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let ours = (0..attempts).filter(|_| check()).count();
                passed.fetch_add(ours, Ordering::Relaxed);
            });
        }
    });
    passed.into_inner()
}

/// Every algorithm, with a limit of 1,000.
const THOUSAND: [&str; 12] = [
    "1000/s",
    "5/s burst 1000",
    "leaky 10/s burst 1000",
    "leaky 10/s queue 999",
    "fixed 1000/h",
    "fixed 10/h burst 1000",
    "fixed 1000/h anchored",
    "fixed 1000/h spread",
    "sliding 1000/s",
    "sliding 1000/1ms",
    "sliding 1000/s strict 10",
    "log 1000/h",
];

/// Each round with a limiter of its own: most of what can go wrong does so while the last are taken. So
/// the long form has a thousand rounds, and in ten of them threads go on asking a hundred thousand times.
#[test]
fn threads_under_a_frozen_clock_get_exactly_the_limit() {
    let long = std::env::var_os("VOUSSOIR_LONG").is_some();
    let rounds = if long { 1_000 } else { 2 };
    for limit in THOUSAND.map(|text| text.parse::<Limit>().expect(text)) {
        for threads in [2, 4, 8, 16] {
            for round in 0..rounds {
                let attempts = if long && round % 100 == 0 { 100_000 } else { 2_000 };
                let clock = ManualClock::at(Nanos::from_secs(round));
                let direct = Limiter::builder(limit).clock(clock.clone()).build().expect("valid");
                let keyed =
                    KeyedLimiter::<u64>::builder(limit).clock(clock).build().expect("valid");
                let passed = passing(threads, attempts, || direct.check().is_allowed());
                assert_eq!(passed, 1_000, "{limit} direct, {threads} threads");
                let passed = passing(threads, attempts, || keyed.check(&7).is_allowed());
                assert_eq!(passed, 1_000, "{limit} keyed, {threads} threads");
            }
        }
    }
}

/// Also when the rest is taken in larger pieces and given back.
#[test]
fn threads_that_take_and_give_back_leave_what_they_found() {
    for limit in THOUSAND.map(|text| text.parse::<Limit>().expect(text)) {
        let clock = ManualClock::at(Nanos::from_secs(1));
        let direct = Limiter::builder(limit).clock(clock.clone()).build().expect("valid");
        let keyed = KeyedLimiter::<u64>::builder(limit).clock(clock).build().expect("valid");
        thread::scope(|scope| {
            for thread in 1..=4_u32 {
                let (direct, keyed) = (&direct, &keyed);
                scope.spawn(move || {
                    for n in (1..200).map(|n| n % (17 * thread) + 1) {
                        if direct.check_n(n).is_allowed() {
                            direct.refund(n);
                        }
                        if keyed.check_n(&7, n).is_allowed() {
                            keyed.refund(&7, n);
                        }
                    }
                });
            }
        });
        assert_eq!(direct.peek_n(0).remaining(), 1_000, "{limit}");
        assert_eq!(keyed.peek_n(&7, 0).remaining(), 1_000, "{limit}");
    }
}

#[test]
fn unlimited_and_blocked_are_what_they_say() {
    let limiter = |limit| Limiter::builder(limit).clock(ManualClock::new()).build().expect("valid");
    for n in [0, 1, u32::MAX] {
        let decision = limiter(Limit::Unlimited).check_n(n);
        assert!(decision.is_allowed());
        assert_eq!(decision.remaining(), u32::MAX);
        let decision = limiter(Limit::Blocked).check_n(n);
        assert_eq!((decision.is_allowed(), decision.exceeds_capacity()), (n == 0, n > 0));
        assert_eq!((decision.remaining(), decision.retry_after()), (0, None));
    }
}

/// For each algorithm: what was held while the clock was right is not held until it is right again.
#[test]
fn no_algorithm_locks_out_until_a_clock_set_back_has_caught_up() {
    for limit in THOUSAND.map(|text| text.parse::<Limit>().expect(text)) {
        let clock = ManualClock::at(Nanos::from_secs(1_000_000));
        let direct = Limiter::builder(limit).clock(clock.clone()).build().expect("valid");
        let keyed = KeyedLimiter::<u8>::builder(limit).clock(clock.clone()).build().expect("valid");
        assert!(direct.check_n(1_000).is_allowed() && keyed.check_n(&1, 1_000).is_allowed());
        let reset = direct.peek_n(0).reset_after();
        clock.rewind(Duration::from_hours(240));
        for decision in [direct.peek(), direct.check(), keyed.peek(&1), keyed.check(&1)] {
            assert!(!decision.is_allowed(), "{limit}");
            assert!(decision.retry_after() <= Some(reset + Duration::from_hours(1)), "{limit}");
        }
    }
}

#[test]
fn a_clock_set_back_grants_nothing_and_locks_out_no_longer_than_the_bucket_takes_to_fill() {
    let clock = ManualClock::at(Nanos::from_secs(100_000));
    let bucket = TokenBucket::per_second(2).burst(4);
    let direct = Limiter::builder(bucket).clock(clock.clone()).build().expect("valid");
    let keyed = KeyedLimiter::<u8>::builder(bucket).clock(clock.clone()).build().expect("valid");
    assert!(direct.check_n(3).is_allowed() && keyed.check_n(&1, 3).is_allowed());

    clock.rewind(Duration::from_hours(24));
    let (direct_wait, keyed_wait) = (direct.check().retry_after(), keyed.check(&1).retry_after());
    assert_eq!((direct_wait, keyed_wait), (Some(Duration::from_millis(500)), direct_wait));

    clock.advance(Duration::from_secs(2));
    assert!(direct.check_n(4).is_allowed() && keyed.check_n(&1, 4).is_allowed());
    assert!(!direct.check().is_allowed() && !keyed.check(&1).is_allowed());
}

/// A thread that read the clock and was held up must not bring tokens back; golang/go#71360 is a
/// limiter that exceeded its rate 5,000 times that way.
#[test]
fn a_late_reading_grants_nothing() {
    let limiter = Limiter::builder(TokenBucket::per_second(10)).build().expect("valid");
    let (late, now) = (Nanos::from_secs(50), Nanos::from_secs(100));
    assert!(limiter.check_n_at(now, 10).is_allowed());
    for _ in 0..100 {
        assert!(!limiter.check_at(late).is_allowed());
        assert!(!limiter.check_at(now).is_allowed());
    }
}

#[test]
fn peeking_takes_nothing_and_foresees_the_check() {
    let clock = ManualClock::new();
    let bucket = TokenBucket::per_second(2);
    let direct = Limiter::builder(bucket).clock(clock.clone()).build().expect("valid");
    let keyed = KeyedLimiter::<u8>::builder(bucket).clock(clock).build().expect("valid");
    for left in [1, 0] {
        assert!(direct.peek().is_allowed() && keyed.peek(&1).is_allowed());
        assert_eq!(direct.peek().remaining(), left);
        assert_eq!(direct.check().remaining(), left);
        assert_eq!(keyed.check(&1).remaining(), left);
    }
    assert!(!direct.peek().is_allowed() && !keyed.peek(&1).is_allowed());
    assert!(keyed.peek(&2).is_allowed());
    assert_eq!(keyed.len(), 1);
}

#[test]
fn a_throttled_key_survives_a_flood_and_the_memory_stays_bounded() {
    let long = std::env::var_os("VOUSSOIR_LONG").is_some();
    let (flood, max_keys) = if long { (10_000_000, 100_000) } else { (200_000, 2_000) };
    let clock = ManualClock::at(Nanos::from_secs(1));
    let limiter = KeyedLimiter::<u64>::builder(TokenBucket::per_minute(2))
        .max_keys(max_keys)
        .clock(clock.clone())
        .build()
        .expect("valid");
    let throttled = u64::MAX;
    assert!(limiter.check_n(&throttled, 2).is_allowed());
    for key in 0..flood {
        let _ = limiter.check(&key);
        assert!(limiter.len() <= max_keys);
        if key % 10_000 == 0 {
            clock.advance(Duration::from_micros(10));
        }
    }
    assert!(!limiter.check(&throttled).is_allowed());
    assert!(limiter.memory().bytes < 64 * max_keys + 200_000, "{:?}", limiter.memory());

    // When all are full again, room is found without a background task.
    clock.advance(Duration::from_mins(2));
    for key in flood..flood + max_keys as u64 {
        let _ = limiter.check(&key);
    }
    assert_eq!(limiter.check(&(2 * flood)).remaining(), 1, "a state of its own");
}

#[test]
fn overflow_is_what_was_asked_for() {
    let limiter = |overflow| {
        KeyedLimiter::<u8>::builder(TokenBucket::per_second(2))
            .max_keys(1)
            .overflow(overflow)
            .clock(ManualClock::new())
            .build()
            .expect("valid")
    };
    let answers = |overflow| {
        let limiter = limiter(overflow);
        assert!(limiter.check(&0).is_allowed());
        [1, 2, 3].map(|key| limiter.check(&key).is_allowed())
    };
    assert_eq!(answers(Overflow::Share), [true, true, false]);
    assert_eq!(answers(Overflow::Deny), [false, false, false]);
    assert_eq!(answers(Overflow::Allow), [true, true, true]);

    let refused = limiter(Overflow::Deny);
    assert!(refused.check(&0).is_allowed());
    assert_eq!(refused.check(&1).retry_after(), Some(Duration::from_millis(500)));
}

/// It said that a new key would pass where the check then refused it.
#[test]
fn peeking_at_a_new_key_foresees_the_overflow() {
    for overflow in [Overflow::Share, Overflow::Deny, Overflow::Allow] {
        let limiter = KeyedLimiter::<u8>::builder(TokenBucket::per_second(1))
            .max_keys(1)
            .overflow(overflow)
            .clock(ManualClock::new())
            .build()
            .expect("valid");
        assert!(limiter.check(&0).is_allowed());
        for key in [1, 2] {
            let foreseen = limiter.peek(&key).is_allowed();
            assert_eq!(limiter.check(&key).is_allowed(), foreseen, "{overflow:?} {key}");
        }
    }
}

#[test]
fn a_removed_key_is_new_again() {
    let limiter = KeyedLimiter::<String>::builder(TokenBucket::per_day(1)).build().expect("valid");
    assert!(limiter.check("ada").is_allowed());
    assert!(!limiter.check("ada").is_allowed());
    assert!(limiter.remove("ada"));
    assert!(limiter.check("ada").is_allowed());
    assert!(!limiter.remove("grace"));
}

#[test]
fn limits_are_shown_as_they_are_read() {
    let bucket =
        ["10/s", "100/min burst 20", "1000/h", "1/day burst 7", "5/30s", "3/1h30m", "1/1ns"];
    let others = [
        "1000/min debt 5000",
        "100/min burst 20 debt 3",
        "leaky 5/s",
        "leaky 5/s burst 10",
        "leaky 5/s queue 50",
        "fixed 100/min",
        "fixed 100/min anchored",
        "fixed 100/min spread",
        "fixed 1000/day start 23h",
        "fixed 100/min burst 300",
        "fixed 1000/day burst 3000 start 23h",
        "sliding 100/min",
        "sliding 50000000/s",
        "sliding 100/min strict 10",
        "log 100/h",
        "unlimited",
        "blocked",
    ];
    for text in bucket.into_iter().chain(others) {
        let limit: Limit = text.parse().expect(text);
        assert_eq!(limit.to_string(), text);
    }
    let same = [
        ("10/second", "10/s"),
        (" 10 / sec ", "10/s"),
        ("10/1s", "10/s"),
        ("60/60s", "60/min"),
        ("1/24h", "1/day"),
        ("1/d", "1/day"),
        ("7/minutes", "7/min"),
        ("100/min  burst 100", "100/min"),
        ("2/500ms", "2/500ms"),
        ("leaky 5/s burst 1", "leaky 5/s"),
        ("leaky 5/s queue 0", "leaky 5/s"),
        ("leaky5/s", "leaky 5/s"),
        ("fixed 9/day start 49h", "fixed 9/day start 1h"),
        ("fixed 9/day start 0s", "fixed 9/day"),
        (" unlimited ", "unlimited"),
    ];
    for (text, shown) in same {
        let limit: Limit = text.parse().expect(text);
        assert_eq!(limit.to_string(), shown, "{text}");
    }
}

#[test]
fn refused_limits_say_where_and_what_is_allowed() {
    let cases = [
        ("", 1, "no whole number"),
        ("ten/s", 1, "unknown algorithm `ten` at column 1; allowed: leaky, fixed, sliding, log"),
        ("leaky", 6, "no whole number"),
        ("leaky 5/s queue 5 burst 5", 19, "option `burst` beside another that excludes it"),
        ("leaky 5/s queue 4294967295", 17, "`queue` of 4294967295 at column 17; allowed: 0 to"),
        ("leaky 5/s anchored", 11, "unknown option `anchored` at column 11; allowed: burst, queue"),
        ("fixed 5/s start", 16, "no duration at column 16; allowed: a duration such as 30s"),
        ("fixed 5/s start 1h anchored", 20, "option `anchored` beside"),
        ("fixed 5/s burst 4", 17, "`burst` of 4 at column 17; allowed: 5 or more"),
        ("fixed 5/s anchored spread", 20, "option `spread` beside another that excludes it"),
        ("fixed 5/s spread start 1h", 18, "option `start` beside another that excludes it"),
        ("fixed 5/s anchored burst 6", 20, "option `burst` beside"),
        ("fixed 0/s", 7, "`limit` of 0 at column 7"),
        ("fixed 4/1ns", 7, "`limit` of 4 at column 7; allowed: up to 3 in 1ns"),
        ("sliding 5/s strict 0", 20, "`strict` of 0 at column 20; allowed: 1 to 10000"),
        ("sliding 5/0s", 11, "`period` of 0s at column 11"),
        ("log 5/s burst 5", 9, "unknown option `burst` at column 9; allowed: none here"),
        ("blocked 5", 9, "unknown option `5` at column 9; allowed: none here"),
        ("-1/s", 1, "no whole number"),
        ("4294967296/s", 1, "number too large at column 1; allowed: up to 4294967295"),
        ("10", 3, "no `/`"),
        ("10 per s", 4, "no `/`"),
        ("10//s", 3, "no `/`"),
        ("10/", 4, "unknown period"),
        ("10/foo", 4, "unknown period at column 4; allowed: s, min, h, day"),
        ("10/30", 4, "unknown period"),
        ("10/s burts 5", 6, "unknown option `burts` at column 6; allowed: burst, debt"),
        ("10/s burst", 11, "no whole number"),
        ("10/s burst x", 12, "no whole number"),
        ("10/s burst 5 burst 6", 14, "option `burst` given twice"),
        ("0/s", 1, "`tokens` of 0 at column 1; allowed: 1 or more"),
        ("10/s burst 0", 12, "`burst` of 0 at column 12; allowed: 1 or more"),
        ("9/1ns", 1, "`tokens` of 9 at column 1; allowed: at most 4 a nanosecond"),
        ("1/0s", 3, "`period` of 0s"),
    ];
    for (text, column, message) in cases {
        let error = text.parse::<Limit>().expect_err(text);
        assert_eq!(error.column(), column, "{text}: {error}");
        assert!(error.to_string().starts_with(message), "{text}: {error}");
    }
    let error = "9/1ns".parse::<Limit>().unwrap_err();
    assert!(
        matches!(error.kind(), LimitErrorKind::Refused(refused) if refused.option() == "tokens")
    );
}

proptest::proptest! {
    #[test]
    fn no_text_panics_and_every_limit_is_read_back(
        text in "\\PC{0,40}|((leaky|fixed|sliding|log) ?)?[0-9]{1,11} ?/ ?[0-9]{0,3}(s|min|h|d|ms)?\
            ( (burst|debt|queue|strict) [0-9]{0,11}| anchored| spread| start [0-9]{1,3}(s|h)){0,2}",
    ) {
        if let Ok(limit) = text.parse::<Limit>() {
            proptest::prop_assert_eq!(limit.to_string().parse::<Limit>(), Ok(limit));
        }
    }
}

#[cfg(feature = "serde")]
#[test]
fn serde_reads_and_writes_the_text() {
    let limit: Limit = serde_json::from_str(r#""100/min burst 20""#).expect("a limit");
    assert_eq!(limit, TokenBucket::per_minute(100).burst(20).into());
    assert_eq!(serde_json::to_string(&limit).expect("a string"), r#""100/min burst 20""#);
    let error = serde_json::from_str::<Limit>(r#""10/foo""#).unwrap_err();
    assert!(error.to_string().contains("unknown period at column 4"), "{error}");
    assert!(serde_json::from_str::<Limit>("10").is_err());
}
