mod check;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::{PathPattern, Request, RuleKey};
use crate::Limit;

/// Which requests are counted against a limit, and by what.
///
/// An option that is left out matches every request. What the rule says is checked when it becomes a
/// part of a [`RuleSet`](super::RuleSet).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Rule {
    name: String,
    limit: Limit,
    key: RuleKey,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    methods: Vec<String>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    path: Option<PathPattern>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "BTreeMap::is_empty"))]
    headers: BTreeMap<String, String>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "BTreeMap::is_empty"))]
    attributes: BTreeMap<String, String>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    initial: Option<u32>,
    #[cfg_attr(feature = "serde", serde(default))]
    missing: MissingKey,
    #[cfg_attr(feature = "serde", serde(default))]
    shadow: bool,
    #[cfg_attr(feature = "serde", serde(default = "default_max_keys"))]
    max_keys: usize,
}

/// What happens to a request that lacks what the key of a rule asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum MissingKey {
    /// All such requests count together. The default: leaving a header out evades nothing, and locks
    /// nobody out at once.
    #[default]
    Share,
    /// They are refused.
    Refuse,
    /// The rule does not apply to them.
    Skip,
}

/// What a policy can be called in a header field.
pub(super) const NAMES: &str = "1 to 128 printable ASCII characters";

/// Some 3 MB a rule when all are taken.
fn default_max_keys() -> usize {
    100_000
}

impl Rule {
    /// Counts every request against `limit`, by `key`. `name` is what logs, metrics and clients see.
    pub fn new(name: impl Into<String>, limit: Limit, key: RuleKey) -> Self {
        Self {
            name: name.into(),
            limit,
            key,
            methods: Vec::new(),
            path: None,
            headers: BTreeMap::new(),
            attributes: BTreeMap::new(),
            initial: None,
            missing: MissingKey::default(),
            shadow: false,
            max_keys: default_max_keys(),
        }
    }

    /// Only requests of this method, or of one given before.
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.methods.push(method.into());
        self
    }

    /// Only requests to these paths.
    pub fn path(self, path: PathPattern) -> Self {
        Self { path: Some(path), ..self }
    }

    /// Only requests whose header field `name` has this value.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Only requests whose attribute `name` has this value.
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// How much each key begins with, the whole limit by default: as if the rest had been taken when
    /// the limiter was built. See [`KeyedLimiterBuilder::initial_at`](crate::KeyedLimiterBuilder::initial_at).
    pub fn initial(self, n: u32) -> Self {
        Self { initial: Some(n), ..self }
    }

    /// What happens to requests without the key, [`MissingKey::Share`] by default.
    pub fn missing(self, missing: MissingKey) -> Self {
        Self { missing, ..self }
    }

    /// Whether the rule only decides and reports, and never refuses.
    pub fn shadow(self, shadow: bool) -> Self {
        Self { shadow, ..self }
    }

    /// How many keys are held at most, 100,000 by default. See
    /// [`KeyedLimiter`](crate::KeyedLimiter) for what happens beyond.
    pub fn max_keys(self, max_keys: usize) -> Self {
        Self { max_keys, ..self }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The limit.
    pub fn limit(&self) -> Limit {
        self.limit
    }

    /// By what it counts.
    pub fn key(&self) -> &RuleKey {
        &self.key
    }

    /// Whether it never refuses.
    pub fn is_shadow(&self) -> bool {
        self.shadow
    }

    /// Whether the rule is for `request`, whatever its key.
    ///
    /// Complexity: O(length of what is compared), without allocation.
    pub fn matches(&self, request: &(impl Request + ?Sized)) -> bool {
        self.path.as_ref().is_none_or(|path| path.matches(request.path()))
            && self.matches_the_rest(request)
    }

    /// [`matches`](Self::matches), of a request whose path was split.
    pub(super) fn matches_split(&self, request: &(impl Request + ?Sized), path: &[&str]) -> bool {
        self.path.as_ref().is_none_or(|pattern| pattern.matches_split(path))
            && self.matches_the_rest(request)
    }

    fn matches_the_rest(&self, request: &(impl Request + ?Sized)) -> bool {
        let is_method = |method: &str| self.methods.iter().any(|m| m.eq_ignore_ascii_case(method));
        (self.methods.is_empty() || is_method(request.method()))
            && self.headers.iter().all(|(name, value)| request.header(name) == Some(value))
            && self.attributes.iter().all(|(name, value)| request.attribute(name) == Some(value))
    }

    pub(super) fn pattern(&self) -> Option<&PathPattern> {
        self.path.as_ref()
    }

    pub(super) fn on_missing(&self) -> MissingKey {
        self.missing
    }

    pub(super) fn begins_with(&self) -> Option<u32> {
        self.initial
    }

    pub(super) fn most_keys(&self) -> usize {
        self.max_keys
    }
}
