//! Sizes of caches: `1000`, `64k`, `2M`, or `5%` of the different keys of a trace.

use core::fmt;
use core::str::FromStr;

/// How large a cache is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Size {
    /// So many entries, or that weight.
    Entries(u64),
    /// So many of a hundred different keys.
    Percent(f64),
}

impl Size {
    /// Entries for a trace of so many different keys, 1 or more.
    #[expect(clippy::cast_sign_loss, reason = "no share of a count is negative")]
    pub fn of(self, unique: u64) -> u64 {
        match self {
            Self::Entries(entries) => entries,
            Self::Percent(percent) => (unique as f64 * percent / 100.0).round() as u64,
        }
        .max(1)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no size; allowed: 1000, 64k, 2M, 5%");
        if let Some(percent) = text.strip_suffix('%') {
            let percent: f64 = percent.parse().map_err(|_| wrong())?;
            return (percent > 0.0).then_some(Self::Percent(percent)).ok_or_else(wrong);
        }
        let (digits, times) = match text.strip_suffix(['k', 'K']) {
            Some(digits) => (digits, 1_000),
            None => text.strip_suffix('M').map_or((text, 1), |digits| (digits, 1_000_000)),
        };
        let entries = digits.parse().ok().and_then(|count: u64| count.checked_mul(times));
        entries.filter(|&entries| entries > 0).map(Self::Entries).ok_or_else(wrong)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entries(entries) => write!(f, "{entries}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Size;

    #[test]
    fn sizes_are_read_as_they_are_written() {
        for (text, size, entries) in [
            ("1000", Size::Entries(1000), 1000),
            ("64k", Size::Entries(64_000), 64_000),
            ("2M", Size::Entries(2_000_000), 2_000_000),
            ("5%", Size::Percent(5.0), 51),
            ("0.001%", Size::Percent(0.001), 1),
        ] {
            let parsed: Size = text.parse().unwrap();
            assert_eq!((parsed, parsed.of(1011)), (size, entries), "{text}");
        }
        for text in ["", "%", "0", "-1%", "5 %", "k", "1G"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
