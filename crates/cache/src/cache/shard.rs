use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::{RwLock, RwLockWriteGuard};

use crate::engine::Engine;
use crate::policy::Evict;

/// How many uses wait for the lock. They are put in order 32 at a time, as BP-Wrapper does (Ding,
/// Jiang and Zhang, "BP-Wrapper: a system framework making any replacement algorithms (almost) lock
/// contention free", ICDE 2009).
const READS: usize = 32;

/// One lock's share of a cache.
///
/// Readers share the lock. Where a use changes the order of a list, the reader leaves the slot in a
/// ring of words and goes; whoever next holds the lock alone puts the ring in order, before it does
/// anything else. A single thread therefore sees the exact policy. Uses are lost only when more than
/// 32 come while the lock is busy.
#[derive(Debug)]
pub(super) struct Shard<K, V, P> {
    engine: RwLock<Engine<K, V, P>>,
    /// Uses that found an entry: the statistic, and the place in the ring of the next one.
    hits: AtomicU64,
    misses: AtomicU64,
    /// Up to which hit the ring is in order. Written under the lock only.
    ordered: AtomicU64,
    reads: [AtomicU32; READS],
}

impl<K, V, P: Evict> Shard<K, V, P> {
    pub(super) fn new(engine: Engine<K, V, P>) -> Self {
        Self {
            engine: RwLock::new(engine),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            ordered: AtomicU64::new(0),
            reads: [const { AtomicU32::new(u32::MAX) }; READS],
        }
    }

    pub(super) fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    pub(super) fn misses(&self) -> u64 {
        self.misses.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn missed(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn read<R>(&self, read: impl FnOnce(&Engine<K, V, P>) -> R) -> R {
        read(&self.engine.read())
    }

    /// Counts a use; what `read` found is put in order later if it says so.
    #[inline]
    pub(super) fn use_one<R>(
        &self,
        read: impl FnOnce(&Engine<K, V, P>) -> Option<(R, Option<u32>)>,
    ) -> Option<R> {
        let engine = self.engine.read();
        let found = read(&engine);
        drop(engine);
        let Some((result, later)) = found else {
            self.missed();
            return None;
        };
        let turn = self.hits.fetch_add(1, Ordering::Relaxed);
        if let Some(slot) = later {
            self.reads[turn as usize % READS].store(slot, Ordering::Relaxed);
            if turn as usize % READS == READS - 1 {
                self.try_order();
            }
        }
        Some(result)
    }

    #[cold]
    fn try_order(&self) {
        if let Some(mut engine) = self.engine.try_write() {
            self.order(&mut engine);
        }
    }

    fn order(&self, engine: &mut Engine<K, V, P>) {
        let hits = self.hits.load(Ordering::Relaxed);
        let ordered = self.ordered.load(Ordering::Relaxed);
        if hits == ordered {
            return;
        }
        self.ordered.store(hits, Ordering::Relaxed);
        for turn in ordered.max(hits.saturating_sub(READS as u64))..hits {
            // Each is looked at once: a reader that has counted and not yet written is lost.
            let slot = self.reads[turn as usize % READS].swap(u32::MAX, Ordering::Relaxed);
            engine.used(slot);
        }
    }

    /// The engine, alone and in order.
    #[inline]
    pub(super) fn lock(&self) -> RwLockWriteGuard<'_, Engine<K, V, P>> {
        let mut engine = self.engine.write();
        self.order(&mut engine);
        engine
    }
}
