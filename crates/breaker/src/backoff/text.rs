use core::fmt;
use core::str::{FromStr, SplitWhitespace};
use core::time::Duration;

use voussoir_core::duration;

use super::{Backoff, BackoffError, BackoffErrorKind, Curve, DOUBLING, Jitter, MILLION};

/// In the form that is read back to the same.
impl fmt::Display for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let curve = match self.curve {
            Curve::Fixed => "fixed",
            Curve::Linear => "linear",
            Curve::Exponential(_) => "exponential",
            Curve::Fibonacci => "fibonacci",
            Curve::Decorrelated => "decorrelated",
        };
        write!(f, "{curve} {}", duration::text(Duration::from_nanos(self.base)))?;
        if let Curve::Exponential(millionths) = self.curve
            && millionths != DOUBLING
        {
            write!(f, " factor {}", f64::from(millionths) / f64::from(MILLION))?;
        }
        if self.cap != u64::MAX {
            write!(f, " cap {}", duration::text(Duration::from_nanos(self.cap)))?;
        }
        match self.jitter {
            Jitter::None => Ok(()),
            Jitter::Full => f.write_str(" full jitter"),
            Jitter::Equal => f.write_str(" equal jitter"),
            Jitter::Around(thousandths) => {
                write!(f, " jitter {}%", f64::from(thousandths) / 10.0)
            }
        }
    }
}

impl FromStr for Backoff {
    type Err = BackoffError;

    fn from_str(text: &str) -> Result<Self, BackoffError> {
        let mut words = Words { words: text.split_whitespace(), read: 0 };
        let curve = words.next().ok_or_else(|| words.missing(BackoffErrorKind::Curve))?;
        let start = match curve {
            "fixed" => Self::fixed,
            "linear" => Self::linear,
            "exponential" => Self::exponential,
            "fibonacci" => Self::fibonacci,
            "decorrelated" => Self::decorrelated,
            _ => return Err(words.wrong(BackoffErrorKind::Curve)),
        };
        let mut backoff = start(words.duration()?);
        while let Some(word) = words.next() {
            backoff = match word {
                "cap" => backoff.cap(words.duration()?),
                "factor" => {
                    let factor = words.value(BackoffErrorKind::Factor, |word| word.parse().ok())?;
                    let grown = backoff.factor(factor);
                    grown.map_err(|_| words.wrong(BackoffErrorKind::Factor))?
                }
                "full" => words.jitter(backoff.full_jitter())?,
                "equal" => words.jitter(backoff.equal_jitter())?,
                "jitter" => {
                    let share = words.value(BackoffErrorKind::Jitter, percent)?;
                    let around = backoff.jitter_around(share);
                    around.map_err(|_| words.wrong(BackoffErrorKind::Jitter))?
                }
                _ => return Err(words.wrong(BackoffErrorKind::Word)),
            };
        }
        Ok(backoff)
    }
}

fn percent(word: &str) -> Option<f64> {
    Some(word.strip_suffix('%')?.parse::<f64>().ok()? / 100.0)
}

struct Words<'a> {
    words: SplitWhitespace<'a>,
    read: usize,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let word = self.words.next()?;
        self.read += 1;
        Some(word)
    }

    /// The last word read is wrong.
    fn wrong(&self, kind: BackoffErrorKind) -> BackoffError {
        BackoffError::new(self.read, kind)
    }

    /// The text ends before a word that it needs.
    fn missing(&self, kind: BackoffErrorKind) -> BackoffError {
        BackoffError::new(self.read + 1, kind)
    }

    fn value<T>(
        &mut self,
        kind: BackoffErrorKind,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, BackoffError> {
        let word = self.next().ok_or_else(|| self.missing(kind))?;
        read(word).ok_or_else(|| self.wrong(kind))
    }

    fn duration(&mut self) -> Result<Duration, BackoffError> {
        self.value(BackoffErrorKind::Duration, |word| duration::parse(word).ok())
    }

    fn jitter(&mut self, backoff: Backoff) -> Result<Backoff, BackoffError> {
        self.value(BackoffErrorKind::Jitter, |word| (word == "jitter").then_some(backoff))
    }
}
