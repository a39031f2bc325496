use alloc::vec::Vec;

use super::Quorum;
use crate::{ConfigError, Replicas, Rule};

/// Other systems than counts.
impl Quorum {
    /// Votes (Gifford, "Weighted voting for replicated data", 1979): `votes[i]` are those of place
    /// `i`; a read needs `read` of them, a write `write`.
    ///
    /// # Errors
    ///
    /// When `read + write` is not more than all votes, and as [`Rule::weighted`].
    pub fn weighted(votes: &[u32], read: u32, write: u32) -> Result<Self, ConfigError> {
        let n = u8::try_from(votes.len()).unwrap_or(u8::MAX);
        Self::of(n, Rule::weighted(read, votes)?, Rule::weighted(write, votes)?)
    }

    /// Rows and columns (Cheung, Ammar and Ahamad, "The grid protocol", 1990): place `r · columns + c`
    /// stands in row `r` and column `c`; a read needs a whole row, a write a whole column. Every row
    /// meets every column; two columns do not meet, so that writes do not see each other.
    ///
    /// # Errors
    ///
    /// When `rows · columns` is not 1 to 20.
    pub fn grid(rows: u8, columns: u8) -> Result<Self, ConfigError> {
        let n = rows.saturating_mul(columns);
        let whole = |places: Replicas| Rule::at_least(places.len() as u8, places);
        let row = |r| (0..columns).map(|c| r * columns + c).collect();
        let column = |c| (0..rows).map(|r| r * columns + c).collect();
        if n == 0 || u32::from(n) > Rule::MOST_TRIED {
            return Err(ConfigError::new("rows * columns", n, "1 to 20"));
        }
        let read = Rule::any_of((0..rows).map(row).map(whole))?;
        let write = Rule::any_of((0..columns).map(column).map(whole))?;
        Self::of(n, read, write)
    }

    /// Majorities of majorities (Kumar, "Hierarchical quorum consensus", 1991): groups of three, in
    /// groups of three, `depth` deep, of which two each are needed: 2 of 3, 4 of 9, 8 of 27.
    ///
    /// # Errors
    ///
    /// When `depth` is not 1 to 3.
    pub fn hierarchical(depth: u8) -> Result<Self, ConfigError> {
        fn level(depth: u8, first: u8) -> Result<Rule, ConfigError> {
            if depth <= 1 {
                return Ok(Rule::at_least(2, [first, first + 1, first + 2].into()));
            }
            let size = 3_u8.pow(u32::from(depth) - 1);
            let parts: Result<Vec<_>, _> =
                (0..3).map(|part| level(depth - 1, first + part * size)).collect();
            Rule::threshold(2, parts?.into_iter().map(|part| (1, part)))
        }
        if !(1..=3).contains(&depth) {
            return Err(ConfigError::new("depth", depth, "1 to 3: 3, 9 or 27 replicas"));
        }
        let rule = level(depth, 0)?;
        Self::of(3_u8.pow(u32::from(depth)), rule.clone(), rule)
    }
}
