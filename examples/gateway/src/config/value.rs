//! Readers of single values, which say what is allowed where a type alone would not.

use std::time::Duration;

use http::HeaderName;
use http::uri::{Authority, Scheme, Uri};
use serde::de::{Deserialize, Deserializer, Error};
use voussoir::balance::Algorithm;
use voussoir::duration;
use voussoir::ratelimit::{Limit, TokenBucket};

pub(super) fn header_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<HeaderName>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(|_| {
        D::Error::custom(format!("`{text}` is no header name; allowed: one such as \"X-Api-Key\""))
    })
}

pub(super) fn ipv6_prefix<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let bits = i64::deserialize(deserializer)?;
    match u8::try_from(bits) {
        Ok(bits @ 32..=128) => Ok(bits),
        _ => Err(D::Error::custom(format!("the prefix is {bits} bits; allowed: 32 to 128"))),
    }
}

/// A quoted string of a structured field holds printable ASCII without quotes and backslashes;
/// names are kept shorter and plainer than that.
pub(super) fn policy_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    word(deserializer, "policy name")
}

pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    word(deserializer, "id")
}

fn word<'de, D: Deserializer<'de>>(deserializer: D, what: &str) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(text);
    }
    Err(D::Error::custom(format!(
        "`{text}` is no {what}; allowed: 1 to 64 of a-z, A-Z, 0-9, `-`, `_` and `.`"
    )))
}

pub(super) fn algorithm<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Algorithm, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

pub(super) fn token_bucket<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<TokenBucket, D::Error> {
    match Limit::deserialize(deserializer)? {
        Limit::TokenBucket(bucket) => Ok(bucket),
        other => Err(D::Error::custom(format!(
            "`{other}` is no token bucket; allowed: one such as \"20/s burst 50\""
        ))),
    }
}

pub(super) fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let well_formed = text.starts_with('/') && text.parse::<Uri>().is_ok();
    if well_formed {
        return Ok(text);
    }
    Err(D::Error::custom(format!("`{text}` is no path; allowed: one such as \"/healthz\"")))
}

pub(super) fn positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    match duration::deserialize(deserializer)? {
        Duration::ZERO => Err(D::Error::custom(
            "the duration is zero; allowed: more, such as \"250ms\" or \"2s\"",
        )),
        duration => Ok(duration),
    }
}

pub(super) fn authority<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Authority, D::Error> {
    let text = String::deserialize(deserializer)?;
    let refused = |why: &str| {
        Err(D::Error::custom(format!(
            "`{text}` {why}; allowed: `http://host:port` without user and path"
        )))
    };
    let Ok(uri) = text.parse::<Uri>() else { return refused("is no URL") };
    if uri.scheme() == Some(&Scheme::HTTPS) {
        return refused("asks for TLS, which this gateway does not speak");
    }
    let Some(authority) = uri.authority() else { return refused("names no host") };
    if uri.scheme() != Some(&Scheme::HTTP) {
        return refused("does not start with `http://`");
    }
    if uri.path() != "/" || uri.query().is_some() {
        return refused("has a path");
    }
    if authority.as_str().contains('@') {
        return refused("names a user");
    }
    if authority.host().is_empty() || authority.port_u16() == Some(0) {
        return refused("names no host or port 0");
    }
    Ok(authority.clone())
}
