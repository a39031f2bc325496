use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use core::fmt::Display;

use thiserror::Error;

/// A builder refused its configuration: which option, what was given, what is allowed.
///
/// ```
/// use voussoir_core::ConfigError;
///
/// let error = ConfigError::new("max_keys", 0, "1 or more");
/// assert_eq!(error.to_string(), "`max_keys` is 0; allowed: 1 or more");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{option}` is {given}; allowed: {allowed}")]
pub struct ConfigError {
    option: &'static str,
    given: String,
    allowed: Cow<'static, str>,
}

impl ConfigError {
    /// Refuses `given` as the value of `option`.
    pub fn new(
        option: &'static str,
        given: impl Display,
        allowed: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { option, given: given.to_string(), allowed: allowed.into() }
    }

    /// The name of the option, as its builder's method is called.
    pub fn option(&self) -> &'static str {
        self.option
    }

    /// What was given, as text.
    pub fn given(&self) -> &str {
        &self.given
    }

    /// What would have been taken.
    pub fn allowed(&self) -> &str {
        &self.allowed
    }
}
