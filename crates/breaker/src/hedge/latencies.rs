use alloc::boxed::Box;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use core::time::Duration;

use voussoir_core::Nanos;

/// How long the last calls took: a histogram whose buckets grow with the value, sixteen to each
/// doubling, so that it is right to a sixteenth from a microsecond to a quarter of an hour.
///
/// Once it holds [`FULL`] calls all buckets are halved: old calls fade and never weigh more than new
/// ones. It is a statistic, not an account: threads that race may lose a count to it, never a call.
#[derive(Debug)]
pub(super) struct Latencies {
    /// Empty when nobody asks.
    buckets: Box<[AtomicU32]>,
    count: AtomicU32,
    /// The quantile in nanoseconds, or 0 while there is none: found once for every few calls.
    quantile: AtomicU64,
    share: f64,
    min_calls: u32,
}

/// Two to this many buckets for each doubling.
const FINE_BITS: u32 = 4;
const FINE: u32 = 1 << FINE_BITS;
/// What is shorter than 2^10 ns is in the first bucket.
const LOWEST_BITS: u32 = 10;
/// What is 2^40 ns or longer is in the last.
const HIGHEST_BITS: u32 = 40;
const BUCKETS: u32 = (HIGHEST_BITS - LOWEST_BITS) * FINE;
const FULL: u32 = 1_024;
/// After so many more calls the quantile is found anew.
const STEP: u32 = 16;

impl Latencies {
    pub(super) fn new(share: f64, min_calls: u32) -> Self {
        let buckets = (0..BUCKETS).map(|_| AtomicU32::new(0)).collect();
        // More than there will ever be at once, and there would never be a quantile.
        Self { buckets, min_calls: min_calls.min(FULL / 2), share, ..Self::none() }
    }

    /// One that is never asked.
    pub(super) fn none() -> Self {
        Self {
            buckets: Box::default(),
            count: AtomicU32::new(0),
            quantile: AtomicU64::new(0),
            share: 0.0,
            min_calls: 0,
        }
    }

    pub(super) fn record(&self, latency: Duration) {
        let nanos = Nanos::from_duration(latency).as_nanos();
        let Some(bucket) = self.buckets.get(bucket(nanos) as usize) else { return };
        bucket.fetch_add(1, Ordering::Relaxed);
        let count = self.count.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if count == FULL {
            self.halve();
        }
        if count == self.min_calls || (count > self.min_calls && count.is_multiple_of(STEP)) {
            self.quantile.store(self.find(), Ordering::Relaxed);
        }
    }

    /// What the given share of the last calls did not exceed.
    pub(super) fn quantile(&self) -> Option<Duration> {
        let nanos = self.quantile.load(Ordering::Relaxed);
        (nanos > 0).then(|| Duration::from_nanos(nanos))
    }

    fn find(&self) -> u64 {
        let counts = || self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed));
        let total: u64 = counts().map(u64::from).sum();
        let mut left = self.share * total as f64;
        for (index, count) in (0..).zip(counts()) {
            left -= f64::from(count);
            if left <= 0.0 && count > 0 {
                return end(index);
            }
        }
        end(BUCKETS - 1)
    }

    /// The remainder of each halving goes to the next bucket, or rare slow calls would vanish.
    fn halve(&self) {
        let (mut carry, mut removed) = (0, 0);
        for bucket in &self.buckets {
            let count = bucket.load(Ordering::Relaxed);
            let kept = count.midpoint(carry);
            carry = (count + carry) % 2;
            // At most one more than there was, where one was carried over.
            let gone = count.saturating_sub(kept);
            bucket.fetch_sub(gone, Ordering::Relaxed);
            removed += gone;
        }
        self.count.fetch_sub(removed, Ordering::Relaxed);
    }
}

fn bucket(nanos: u64) -> u32 {
    let exponent = nanos.max(1 << LOWEST_BITS).ilog2();
    let fine = (nanos.max(1 << LOWEST_BITS) >> (exponent - FINE_BITS)) as u32 % FINE;
    ((exponent - LOWEST_BITS) * FINE + fine).min(BUCKETS - 1)
}

/// The first value beyond a bucket.
fn end(bucket: u32) -> u64 {
    let (exponent, fine) = (bucket / FINE + LOWEST_BITS, bucket % FINE);
    u64::from(FINE + fine + 1) << (exponent - FINE_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_lies_in_its_bucket_and_a_bucket_is_a_sixteenth_wide() {
        let mut nanos = 1_024;
        while nanos < 1 << 40 {
            let index = bucket(nanos);
            let begin = if index == 0 { 1_024 } else { end(index - 1) };
            assert!(begin <= nanos && nanos < end(index), "{nanos}");
            assert!((end(index) - begin) * u64::from(FINE) <= begin, "{nanos}");
            nanos += nanos / 37;
        }
        assert_eq!((bucket(0), bucket(u64::MAX)), (0, BUCKETS - 1));
    }

    #[test]
    fn the_quantile_is_found_to_a_sixteenth_and_never_too_early() {
        let latencies = Latencies::new(0.95, 20);
        let exact = Duration::from_micros(950);
        (1..=1_000).for_each(|micros| latencies.record(Duration::from_micros(micros)));
        latencies.quantile.store(latencies.find(), Ordering::Relaxed);
        let found = latencies.quantile().expect("enough calls");
        assert!(found >= exact && found <= exact + exact / 16, "{found:?}");
    }

    #[test]
    fn old_calls_fade() {
        let latencies = Latencies::new(0.95, 20);
        (0..5_000).for_each(|_| latencies.record(Duration::from_millis(1)));
        (0..5_000).for_each(|_| latencies.record(Duration::from_millis(100)));
        assert!(latencies.quantile().expect("enough") >= Duration::from_millis(100));
        (0..12_000).for_each(|_| latencies.record(Duration::from_millis(1)));
        assert!(latencies.quantile().expect("enough") < Duration::from_millis(2));
    }

    #[test]
    fn rare_slow_calls_survive_the_halving() {
        let latencies = Latencies::new(0.99, 20);
        for call in 0..50_000_u64 {
            let slow = call % 50 == 0;
            let millis = if slow { 1_000 + call % 3_000 } else { 1 + call % 7 };
            latencies.record(Duration::from_millis(millis));
        }
        assert!(latencies.quantile().expect("enough") >= Duration::from_secs(1));
    }

    #[test]
    fn there_is_no_quantile_of_too_few() {
        let latencies = Latencies::new(0.95, 20);
        (0..19).for_each(|_| latencies.record(Duration::from_millis(1)));
        assert_eq!(latencies.quantile(), None);
        latencies.record(Duration::from_millis(1));
        assert!(latencies.quantile().is_some());
    }
}
