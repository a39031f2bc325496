//! Expiry: when an entry ends, checked by every read and reclaimed by a wheel.

mod expiry;
pub(crate) mod timers;
mod wheel;

pub use expiry::Expiry;
pub(crate) use timers::Timers;
pub(crate) use wheel::Wheel;
