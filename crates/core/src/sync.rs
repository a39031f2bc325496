//! The one atomic that threads race for in this crate, or loom's model of it.

#[cfg(not(voussoir_loom))]
pub(crate) use core::sync::atomic::{AtomicUsize, Ordering};
#[cfg(voussoir_loom)]
pub(crate) use loom::sync::atomic::{AtomicUsize, Ordering};
