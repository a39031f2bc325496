//! Which ranks of an index its changes hide: a bit for each, shared by all states over this index.
//!
//! A state is known by the number of changes it has seen, and a bit that is set may be of a later one.
//! So each page knows the number of the last change that set a bit in it: where that is not later than
//! the state, the bits are right for the state. Where it is, a bit that is clear is right, and one that
//! is set says that the overlay has to be asked. Nothing is copied for a change, and to look is to read
//! one line of the cache.

use alloc::boxed::Box;

use crate::sync::{AtomicU64, Ordering};

/// Words of bits in a page; one more for its last change.
const WORDS: usize = 7;

const RANKS: u32 = 64 * WORDS as u32;

#[repr(align(64))]
struct Page {
    bits: [AtomicU64; WORDS],
    last: AtomicU64,
}

/// The bits.
pub(crate) struct Shadow {
    pages: Box<[Page]>,
}

impl Shadow {
    /// Hides nothing of an index of so many strings.
    pub(crate) fn new(strings: u32) -> Self {
        let page =
            || Page { bits: core::array::from_fn(|_| AtomicU64::new(0)), last: AtomicU64::new(0) };
        Self { pages: (0..strings.div_ceil(RANKS)).map(|_| page()).collect() }
    }

    /// Hides a rank from the states that have seen this change and those to come. To be called before
    /// the first of them is published, by one writer at a time, with numbers that never fall.
    pub(crate) fn hide(&self, rank: u32, change: u64) {
        let Some(page) = self.pages.get((rank / RANKS) as usize) else { return };
        // Whoever sees the bit sees this number or a later one.
        page.last.store(change, Ordering::Relaxed);
        page.bits[(rank % RANKS / 64) as usize].fetch_or(1 << (rank % 64), Ordering::Release);
    }

    /// Whether a rank is hidden from the state that has seen so many changes. `is_changed` says it of
    /// that state without these bits.
    #[inline]
    pub(crate) fn hides(&self, rank: u32, changes: u64, is_changed: impl FnOnce() -> bool) -> bool {
        let Some(page) = self.pages.get((rank / RANKS) as usize) else { return false };
        let bits = page.bits[(rank % RANKS / 64) as usize].load(Ordering::Acquire);
        bits >> (rank % 64) & 1 == 1
            && (page.last.load(Ordering::Relaxed) <= changes || is_changed())
    }

    /// The bytes held, without what the allocator adds.
    pub(crate) fn bytes_held(&self) -> usize {
        size_of_val(&*self.pages)
    }
}

#[cfg(all(test, not(voussoir_loom)))]
mod tests {
    use alloc::collections::BTreeMap;

    use super::*;

    #[test]
    fn each_state_sees_what_was_hidden_up_to_it() {
        for strings in [1, 64, 447, 448, 449, 100_000] {
            let shadow = Shadow::new(strings);
            let mut hidden = BTreeMap::new();
            for change in 1..=200 {
                let rank = (change * 2_654_435_761 % u64::from(strings)) as u32;
                if hidden.contains_key(&rank) {
                    continue;
                }
                hidden.insert(rank, change);
                shadow.hide(rank, change);
            }
            for state in [0, 1, 50, 199, 200] {
                for rank in (0..strings).step_by(strings.div_ceil(1000) as usize) {
                    let expected = hidden.get(&rank).is_some_and(|&change| change <= state);
                    let found = shadow.hides(rank, state, || {
                        assert!(hidden.contains_key(&rank), "asked of a bit that is set");
                        expected
                    });
                    assert_eq!(found, expected, "{rank} of {strings} in state {state}");
                }
                assert!(!shadow.hides(u32::MAX, state, || true));
            }
        }
    }
}

#[cfg(all(test, voussoir_loom))]
mod models {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    /// Two changes are made and published one after the other while a reader looks at both ranks.
    #[test]
    fn a_state_never_sees_a_change_after_it_and_never_misses_one_before() {
        loom::model(|| {
            let shadow = Arc::new(Shadow::new(2));
            let published = Arc::new(AtomicU64::new(0));
            let reader = {
                let (shadow, published) = (Arc::clone(&shadow), Arc::clone(&published));
                thread::spawn(move || {
                    let state = published.load(Ordering::Acquire);
                    for rank in [0, 1] {
                        let expected = u64::from(rank) < state;
                        assert_eq!(shadow.hides(rank, state, || expected), expected);
                    }
                })
            };
            for change in [1, 2] {
                shadow.hide(change as u32 - 1, change);
                published.store(change, Ordering::Release);
            }
            reader.join().unwrap();
        });
    }
}
