use core::time::Duration;

/// What a generator does when the next id would carry a time that its clock has not reached:
/// because the sequence of this step is used up, or because the clock was set back.
///
/// Whatever the policy, a call that fails has changed nothing.
///
/// ```
/// use std::time::Duration;
/// use voussoir_idgen::{Layout, Policy, Snowflake};
///
/// let ids = Snowflake::builder(Layout::TWITTER)
///     .worker(7)
///     .when_exhausted(Policy::Borrow { at_most: Duration::from_millis(100) })
///     .when_clock_behind(Policy::Refuse)
///     .build()?;
/// // Well above 4,096 in a millisecond: taken from the 100 that follow.
/// let burst: Vec<_> = (0..50_000).map(|_| ids.next()).collect::<Result<_, _>>()?;
/// assert!(burst.is_sorted_by(|a, b| a < b));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
#[non_exhaustive]
pub enum Policy {
    /// Returns an error that says when to come back.
    Refuse,
    /// Waits for the clock, if that takes no longer than this, and else refuses at once. A clock
    /// that does not go on meanwhile is waited for no longer than this either.
    ///
    /// `next` spins and yields, `next_async` sleeps; forms with the time given cannot wait and
    /// refuse.
    Wait {
        /// The longest wait.
        #[cfg_attr(feature = "serde", serde(with = "voussoir_core::duration"))]
        at_most: Duration,
    },
    /// Takes ids from the future, by no more than this, and refuses beyond. Throughput is then
    /// limited on average and not at each step, and ids carry a time up to this much too late. Of
    /// threads that reach the bound at the same moment one may be refused and leave an id out: a gap,
    /// never the same id twice.
    Borrow {
        /// How far ahead of its clock an id may be, in whole steps of the layout.
        #[cfg_attr(feature = "serde", serde(with = "voussoir_core::duration"))]
        at_most: Duration,
    },
}

impl Policy {
    pub(crate) const fn longest_wait(self) -> Option<Duration> {
        match self {
            Self::Wait { at_most } => Some(at_most),
            Self::Refuse | Self::Borrow { .. } => None,
        }
    }

    pub(crate) const fn longest_lead(self) -> Duration {
        match self {
            Self::Borrow { at_most } => at_most,
            Self::Refuse | Self::Wait { .. } => Duration::ZERO,
        }
    }
}
