use alloc::boxed::Box;

use smallvec::SmallVec;
use voussoir_core::Lock;

use crate::rules::fingerprint::Fingerprint;

/// Locks over the keys of all rules, a key of a rule always under the same one.
///
/// A request holds those of all that it is counted by, so that what it asks and what it takes is one
/// step to every other request that has one of them in common. They are always taken in the same
/// order, so that no two requests wait for each other.
#[derive(Debug)]
pub(super) struct Stripes(Box<[Stripe]>);

/// Padded, so that threads at neighbouring locks do not pull at one cache line.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Stripe(Lock<()>);

/// Some of the locks, a bit each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chosen(u64);

const COUNT: u32 = u64::BITS;

impl Stripes {
    pub(super) fn new() -> Self {
        Self((0..COUNT).map(|_| Stripe::default()).collect())
    }

    /// Calls `act` while all that are chosen are held.
    pub(super) fn hold<R>(&self, chosen: Chosen, act: impl FnOnce() -> R) -> R {
        let mut held: SmallVec<[_; 8]> = SmallVec::new();
        let mut left = chosen.0;
        while left != 0 {
            held.push(self.0[left.trailing_zeros() as usize].0.lock());
            left &= left - 1;
        }
        act()
    }
}

impl Chosen {
    /// Adds that of the key `key` of the rule `rule`.
    pub(super) fn add(&mut self, rule: usize, key: Fingerprint) {
        self.0 |= 1 << (key.spread_over(rule) % u64::from(COUNT));
    }
}
