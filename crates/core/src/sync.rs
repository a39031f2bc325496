//! The atomics that threads race for in this crate, or loom's model of it.

#[cfg(not(voussoir_loom))]
pub(crate) use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
#[cfg(voussoir_loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
