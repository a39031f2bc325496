//! voussoir
#[cfg(feature = "balance")]
#[doc(inline)]
pub use voussoir_balance as balance;
#[cfg(feature = "breaker")]
#[doc(inline)]
pub use voussoir_breaker as breaker;
#[cfg(feature = "ratelimit")]
#[doc(inline)]
pub use voussoir_ratelimit as ratelimit;
