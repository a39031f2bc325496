use core::time::Duration;

use equivalent::Equivalent;
use voussoir_core::Nanos;

use super::Engine;
use crate::Cause;
use crate::options::Options;
use crate::policy::list::{Links, Region};
use crate::policy::{Evict, index_hash};

/// An entry that a read found.
#[derive(Debug)]
pub(crate) struct Read<'a, V> {
    pub(crate) slot: u32,
    pub(crate) value: &'a V,
}

/// Whether an end has come. What ends with time itself does not end.
#[inline]
fn past(end: Nanos, now: Nanos) -> bool {
    end <= now && end < Nanos::MAX
}

impl<K, V, P: Evict> Engine<K, V, P> {
    #[expect(clippy::inline_always, reason = "part of every hit")]
    #[inline(always)]
    pub(super) fn slot_of<Q>(&self, hash: u32, key: &Q) -> Option<u32>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let same = |&slot: &u32| key.equivalent(&self.slab.node(slot).key);
        self.index.find(index_hash(hash), same).copied()
    }

    /// `now`, but never before a time that was seen here.
    #[inline]
    pub(super) fn forward(&self, now: Nanos) -> Nanos {
        self.timers.as_ref().map_or(now, |timers| timers.forward(now))
    }

    /// As `forward`, without an atomic operation.
    #[inline]
    pub(crate) fn forward_alone(&mut self, now: Nanos) -> Nanos {
        self.timers.as_mut().map_or(now, |timers| timers.forward_alone(now))
    }

    /// Whether plain reads no longer find the entry.
    #[inline]
    pub(super) fn is_over(&self, slot: u32, now: Nanos) -> bool {
        self.slab.mark(slot).version != self.version
            || self.timers.as_ref().is_some_and(|timers| past(timers.ends(slot, self.grace), now))
    }

    /// Whether the entry can serve nobody any more.
    pub(super) fn is_gone(&self, slot: u32, now: Nanos) -> bool {
        self.slab.mark(slot).version != self.version
            || self.timers.as_ref().is_some_and(|timers| past(timers.deadline(slot), now))
    }

    /// Why an entry that is over is over.
    pub(super) fn why_over(&self, slot: u32) -> Cause {
        if self.slab.mark(slot).version == self.version {
            Cause::Expired
        } else {
            Cause::Invalidated
        }
    }

    /// Finds an entry that is not over, without using it.
    #[expect(clippy::inline_always, reason = "part of every hit")]
    #[inline(always)]
    pub(crate) fn peek<Q>(&self, hash: u32, key: &Q, now: Nanos) -> Option<Read<'_, V>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let slot = self.slot_of(hash, key)?;
        // Most caches have no timers: one comparison of a line that was just read decides.
        let node = self.slab.node(slot);
        if node.mark.version != self.version {
            return None;
        }
        if let Some(timers) = &self.timers
            && past(timers.ends(slot, self.grace), timers.forward(now))
        {
            return None;
        }
        Some(Read { slot, value: &node.value })
    }

    /// Finds an entry that is not gone, without using it; with its end, and what its load took.
    pub(crate) fn peek_stale<Q>(
        &self,
        hash: u32,
        key: &Q,
        now: Nanos,
    ) -> Option<(Read<'_, V>, Nanos, Duration)>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let slot = self.slot_of(hash, key)?;
        if self.is_gone(slot, self.forward(now)) {
            return None;
        }
        let end = self.timers.as_ref().map_or(Nanos::MAX, |timers| match timers.expires(slot) {
            Nanos::MAX => Nanos::MAX,
            expires => expires.saturating_sub(self.grace),
        });
        let cost = self.costs.as_ref().and_then(|costs| costs.get(slot as usize)).copied();
        let node = self.slab.node(slot);
        let read = Read { slot, value: &node.value };
        Some((read, end, Duration::from_micros(cost.unwrap_or(0).into())))
    }

    /// As `peek`, and uses it. Asks for the time only where entries end.
    #[expect(clippy::inline_always, reason = "part of every hit")]
    #[inline(always)]
    pub(crate) fn get<Q>(
        &mut self,
        hash: u32,
        key: &Q,
        now: impl FnOnce() -> Nanos,
        options: &Options<K, V>,
    ) -> Option<&V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        if self.timers.is_some() {
            return self.get_timed(hash, key, now(), options);
        }
        let slot = self.slot_of(hash, key);
        let slot = slot.filter(|&slot| self.slab.mark(slot).version == self.version);
        let Some(slot) = slot else {
            self.counts.misses += 1;
            return None;
        };
        self.counts.hits += 1;
        if P::MOVES {
            if self.slab.mark(slot).region != Region::Aside {
                self.policy.hit(&mut self.slab, slot);
            }
            return Some(&self.slab.node(slot).value);
        }
        let node = self.slab.node_mut(slot);
        P::warm(&mut node.mark);
        Some(&node.value)
    }

    /// A call of its own: where nothing ends, a hit has registers for other things.
    #[inline(never)]
    fn get_timed<Q>(
        &mut self,
        hash: u32,
        key: &Q,
        now: Nanos,
        options: &Options<K, V>,
    ) -> Option<&V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let now = self.forward_alone(now);
        let Some(slot) = self.peek(hash, key, now).map(|read| read.slot) else {
            self.counts.misses += 1;
            return None;
        };
        self.used(slot, now, options);
        Some(self.value(slot))
    }

    /// What a use of an entry that is there changes. `now` was sent [forward](Self::forward_alone).
    pub(crate) fn used(&mut self, slot: u32, now: Nanos, options: &Options<K, V>) {
        self.counts.hits += 1;
        if let Some(timers) = &mut self.timers {
            timers.touch(slot, now);
            if let Some(expiry) = &options.expiry {
                let node = self.slab.node(slot);
                let remaining = timers.ends(slot, self.grace).saturating_duration_since(now);
                if let Some(ttl) = expiry.ttl_after_read(&node.key, &node.value, remaining) {
                    timers.extend(slot, now.saturating_add(ttl).saturating_add(self.grace));
                }
            }
        }
        if self.slab.mark(slot).region != Region::Aside {
            self.policy.hit(&mut self.slab, slot);
        }
    }

    #[inline]
    pub(crate) fn value(&self, slot: u32) -> &V {
        &self.slab.node(slot).value
    }

    #[inline]
    pub(crate) fn pair(&self, slot: u32) -> (&K, &V) {
        let node = self.slab.node(slot);
        (&node.key, &node.value)
    }
}
