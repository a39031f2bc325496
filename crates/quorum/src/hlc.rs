//! A clock whose readings respect causality and stay close to the wall's.

#[cfg(target_has_atomic = "64")]
mod builder;
#[cfg(target_has_atomic = "64")]
mod clock;
mod error;
mod stamp;
mod time;

#[cfg(target_has_atomic = "64")]
pub use builder::HlcBuilder;
#[cfg(target_has_atomic = "64")]
pub use clock::Hlc;
pub use error::{HlcError, HlcTimeError};
pub use stamp::Stamp;
pub use time::HlcTime;
