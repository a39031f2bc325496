//! Rules: which request is counted against which limit, by what key; read from a configuration and
//! run as one limiter.
//!
//! ```
//! use voussoir_ratelimit::client_key::ClientKey;
//! use voussoir_ratelimit::rules::{Facts, Order, Rule, RuleKey, RuleLimiter, RuleSet};
//!
//! let login = Rule::new("login", "5/min".parse()?, RuleKey::client())
//!     .method("POST")
//!     .path("/login".parse()?);
//! let api = Rule::new("api", "100/s".parse()?, RuleKey::header("x-api-key")).path("/api/*".parse()?);
//! let limiter = RuleLimiter::builder(RuleSet::new(Order::FirstMatch, [login, api])?).build()?;
//!
//! let client = Some(ClientKey::of("203.0.113.7".parse()?));
//! let request = Facts { method: "POST", path: "/login", client, ..Facts::default() };
//! let decision = limiter.check(&request);
//! assert!(decision.is_allowed());
//! assert_eq!(decision.rule().map(Rule::name), Some("login"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # As a configuration
//!
//! With the feature `serde` a [`RuleSet`] is read from TOML, JSON or any other of its formats; a field
//! that does not exist is refused by name, together with those that do.
//!
//! ```toml
//! order = "first-match"              # or "all-match"
//!
//! [[rules]]
//! name = "login"                     # required, unique; 1 to 128 printable ASCII characters
//! limit = "5/min burst 10"           # required
//! key = "client"                     # required; see `RuleKey`
//! methods = ["POST"]                 # any, if left out
//! path = "/login"                    # any, if left out; see `PathPattern`
//!
//! [[rules]]
//! name = "free tenants"
//! limit = "1000/h"
//! key = "attribute:tenant+segment:project"
//! path = "/projects/{project}/*"
//! headers = { x-plan = "free" }      # all of them must be there, with these values
//! attributes = { region = "eu" }     # likewise
//! initial = 0                        # begins with none of its 1000; all of them, if left out
//! missing = "refuse"                 # or "share" (the default), or "skip"
//! shadow = true                      # decides and reports, and never refuses
//! max_keys = 10000                   # 100,000 if left out
//! ```
//!
//! # Which rule?
//!
//! A rule applies to a request when its methods, path, headers and attributes all match. With
//! [`Order::FirstMatch`] the first that applies decides alone, so write the special before the
//! general; a rule that could never be reached is refused. With [`Order::AllMatch`] every one that applies must allow the request; nothing is taken
//! from any when one refuses. A request to which no rule applies is allowed.
//!
//! **Shadow rules** decide on every request to which they apply, tell the
//! [observer](crate::observe), and are then passed over as if they did not exist. A limit that is
//! tried out this way before it refuses anybody does not switch off the rule behind it.
//!
//! # Keys
//!
//! What the key of a rule finds is hashed, with a secret of the limiter, to 64 bits that are kept
//! instead. So a check allocates nothing, a key takes 16 bytes however long its text, and nobody can
//! aim at another's. Two of a million keys share one limit with a probability of 3 in 10^8.
//!
//! # What it does not do
//!
//! It does not resolve `.` and `..` in paths; hand over the path by which requests are routed.
//! It does not verify what it is told: a header is what the client says, so by an `x-api-key` that
//! nobody has checked, a client has as many limits as it likes.
//!
//! Complexity of a check: O(rules); the path is read once. Memory: that of a [`KeyedLimiter`](crate::KeyedLimiter) of 8-byte keys for each rule.

mod decision;
mod facts;
mod fingerprint;
#[cfg(feature = "http")]
mod http;
mod key;
mod limiter;
mod path;
mod rule;
mod set;

#[cfg(feature = "http")]
pub use self::http::HttpRequest;
pub use decision::RuleDecision;
pub use facts::{Facts, Request};
pub use key::{KeyPart, RuleKey};
pub use limiter::{RuleLimiter, RuleLimiterBuilder};
pub use path::{PathError, PathErrorKind, PathPattern};
pub use rule::{MissingKey, Rule};
pub use set::{Order, RuleSet, RuleSetError};
