use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use voussoir_core::ConfigError;

/// By what a rule counts: one limit for each combination of its parts.
///
/// | text | one limit for |
/// |---|---|
/// | `all` | all requests together |
/// | `client` | each [`client`](super::Request::client) |
/// | `header:x-api-key` | each value of the field |
/// | `attribute:tenant` | each value of the attribute |
/// | `segment:id` | each value of the path's `{id}`, however it is escaped |
/// | `client+segment:id` | each client and value, together |
///
/// ```
/// use voussoir_ratelimit::rules::RuleKey;
///
/// let key: RuleKey = "client+segment:id".parse()?;
/// assert_eq!(key, RuleKey::client().and(RuleKey::segment("id")));
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RuleKey {
    parts: Vec<KeyPart>,
}

/// A part of a [`RuleKey`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyPart {
    /// Who sent the request.
    Client,
    /// The value of this header field.
    Header(String),
    /// The value of this attribute.
    Attribute(String),
    /// What stands in the path for this name of the rule's pattern.
    Segment(String),
}

const ALLOWED: &str = "all, or one or more of client, header:NAME, attribute:NAME and segment:NAME, \
                       joined by +";

impl RuleKey {
    /// One limit for all requests.
    pub fn all() -> Self {
        Self { parts: Vec::new() }
    }

    /// One for each client.
    pub fn client() -> Self {
        Self::of(KeyPart::Client)
    }

    /// One for each value of a header field.
    pub fn header(name: impl Into<String>) -> Self {
        Self::of(KeyPart::Header(name.into()))
    }

    /// One for each value of an attribute.
    pub fn attribute(name: impl Into<String>) -> Self {
        Self::of(KeyPart::Attribute(name.into()))
    }

    /// One for each value of a named segment of the rule's path.
    pub fn segment(name: impl Into<String>) -> Self {
        Self::of(KeyPart::Segment(name.into()))
    }

    /// One for each combination of what this key and `other` find.
    pub fn and(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self
    }

    /// What is combined; nothing, if all requests count together.
    pub fn parts(&self) -> &[KeyPart] {
        &self.parts
    }

    fn of(part: KeyPart) -> Self {
        Self { parts: [part].into() }
    }

    /// What the text form cannot say.
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        for part in &self.parts {
            let (kind, name) = part.words();
            if name.is_some_and(|name| !is_name(name)) {
                return Err(ConfigError::new("key", part, alloc::format!("{kind}:NAME, {NAMES}")));
            }
        }
        Ok(())
    }
}

impl KeyPart {
    fn words(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Client => ("client", None),
            Self::Header(name) => ("header", Some(name)),
            Self::Attribute(name) => ("attribute", Some(name)),
            Self::Segment(name) => ("segment", Some(name)),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if text == "client" {
            return Some(Self::Client);
        }
        let (kind, name) = text.split_once(':').filter(|(_, name)| is_name(name))?;
        let name = name.to_owned();
        match kind {
            "header" => Some(Self::Header(name)),
            "attribute" => Some(Self::Attribute(name)),
            "segment" => Some(Self::Segment(name)),
            _ => None,
        }
    }
}

impl FromStr for RuleKey {
    type Err = ConfigError;

    /// # Errors
    ///
    /// The part that is none, and what is allowed.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        if text == "all" {
            return Ok(Self::all());
        }
        let part = |text: &str| {
            let text = text.trim();
            let error = || ConfigError::new("key", alloc::format!("`{text}`"), ALLOWED);
            KeyPart::parse(text).ok_or_else(error)
        };
        Ok(Self { parts: text.split('+').map(part).collect::<Result<_, _>>()? })
    }
}

impl fmt::Display for RuleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.parts.is_empty() {
            return f.write_str("all");
        }
        for (at, part) in self.parts.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { "+" })?;
            part.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for KeyPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.words() {
            (kind, Some(name)) => write!(f, "{kind}:{name}"),
            (kind, None) => f.write_str(kind),
        }
    }
}

const NAMES: &str = "a name of visible ASCII characters without +";

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'+')
}
