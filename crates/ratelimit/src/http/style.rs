use alloc::string::String;
use core::fmt::{self, Write};
use core::str::FromStr;
use core::time::Duration;

use ::http::header::RETRY_AFTER;
use ::http::{HeaderMap, HeaderName, HeaderValue};
use voussoir_core::{Clock, ConfigError, Nanos, WallClock};

use super::Policy;
use super::field::whole_seconds;
use crate::Decision;

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// Of limit, remaining and reset.
const DRAFT_06: [HeaderName; 3] = [
    HeaderName::from_static("ratelimit-limit"),
    HeaderName::from_static("ratelimit-remaining"),
    HeaderName::from_static("ratelimit-reset"),
];
/// Of limit, remaining and reset.
const X_RATELIMIT: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit"),
    HeaderName::from_static("x-ratelimit-remaining"),
    HeaderName::from_static("x-ratelimit-reset"),
];

/// In which fields a client is told of its limits. See the [module](super) for which one to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeaderStyle {
    /// `RateLimit` and `RateLimit-Policy` as lists of structured fields: revision 11 of May 2026.
    #[default]
    Draft11,
    /// `RateLimit` as the triple of limit, remaining and reset: revision 7 of June 2023.
    Draft07,
    /// The same triple as three fields: revision 6 of December 2022.
    Draft06,
    /// The triple as it was before anybody wrote it down. Services disagree about the reset.
    XRateLimit(Reset),
    /// Nothing but `Retry-After`.
    None,
}

/// What `X-RateLimit-Reset` counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reset {
    /// Seconds from now.
    #[default]
    Delta,
    /// Seconds since 1970: a client whose clock is wrong waits too short or too long.
    Epoch,
}

/// Each style with its name in configurations.
const NAMED: [(&str, HeaderStyle); 6] = [
    ("draft-11", HeaderStyle::Draft11),
    ("draft-07", HeaderStyle::Draft07),
    ("draft-06", HeaderStyle::Draft06),
    ("x-ratelimit", HeaderStyle::XRateLimit(Reset::Delta)),
    ("x-ratelimit-epoch", HeaderStyle::XRateLimit(Reset::Epoch)),
    ("none", HeaderStyle::None),
];

impl HeaderStyle {
    /// Writes the fields for a request on which these limits decided together, in this order.
    /// Without a limit nothing is written.
    ///
    /// Complexity: O(limits); a few allocations, one for each value.
    pub fn write(self, headers: &mut HeaderMap, limits: &[(&Policy, Decision)]) {
        self.write_with(headers, limits, || WallClock.now());
    }

    /// As [`write`](Self::write), at a given time of the calendar. [`Reset::Epoch`] alone needs it.
    pub fn write_at(self, wall: Nanos, headers: &mut HeaderMap, limits: &[(&Policy, Decision)]) {
        self.write_with(headers, limits, || wall);
    }

    fn write_with(
        self,
        headers: &mut HeaderMap,
        limits: &[(&Policy, Decision)],
        wall: impl FnOnce() -> Nanos,
    ) {
        let Some((_, binding)) = limits.iter().max_by_key(|(_, decision)| urgency(decision)) else {
            return;
        };
        let is_refusal = !binding.is_allowed();
        if let Some(wait) = binding.retry_after() {
            headers.insert(RETRY_AFTER, whole_seconds(wait).max(1).into());
        }
        match self {
            Self::Draft11 => {
                insert(
                    headers,
                    RATELIMIT_POLICY,
                    join(limits, |text, (policy, _)| {
                        text.push_str(policy.named());
                    }),
                );
                insert(
                    headers,
                    RATELIMIT,
                    join(limits, |text, (policy, decision)| {
                        // Writing to a `String` does not fail.
                        let _ = write!(text, "{};r={}", policy.item(), decision.remaining());
                        // Of nothing at all, as when all is blocked, there will never be more.
                        let is_all = decision.remaining() == 0 && until_reset(decision).is_zero();
                        if !(is_refusal && decision.is_allowed() || is_all) {
                            let _ = write!(text, ";t={}", reset(decision));
                        }
                    }),
                );
            }
            Self::Draft07 => {
                write_nameless_policies(headers, limits);
                let (limit, remaining) = (binding.limit(), binding.remaining());
                let reset = reset(binding);
                let text = alloc::format!("limit={limit}, remaining={remaining}, reset={reset}");
                insert(headers, RATELIMIT, text);
            }
            Self::Draft06 => {
                write_nameless_policies(headers, limits);
                write_triple(headers, DRAFT_06, binding, reset(binding));
            }
            Self::XRateLimit(Reset::Delta) => {
                write_triple(headers, X_RATELIMIT, binding, reset(binding));
            }
            Self::XRateLimit(Reset::Epoch) => {
                let at = wall().saturating_add(until_reset(binding));
                write_triple(headers, X_RATELIMIT, binding, whole_seconds(at.as_duration()));
            }
            Self::None => {}
        }
    }
}

impl FromStr for HeaderStyle {
    type Err = ConfigError;

    /// # Errors
    ///
    /// A name that no style has; the error lists those there are.
    fn from_str(name: &str) -> Result<Self, ConfigError> {
        let found = NAMED.iter().find(|(named, _)| *named == name);
        found.map(|(_, style)| *style).ok_or_else(|| {
            let allowed = NAMED.map(|(name, _)| name).join(", ");
            ConfigError::new("headers", alloc::format!("`{name}`"), allowed)
        })
    }
}

impl fmt::Display for HeaderStyle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = NAMED.iter().find(|(_, style)| style == self);
        f.write_str(found.map_or("", |(name, _)| name))
    }
}

/// The greater, the more a client has to know of it.
fn urgency(decision: &Decision) -> (bool, bool, Option<Duration>, core::cmp::Reverse<u32>) {
    (
        !decision.is_allowed(),
        decision.exceeds_capacity(),
        decision.retry_after(),
        core::cmp::Reverse(decision.remaining()),
    )
}

fn until_reset(decision: &Decision) -> Duration {
    decision.retry_after().unwrap_or_else(|| decision.reset_after())
}

fn reset(decision: &Decision) -> u64 {
    whole_seconds(until_reset(decision))
}

/// A list of one member a limit.
fn join(
    limits: &[(&Policy, Decision)],
    write: impl Fn(&mut String, (&Policy, &Decision)),
) -> String {
    let mut text = String::with_capacity(limits.len() * 32);
    for (at, (policy, decision)) in limits.iter().enumerate() {
        text.push_str(if at == 0 { "" } else { ", " });
        write(&mut text, (policy, decision));
    }
    text
}

fn write_nameless_policies(headers: &mut HeaderMap, limits: &[(&Policy, Decision)]) {
    insert(
        headers,
        RATELIMIT_POLICY,
        join(limits, |text, (policy, _)| {
            text.push_str(policy.nameless());
        }),
    );
}

fn write_triple(headers: &mut HeaderMap, names: [HeaderName; 3], decision: &Decision, reset: u64) {
    let [limit, remaining, reset_name] = names;
    headers.insert(limit, decision.limit().into());
    headers.insert(remaining, decision.remaining().into());
    headers.insert(reset_name, reset.into());
}

/// `text` is printable ASCII, since policies refuse other names, and hence a value.
fn insert(headers: &mut HeaderMap, name: HeaderName, text: String) {
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(name, value);
    }
}
