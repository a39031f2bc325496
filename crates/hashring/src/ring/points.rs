use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

/// The points of a ring in the order of their hashes, eight bytes each.
///
/// The top `bits` bits of a hash choose one of `2^bits` buckets, and `starts` says where each begins.
/// So those bits need not be stored, and their place in the word is the owner's:
///
/// ```text
/// hash   63 ………………… 64-bits | 63-bits …………………………………… 0
///        bucket              | tail
/// word   63 ………………………………………………… bits | bits-1 …………………… 0
///        tail                            | owner
/// ```
///
/// Within a bucket words are in the order of their tails and, where hashes are equal, of their owners,
/// which is the order of ids: the tie rule comes with the encoding. There are at least as many buckets
/// as nodes, so that every owner fits.
///
/// A look-up is one load of `starts` and a count among the few words of one bucket: no search whose
/// length grows with the ring.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Points {
    /// The words, and behind them [`NEAR`] copies of the first, so that neither the wrap nor a short
    /// last bucket is a case of its own. Nothing at all where there are no points.
    words: Box<[u64]>,
    /// Where each bucket begins, and where the last one ends.
    starts: Box<[u32]>,
    bits: u32,
}

/// How many words are compared without a branch on how many there are. A bucket holds 1 to 2 points on
/// average, and more than this in one of 180 to 4,000.
const NEAR: usize = 4;

/// As many as 10^4 nodes with the default of virtual nodes need four times, at 8 to 12 bytes each. It
/// bounds what a snapshot of a few bytes can make its reader allocate.
pub(crate) const MAX_POINTS: u64 = 1 << 24;

impl Points {
    /// So many points, of owners below `nodes`, in any order; `points` is called twice. Complexity:
    /// O(points), two passes and a sort of each bucket.
    pub(crate) fn new<I: Iterator<Item = (u64, u32)>>(
        nodes: usize,
        count: usize,
        points: impl Fn() -> I,
    ) -> Self {
        let bits = bits(nodes, count);
        if count == 0 {
            return Self { words: Box::default(), starts: Box::default(), bits };
        }
        let mut starts = vec![0_u32; (1 << bits) + 1];
        points().for_each(|(hash, _)| starts[bucket(hash, bits)] += 1);
        let mut end = 0;
        for start in &mut starts {
            end += *start;
            *start = end;
        }
        let mut words = vec![0; count + NEAR];
        points().for_each(|(hash, owner)| {
            let start = &mut starts[bucket(hash, bits)];
            *start -= 1;
            words[*start as usize] = hash << bits | u64::from(owner);
        });
        let mut from = 0;
        for &to in &starts[1..] {
            sort(&mut words[from..to as usize]);
            from = to as usize;
        }
        Self::padded(words, starts, bits)
    }

    /// Points that are in order already. Complexity: O(points).
    pub(crate) fn from_sorted(
        nodes: usize,
        count: usize,
        points: impl Iterator<Item = (u64, u32)>,
    ) -> Self {
        let bits = bits(nodes, count);
        if count == 0 {
            return Self { words: Box::default(), starts: Box::default(), bits };
        }
        let mut words = Vec::with_capacity(count + NEAR);
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        for (hash, owner) in points {
            let bucket = bucket(hash, bits);
            while starts.len() <= bucket {
                starts.push(words.len() as u32);
            }
            words.push(hash << bits | u64::from(owner));
        }
        starts.resize((1 << bits) + 1, words.len() as u32);
        words.resize(words.len() + NEAR, 0);
        Self::padded(words, starts, bits)
    }

    fn padded(mut words: Vec<u64>, starts: Vec<u32>, bits: u32) -> Self {
        let first = words[0];
        let end = words.len() - NEAR;
        words[end..].fill(first);
        Self { words: words.into(), starts: starts.into(), bits }
    }

