//! Threads that wait for each other: a thread blocks on a flight whose loader runs on a thread that
//! blocks on a flight whose loader … runs on the first. Each link is a fact that holds while the
//! last one is checked, so the thread that would close the circle is told instead.

use alloc::sync::Arc;
use std::collections::HashMap;
#[cfg(not(voussoir_shuttle))]
use std::sync::LazyLock;

use crate::sync::{AtomicU64, Mutex, Ordering, thread_local};

/// The thread on whose stack a flight's loader is, by [`thread_number`]; 0 when on none.
///
/// Set before the loader runs, thus before the loader blocks and takes the lock of [`BLOCKED`]:
/// a relaxed load under that lock sees it.
pub(super) type Pilot = Arc<AtomicU64>;

/// For each thread that blocks, whom it waits for.
#[cfg(not(voussoir_shuttle))]
static BLOCKED: LazyLock<Mutex<HashMap<u64, Pilot>>> = LazyLock::new(Mutex::default);

#[cfg(voussoir_shuttle)]
shuttle::lazy_static! {
    static ref BLOCKED: Mutex<HashMap<u64, Pilot>> = Mutex::default();
}

/// To be called before any thread of a model panics: shuttle poisons what is made meanwhile.
#[cfg(all(test, voussoir_shuttle))]
pub(crate) fn prepare() {
    shuttle::lazy_static::initialize(&BLOCKED);
}

/// Ends with the wait.
#[derive(Debug)]
pub(super) struct Blocked;

/// A number of this thread, 1 or more.
pub(super) fn thread_number() -> u64 {
    static NEXT: core::sync::atomic::AtomicU64 = core::sync::atomic::AtomicU64::new(1);
    thread_local! {
        static NUMBER: u64 = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    NUMBER.with(|number| *number)
}

/// This thread is about to wait for `pilot`, unless that would be for itself.
pub(super) fn block_on(pilot: &Pilot) -> Option<Blocked> {
    let me = thread_number();
    let mut blocked = BLOCKED.lock();
    let mut next = pilot.load(Ordering::Relaxed);
    // A chain holds each blocked thread at most once, for without a circle it ends.
    for _ in 0..=blocked.len() {
        if next == me {
            return None;
        }
        let Some(pilot) = blocked.get(&next) else { break };
        next = pilot.load(Ordering::Relaxed);
    }
    blocked.insert(me, Arc::clone(pilot));
    Some(Blocked)
}

impl Drop for Blocked {
    fn drop(&mut self) {
        BLOCKED.lock().remove(&thread_number());
    }
}
