//! The atomics that threads race for in this crate, or loom's and shuttle's models of them.

#[cfg(not(any(voussoir_loom, voussoir_shuttle)))]
pub(crate) use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
#[cfg(voussoir_loom)]
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};
#[cfg(voussoir_shuttle)]
pub(crate) use shuttle::sync::atomic::{AtomicU32, AtomicU64, Ordering};