    pub(crate) fn len(&self) -> usize {
        self.words.len().saturating_sub(NEAR)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.words) + size_of_val(&*self.starts)
    }

    /// The place of the first point at or after `hash`: [`len`](Self::len), whose owner is that of
    /// place 0, beyond the last. There must be points.
    #[inline]
    pub(crate) fn place(&self, hash: u64) -> usize {
        let bucket = bucket(hash, self.bits);
        let (from, to) = (self.starts[bucket] as usize, self.starts[bucket + 1] as usize);
        let tail = hash << self.bits;
        let mut before = 0;
        if to - from <= NEAR {
            for (at, &word) in self.words[from..from + NEAR].iter().enumerate() {
                // Products, not branches: which of them is the first is up to chance.
                before += usize::from(from + at < to) * usize::from(word < tail);
            }
        } else {
            before = self.words[from..to].partition_point(|&word| word < tail);
        }
        from + before
    }

    /// Who owns the point at `place`.
    #[inline]
    pub(crate) fn owner(&self, place: usize) -> u32 {
        (self.words[place] & ((1 << self.bits) - 1)) as u32
    }

    /// Who owns `hash`.
    #[inline]
    pub(crate) fn owner_of(&self, hash: u64) -> Option<u32> {
        if self.is_empty() { None } else { Some(self.owner(self.place(hash))) }
    }

    /// Every point with its owner, in order. Complexity: O(points) in all.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u32)> {
        let buckets = (0_u64..).zip(self.starts.windows(2));
        buckets.flat_map(move |(bucket, ends)| {
            (ends[0] as usize..ends[1] as usize).map(move |place| {
                let hash = bucket << (64 - self.bits) | self.words[place] >> self.bits;
                (hash, self.owner(place))
            })
        })
    }
}

/// How many, as there are too many to show.
impl fmt::Debug for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Points").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// How many bits choose a bucket: 1 to 2 points a bucket, but no fewer buckets than nodes, and two at
/// least, so that no shift is by 64.
fn bits(nodes: usize, points: usize) -> u32 {
    let for_points = points.max(2).ilog2();
    let for_owners = nodes.max(2).next_power_of_two().ilog2();
    for_points.max(for_owners)
}

#[inline]
fn bucket(hash: u64, bits: u32) -> usize {
    (hash >> (64 - bits)) as usize
}

/// Most buckets hold one word or two, which a sort should not be called for.
fn sort(words: &mut [u64]) {
    match words {
        [] | [_] => {}
        [a, b] => {
            if a > b {
                core::mem::swap(a, b);
            }
        }
        many => many.sort_unstable(),
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    /// Hashes that crowd: equal ones, neighbours, both ends of the circle, and some anywhere.
    fn hash() -> impl Strategy<Value = u64> {
        prop_oneof![
            (0..8_u64).prop_map(|near| near),
            (0..8_u64).prop_map(|near| u64::MAX - near),
            (0..40_u64).prop_map(|near| (1 << 63) + near),
            any::<u64>(),
        ]
    }

    proptest! {
        /// Whatever the hashes, a look-up is a search among sorted pairs.
        #[test]
        fn places_are_those_of_sorted_pairs(
            owned in proptest::collection::vec(proptest::collection::vec(hash(), 0..40), 0..12),
            asked in proptest::collection::vec(hash(), 1..40),
        ) {
            let mut pairs: Vec<(u64, u32)> = Vec::new();
            for (owner, own) in (0..).zip(&owned) {
                pairs.extend(own.iter().map(|&hash| (hash, owner)));
            }
            let points = Points::new(owned.len(), pairs.len(), || pairs.iter().copied());
            pairs.sort_unstable();
            prop_assert_eq!(points.iter().collect::<Vec<_>>(), pairs.clone());
            for hash in asked.into_iter().chain(pairs.iter().map(|pair| pair.0)) {
                let at = pairs.partition_point(|pair| pair.0 < hash);
                let owner = pairs.get(at).or(pairs.first()).map(|pair| pair.1);
                prop_assert_eq!(points.owner_of(hash), owner);
            }
            let sorted = Points::from_sorted(owned.len(), pairs.len(), pairs.into_iter());
            prop_assert_eq!(sorted, points);
        }
    }
}
