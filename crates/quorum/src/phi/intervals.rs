use alloc::boxed::Box;
use alloc::vec;
use core::time::Duration;

/// The last intervals, in microseconds, with their mean and deviation ready to use.
///
/// Sums are of integers: running sums of squares in floating point cancel, and after a while the
/// variance of a regular node comes out negative.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Intervals {
    ring: Box<[u32]>,
    /// How many of the ring are in use, two at least; the oldest is at `next` once all are.
    len: usize,
    next: usize,
    sum: u64,
    squares: u128,
    first: u32,
    mean: f64,
    deviation: f64,
}

impl Intervals {
    pub(super) fn new(window: usize, first: Duration) -> Self {
        let mut intervals = Self {
            ring: vec![0; window].into_boxed_slice(),
            len: 0,
            next: 0,
            sum: 0,
            squares: 0,
            first: micros(first),
            mean: 0.0,
            deviation: 0.0,
        };
        intervals.clear();
        intervals
    }

    pub(super) fn clear(&mut self) {
        (self.len, self.next, self.sum, self.squares) = (0, 0, 0, 0);
        // What is expected, give or take a quarter, as if it had been seen (Akka does so). Without it two
        // heartbeats that came in a row would let the node be suspected a moment later.
        let quarter = self.first / 4;
        self.push_micros(self.first - quarter);
        self.push_micros(self.first + quarter);
    }

    pub(super) fn push(&mut self, interval: Duration) {
        self.push_micros(micros(interval).max(1));
    }

    fn push_micros(&mut self, interval: u32) {
        let slot = &mut self.ring[self.next];
        let oldest = core::mem::replace(slot, interval);
        if self.len == self.ring.len() {
            self.sum -= u64::from(oldest);
            self.squares -= u128::from(oldest) * u128::from(oldest);
        } else {
            self.len += 1;
        }
        self.next = if self.next + 1 == self.ring.len() { 0 } else { self.next + 1 };
        self.sum += u64::from(interval);
        self.squares += u128::from(interval) * u128::from(interval);
        self.summarize();
    }

    #[inline]
    pub(super) const fn mean(&self) -> f64 {
        self.mean
    }

    #[inline]
    pub(super) const fn deviation(&self) -> f64 {
        self.deviation
    }

    fn summarize(&mut self) {
        let len = self.len as u128;
        self.mean = self.sum as f64 / self.len as f64;
        let square = u128::from(self.sum) * u128::from(self.sum);
        let spread = len * self.squares - square;
        self.deviation = libm::sqrt(spread as f64) / self.len as f64;
    }
}

/// At most 71 minutes, which is more than [`PhiAccrual::new`](super::PhiAccrual::new) lets be learnt
/// by default.
fn micros(interval: Duration) -> u32 {
    u32::try_from(interval.as_micros()).unwrap_or(u32::MAX)
}
