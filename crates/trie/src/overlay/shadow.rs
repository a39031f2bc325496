//! Which ranks of an index an overlay hides: a set of numbers whose copies share what they have in
//! common. Pages of 1,024 bits below nodes of 16:
//! small, as a change copies one of each level.

use alloc::sync::Arc;

#[derive(Clone, Debug)]
enum Page {
    Bits([u64; 16]),
    Below([Option<Arc<Page>>; 16]),
}

/// The set.
#[derive(Clone, Debug)]
pub(crate) struct Shadow {
    root: Option<Arc<Page>>,
    /// Levels of nodes above the bits.
    height: u32,
}

impl Shadow {
    /// An empty set of numbers below `end`.
    pub(crate) fn new(end: u32) -> Self {
        let mut height = 0;
        while u64::from(end) > 1_u64 << Self::bits_below(height + 1) {
            height += 1;
        }
        Self { root: None, height }
    }

    /// How many bits of a number a child of a node at `height` covers.
    const fn bits_below(height: u32) -> u32 {
        6 + 4 * height
    }

    #[inline]
    pub(crate) fn contains(&self, rank: u32) -> bool {
        let (mut page, mut height) = (&self.root, self.height);
        while let Some(found) = page {
            match &**found {
                Page::Bits(bits) => return bits[(rank >> 6 & 15) as usize] >> (rank & 63) & 1 == 1,
                Page::Below(below) => {
                    page = &below
                        [(rank.checked_shr(Self::bits_below(height)).unwrap_or(0) & 15) as usize];
                    height -= 1;
                }
            }
        }
        false
    }

    pub(crate) fn insert(&mut self, rank: u32) {
        let (mut page, mut height) = (&mut self.root, self.height);
        loop {
            let found = page.get_or_insert_with(|| {
                Arc::new(if height == 0 {
                    Page::Bits([0; 16])
                } else {
                    Page::Below([const { None }; 16])
                })
            });
            match Arc::make_mut(found) {
                Page::Bits(bits) => {
                    bits[(rank >> 6 & 15) as usize] |= 1 << (rank & 63);
                    return;
                }
                Page::Below(below) => {
                    page = &mut below
                        [(rank.checked_shr(Self::bits_below(height)).unwrap_or(0) & 15) as usize];
                    height -= 1;
                }
            }
        }
    }

    /// The bytes held, without what the allocator adds.
    pub(crate) fn bytes_held(&self) -> usize {
        fn held(page: &Page) -> usize {
            let below = match page {
                Page::Bits(_) => 0,
                Page::Below(below) => below.iter().flatten().map(|page| held(page)).sum(),
            };
            below + size_of::<Page>() + 2 * size_of::<usize>()
        }
        self.root.as_deref().map_or(0, held)
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;

    #[test]
    fn holds_what_was_put_in_at_every_height() {
        for end in [1, 1024, 1025, 16_384, 16_385, 20_000_000, u32::MAX] {
            let mut shadow = Shadow::new(end);
            let ranks: BTreeSet<u32> =
                (0..500_u64).map(|i| (i * 2_654_435_761 % u64::from(end)) as u32).collect();
            for &rank in &ranks {
                assert!(!shadow.contains(rank));
            }
            let empty = shadow.clone();
            for &rank in &ranks {
                shadow.insert(rank);
            }
            for &rank in &ranks {
                assert!(shadow.contains(rank) && !empty.contains(rank));
                let next = (rank + 1) % end;
                assert_eq!(shadow.contains(next), ranks.contains(&next));
            }
        }
    }
}
