use core::mem;
use core::ops::Range;
use core::time::Duration;

use voussoir_core::Nanos;

use super::{Block, BlockError};

/// The pure core of both allocators: two blocks, and when to ask for the next.
#[derive(Debug)]
pub(super) struct Supply {
    current: Range<u64>,
    spare: Range<u64>,
    /// The next block is asked for when so many of the current one or fewer are left.
    ask_at: u64,
    /// How many numbers to ask for.
    size: u64,
    asked_at: Option<Nanos>,
    /// Whether somebody is asking at the moment.
    is_asking: bool,
    /// Whether the last claim brought nothing, so that the next one repeats it.
    is_repeated: bool,
    /// How many claims the source has failed, or answered with a block that it should not give.
    failures: u64,
    /// Where blocks seen so far end.
    end: u64,
    fence: u64,
    options: Options,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    pub(super) least: u64,
    pub(super) most: u64,
    pub(super) low_water: u32,
    pub(super) lasts: Duration,
}

/// What a caller who wants a number is to do.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// Take this one.
    Take(u64),
    /// Ask the source for so many, and tell what came of it.
    Claim(u64),
    /// Wait for the one who is asking.
    Wait,
}

impl Supply {
    pub(super) const fn new(options: Options) -> Self {
        Self {
            current: 0..0,
            spare: 0..0,
            ask_at: 0,
            size: options.least,
            asked_at: None,
            is_asking: false,
            is_repeated: false,
            failures: 0,
            end: 0,
            fence: 0,
            options,
        }
    }

    /// Decides what to do, without reading a clock where only a number is taken.
    pub(super) fn step(&mut self, now: impl FnOnce() -> Nanos) -> Step {
        if !self.is_asking && self.spare.is_empty() && len(&self.current) <= self.ask_at {
            self.is_asking = true;
            // A source that is away does not say how fast numbers are used.
            if !self.is_repeated {
                self.adapt(now());
            }
            return Step::Claim(self.size);
        }
        self.take().map_or(Step::Wait, Step::Take)
    }

    /// The source gave `block`.
    pub(super) fn fulfil(&mut self, block: Block) -> Result<(), BlockError> {
        self.give_up();
        if let Err(wrong) = self.check(&block) {
            self.failures += 1;
            return Err(wrong);
        }
        self.is_repeated = false;
        (self.end, self.fence) = (block.range.end, block.fence);
        self.spare = block.range;
        if self.current.is_empty() {
            self.advance();
        }
        Ok(())
    }

    fn check(&self, block: &Block) -> Result<(), BlockError> {
        let Block { range: Range { start, end }, fence } = *block;
        if start >= end {
            return Err(BlockError::Empty { start, end });
        }
        if fence < self.fence {
            return Err(BlockError::Fenced { fence, seen: self.fence });
        }
        if start < self.end {
            return Err(BlockError::Overlap { start, earlier: self.end });
        }
        Ok(())
    }

    /// The source failed.
    pub(super) fn fail(&mut self) {
        self.give_up();
        self.failures += 1;
    }

    /// Nobody is asking any more. Asks again when half of what is left has been used, so that a source
    /// that is away is asked ever more urgently, but not at each number.
    pub(super) fn give_up(&mut self) {
        self.is_asking = false;
        self.is_repeated = true;
        self.ask_at = len(&self.current) / 2;
    }

    /// Changes whenever a claim fails. Who waited for that claim takes its failure for its own:
    /// otherwise all who wait would ask a source that is away, one after the other.
    pub(super) const fn failures(&self) -> u64 {
        self.failures
    }

    /// The next number, if there is one.
    pub(super) fn take(&mut self) -> Option<u64> {
        let number = self.current.next()?;
        if self.current.is_empty() {
            self.advance();
        }
        Some(number)
    }

    fn advance(&mut self) {
        self.current = mem::replace(&mut self.spare, 0..0);
        let share = u128::from(len(&self.current)) * u128::from(self.options.low_water) / 100;
        self.ask_at = share as u64;
    }

    /// Leaf's rule: doubles what lasted too short, halves what lasted more than twice too long.
    fn adapt(&mut self, now: Nanos) {
        if let Some(asked_at) = self.asked_at.replace(now) {
            let lasted = now.saturating_duration_since(asked_at);
            if lasted < self.options.lasts {
                self.size = self.size.saturating_mul(2).min(self.options.most);
            } else if lasted > self.options.lasts.saturating_mul(2) {
                self.size = (self.size / 2).max(self.options.least);
            }
        }
    }
}

fn len(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}
