use core::iter::FusedIterator;
use core::ops::Range;

use crate::SnowflakeId;
use crate::layout::Shape;

/// Ids taken in one step: increasing, and already nobody else's. What is not used is lost.
///
/// Made by [`Snowflake::next_batch`](crate::Snowflake::next_batch). Needs no clock and no atomic:
/// under 1 ns an id.
#[derive(Clone, Debug)]
#[must_use = "the ids are taken already; those not used are lost"]
pub struct Batch {
    words: Range<u64>,
    shape: Shape,
}

impl Batch {
    #[inline]
    pub(crate) fn new(shape: Shape, first: u64, n: u32) -> Self {
        Self { words: first..first + u64::from(n), shape }
    }
}

impl Iterator for Batch {
    type Item = SnowflakeId;

    #[inline]
    fn next(&mut self) -> Option<SnowflakeId> {
        self.words.next().map(|word| self.shape.id(word))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        // At most 2^32 − 1 of them.
        let left = (self.words.end - self.words.start) as usize;
        (left, Some(left))
    }

    #[inline]
    fn fold<B, F: FnMut(B, SnowflakeId) -> B>(self, init: B, mut f: F) -> B {
        let Range { start: mut word, end } = self.words;
        let mut folded = init;
        let distance = self.shape.distance();
        // Within a step of time the ids are an equal distance apart.
        while word < end {
            let step = self.shape.rest_of_step(word).min(end - word);
            let first = self.shape.id(word).to_u64();
            for number in 0..step {
                folded = f(folded, SnowflakeId::from_bits(first + number * distance));
            }
            word += step;
        }
        folded
    }
}

impl ExactSizeIterator for Batch {}

impl FusedIterator for Batch {}
