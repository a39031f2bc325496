//! What this thread is loading at the moment, innermost last: a closure while it runs, a future
//! while it is polled. A loader that asks for its own key finds it here.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::RefCell;

use super::cycle::{Pilot, thread_number};
use crate::sync::{Ordering, thread_local};

thread_local! {
    /// The addresses of the flights' [`Pilot`]s: alive, thus distinct, while they are here.
    static LOADING: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Being in the loader of one flight. Ends with the closure or the poll, also by a panic.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    pilot: &'a Pilot,
    outer: u64,
}

impl<'a> Scope<'a> {
    pub(super) fn enter(pilot: &'a Pilot) -> Self {
        LOADING.with(|loading| loading.borrow_mut().push(address(pilot)));
        Self { pilot, outer: pilot.swap(thread_number(), Ordering::Relaxed) }
    }

    /// Whether this thread is in the loader of the flight of `pilot`.
    pub(super) fn holds(pilot: &Pilot) -> bool {
        LOADING.with(|loading| loading.borrow().contains(&address(pilot)))
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        self.pilot.store(self.outer, Ordering::Relaxed);
        LOADING.with(|loading| loading.borrow_mut().pop());
    }
}

fn address(pilot: &Pilot) -> usize {
    Arc::as_ptr(pilot).addr()
}
