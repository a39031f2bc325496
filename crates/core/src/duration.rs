//! Durations as people write them: `"250ms"`, `"1.5s"`, `"1m30s"`, `"1 day"`.
//!
//! One pair of functions, [`parse`] and [`text`], stands behind every limit, every configuration
//! and every message of the suite, so that what one prints another reads. With the feature `serde`
//! the module is used as `#[serde(with = "voussoir_core::duration")]`.
//!
//! ```
//! use std::time::Duration;
//! use voussoir_core::duration;
//!
//! assert_eq!(duration::parse("1m30s")?, Duration::from_secs(90));
//! assert_eq!(duration::parse("1.5 s")?, Duration::from_millis(1500));
//! assert_eq!(duration::text(Duration::from_secs(90)).to_string(), "1m30s");
//!
//! let error = duration::parse("10 parsecs").unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "unknown unit at column 4; allowed: ns, us, ms, s, m or min, h, d and their names",
//! );
//! # Ok::<(), duration::DurationError>(())
//! ```

mod error;
#[cfg(feature = "serde")]
mod serde;
mod unit;

use core::fmt;
use core::time::Duration;

pub use error::{DurationError, DurationErrorKind};
#[cfg(feature = "serde")]
pub use serde::{deserialize, serialize};
use unit::Unit;

/// Reads a duration: one or more numbers, each with its unit, the larger unit first.
///
/// A number may have a fraction, of which what is finer than a nanosecond is dropped. Blanks may
/// stand between a number and its unit and between the parts. Units: `ns`, `us` (`µs`), `ms`, `s`,
/// `m` (`min`), `h`, `d`, and their English names. A day has 24 hours.
///
/// Complexity: O(length), no allocation.
///
/// # Errors
///
/// The column (counted in characters, from 1) and what was wrong there. A number without a unit is
/// refused, since the reader could mean seconds and the writer milliseconds.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let mut reader = Reader { text, at: 0 };
    let mut total = Duration::ZERO;
    let mut last: Option<Unit> = None;
    reader.skip_blanks();
    loop {
        let start = reader.at;
        let (whole, fraction) = reader.number()?;
        reader.skip_blanks();
        let unit_at = reader.at;
        let unit = reader.unit()?;
        if last.is_some_and(|last| last <= unit) {
            return Err(reader.error_at(unit_at, DurationErrorKind::UnitOrder));
        }
        last = Some(unit);
        total = unit
            .times(whole, fraction)
            .and_then(|part| total.checked_add(part))
            .ok_or_else(|| reader.error_at(start, DurationErrorKind::TooLong))?;
        reader.skip_blanks();
        if reader.at == text.len() {
            return Ok(total);
        }
    }
}

/// Shows a duration in a form that [`parse`] reads back exactly: `1h30m`, `1s500ms`, `0s`.
pub fn text(duration: Duration) -> Text {
    Text(duration)
}

/// A duration that displays as [`text`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Duration);

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_zero() {
            return f.write_str("0s");
        }
        let mut rest = self.0.as_nanos();
        for unit in Unit::LARGEST_FIRST {
            let count = rest / u128::from(unit.nanos());
            rest %= u128::from(unit.nanos());
            if count > 0 {
                write!(f, "{count}{}", unit.symbol())?;
            }
        }
        Ok(())
    }
}

struct Reader<'a> {
    text: &'a str,
    /// Byte index of the next character.
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> (usize, usize) {
        let start = self.at;
        let rest = self.rest();
        self.at += rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        (start, self.at)
    }

    fn skip_blanks(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// A decimal number as its whole part and its fraction in 10^-18.
    fn number(&mut self) -> Result<(u64, u64), DurationError> {
        let (start, end) = self.take_while(|c| c.is_ascii_digit());
        if start == end {
            return Err(self.error_at(start, DurationErrorKind::Number));
        }
        let whole = self.text[start..end]
            .parse()
            .map_err(|_| self.error_at(start, DurationErrorKind::TooLong))?;
        if !self.rest().starts_with('.') {
            return Ok((whole, 0));
        }
        self.at += 1;
        let (start, end) = self.take_while(|c| c.is_ascii_digit());
        if start == end {
            return Err(self.error_at(start, DurationErrorKind::Number));
        }
        let digits = self.text[start..end].bytes().chain(core::iter::repeat(b'0')).take(18);
        Ok((whole, digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))))
    }

    fn unit(&mut self) -> Result<Unit, DurationError> {
        let (start, end) = self.take_while(char::is_alphabetic);
        let kind =
            if start == end { DurationErrorKind::NoUnit } else { DurationErrorKind::UnknownUnit };
        Unit::named(&self.text[start..end]).ok_or_else(|| self.error_at(start, kind))
    }

    fn error_at(&self, byte: usize, kind: DurationErrorKind) -> DurationError {
        DurationError::new(self.text[..byte].chars().count() + 1, kind)
    }
}
