use alloc::collections::VecDeque;
use core::time::Duration;

use voussoir_core::Nanos;

/// How a request is written into one word, `[stamp | cost]`: the cost in as many low bits as the
/// limit has, above it the tick at which it passed, modulo what is left.
///
/// The stamps of one log lie within a period of its newest, whose tick is kept in full; so they are
/// told apart while the bits of a stamp hold more than one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packing {
    /// Bits of the cost, 1 to 32.
    bits: u32,
    /// A tick is 2^shift nanoseconds.
    shift: u32,
    /// After how many ticks a request is out.
    period: u64,
}

/// What a [`SlidingWindowLog`](super::SlidingWindowLog) remembers of one key: the requests that
/// passed, the oldest first. Empty of a key never seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    newest: u64,
    sum: u32,
    words: VecDeque<u64>,
}

/// How many requests are out, and what they cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expired {
    requests: usize,
    cost: u32,
}

impl Packing {
    pub(super) const fn new(limit: u32, period: Duration) -> Self {
        let bits = u32::BITS - limit.leading_zeros();
        let bits = if bits == 0 { 1 } else { bits };
        let nanos = Nanos::from_duration(period).as_nanos();
        // The stamp's bits hold two periods and a tick: no finer than that.
        let needed = u64::BITS - nanos.leading_zeros() + 1;
        let shift = needed.saturating_sub(u64::BITS - bits);
        let ticks = nanos.div_ceil(1 << shift);
        // A stamp is rounded down, so where ticks are coarse it must be one older.
        Self { bits, shift, period: if shift == 0 { ticks } else { ticks + 1 } }
    }

    pub(super) const fn tick(self, now: Nanos) -> u64 {
        now.as_nanos() >> self.shift
    }

    /// The tick at which what passed at `tick` is out.
    pub(super) const fn expires_at(self, tick: u64) -> u64 {
        tick.saturating_add(self.period)
    }

    /// The tick at which passed what is out at `expires`, or the first there is.
    pub(super) const fn passed_at(self, expires: Nanos) -> u64 {
        expires.as_nanos().div_ceil(1 << self.shift).saturating_sub(self.period)
    }

    /// Nanoseconds from `now` to the beginning of `tick`, at most to the end of time.
    pub(super) const fn until(self, now: Nanos, tick: u64) -> u64 {
        let begins = if tick > u64::MAX >> self.shift { u64::MAX } else { tick << self.shift };
        begins.saturating_sub(now.as_nanos())
    }

    const fn pack(self, tick: u64, cost: u32) -> u64 {
        (tick << self.bits) | cost as u64
    }

    /// The tick and the cost of a word of a log whose newest is at `newest`.
    const fn unpack(self, word: u64, newest: u64) -> (u64, u32) {
        let stamp = word >> self.bits;
        let age = newest.wrapping_sub(stamp) & (u64::MAX >> self.bits);
        (newest.saturating_sub(age), (word & ((1 << self.bits) - 1)) as u32)
    }
}

impl Events {
    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    /// The requests that are out at `tick`; or at the newest, if that is later, since a late reading
    /// of the clock must bring nothing back.
    #[inline]
    pub(super) fn expired(&self, packing: Packing, tick: u64) -> Expired {
        let tick = tick.max(self.newest);
        // Times only grow, so once the newest is out nothing need be looked at.
        if tick >= packing.expires_at(self.newest) {
            return Expired { requests: self.words.len(), cost: self.sum };
        }
        let mut expired = Expired { requests: 0, cost: 0 };
        for &word in &self.words {
            let (at, cost) = packing.unpack(word, self.newest);
            if tick < packing.expires_at(at) {
                break;
            }
            expired.requests += 1;
            expired.cost += cost;
        }
        expired
    }

    /// What still counts.
    #[inline]
    pub(super) fn live(&self, expired: Expired) -> u32 {
        self.sum - expired.cost
    }

    /// Drops what is out.
    #[inline]
    pub(super) fn forget(&mut self, expired: Expired) {
        for _ in 0..expired.requests {
            self.words.pop_front();
        }
        self.sum -= expired.cost;
    }

    /// The first tick at which `freed` of what counts at `tick` is out.
    pub(super) fn free_at(&self, packing: Packing, tick: u64, freed: u32) -> u64 {
        let mut out = 0;
        self.live_requests(packing, tick)
            .find(|(_, cost)| {
                out += cost;
                out >= freed
            })
            .map_or(tick, |(at, _)| packing.expires_at(at))
    }

    /// Adds a request that fits the limit to a log without expired ones.
    pub(super) fn push(&mut self, packing: Packing, tick: u64, cost: u32, limit: u32) {
        self.newest = self.newest.max(tick);
        self.sum += cost;
        let newest = self.newest;
        match self.words.back_mut() {
            Some(word) if packing.unpack(*word, newest).0 == newest => *word += u64::from(cost),
            _ => {
                if self.words.len() == self.words.capacity() {
                    // Doubled, but never beyond the requests that there can be.
                    let most = (limit as usize).saturating_sub(self.words.len());
                    self.words.reserve_exact(self.words.len().max(4).min(most).max(1));
                }
                self.words.push_back(packing.pack(newest, cost));
            }
        }
    }

    /// Takes back `n` of the newest.
    pub(super) fn take_back(&mut self, packing: Packing, mut n: u32) {
        while let Some(word) = self.words.back_mut() {
            let (at, cost) = packing.unpack(*word, self.newest);
            self.newest = at;
            let given = n.min(cost);
            self.sum -= given;
            n -= given;
            if given < cost {
                *word -= u64::from(given);
                return;
            }
            self.words.pop_back();
        }
    }

    /// What counts at `tick`, the oldest first.
    pub(super) fn live_requests(
        &self,
        packing: Packing,
        tick: u64,
    ) -> impl Iterator<Item = (u64, u32)> {
        self.requests(packing).skip(self.expired(packing, tick).requests)
    }

    fn requests(&self, packing: Packing) -> impl Iterator<Item = (u64, u32)> {
        self.words.iter().map(move |word| packing.unpack(*word, self.newest))
    }
}
