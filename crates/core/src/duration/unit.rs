use core::time::Duration;

/// What a number in a duration counts, the smaller first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Nanosecond,
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
}

impl Unit {
    pub(super) const LARGEST_FIRST: [Self; 7] = [
        Self::Day,
        Self::Hour,
        Self::Minute,
        Self::Second,
        Self::Millisecond,
        Self::Microsecond,
        Self::Nanosecond,
    ];

    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ns" | "nanosecond" | "nanoseconds" => Self::Nanosecond,
            // Both the micro sign and the Greek letter are typed.
            "us" | "\u{b5}s" | "\u{3bc}s" | "microsecond" | "microseconds" => Self::Microsecond,
            "ms" | "millisecond" | "milliseconds" => Self::Millisecond,
            "s" | "sec" | "secs" | "second" | "seconds" => Self::Second,
            "m" | "min" | "mins" | "minute" | "minutes" => Self::Minute,
            "h" | "hr" | "hrs" | "hour" | "hours" => Self::Hour,
            "d" | "day" | "days" => Self::Day,
            _ => return None,
        })
    }

    pub(super) const fn symbol(self) -> &'static str {
        match self {
            Self::Nanosecond => "ns",
            Self::Microsecond => "us",
            Self::Millisecond => "ms",
            Self::Second => "s",
            Self::Minute => "m",
            Self::Hour => "h",
            Self::Day => "d",
        }
    }

    pub(super) const fn nanos(self) -> u64 {
        match self {
            Self::Nanosecond => 1,
            Self::Microsecond => 1_000,
            Self::Millisecond => 1_000_000,
            Self::Second => 1_000_000_000,
            Self::Minute => 60_000_000_000,
            Self::Hour => 3_600_000_000_000,
            Self::Day => 86_400_000_000_000,
        }
    }

    /// `whole` and `fraction` (in 10^-18) of this unit; `None` beyond what a [`Duration`] holds.
    pub(super) fn times(self, whole: u64, fraction: u64) -> Option<Duration> {
        const SECOND: u128 = Unit::Second.nanos() as u128;
        let unit = u128::from(self.nanos());
        // At most (2^64 + 1) * 86.4e12 < 2^111, and 10^18 * 86.4e12 < 2^107.
        let nanos =
            u128::from(whole) * unit + u128::from(fraction) * unit / 1_000_000_000_000_000_000;
        let secs = u64::try_from(nanos / SECOND).ok()?;
        Some(Duration::new(secs, (nanos % SECOND) as u32))
    }
}
