use alloc::vec::Vec;
use core::fmt;

use crate::Node;
use crate::members::Members;

/// How evenly a placement spreads keys over its nodes.
///
/// All figures but the shares are loads: what a node owns, divided by what its weight entitles it to,
/// so that 1.0 is fair for every node. Nodes of weight 0 count nowhere. As text a table and a
/// histogram.
///
/// ```
/// use voussoir_hashring::Ring;
///
/// let ring = Ring::builder().nodes((0..100).map(|n| format!("node-{n}"))).build()?;
/// let report = ring.balance_report();
/// assert!(report.peak_to_average() < 1.2 && report.cv() < 0.07);
/// println!("{report}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct BalanceReport {
    shares: Vec<f64>,
    loads: Vec<f64>,
    samples: Option<u64>,
}

/// How wide a bar of the histogram is, in loads.
const BAR: f64 = 0.05;

impl BalanceReport {
    /// From the share of each node, exact or of so many sampled keys.
    pub(crate) fn new(members: &Members, shares: Vec<f64>, samples: Option<u64>) -> Self {
        let total = members.total_weight() as f64;
        let load = |(share, node): (&f64, &Node)| {
            (node.weight_units() > 0).then(|| share * total / f64::from(node.weight_units()))
        };
        let loads = shares.iter().zip(members.nodes()).filter_map(load).collect();
        Self { shares, loads, samples }
    }

    /// Counts the owners of many hashes that are as good as random: 1,000 a node, and 2^16 at least,
    /// of which the average has a standard error of 3 %.
    pub(crate) fn sampled(members: &Members, owner: impl Fn(u64) -> Option<u32>) -> Self {
        let samples = (members.weighty() as u64 * 1000).max(1 << 16);
        let mut random = voussoir_core::Random::seeded(0);
        let mut counts = alloc::vec![0_u64; members.len()];
        for _ in 0..samples {
            if let Some(owner) = owner(random.next_u64()) {
                counts[owner as usize] += 1;
            }
        }
        let shares = counts.into_iter().map(|count| count as f64 / samples as f64).collect();
        Self::new(members, shares, Some(samples))
    }

    /// The share of all keys of each node, in the order of [`nodes`](crate::Placement::nodes).
    pub fn shares(&self) -> &[f64] {
        &self.shares
    }

    /// How many keys were sampled; nothing where the shares are exact.
    pub fn samples(&self) -> Option<u64> {
        self.samples
    }

    /// The load of the busiest node: how much larger than the average all must be for it to cope.
    /// 0 without nodes.
    pub fn peak_to_average(&self) -> f64 {
        self.loads.iter().copied().fold(0.0, f64::max)
    }

    /// The load of the idlest node. 0 without nodes.
    pub fn min_to_average(&self) -> f64 {
        self.loads.iter().copied().reduce(f64::min).unwrap_or(0.0)
    }

    /// The coefficient of variation: the standard deviation of the loads, of which the average is 1.
    /// 0 without nodes.
    pub fn cv(&self) -> f64 {
        let count = self.loads.len().max(1) as f64;
        let mean = self.loads.iter().sum::<f64>() / count;
        let variance = self.loads.iter().map(|load| (load - mean) * (load - mean)).sum::<f64>();
        square_root(variance / count)
    }

    /// How many nodes have which load: the lower ends of bars 0.05 wide, and the count of each, from
    /// the first bar with a node to the last.
    #[expect(clippy::cast_sign_loss, reason = "loads are not negative")]
    pub fn histogram(&self) -> Vec<(f64, usize)> {
        let bar = |load: f64| (load / BAR) as usize;
        let (first, last) = (bar(self.min_to_average()), bar(self.peak_to_average()));
        let lower = (first..=last).map(|bar| bar as f64 * BAR);
        let mut bars: Vec<_> = lower.map(|lower| (lower, 0)).collect();
        for &load in &self.loads {
            bars[bar(load) - first].1 += 1;
        }
        bars
    }
}

/// Newton's method, as `core` has no square root: 64 halvings suffice from any start, and nothing is
/// placed by it.
fn square_root(x: f64) -> f64 {
    let mut root = x.max(1.0);
    for _ in 0..64 {
        root = f64::midpoint(root, x / root);
    }
    if x > 0.0 { root } else { 0.0 }
}

impl fmt::Display for BalanceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (peak, least) = (self.peak_to_average(), self.min_to_average());
        write!(
            f,
            "{} nodes, peak {peak:.3} of the average, least {least:.3}, cv {:.1} %",
            self.loads.len(),
            self.cv() * 100.0
        )?;
        let bars = self.histogram();
        let most = bars.iter().map(|bar| bar.1).max().unwrap_or(0).max(1);
        for (lower, count) in bars {
            write!(f, "\n{lower:>6.2} {count:>6} {:#<width$}", "", width = count * 50 / most)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::square_root;

    #[test]
    fn square_roots_are_right() {
        for x in [1e-12_f64, 0.01, 0.25, 1.0, 2.0, 144.0, 1e12] {
            let root = square_root(x);
            assert!((root * root / x - 1.0).abs() < 1e-12, "{x}: {root}");
        }
        assert!(square_root(0.0).abs() < f64::EPSILON);
    }
}
