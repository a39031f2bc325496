//! Errors of the configuration file, said so that the reader can mend the file without a manual:
//! where, which key, what is wrong and what is allowed.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use thiserror::Error;
use toml::de::{DeTable, DeValue};
use voussoir::ConfigError;

/// Why a configuration file was not taken.
#[derive(Debug, Error)]
pub enum ConfigFileError {
    /// The file is not there, or not ours to read.
    #[error("cannot read the configuration `{}`: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// Something in it is refused.
    #[error("{0}")]
    Refused(Box<Refusal>),
}

/// A place in the file and what is wrong there.
#[derive(Debug)]
pub struct Refusal {
    file: String,
    line: usize,
    column: usize,
    width: usize,
    key: Option<String>,
    text: String,
    said: String,
}

impl ConfigFileError {
    /// What the TOML reader or the type of a value refused.
    pub(crate) fn syntax(file: &str, source: &str, error: &toml::de::Error) -> Self {
        let span = error.span().unwrap_or(0..0);
        Self::refused(file, source, span, error.message().to_owned())
    }

    /// What our own check refused.
    pub(crate) fn semantic(file: &str, source: &str, trouble: &Trouble) -> Self {
        Self::refused(file, source, trouble.span(source), trouble.said.clone())
    }

    fn refused(file: &str, source: &str, span: Range<usize>, said: String) -> Self {
        let start = source.floor_char_boundary(span.start);
        let end = source.floor_char_boundary(span.end);
        let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = source[start..].find('\n').map_or(source.len(), |at| start + at);
        let text = source[line_start..line_end].trim_end().to_owned();
        Self::Refused(Box::new(Refusal {
            file: file.to_owned(),
            line: source[..start].matches('\n').count() + 1,
            column: source[line_start..start].chars().count() + 1,
            width: source[start..end.clamp(start, line_end)].chars().count().max(1),
            key: key_of(&text),
            text,
            said,
        }))
    }
}

impl Refusal {
    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The key on that line.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, width, key, text, said } = self;
        write!(f, "{file}:{line}:{column}: ")?;
        if let Some(key) = key {
            write!(f, "key `{key}`: ")?;
        }
        let margin = " ".repeat(line.to_string().len());
        let indent = column - 1;
        writeln!(f, "{said}")?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{line} | {text}")?;
        write!(f, "{margin} | {:indent$}{}", "", "^".repeat(*width))
    }
}

/// The key that a line gives a value to.
fn key_of(line: &str) -> Option<String> {
    let (key, _) = line.split_once('=')?;
    let key = key.trim().trim_matches('"');
    (!key.is_empty() && !key.starts_with(['#', '['])).then(|| key.to_owned())
}

/// Something our own check refused, by its place in the document.
#[derive(Debug)]
pub(crate) struct Trouble {
    at: Vec<Step>,
    said: String,
}

/// One step into the document.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Key(&'static str),
    Index(usize),
}

impl Trouble {
    pub(crate) fn new(at: impl IntoIterator<Item = Step>, said: impl Into<String>) -> Self {
        Self { at: at.into_iter().collect(), said: said.into() }
    }

    /// What a builder refused of a section whose keys are called as the builder's options.
    pub(crate) fn option(section: &'static str, error: &ConfigError) -> Self {
        Self::new([Step::Key(section), Step::Key(error.option())], error.to_string())
    }

    /// Where it stands; the nearest thing around it when the value is a default.
    fn span(&self, source: &str) -> Range<usize> {
        let Ok(document) = DeTable::parse(source) else { return 0..0 };
        let mut span = 0..0;
        let mut here = &DeValue::Table(document.get_ref().clone());
        for step in &self.at {
            let next = match (step, here) {
                (Step::Key(key), DeValue::Table(table)) => table.get(*key),
                (Step::Index(index), DeValue::Array(items)) => items.get(*index),
                _ => None,
            };
            let Some(next) = next else { break };
            span = next.span();
            here = next.get_ref();
        }
        span
    }
}
