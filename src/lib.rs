//! Building blocks of distributed services.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

#[cfg(feature = "balance")]
#[doc(inline)]
pub use voussoir_balance as balance;
#[cfg(feature = "breaker")]
#[doc(inline)]
pub use voussoir_breaker as breaker;
#[cfg(feature = "ratelimit")]
#[doc(inline)]
pub use voussoir_ratelimit as ratelimit;

pub use voussoir_core::{ConfigError, duration};

/// Time: points on a clock and the clocks that are read.
pub mod time {
    #[cfg(target_has_atomic = "64")]
    pub use voussoir_core::ManualClock;
    #[cfg(feature = "quanta")]
    pub use voussoir_core::QuantaClock;
    #[cfg(feature = "tokio")]
    pub use voussoir_core::TokioClock;
    #[cfg(feature = "std")]
    pub use voussoir_core::WallClock;
    pub use voussoir_core::{Clock, Nanos, SystemClock};
}

/// The sharded map, for state by key.
#[cfg(feature = "std")]
pub mod map {
    pub use voussoir_core::{Full, MemoryUse, ShardedMap, Swept};
}
