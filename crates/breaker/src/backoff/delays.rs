use core::time::Duration;

use voussoir_core::Random;

use super::{Backoff, Curve, Jitter, MILLION, THOUSAND};

/// The delays of a [`Backoff`], one after the other, without end.
///
/// Complexity: O(1) a delay, no allocation, no floating point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delays {
    backoff: Backoff,
    /// What the curve says next; for the decorrelated one, what was drawn last.
    current: u64,
    /// What the Fibonacci curve said last.
    previous: u64,
    random: Random,
}

impl Delays {
    pub(super) const fn new(backoff: Backoff, random: Random) -> Self {
        Self { backoff, current: backoff.base, previous: 0, random }
    }

    /// What the curve says, before jitter and cap.
    #[inline]
    fn advance(&mut self) -> u64 {
        let Self { backoff, current, .. } = *self;
        match backoff.curve {
            Curve::Fixed => {}
            Curve::Linear => self.current = current.saturating_add(backoff.base),
            Curve::Exponential(super::DOUBLING) => self.current = current.saturating_mul(2),
            Curve::Exponential(millionths) => self.current = times(current, millionths),
            Curve::Fibonacci => {
                self.current = current.saturating_add(self.previous);
                self.previous = current;
            }
            Curve::Decorrelated => {
                let widest = current.saturating_mul(3);
                self.current = self.between(backoff.base, widest).min(backoff.cap);
                return self.current;
            }
        }
        current
    }

    /// A number in `low..=high`, or `low` if that is the greater.
    #[inline]
    fn between(&mut self, low: u64, high: u64) -> u64 {
        let width = high.saturating_sub(low).saturating_add(1);
        low.saturating_add(self.random.below_u64(width))
    }
}

impl Iterator for Delays {
    type Item = Duration;

    #[inline]
    fn next(&mut self) -> Option<Duration> {
        let Backoff { cap, jitter, .. } = self.backoff;
        let delay = self.advance().min(cap);
        let drawn = match jitter {
            Jitter::None => delay,
            Jitter::Full => self.between(0, delay),
            Jitter::Equal => self.between(delay - delay / 2, delay),
            Jitter::Around(share) => {
                let part = part(delay, share);
                self.between(delay - part, delay.saturating_add(part))
            }
        };
        // Again, since what lies around the cap may lie beyond it.
        Some(Duration::from_nanos(drawn.min(cap)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

impl core::iter::FusedIterator for Delays {}

/// So many millionths of `nanos`, at most all that 64 bits hold.
#[inline]
fn times(nanos: u64, millionths: u32) -> u64 {
    let exact = u128::from(nanos) * u128::from(millionths) / u128::from(MILLION);
    u64::try_from(exact).unwrap_or(u64::MAX)
}

/// So many thousandths of `nanos`.
#[inline]
pub(super) const fn part(nanos: u64, thousandths: u16) -> u64 {
    let thousand = THOUSAND as u64;
    nanos / thousand * thousandths as u64 + nanos % thousand * thousandths as u64 / thousand
}
