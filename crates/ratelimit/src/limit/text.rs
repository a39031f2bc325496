use alloc::borrow::ToOwned;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use voussoir_core::{Nanos, duration};

use super::{Limit, LimitError, LimitErrorKind};
#[cfg(all(feature = "std", target_has_atomic = "64"))]
use crate::SlidingWindowLog;
use crate::{Algorithm, FixedWindow, LeakyBucket, SlidingWindowCounter, TokenBucket};

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

/// `[ALGORITHM] COUNT "/" PERIOD {OPTION}`, or a word alone; with blanks anywhere between.
pub(super) fn parse(text: &str) -> Result<Limit, LimitError> {
    let mut reader = Reader { text, at: 0 };
    reader.skip_blanks();
    let start = reader.at;
    let algorithm = reader.take_while(char::is_alphabetic);
    match algorithm {
        "unlimited" => return reader.end(Limit::Unlimited),
        "blocked" => return reader.end(Limit::Blocked),
        "" | "leaky" | "fixed" | "sliding" => {}
        #[cfg(all(feature = "std", target_has_atomic = "64"))]
        "log" => {}
        _ => {
            return Err(reader.error(start, LimitErrorKind::UnknownAlgorithm(algorithm.to_owned())));
        }
    }
    reader.skip_blanks();
    let start = reader.at;
    let count = reader.count()?;
    reader.skip_blanks();
    reader.slash()?;
    reader.skip_blanks();
    let period_at = reader.at;
    let period = reader.period()?;

    let mut options = Options { reader, seen: Vec::new() };
    let limit = match algorithm {
        "leaky" => options.leaky(LeakyBucket::new(count, period))?,
        "fixed" => options.fixed(FixedWindow::new(count, period))?,
        "sliding" => options.sliding(SlidingWindowCounter::new(count, period))?,
        #[cfg(all(feature = "std", target_has_atomic = "64"))]
        "log" => options.none(SlidingWindowLog::new(count, period).into())?,
        _ => options.bucket(TokenBucket::new(count, period))?,
    };
    limit.validate().map_err(|refused| {
        let option = options.seen.iter().find(|(word, _)| *word == refused.option());
        let at = match option {
            Some((_, value_at)) => *value_at,
            None if refused.option() == "period" => period_at,
            None => start,
        };
        options.reader.error(at, LimitErrorKind::Refused(refused))
    })?;
    Ok(limit)
}

/// The options of each algorithm.
struct Options<'a> {
    reader: Reader<'a>,
    /// Each option so far, and where its value stands.
    seen: Vec<(&'a str, usize)>,
}

impl<'a> Options<'a> {
    fn bucket(&mut self, mut bucket: TokenBucket) -> Result<Limit, LimitError> {
        while let Some(option) = self.next(&["burst", "debt"], "burst, debt")? {
            let count = self.reader.count()?;
            bucket = if option == "burst" { bucket.burst(count) } else { bucket.debt(count) };
        }
        Ok(bucket.into())
    }

    fn leaky(&mut self, mut bucket: LeakyBucket) -> Result<Limit, LimitError> {
        while let Some(option) = self.next(&["burst", "queue"], "burst, queue")? {
            self.alone(option)?;
            let count = self.reader.count()?;
            bucket = if option == "burst" { bucket.burst(count) } else { bucket.queue(count) };
        }
        Ok(bucket.into())
    }

    fn fixed(&mut self, mut window: FixedWindow) -> Result<Limit, LimitError> {
        while let Some(option) =
            self.next(&["anchored", "spread", "burst", "start"], "anchored, spread, burst, start")?
        {
            if self.seen.iter().any(|(seen, _)| ["anchored", "spread"].contains(seen)) {
                self.alone(option)?;
            }
            window = match option {
                "anchored" => window.anchored(),
                "spread" => window.spread(),
                "burst" => window.burst(self.reader.count()?),
                _ => window.starting_at(Nanos::from_duration(self.reader.duration()?)),
            };
        }
        Ok(window.into())
    }

    #[cfg(all(feature = "std", target_has_atomic = "64"))]
    fn sliding(&mut self, counter: SlidingWindowCounter) -> Result<Limit, LimitError> {
        // One that a word holds, if it does; one that is wrong anyhow says what is wrong with it.
        let mut limit: Limit = counter.into();
        if counter.wide().validate().is_ok() && !counter.fits_one_word() {
            limit = counter.wide().into();
        }
        while self.next(&["strict"], "strict")?.is_some() {
            limit = counter.strict(self.reader.count()?).into();
        }
        Ok(limit)
    }

    #[cfg(not(all(feature = "std", target_has_atomic = "64")))]
    fn sliding(&mut self, counter: SlidingWindowCounter) -> Result<Limit, LimitError> {
        self.none(counter.into())
    }

    fn none(&mut self, limit: Limit) -> Result<Limit, LimitError> {
        self.next(&[], "none here").map(|_| limit)
    }

    /// The next option, read up to its value.
    fn next(
        &mut self,
        options: &[&str],
        allowed: &'static str,
    ) -> Result<Option<&'a str>, LimitError> {
        let Some((at, word)) = self.reader.word() else { return Ok(None) };
        if !options.contains(&word) {
            let option = word.to_owned();
            return Err(self.reader.error(at, LimitErrorKind::UnknownOption { option, allowed }));
        }
        if self.seen.iter().any(|(seen, _)| *seen == word) {
            return Err(self.reader.error(at, LimitErrorKind::Repeated(word.to_owned())));
        }
        self.reader.skip_blanks();
        self.seen.push((word, self.reader.at));
        Ok(Some(word))
    }

    /// Refuses an option that was read beside another.
    fn alone(&self, option: &str) -> Result<(), LimitError> {
        if self.seen.len() < 2 {
            return Ok(());
        }
        let kind = LimitErrorKind::Excluded(option.to_owned());
        Err(self.reader.error(self.reader.word_before(option), kind))
    }
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

    /// The next word as a duration.
    fn duration(&mut self) -> Result<Duration, LimitError> {
        let start = self.at;
        let word = self.take_while(|c| !c.is_whitespace());
        duration::parse(word).map_err(|_| self.error(start, LimitErrorKind::Duration))
    }

    /// Nothing more may follow.
    fn end(&mut self, limit: Limit) -> Result<Limit, LimitError> {
        let Some((at, word)) = self.word() else { return Ok(limit) };
        let option = word.to_owned();
        Err(self.error(at, LimitErrorKind::UnknownOption { option, allowed: "none here" }))
    }

    /// Where `word` begins, which was the last read but for blanks.
    fn word_before(&self, word: &str) -> usize {
        self.text[..self.at].trim_end().len() - word.len()
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
