//! What threads race for in this crate, or loom's model of it.

#[cfg(not(voussoir_loom))]
pub(crate) use core::hint::spin_loop;
#[cfg(not(voussoir_loom))]
pub(crate) use core::sync::atomic::{AtomicU64, Ordering};
#[cfg(voussoir_loom)]
pub(crate) use loom::hint::spin_loop;
#[cfg(voussoir_loom)]
pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
