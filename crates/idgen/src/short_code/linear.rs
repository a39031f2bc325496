use super::cipher::key_schedule;

/// `number × factor + offset`, modulo the capacity.
#[derive(Clone, Copy, Debug)]
pub(super) struct Linear {
    factor: u64,
    /// Its inverse modulo the capacity.
    inverse: u64,
    offset: u64,
    capacity: u64,
}

impl Linear {
    pub(super) fn new(capacity: u64, key: u128) -> Self {
        let mut numbers = key_schedule(key).map(|number| number % capacity);
        let offset = numbers.next().unwrap_or(0);
        // Of the numbers below 62^k, 48 % have an inverse, of those below 46^k, 48 % too.
        let units = numbers.filter_map(|factor| Some((factor, inverse(factor, capacity)?)));
        let (factor, inverse) = units.take(1).next().unwrap_or((1, 1));
        Self { factor, inverse, offset, capacity }
    }

    #[inline]
    pub(super) fn scramble(&self, number: u64) -> u64 {
        let product = u128::from(number) * u128::from(self.factor) + u128::from(self.offset);
        (product % u128::from(self.capacity)) as u64
    }

    #[inline]
    pub(super) fn unscramble(&self, number: u64) -> u64 {
        let distance = u128::from(number) + u128::from(self.capacity - self.offset);
        (distance * u128::from(self.inverse) % u128::from(self.capacity)) as u64
    }
}

/// What `factor` is to be multiplied with to give 1; `None` if it shares a divisor with the capacity.
fn inverse(factor: u64, capacity: u64) -> Option<u64> {
    // Euclid's algorithm, which keeps `r = factor × t` modulo the capacity.
    let modulus = i128::from(capacity);
    let (mut r, mut next_r) = (modulus, i128::from(factor));
    let (mut t, mut next_t) = (0, 1);
    while next_r != 0 {
        let quotient = r / next_r;
        (r, next_r) = (next_r, r - quotient * next_r);
        (t, next_t) = (next_t, t - quotient * next_t);
    }
    (r == 1).then(|| u64::try_from(t.rem_euclid(modulus)).ok()).flatten()
}
