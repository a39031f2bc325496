use alloc::boxed::Box;
use alloc::string::String;

use super::place::Want;
use crate::sync::{AtomicU32, Ordering};

/// Parts of the permits that are promised to parts of the work. Read and written under the lock of
/// the line.
#[derive(Debug, Default)]
pub(super) struct Partitions {
    parts: Box<[Partition]>,
    /// Whether a promised permit that is free may be lent to others.
    lends: bool,
}

#[derive(Debug)]
struct Partition {
    name: String,
    /// In millionths of the limit.
    share: u32,
    in_use: AtomicU32,
}

impl Partitions {
    pub(super) fn new(parts: impl IntoIterator<Item = (String, u32)>, lends: bool) -> Self {
        let part = |(name, share)| Partition { name, share, in_use: AtomicU32::new(0) };
        Self { parts: parts.into_iter().map(part).collect(), lends }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    pub(super) fn find(&self, name: &str) -> Option<u8> {
        self.parts.iter().position(|part| part.name == name).map(|at| at as u8)
    }

    /// Whether `want` fits beside the `in_use` permits that are out and what is promised to others.
    pub(super) fn may_take(&self, want: Want, in_use: u32, limit: u32) -> bool {
        if self.lends || self.has_promised(want, limit) {
            return true;
        }
        let free = |(at, part): (usize, &Partition)| {
            let own = want.partition == Some(at as u8);
            let used = part.in_use().saturating_add(if own { want.weight } else { 0 });
            part.promised(limit).saturating_sub(used)
        };
        let promised: u32 = self.parts.iter().enumerate().map(free).sum();
        u64::from(in_use) + u64::from(want.weight) + u64::from(promised) <= u64::from(limit)
    }

    /// Whether what `want` asks for is promised to its partition.
    fn has_promised(&self, want: Want, limit: u32) -> bool {
        let part = want.partition.and_then(|at| self.parts.get(usize::from(at)));
        part.is_some_and(|part| part.in_use().saturating_add(want.weight) <= part.promised(limit))
    }

    /// Whether the partition has less than its share, so that it goes first.
    pub(super) fn is_below_share(&self, want: Want, limit: u32) -> bool {
        self.has_promised(want, limit)
    }

    pub(super) fn took(&self, want: Want) {
        self.change(want, |in_use| in_use + want.weight);
    }

    pub(super) fn gave_back(&self, want: Want) {
        self.change(want, |in_use| in_use.saturating_sub(want.weight));
    }

    fn change(&self, want: Want, to: impl FnOnce(u32) -> u32) {
        if let Some(part) = want.partition.and_then(|at| self.parts.get(usize::from(at))) {
            part.in_use.store(to(part.in_use()), Ordering::Relaxed);
        }
    }
}

impl Partition {
    fn in_use(&self) -> u32 {
        self.in_use.load(Ordering::Relaxed)
    }

    /// Rounded down, so that the promises never exceed the limit.
    fn promised(&self, limit: u32) -> u32 {
        (u64::from(limit) * u64::from(self.share) / 1_000_000) as u32
    }
}
