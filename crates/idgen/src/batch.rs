use core::iter::FusedIterator;
use core::ops::Range;

use crate::SnowflakeId;
use crate::rules::Rules;

/// Ids taken in one step: increasing, and already nobody else's. What is not used is lost.
///
/// Made by [`Snowflake::next_batch`](crate::Snowflake::next_batch). Needs no clock and no atomic:
/// under 1 ns an id.
#[derive(Clone, Debug)]
#[must_use = "the ids are taken already; those not used are lost"]
pub struct Batch {
    words: Range<u64>,
    rules: Rules,
}

impl Batch {
    #[inline]
    pub(crate) fn new(rules: Rules, first: u64, n: u32) -> Self {
        Self { words: first..first + u64::from(n), rules }
    }
}

impl Iterator for Batch {
    type Item = SnowflakeId;

    #[inline]
    fn next(&mut self) -> Option<SnowflakeId> {
        self.words.next().map(|word| self.rules.id(word))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        // At most 2^32 − 1 of them.
        let left = (self.words.end - self.words.start) as usize;
        (left, Some(left))
    }

    #[inline]
    fn fold<B, F: FnMut(B, SnowflakeId) -> B>(self, init: B, mut f: F) -> B {
        let rules = self.rules;
        self.words.fold(init, |sum, word| f(sum, rules.id(word)))
    }
}

impl ExactSizeIterator for Batch {}

impl FusedIterator for Batch {}
