//! What a decision says to an HTTP client: `RateLimit`, `RateLimit-Policy`, `Retry-After`, and the
//! older forms of them (feature `http`).
//!
//! ```
//! use voussoir_ratelimit::http::{HeaderStyle, Policy};
//! use voussoir_ratelimit::{KeyedLimiter, TokenBucket};
//!
//! let bucket = TokenBucket::per_minute(50);
//! let limiter = KeyedLimiter::<u64>::builder(bucket).build()?;
//! let policy = Policy::of("permin", &bucket)?; // once, beside the limiter
//!
//! let mut headers = http::HeaderMap::new();
//! let decision = limiter.check(&7);
//! HeaderStyle::Draft11.write(&mut headers, &[(&policy, decision)]);
//! assert_eq!(headers["ratelimit-policy"], "\"permin\";q=50;w=60");
//! assert_eq!(headers["ratelimit"], "\"permin\";r=49;t=2");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which style?
//!
//! | style | fields | for |
//! |---|---|---|
//! | [`Draft11`](HeaderStyle::Draft11) | `RateLimit: "permin";r=49;t=2` and `RateLimit-Policy: "permin";q=50;w=60` | new services; the only one that can tell of several limits |
//! | [`Draft07`](HeaderStyle::Draft07) | `RateLimit: limit=50, remaining=49, reset=2` and `RateLimit-Policy: 50;w=60` | clients of 2023 |
//! | [`Draft06`](HeaderStyle::Draft06) | `RateLimit-Limit: 50`, `RateLimit-Remaining: 49`, `RateLimit-Reset: 2` and the same policy | clients of 2022 |
//! | [`XRateLimit`](HeaderStyle::XRateLimit) | `X-RateLimit-Limit: 50`, `X-RateLimit-Remaining: 49`, `X-RateLimit-Reset: …` | clients that know a particular service |
//! | [`None`](HeaderStyle::None) | | those who shall not know |
//!
//! The drafts are revisions of `draft-ietf-httpapi-ratelimit-headers`, which is no standard yet and
//! has changed its syntax three times; each style here stays what its name says.
//!
//! # Retry-After
//!
//! With every style, a refusal that has an end says when: in whole seconds, rounded up and at least
//! 1, since a client that comes a moment early is refused again, and 0 says "at once"
//! ([tower-governor#65](https://github.com/benwis/tower-governor/issues/65),
//! [prorate#40](https://github.com/WeTransfer/prorate/issues/40)). A request that
//! [exceeds the capacity](crate::Decision::exceeds_capacity) is refused however long it waits, so it
//! gets none.
//!
//! # The figures
//!
//! `r` is [`remaining`](crate::Decision::remaining). `t` is when a request of the same cost passes,
//! for one who was refused, and when the limit is whole again, for one who was not. `Retry-After` must
//! not be earlier than `t`; so beside a refusal, limits that did not refuse have no `t`. Styles
//! that can tell of one limit only tell of the one that binds: a refusal before what passed, the
//! longest wait, the fewest left.
//!
//! All of it is rounded to whole seconds, up: the formats have no finer. Fields of the same name that
//! are there already, as those of an upstream, are replaced.

mod error;
mod field;
mod policy;
mod style;

pub use error::{PolicyNameError, PolicyNameErrorKind};
pub use policy::{Policy, QuotaUnit};
pub use style::{HeaderStyle, Reset};
