//! Configurations: read, refused, and written back.

#![cfg(feature = "serde")]

use std::time::Duration;

use voussoir_breaker::{Backoff, RetryBudgetConfig, RetryBuilder, RetryConfig};

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
