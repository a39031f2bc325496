//! The atomics, the lock and the threads that race in this crate, or loom's and shuttle's models of
//! them.

#[cfg(not(voussoir_loom))]
pub(crate) use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
#[cfg(voussoir_loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
#[cfg(voussoir_loom)]
pub(crate) use loom::thread;
#[cfg(not(any(voussoir_loom, voussoir_shuttle)))]
pub(crate) use parking_lot::Mutex;
#[cfg(voussoir_shuttle)]
pub(crate) use shuttle::thread;
#[cfg(not(any(voussoir_loom, voussoir_shuttle)))]
pub(crate) use std::thread;

#[cfg(voussoir_loom)]
use loom::sync as model;
#[cfg(voussoir_shuttle)]
use shuttle::sync as model;

/// A model's lock, in the manner of `parking_lot`.
#[cfg(any(voussoir_loom, voussoir_shuttle))]
pub(crate) struct Mutex<T>(model::Mutex<T>);

#[cfg(any(voussoir_loom, voussoir_shuttle))]
impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(model::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> model::MutexGuard<'_, T> {
        self.0.lock().expect("no model panics under the lock")
    }
}
