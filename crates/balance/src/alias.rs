//! A draw by weight in O(1): Walker's alias table, built as Vose does ("A linear algorithm for
//! generating random numbers with a given distribution", 1991), in whole numbers, so that the
//! chances are the weights exactly.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use voussoir_core::Random;

/// Of each column, the part below `threshold` of `total` is its own, the rest is the other's.
#[derive(Clone, Debug)]
pub(crate) struct Alias {
    columns: Box<[Column]>,
    total: u64,
}

#[derive(Clone, Copy, Debug)]
struct Column {
    threshold: u64,
    other: u32,
}

impl Alias {
    /// Of weights above 0, whose sum × number is below 2^64.
    pub(crate) fn new(weights: &[u64]) -> Self {
        let count = weights.len() as u64;
        let total: u64 = weights.iter().sum();
        let mut scaled: Vec<u128> =
            weights.iter().map(|weight| u128::from(*weight) * u128::from(count)).collect();
        let full = u128::from(total);
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..weights.len()).partition(|&index| scaled[index] < full);
        let mut columns = vec![Column { threshold: total, other: 0 }; weights.len()];
        while let (Some(below), Some(&above)) = (small.pop(), large.last()) {
            columns[below] = Column { threshold: scaled[below] as u64, other: above as u32 };
            scaled[above] -= full - scaled[below];
            if scaled[above] < full {
                large.pop();
                small.push(above);
            }
        }
        Self { columns: columns.into(), total }
    }

    #[inline]
    pub(crate) fn draw(&self, random: &mut Random) -> usize {
        let index = random.below(self.columns.len() as u32) as usize;
        let column = self.columns[index];
        if random.below_u64(self.total) < column.threshold { index } else { column.other as usize }
    }

    /// The chance of each, times number × total.
    #[cfg(test)]
    fn chances(&self) -> Vec<u128> {
        let mut chances = vec![0_u128; self.columns.len()];
        for (index, column) in self.columns.iter().enumerate() {
            chances[index] += u128::from(column.threshold);
            chances[column.other as usize] += u128::from(self.total - column.threshold);
        }
        chances
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Alias;

    proptest! {
        #[test]
        fn the_chances_are_the_weights_exactly(
            weights in prop::collection::vec(1..=u64::from(u32::MAX), 1..50),
        ) {
            let chances = Alias::new(&weights).chances();
            for (chance, weight) in chances.iter().zip(&weights) {
                prop_assert_eq!(*chance, u128::from(*weight) * weights.len() as u128);
            }
        }
    }
}
