use core::fmt;

/// The hashes after one place of the circle through another: `(after, through]`, clockwise.
///
/// Where `through` is less than `after` it goes over the end of the circle; where they are equal it is
/// the whole circle. There is no empty range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HashRange {
    after: u64,
    through: u64,
}

impl HashRange {
    /// From behind `after` to `through`, inclusive.
    pub const fn new(after: u64, through: u64) -> Self {
        Self { after, through }
    }

    /// The last hash before the range.
    pub const fn after(self) -> u64 {
        self.after
    }

    /// The last hash of the range.
    pub const fn through(self) -> u64 {
        self.through
    }

    /// Whether `hash` is in it. Complexity: O(1).
    pub const fn contains(self, hash: u64) -> bool {
        hash.wrapping_sub(self.after).wrapping_sub(1)
            <= self.through.wrapping_sub(self.after).wrapping_sub(1)
    }

    /// How many hashes it has: 1 to 2^64.
    pub const fn span(self) -> u128 {
        self.through.wrapping_sub(self.after).wrapping_sub(1) as u128 + 1
    }

    /// Whether it goes over the end of the circle, so that it is two ranges of a line.
    pub const fn wraps(self) -> bool {
        self.through <= self.after && self.after != u64::MAX
    }
}

impl fmt::Display for HashRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({:016x}, {:016x}]", self.after, self.through)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_in_and_beginnings_are_not() {
        let plain = HashRange::new(10, 20);
        assert!(!plain.contains(10) && plain.contains(11) && plain.contains(20));
        assert!(!plain.contains(21) && !plain.contains(0));
        assert_eq!((plain.span(), plain.wraps()), (10, false));

        let over = HashRange::new(u64::MAX - 1, 1);
        assert!([u64::MAX, 0, 1].iter().all(|&hash| over.contains(hash)));
        assert!(!over.contains(u64::MAX - 1) && !over.contains(2));
        assert_eq!((over.span(), over.wraps()), (3, true));

        let whole = HashRange::new(7, 7);
        assert!([0, 6, 7, 8, u64::MAX].iter().all(|&hash| whole.contains(hash)));
        assert_eq!((whole.span(), whole.wraps()), (1 << 64, true));

        let to_the_end = HashRange::new(u64::MAX, 5);
        assert_eq!((to_the_end.span(), to_the_end.wraps()), (6, false));
    }
}
