/// How many reads may be hedged: a share of all, so that a slow cluster is not asked twice as much.
///
/// Each read earns its share of a hedge; saved up are at most ten. Hedge after what 99 % of the reads
/// of this kind take, or after a fixed time, **whichever is shorter**: a single bad replica drags the
/// measured percentile up and would switch hedging off when it is needed
/// ([CASSANDRA-14293](https://issues.apache.org/jira/browse/CASSANDRA-14293)).
///
/// ```
/// use voussoir_quorum::HedgeBudget;
///
/// let mut budget = HedgeBudget::percent(5);
/// let hedged = (0..1_000).filter(|_| { budget.on_read(); budget.try_hedge() }).count();
/// assert_eq!(hedged, 50);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HedgeBudget {
    percent: u8,
    /// In hundredths of a hedge.
    saved: u16,
}

impl HedgeBudget {
    /// What is saved up at most: ten hedges.
    const MOST: u16 = 1_000;

    /// So many of a hundred reads may be hedged; more than 100 count as that.
    pub const fn percent(percent: u8) -> Self {
        Self { percent: if percent > 100 { 100 } else { percent }, saved: 0 }
    }

    /// A read has begun.
    pub const fn on_read(&mut self) {
        let saved = self.saved + self.percent as u16;
        self.saved = if saved > Self::MOST { Self::MOST } else { saved };
    }

    /// Takes a hedge, if one is saved up.
    pub const fn try_hedge(&mut self) -> bool {
        let enough = self.saved >= 100;
        if enough {
            self.saved -= 100;
        }
        enough
    }
}

impl Default for HedgeBudget {
    /// 5 %.
    fn default() -> Self {
        Self::percent(5)
    }
}
