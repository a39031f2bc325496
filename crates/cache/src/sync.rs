//! What threads race for and wait with in this crate, or shuttle's models of it.

#[cfg(not(voussoir_shuttle))]
pub(crate) use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
#[cfg(not(voussoir_shuttle))]
pub(crate) use parking_lot::Mutex;
#[cfg(not(voussoir_shuttle))]
pub(crate) use std::time::Instant;
#[cfg(not(voussoir_shuttle))]
pub(crate) use std::{thread, thread_local};
#[cfg(not(voussoir_shuttle))]
pub(crate) use voussoir_core::Lock;

#[cfg(voussoir_shuttle)]
mod model;
#[cfg(voussoir_shuttle)]
pub(crate) use model::{Instant, Lock, Mutex, thread};
#[cfg(voussoir_shuttle)]
pub(crate) use shuttle::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
#[cfg(voussoir_shuttle)]
pub(crate) use shuttle::thread_local;
