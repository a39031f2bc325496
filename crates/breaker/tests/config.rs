//! Configurations: read, refused, and written back.

#![cfg(all(feature = "serde", feature = "std"))]

use std::time::Duration;

use voussoir_breaker::{
    Backoff, BreakerConfig, Cause, CircuitBreakerBuilder, PolicyBuilder, PolicyConfig,
    RetryBudgetConfig, RetryBuilder, RetryConfig, State, Stop,
};
use voussoir_core::{Clock, ManualClock, Nanos};

#[test]
fn a_retry_is_read_with_its_defaults() {
    let config: RetryConfig = serde_json::from_str(r#"{"backoff": "fixed 1s"}"#).expect("valid");
    assert_eq!(config, RetryConfig::new(Backoff::fixed(Duration::from_secs(1))));
    assert_eq!(config.max_attempts, Some(3));
    assert!(config.builder().and_then(RetryBuilder::build).is_ok());
}

#[test]
fn a_retry_is_written_and_read_back() {
    for text in [
        r#"{"backoff":"fixed 1s","max_attempts":null,"max_elapsed":"1m","max_retry_after":"20s","idempotent":true}"#,
        r#"{"backoff":"exponential 50ms cap 5s full jitter","max_attempts":4,"attempt_timeout":"2s","max_retry_after":"0s","idempotent":false,"budget":{"ratio":0.2,"per_second":10,"ttl":"10s"}}"#,
    ] {
        let config: RetryConfig = serde_json::from_str(text).expect("valid");
        assert_eq!(serde_json::to_string(&config).expect("writes"), text);
    }
}

#[test]
fn budgets_are_read_by_name_or_by_their_numbers() {
    let read = |text| serde_json::from_str::<RetryBudgetConfig>(text).expect("valid");
    assert_eq!(read(r#""aws""#), RetryBudgetConfig::Aws);
    let grpc = read(r#"{"grpc": {"max_tokens": 10, "token_ratio": 0.1}}"#);
    assert_eq!(grpc, RetryBudgetConfig::Grpc { max_tokens: 10, token_ratio: 0.1 });
    let ttl = Duration::from_secs(10);
    let ratio = RetryBudgetConfig::Ratio { ratio: 0.2, per_second: 10, ttl };
    assert_eq!(read(r#"{"ratio": 0.2}"#), ratio);
    assert!(read(r#"{"ratio": 0.2, "ttl": "1ms"}"#).build().is_err());
    for config in ["\"aws\"", "\"aws2025\"", r#"{"grpc":{"max_tokens":10,"token_ratio":0.1}}"#] {
        assert_eq!(serde_json::to_string(&read(config)).expect("writes"), config);
        assert!(read(config).build().is_ok());
    }
}

/// An untagged enum would take the first, and say of the others that nothing fits.
#[test]
fn what_is_no_budget_is_refused_by_name() {
    for (text, message) in [
        (r#"{"ratio": 0.2, "per_sec": 1}"#, "unknown field `per_sec`, expected one of `ratio`"),
        (r#"{"ratio": 0.2, "ttl": 10}"#, "invalid type: integer `10`, expected a duration"),
        (r#"{"grpc": {"max_tokens": 10}}"#, "missing field `token_ratio`"),
        (r#"{"ratio": 0.2, "grpc": {"max_tokens": 10, "token_ratio": 1}}"#, "`grpc` stands alone"),
        (r"{}", "missing field `ratio`"),
        (r#""none""#, "invalid value: string \"none\", expected a `ratio`"),
    ] {
        let error = serde_json::from_str::<RetryBudgetConfig>(text).expect_err(text).to_string();
        assert!(error.starts_with(message), "{text}: {error}");
    }
}

#[test]
fn nonsense_is_refused_when_it_is_read() {
    for text in [
        r"{}",
        r#"{"backoff": "sometimes"}"#,
        r#"{"backoff": "fixed 1s", "max_attempt": 3}"#,
        r#"{"backoff": "fixed 1s", "max_elapsed": 10}"#,
        r#"{"backoff": "fixed 1s", "budget": "none"}"#,
    ] {
        assert!(serde_json::from_str::<RetryConfig>(text).is_err(), "{text}");
    }
    let config: RetryConfig =
        serde_json::from_str(r#"{"backoff": "fixed 1s", "max_attempts": 0}"#).expect("reads");
    assert!(config.builder().expect("no budget").build().is_err());
}

#[test]
fn a_breaker_is_read_with_its_defaults() {
    let config: BreakerConfig = serde_json::from_str("{}").expect("valid");
    assert_eq!(config, BreakerConfig::default());
    assert_eq!(serde_json::to_string(&config).expect("writes"), "{}");
    assert!(config.builder().and_then(CircuitBreakerBuilder::build).is_ok());
}

#[test]
fn a_breaker_is_written_and_read_back() {
    for text in [
        r#"{"failure_rate":0.25,"window":100,"slow_calls":{"rate":0.8,"after":"2s"},"min_calls":10,"open_for":"30s","open_growth":{"factor":1.5,"at_most":"5m"},"open_jitter":0.1,"half_open_calls":3,"half_open_successes":2,"half_open_for":"10s","ramp_up":"1m"}"#,
        r#"{"window":"10s"}"#,
        r#"{"consecutive_failures":5}"#,
        r#"{"failures_of":{"failures":3,"calls":10}}"#,
    ] {
        let config: BreakerConfig = serde_json::from_str(text).expect("valid");
        assert_eq!(serde_json::to_string(&config).expect("writes"), text);
        assert!(config.builder().and_then(CircuitBreakerBuilder::build).is_ok(), "{text}");
    }
}

/// The options reach the breaker and not only its builder.
#[test]
fn a_breaker_does_as_it_was_configured() {
    let text = r#"{"failures_of":{"failures":2,"calls":3},"open_for":"7s","half_open_calls":1}"#;
    let config: BreakerConfig = serde_json::from_str(text).expect("valid");
    let clock = ManualClock::new();
    let breaker = config.builder().expect("one rule").clock(clock.clone()).build().expect("valid");
    for _ in 0..2 {
        breaker.try_acquire().expect("closed").failure();
    }
    let open = breaker.try_acquire().expect_err("two of three");
    assert_eq!(open.retry_after(), Some(Duration::from_secs(7)));
    clock.advance(Duration::from_secs(7));
    breaker.try_acquire().expect("the probe").success();
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn two_rules_for_one_breaker_are_refused() {
    for (text, message) in [
        (
            r#"{"failure_rate":0.5,"consecutive_failures":5}"#,
            "`consecutive_failures` is 5; allowed: one of `failure_rate`, `consecutive_failures` and \
             `failures_of`, not two",
        ),
        (
            r#"{"failures_of":{"failures":3,"calls":10},"consecutive_failures":5}"#,
            "`consecutive_failures` is 5; allowed: one of",
        ),
        (
            r#"{"failure_rate":0.5,"window":10,"failures_of":{"failures":3,"calls":10}}"#,
            "`failures_of` is 3; allowed: one of",
        ),
        (
            r#"{"window":"1m","consecutive_failures":5}"#,
            "`window` is 1m; allowed: with `failure_rate` only",
        ),
    ] {
        let config: BreakerConfig = serde_json::from_str(text).expect("reads");
        let error = config.builder().expect_err(text).to_string();
        assert!(error.starts_with(message), "{error}");
    }
}

/// The reader of a configuration is told which word is wrong and which would be right.
#[test]
fn unknown_and_ill_typed_options_are_refused_by_name() {
    for (text, message) in [
        (r#"{"breaker":{"failure_ratio":0.5}}"#, "unknown field `failure_ratio`, expected one of"),
        (r#"{"breaker":{"window":"60"}}"#, "no unit at column 3"),
        (r#"{"breaker":{"window":-1}}"#, "a number of calls, or a time such as \"10s\""),
        (r#"{"breaker":{"window":true}}"#, "a number of calls, or a time such as \"10s\""),
        (r#"{"breaker":{"open_for":30}}"#, "invalid type: integer `30`"),
        (r#"{"bulkhead":{}}"#, "missing field `limit`"),
        (r#"{"bulkhead":{"limit":1,"que":2}}"#, "unknown field `que`, expected one of"),
        (r#"{"bulkhead":{"limit":1,"adaptive":{"algorithm":"tcp"}}}"#, "unknown variant `tcp`"),
        (r#"{"hedge":{"delays":"1s"}}"#, "unknown field `delays`"),
        (r#"{"throttle":{"K":2}}"#, "unknown field `K`, expected one of `k`"),
        (r#"{"retries":3}"#, "unknown field `retries`, expected one of `timeout`"),
    ] {
        let error = serde_json::from_str::<PolicyConfig>(text).expect_err(text).to_string();
        assert!(error.contains(message), "{text}: {error}");
    }
}

#[test]
fn options_out_of_range_are_refused_when_a_policy_is_built() {
    for (text, message) in [
        (r#"{"timeout":"0s"}"#, "`timeout` is 0s; allowed: 1ns or more"),
        (r#"{"breaker":{"failure_rate":2}}"#, "`failure_rate` is 2; allowed: 0.000001 to 1"),
        (r#"{"breaker":{"window":99999999999}}"#, "`window` is 4294967295; allowed: 1 to 65535"),
        (r#"{"hedge":{}}"#, "`delay` is not given; allowed: either a delay or a quantile"),
        (r#"{"hedge":{"delay":"1s","quantile":0.9}}"#, "`delay` is 1s; allowed: without"),
        (r#"{"hedge":{"quantile":1}}"#, "`quantile` is 1; allowed: above 0 and below 1"),
        (r#"{"throttle":{"k":0.5}}"#, "`k` is 0.5; allowed: 1 to 1000"),
        (
            r#"{"bulkhead":{"limit":4,"partitions":{"a":0.7,"b":0.7}}}"#,
            "`partition` is 1.4; allowed: shares of at most 1 in all",
        ),
        (
            r#"{"bulkhead":{"limit":4,"adaptive":{"algorithm":"gradient"}}}"#,
            "`limit` is 4; allowed: 20 to 200, as the adaptive limit",
        ),
        (
            r#"{"retry":{"backoff":"fixed 1s","max_attempts":0}}"#,
            "`max_attempts` is 0; allowed: 1 or more",
        ),
    ] {
        let config: PolicyConfig = serde_json::from_str(text).expect("reads");
        let error = config.builder().and_then(PolicyBuilder::build).expect_err(text).to_string();
        assert!(error.starts_with(message), "{text}: {error}");
    }
}

#[test]
fn a_whole_policy_is_written_and_read_back() {
    let text = r#"{"timeout":"5s","attempt_timeout":"2s","idempotent":true,"retry_refused":false,"retry":{"backoff":"exponential 50ms cap 2s full jitter","max_attempts":3,"max_retry_after":"20s","idempotent":false,"budget":{"ratio":0.2,"per_second":10,"ttl":"10s"}},"hedge":{"quantile":0.95,"max_hedges":1,"budget":"aws"},"throttle":{"k":2.0,"window":"2m","min_calls":0,"max_rejection":1.0},"breaker":{"window":"10s"},"bulkhead":{"limit":20,"queue":100,"max_wait":"250ms","newest_first":false,"partitions":{"reports":0.25},"lend_idle":true,"adaptive":{"algorithm":"gradient","least":10,"most":50}}}"#;
    let config: PolicyConfig = serde_json::from_str(text).expect("valid");
    assert_eq!(serde_json::to_string(&config).expect("writes"), text);
    assert!(config.builder().and_then(PolicyBuilder::build).is_ok());
    let toml = toml::to_string(&config).expect("writes");
    assert_eq!(toml::from_str::<PolicyConfig>(&toml).expect("reads"), config, "{toml}");
}

/// Each part that is written down is there, on the clock that was given, and does as it says.
#[test]
fn a_policy_has_the_parts_that_its_configuration_names() {
    let config: PolicyConfig = toml::from_str(
        r#"
        idempotent = true
        retry = { backoff = "fixed 1s", max_attempts = 10 }
        breaker = { consecutive_failures = 3 }
        bulkhead = { limit = 1 }
        "#,
    )
    .expect("valid");
    let clock = ManualClock::new();
    let policy = config.builder_on(clock.clone()).and_then(PolicyBuilder::build).expect("valid");
    let mut calls = 0;
    let error = policy.call(
        |pause| clock.advance(pause),
        |_| {
            calls += 1;
            let inner = policy.call(|_| {}, |_| Ok::<_, ()>(()));
            let full = inner.expect_err("the only place is taken").cause;
            assert!(matches!(full, Cause::Full(_)));
            Err::<(), _>(())
        },
    );
    let error = error.expect_err("it fails");
    assert!(matches!(error.cause, Cause::Open(_)));
    assert_eq!((calls, error.stop, clock.now()), (3, Some(Stop::Refused), Nanos::from_secs(3)));
}
