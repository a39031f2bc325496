//! When entries end: in arrays beside the slab that exist only once an entry does end.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use voussoir_core::Nanos;

use super::wheel::Wheel;
use crate::policy::list::NIL;

/// When an entry expires, and its links in the wheel: 16 bytes.
#[derive(Debug)]
pub(crate) struct Timer {
    /// Never is [`Nanos::MAX`].
    expires: Nanos,
    pub prev: u32,
    pub next: u32,
}

/// How long an entry may be left alone, and when it was used: 16 bytes more.
#[derive(Debug, Default)]
struct Idle {
    /// Zero for an entry that may be left alone for ever, else in nanoseconds.
    limit: u64,
    used: u64,
}

#[derive(Debug)]
pub(crate) struct Timers {
    pub cells: Vec<Timer>,
    idle: Vec<Idle>,
    pub wheel: Wheel,
    /// The latest time seen, so that a clock that goes back brings nothing back.
    latest: AtomicU64,
}

impl Timers {
    pub(crate) fn new(now: Nanos) -> Self {
        Self {
            cells: Vec::new(),
            idle: Vec::new(),
            wheel: Wheel::new(now),
            latest: AtomicU64::new(now.as_nanos()),
        }
    }

    /// `now`, or the latest time seen if that is later.
    #[inline]
    pub(crate) fn forward(&self, now: Nanos) -> Nanos {
        if now.as_nanos() <= self.latest.load(Ordering::Relaxed) {
            return Nanos::from_nanos(self.latest.load(Ordering::Relaxed));
        }
        self.latest.fetch_max(now.as_nanos(), Ordering::Relaxed);
        now
    }

    /// As `forward`, for who is alone.
    #[inline]
    pub(crate) fn forward_alone(&mut self, now: Nanos) -> Nanos {
        let latest = self.latest.get_mut();
        *latest = now.as_nanos().max(*latest);
        Nanos::from_nanos(*latest)
    }

    /// Sets when the entry in `slot` ends. `places` is how many the slab has.
    pub(crate) fn set(
        &mut self,
        slot: u32,
        places: u32,
        now: Nanos,
        expires: Nanos,
        idle: Duration,
    ) {
        let slot_at = slot as usize;
        if self.cells.len() < places as usize {
            let never = || Timer { expires: Nanos::MAX, prev: NIL, next: NIL };
            self.cells.resize_with(places as usize, never);
        }
        let limit = Nanos::from_duration(idle).as_nanos();
        if limit > 0 && self.idle.len() < places as usize {
            self.idle.resize_with(places as usize, Idle::default);
        }
        self.wheel.remove(&mut self.cells, slot);
        self.cells[slot_at].expires = expires;
        if let Some(idle) = self.idle.get_mut(slot_at) {
            *idle = Idle { limit, used: now.as_nanos() };
        }
        let deadline = self.deadline(slot);
        if deadline < Nanos::MAX {
            self.wheel.insert(&mut self.cells, slot, deadline);
        }
    }

    /// The entry in `slot` is gone.
    pub(crate) fn clear(&mut self, slot: u32) {
        self.wheel.remove(&mut self.cells, slot);
        if let Some(cell) = self.cells.get_mut(slot as usize) {
            cell.expires = Nanos::MAX;
        }
        if let Some(idle) = self.idle.get_mut(slot as usize) {
            *idle = Idle::default();
        }
    }

    /// When the entry ends if nobody uses it.
    #[inline]
    pub(crate) fn deadline(&self, slot: u32) -> Nanos {
        let expires = self.expires(slot);
        match self.idle.get(slot as usize) {
            Some(idle) if idle.limit > 0 => {
                expires.min(Nanos::from_nanos(idle.used.saturating_add(idle.limit)))
            }
            _ => expires,
        }
    }

    /// When a plain read stops to find the entry: `grace` before it is gone.
    #[inline]
    pub(crate) fn ends(&self, slot: u32, grace: Duration) -> Nanos {
        if grace.is_zero() {
            return self.deadline(slot);
        }
        match self.expires(slot) {
            Nanos::MAX => self.deadline(slot),
            expires => self.deadline(slot).min(expires.saturating_sub(grace)),
        }
    }

    /// When the entry ends at the latest.
    pub(crate) fn expires(&self, slot: u32) -> Nanos {
        self.cells.get(slot as usize).map_or(Nanos::MAX, |cell| cell.expires)
    }

    /// How long the entry may be left alone; zero for ever.
    pub(crate) fn idle(&self, slot: u32) -> Duration {
        let limit = self.idle.get(slot as usize).map_or(0, |idle| idle.limit);
        Duration::from_nanos(limit)
    }

    /// The entry is used.
    #[inline]
    pub(crate) fn touch(&mut self, slot: u32, now: Nanos) {
        if let Some(idle) = self.idle.get_mut(slot as usize)
            && idle.limit > 0
        {
            idle.used = now.as_nanos();
        }
    }

    /// The entry ends at another time, as a use found. A time that is earlier than the wheel
    /// knows is kept by every read, and reclaimed when the wheel comes by.
    pub(crate) fn extend(&mut self, slot: u32, expires: Nanos) {
        if let Some(cell) = self.cells.get_mut(slot as usize) {
            cell.expires = expires;
        }
    }

    /// When something is due next: exact when it is within 4 ms, else early by a 64th at most.
    pub(crate) fn next(&self) -> Option<Nanos> {
        let begins = self.wheel.next()?;
        let Some(mut at) = self.wheel.first_tick() else { return Some(begins) };
        let mut first = Nanos::MAX;
        while at != NIL {
            first = first.min(self.deadline(at));
            at = self.cells[at as usize].next;
        }
        Some(first.max(begins))
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.wheel.bytes()
            + self.cells.capacity() * size_of::<Timer>()
            + self.idle.capacity() * size_of::<Idle>()
    }
}
