use core::time::Duration;

use voussoir_core::Nanos;

/// Time cut into windows of one length, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Windows {
    /// In nanoseconds, at least 1.
    length: u64,
    /// ⌊(2^64 − 1) / length⌋, since a division would cost more than all the rest of a check.
    reciprocal: u64,
    /// Added to the time, so that a window begins where it was asked for.
    offset: u64,
}

impl Windows {
    /// Windows of `length`, one of which begins at `origin`. What is not allowed as a length is
    /// refused by `validate` of the algorithm; here it only must not panic.
    pub(crate) const fn new(length: Duration, origin: Nanos) -> Self {
        let length = Nanos::from_duration(length).as_nanos();
        let length = if length == 0 { 1 } else { length };
        let offset = (length - origin.as_nanos() % length) % length;
        Self { length, reciprocal: u64::MAX / length, offset }
    }

    #[inline]
    pub(crate) const fn length(&self) -> u64 {
        self.length
    }

    /// Where the first window that begins after the clock's origin begins.
    pub(crate) const fn phase(&self) -> u64 {
        (self.length - self.offset) % self.length
    }

    /// The window of `now`, and the nanoseconds since it began.
    #[inline]
    pub(crate) const fn at(&self, now: Nanos) -> (u64, u64) {
        let time = now.as_nanos().saturating_add(self.offset);
        // Below the quotient by less than 1, since the reciprocal is below 2^64 / length by at
        // most 1 and the time below 2^64: so it is right, or one too low.
        let index = ((time as u128 * self.reciprocal as u128) >> 64) as u64;
        let into = time - index * self.length;
        if into >= self.length { (index + 1, into - self.length) } else { (index, into) }
    }

    /// Nanoseconds from `now` to the beginning of window `index`, at most to the end of time.
    #[inline]
    pub(crate) const fn until(&self, now: Nanos, index: u64) -> u64 {
        let begins = index.saturating_mul(self.length).saturating_sub(self.offset);
        begins.saturating_sub(now.as_nanos())
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use proptest::prelude::*;
    use voussoir_core::Nanos;

    use super::Windows;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn the_reciprocal_divides_exactly(
            length in prop_oneof![1..100_u64, any::<u64>(), (0..63_u32).prop_map(|bit| 1 << bit)],
            near in prop_oneof![any::<u64>(), Just(u64::MAX), 0..100_u64],
            back in 0..3_u64,
        ) {
            let length = length.max(1);
            // Multiples of the length and their neighbours, where a wrong quotient would show.
            let time = (near / length * length).saturating_add(1).saturating_sub(back);
            let windows = Windows::new(Duration::from_nanos(length), Nanos::ZERO);
            prop_assert_eq!(windows.at(Nanos::from_nanos(time)), (time / length, time % length));
        }
    }
}
