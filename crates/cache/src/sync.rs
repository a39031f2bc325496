//! The lock and the counter that threads race for in this crate, or loom's models of them.

#[cfg(not(voussoir_loom))]
pub(crate) use core::sync::atomic::{AtomicUsize, Ordering};
#[cfg(voussoir_loom)]
pub(crate) use loom::sync::atomic::{AtomicUsize, Ordering};
#[cfg(not(voussoir_loom))]
pub(crate) use parking_lot::Mutex;

#[cfg(voussoir_loom)]
/// Loom's lock with the signatures of `parking_lot`.
#[cfg(voussoir_loom)]
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

#[cfg(voussoir_loom)]
impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
