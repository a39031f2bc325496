//! Who a request is counted for, when all that is known is where it came from.
//!
//! A limit is worth what its key is worth, and an address is easily got wrong: `X-Forwarded-For` is
//! written by whoever sends it, an IPv6 client owns a whole network, and an IPv4 client may arrive
//! in IPv6 clothes. [`ClientSource`] says which field is read and which proxies are believed;
//! [`ClientKey`] is what it finds, ready to be the key of a limiter.
//!
//! ```
//! use voussoir_ratelimit::client_key::{ClientSource, TrustedProxies};
//!
//! let clients = ClientSource::builder()
//!     .trust(TrustedProxies::networks(["10.0.0.0/8".parse()?]))
//!     .build()?;
//!
//! // The client wrote `6.6.6.6` itself; the load balancer appended what it saw.
//! let proxy = "10.0.0.1".parse()?;
//! let key = clients.key(Some(proxy), ["6.6.6.6, 203.0.113.7"]).expect("an address");
//! assert_eq!(key.to_string(), "203.0.113.7");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The walk
//!
//! Each proxy appends the address of whom it talked to. So the walk begins with the peer of the
//! connection and goes through the entries **from the right**, each written by the hop before it,
//! as long as that hop is trusted. The first hop that is not is the client. What stands further left
//! was written by the client and is not looked at.
//!
//! An entry that is empty, malformed or `unknown` ends the walk: the request then counts for the
//! last hop that is known, the proxy that passed such a thing on. So does a hidden name such as
//! `for=_7`, unless proxies are trusted [by their number](TrustedProxies::Hops) and others stand
//! behind it. A limit can only become tighter by this, never be evaded.
//!
//! # Which field?
//!
//! Only the one that your proxies write: a proxy that writes `X-Forwarded-For` lets through any
//! `Forwarded` that the client has made up. Hence the [field](ForwardedField) is chosen, never
//! guessed.
//!
//! # What it does not do
//!
//! It does not believe `X-Real-IP`, `CF-Connecting-IP` and the like; if your proxy sets such a field
//! on *every* request, hand its value to [`ClientKey::of`].

mod address;
mod builder;
mod forwarded;
#[cfg(feature = "http")]
mod headers;
mod hop;
mod key;
mod network;
mod source;
mod trust;

pub use builder::ClientSourceBuilder;
pub use key::ClientKey;
pub use network::{Network, NetworkError, NetworkErrorKind};
pub use source::{ClientSource, ForwardedField};
pub use trust::TrustedProxies;
