use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use voussoir_core::Nanos;

use super::HlcTimeError;

/// A reading of a hybrid clock: milliseconds since 1970 and a count, in one word that sorts.
///
/// ```text
/// 63                                             16 15            0
/// ┌────────────────────────────────────────────────┬───────────────┐
/// │ milliseconds since 1970-01-01 00:00 UTC        │ count         │
/// └────────────────────────────────────────────────┴───────────────┘
/// ```
///
/// 48 bits of milliseconds last until the year 10889. The count tells readings of one millisecond
/// apart; after 65,535 it carries into the milliseconds, it never wraps.
///
/// ```
/// use voussoir_quorum::HlcTime;
///
/// let time: HlcTime = "1735689600000.7".parse()?;
/// assert_eq!((time.millis(), time.count()), (1_735_689_600_000, 7));
/// assert_eq!(time.to_string(), "1735689600000.7");
/// # Ok::<(), voussoir_quorum::HlcTimeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HlcTime(u64);

impl HlcTime {
    /// Before every reading.
    pub const ZERO: Self = Self(0);
    /// After every reading.
    pub const MAX: Self = Self(u64::MAX);

    /// The reading with these bits.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Milliseconds and count in one word.
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// The first reading of the millisecond in which the wall clock shows `now`.
    #[inline]
    pub const fn at(now: Nanos) -> Self {
        // 2^64 ns are less than 2^48 ms: nothing is shifted out.
        Self((now.as_nanos() / 1_000_000) << 16)
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> u64 {
        self.0 >> 16
    }

    /// Which of its millisecond.
    pub const fn count(self) -> u16 {
        self.0 as u16
    }

    /// The wall time it stands for; `Nanos` end in the year 2554.
    pub const fn wall(self) -> Nanos {
        Nanos::from_millis(self.millis())
    }

    /// How far it is ahead of the wall clock; zero when it is not.
    pub const fn ahead_of(self, now: Nanos) -> Duration {
        let now = Self::at(now).millis();
        Duration::from_millis(self.millis().saturating_sub(now))
    }

    /// This one and some time, for marks to store.
    pub const fn saturating_add(self, later: Duration) -> Self {
        let seconds = later.as_secs().saturating_mul(1000);
        let millis = seconds.saturating_add(later.subsec_millis() as u64);
        if millis >> 48 != 0 {
            return Self::MAX;
        }
        Self(self.0.saturating_add(millis << 16))
    }

    /// The next one; none after the last.
    #[inline]
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(bits) => Some(Self(bits)),
            None => None,
        }
    }
}

/// `1735689600000.7`: milliseconds, count.
impl fmt::Display for HlcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.millis(), self.count())
    }
}

impl FromStr for HlcTime {
    type Err = HlcTimeError;

    fn from_str(text: &str) -> Result<Self, HlcTimeError> {
        let canonical = |digits: &str| {
            digits.bytes().all(|byte| byte.is_ascii_digit())
                && (digits.len() == 1 || !digits.starts_with('0'))
        };
        let (millis, count) = text.split_once('.').ok_or(HlcTimeError)?;
        if !canonical(millis) || !canonical(count) {
            return Err(HlcTimeError);
        }
        let millis: u64 = millis.parse().map_err(|_| HlcTimeError)?;
        let count: u16 = count.parse().map_err(|_| HlcTimeError)?;
        if millis >> 48 != 0 {
            return Err(HlcTimeError);
        }
        Ok(Self(millis << 16 | u64::from(count)))
    }
}
