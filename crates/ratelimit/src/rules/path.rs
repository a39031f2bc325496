mod error;
mod parse;
mod segments;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

pub use error::{PathError, PathErrorKind};
use segments::same;
pub(super) use segments::{Split, decoded, split};

/// Which paths a rule is for.
///
/// | pattern | matches | does not match |
/// |---|---|---|
/// | `/login` | `/login`, `/login/`, `//login`, `/%6Cogin`, `/login?next=x` | `/Login`, `/login/x` |
/// | `/users/{id}` | `/users/7` | `/users`, `/users/7/posts` |
/// | `/api/*` | `/api`, `/api/`, `/api/users/7` | `/apis` |
/// | `/*` | every path | |
///
/// Segments are compared with their percent escapes resolved and empty ones left out, since a limit
/// that `//login` evades is none. `{name}` stands for one whole segment, which a
/// [key](super::RuleKey::segment) may use; `*`, at the end only, for any number of them.
///
/// ```
/// use voussoir_ratelimit::rules::PathPattern;
///
/// let posts: PathPattern = "/users/{id}/posts".parse()?;
/// assert!(posts.matches("/users/7/posts/"));
/// assert_eq!(posts.segment("/users/7/posts", "id"), Some("7"));
///
/// let error = "/users/{id".parse::<PathPattern>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "brace inside a segment at column 8; allowed: {name} as a whole segment, or %7B and %7D",
/// );
/// # Ok::<(), voussoir_ratelimit::rules::PathError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PathPattern {
    text: String,
    segments: Vec<Segment>,
    /// Whether more segments may follow.
    open: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Segment {
    /// As written, still escaped.
    Literal(String),
    /// Any, under this name.
    Named(String),
}

impl PathPattern {
    /// Whether `path` is one of them.
    ///
    /// Complexity: O(length of the path), without allocation.
    pub fn matches(&self, path: &str) -> bool {
        self.matches_split(&split(path, self.len()))
    }

    /// [`matches`](Self::matches), of a path that was [split] as far as this pattern looks.
    pub(super) fn matches_split(&self, given: &[&str]) -> bool {
        let fits = if self.open { given.len() >= self.len() } else { given.len() == self.len() };
        fits && self.segments.iter().zip(given).all(|(wanted, given)| match wanted {
            Segment::Literal(literal) => same(given, literal),
            Segment::Named(_) => true,
        })
    }

    /// How many segments it has.
    pub(super) fn len(&self) -> usize {
        self.segments.len()
    }

    /// Whether every path that `other` is for is one of these.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let covered = self.segments.iter().zip(&other.segments).all(|pair| match pair {
            (Segment::Named(_), _) => true,
            (Segment::Literal(ours), Segment::Literal(theirs)) => same(ours, theirs),
            (Segment::Literal(_), Segment::Named(_)) => false,
        });
        let (ours, theirs) = (self.segments.len(), other.segments.len());
        covered && if self.open { theirs >= ours } else { theirs == ours && !other.open }
    }

    /// What stands in `path` where this pattern has `{name}`, as it is written there.
    pub fn segment<'p>(&self, path: &'p str, name: &str) -> Option<&'p str> {
        split(path, self.len()).get(self.place(name)?).copied()
    }

    /// At which segment the pattern has `{name}`.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        let is_it = |segment: &Segment| matches!(segment, Segment::Named(found) if found == name);
        self.segments.iter().position(is_it)
    }

    /// Whether the pattern has `{name}`.
    pub fn has_segment(&self, name: &str) -> bool {
        self.place(name).is_some()
    }
}

impl FromStr for PathPattern {
    type Err = PathError;

    /// # Errors
    ///
    /// The column, what was wrong there, and what is allowed.
    fn from_str(text: &str) -> Result<Self, PathError> {
        parse::pattern(text)
    }
}

/// As it was written.
impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
