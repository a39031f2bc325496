use core::cmp::Ordering;

/// `-log2(lot / 2^64) / weight`, exactly comparable: the node with the least owns, with a probability
/// in proportion to its weight.
///
/// The logarithm is in integers, by a table and a straight line between its entries. So it is the same
/// on every platform, as `ln` of floating-point libraries is not, and never decreases where the lot
/// does not, so that among equal weights the order is that of the lots.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    bits: u64,
    weight: u32,
}

impl Cost {
    #[inline]
    pub(super) fn new(lot: u64, weight: u32) -> Self {
        Self { bits: bits_below_the_top(lot), weight }
    }
}

impl Ord for Cost {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        let ours = u128::from(self.bits) * u128::from(other.weight);
        let theirs = u128::from(other.bits) * u128::from(self.weight);
        ours.cmp(&theirs)
    }
}

impl PartialOrd for Cost {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Cost {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Cost {}

/// How many binary digits stand behind the point.
const FRACTION: u32 = 56;

/// So many leading bits of the lot choose the entry of the table.
const INDEX: u32 = 10;

/// `log2(1 + i / 1024)` with [`FRACTION`] digits, rounded down. The line between two entries is below
/// the curve by at most `log2(e) / 8 / 1024^2` = 1.7e-7, and near 1, where the best of many lots are,
/// by a 2,000th of the distance from 1.
static LOGARITHMS: [u64; (1 << INDEX) + 1] = logarithms();

/// `64 - log2(lot)`, with [`FRACTION`] binary digits; of a lot of 0 that of 1.
#[inline]
fn bits_below_the_top(lot: u64) -> u64 {
    let lot = lot | 1;
    let zeros = lot.leading_zeros();
    // The leading one goes, so that what is left is the fraction of 2^63 above a power of two.
    let above = (lot << zeros) & !(1 << 63);
    let index = (above >> (63 - INDEX)) as usize;
    let rest = above & ((1 << (63 - INDEX)) - 1);
    let (low, high) = (LOGARITHMS[index], LOGARITHMS[index + 1]);
    let between = (u128::from(high - low) * u128::from(rest)) >> (63 - INDEX);
    (u64::from(zeros + 1) << FRACTION) - (low + between as u64)
}

const fn logarithms() -> [u64; (1 << INDEX) + 1] {
    let mut table = [0; (1 << INDEX) + 1];
    let mut i = 0;
    while i < table.len() {
        table[i] = logarithm(i as u64);
        i += 1;
    }
    table
}

/// `log2(1 + i / 1024)` digit by digit: a number is squared, and each time it reaches 2 the next digit
/// is a one.
const fn logarithm(i: u64) -> u64 {
    if i == 1 << INDEX {
        return 1 << FRACTION;
    }
    // 1 to 2, with 63 binary digits.
    let mut x = ((1 << INDEX) + i) << (63 - INDEX);
    let mut digits = 0;
    let mut digit = 0;
    while digit < FRACTION {
        let square = (x as u128 * x as u128) >> 63;
        digits <<= 1;
        if square >> 64 == 0 {
            x = square as u64;
        } else {
            x = (square >> 1) as u64;
            digits |= 1;
        }
        digit += 1;
    }
    digits
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    #[test]
    fn the_logarithm_is_right_to_seven_digits() {
        let mut random = voussoir_core::Random::seeded(1);
        for _ in 0..100_000 {
            let lot = random.next_u64() >> random.below(64);
            let ours = bits_below_the_top(lot) as f64 / (1_u64 << FRACTION) as f64;
            let exact = 64.0 - ((lot | 1) as f64).log2();
            assert!((ours - exact).abs() < 2e-7, "{lot}: {ours} {exact}");
        }
    }

    #[test]
    fn it_is_right_relative_to_its_size_where_the_best_of_many_lots_are() {
        for distance in (0..60).map(|shift| 1_u64 << shift) {
            let ours = bits_below_the_top(0_u64.wrapping_sub(distance)) as f64;
            let fraction = distance as f64 / 2.0_f64.powi(64);
            let exact = -(-fraction).ln_1p() / core::f64::consts::LN_2 * 2.0_f64.powi(56);
            // 2^-56 is one digit, and the odd bit makes a lot better by at most 1.
            assert!((ours - exact).abs() <= exact / 1500.0 + 1.0, "{distance}: {ours} {exact}");
        }
    }

    #[test]
    fn it_never_falls_where_the_lot_does_not_rise() {
        let mut random = voussoir_core::Random::seeded(2);
        for _ in 0..100_000 {
            let lot = random.next_u64() >> random.below(64);
            let most = 1 << random.below(63);
            let next = lot.saturating_add(1 + random.below_u64(most));
            assert!(bits_below_the_top(lot) >= bits_below_the_top(next));
        }
        for index in 0..=1_u64 << INDEX {
            let edge = (1 << 63) + (index << (63 - INDEX)).min((1 << 63) - 1);
            assert!(bits_below_the_top(edge - 1) >= bits_below_the_top(edge));
        }
    }
}
