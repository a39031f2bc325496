//! The atomics that threads race for in this crate, or loom's models of them.

#[cfg(not(voussoir_loom))]
pub(crate) use core::sync::atomic::{AtomicU64, Ordering};
#[cfg(voussoir_loom)]
pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
