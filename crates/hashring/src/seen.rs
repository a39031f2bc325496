use alloc::vec::Vec;

/// Which small numbers have been met: a few in place, more as a bit each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    few: [u32; FEW],
    count: usize,
    /// One bit a number, once there are more than [`FEW`].
    many: Vec<u64>,
}

/// Replicas are three or five; whoever asks for more than eight candidates goes through all.
const FEW: usize = 8;

impl Seen {
    /// How many there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Adds `number`, which is below `end`; whether it is new. Complexity: O(1), one allocation at the
    /// ninth number.
    #[inline]
    pub(crate) fn insert(&mut self, number: u32, end: usize) -> bool {
        if self.count > FEW || (self.count == FEW && !self.few.contains(&number)) {
            return self.insert_into_many(number, end);
        }
        if self.few[..self.count].contains(&number) {
            return false;
        }
        self.few[self.count] = number;
        self.count += 1;
        true
    }

    #[cold]
    fn insert_into_many(&mut self, number: u32, end: usize) -> bool {
        if self.many.is_empty() {
            self.many.resize(end.div_ceil(64), 0);
            for number in self.few {
                self.many[number as usize / 64] |= 1 << (number % 64);
            }
        }
        let (word, bit) = (&mut self.many[number as usize / 64], 1 << (number % 64));
        let fresh = *word & bit == 0;
        *word |= bit;
        self.count += usize::from(fresh);
        fresh
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_number_is_new_once() {
        let mut random = voussoir_core::Random::seeded(1);
        for end in [1, 7, 8, 9, 63, 64, 65, 1000] {
            let (mut seen, mut model) = (Seen::default(), BTreeSet::new());
            for _ in 0..4 * end {
                let number = random.below(end);
                assert_eq!(seen.insert(number, end as usize), model.insert(number));
                assert_eq!(seen.len(), model.len());
            }
        }
    }
}
