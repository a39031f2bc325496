use alloc::borrow::ToOwned;
use core::fmt;
use core::time::Duration;

use voussoir_core::duration;

use super::{Limit, LimitError, LimitErrorKind};
use crate::{Algorithm, TokenBucket};

/// Periods that are written as a word instead of as a duration.
const NAMED: [(&str, Duration); 4] = [
    ("s", Duration::from_secs(1)),
    ("min", Duration::from_mins(1)),
    ("h", Duration::from_hours(1)),
    ("day", Duration::from_hours(24)),
];

/// Writes `100/min` or `5/30s`.
pub(crate) fn write_rate(f: &mut fmt::Formatter<'_>, count: u32, period: Duration) -> fmt::Result {
    match NAMED.iter().find(|(_, named)| *named == period) {
        Some((name, _)) => write!(f, "{count}/{name}"),
        None => write!(f, "{count}/{}", duration::text(period)),
    }
}

/// `COUNT "/" PERIOD ["burst" COUNT]`, with blanks anywhere between.
pub(super) fn parse(text: &str) -> Result<Limit, LimitError> {
    let mut reader = Reader { text, at: 0 };
    reader.skip_blanks();
    let start = reader.at;
    let count = reader.count()?;
    reader.skip_blanks();
    reader.slash()?;
    reader.skip_blanks();
    let period = reader.period()?;
    let mut bucket = TokenBucket::new(count, period);

    let mut burst = None;
    while let Some((at, word)) = reader.word() {
        match word {
            "burst" if burst.is_none() => {
                reader.skip_blanks();
                burst = Some(reader.at);
                bucket = bucket.burst(reader.count()?);
            }
            "burst" => return Err(reader.error(at, LimitErrorKind::Repeated(word.to_owned()))),
            _ => return Err(reader.error(at, LimitErrorKind::UnknownOption(word.to_owned()))),
        }
    }
    bucket.validate().map_err(|refused| {
        let at = if refused.option() == "burst" { burst.unwrap_or(start) } else { start };
        reader.error(at, LimitErrorKind::Refused(refused))
    })?;
    Ok(Limit::TokenBucket(bucket))
}

struct Reader<'a> {
    text: &'a str,
    /// Byte index of the next character.
    at: usize,
}

impl<'a> Reader<'a> {
    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn skip_blanks(&mut self) {
        self.take_while(char::is_whitespace);
    }

    fn count(&mut self) -> Result<u32, LimitError> {
        let start = self.at;
        let digits = self.take_while(|c| c.is_ascii_digit());
        if digits.is_empty() {
            return Err(self.error(start, LimitErrorKind::Number));
        }
        digits.parse().map_err(|_| self.error(start, LimitErrorKind::TooLarge))
    }

    fn slash(&mut self) -> Result<(), LimitError> {
        let start = self.at;
        if self.take_while(|c| c == '/') == "/" {
            return Ok(());
        }
        Err(self.error(start, LimitErrorKind::NoSlash))
    }

    /// The next word: a unit alone stands for one of it, and anything else is a duration.
    fn period(&mut self) -> Result<Duration, LimitError> {
        let start = self.at;
        let word = self.take_while(|c| !c.is_whitespace());
        let named = NAMED.iter().find(|(name, _)| *name == word).map(|(_, period)| *period);
        named
            .or_else(|| unit(word))
            .or_else(|| duration::parse(word).ok())
            .ok_or_else(|| self.error(start, LimitErrorKind::Period))
    }

    /// The next option's name and where it stands.
    fn word(&mut self) -> Option<(usize, &'a str)> {
        self.skip_blanks();
        let start = self.at;
        let word = self.take_while(|c| !c.is_whitespace());
        (!word.is_empty()).then_some((start, word))
    }

    fn error(&self, byte: usize, kind: LimitErrorKind) -> LimitError {
        LimitError::new(self.text[..byte].chars().count() + 1, kind)
    }
}

/// One of the unit that `word` names, as in `10/second`.
fn unit(word: &str) -> Option<Duration> {
    // A word of letters only cannot be a duration, which begins with a number.
    let one = alloc::format!("1{word}");
    word.chars().all(char::is_alphabetic).then(|| duration::parse(&one).ok()).flatten()
}
