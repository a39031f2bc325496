//! When a value is renewed, and what is served meanwhile: one decision, made of pure functions.
//!
//! ```text
//!  written          refresh ahead      ttl             + stale        + stale if error
//!     ├──── fresh ───────┼── fresh, renew ─┼─ stale, renew ─┼─ load, or serve ─┼─ expired ──
//!                          by chance, XFetch
//! ```

mod freshness;
mod negative;
mod verdict;
mod xfetch;

pub use freshness::Freshness;
pub use negative::NegativeTtl;
pub use verdict::Verdict;
pub use xfetch::XFetch;
