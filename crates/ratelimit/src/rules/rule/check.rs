//! What a rule cannot mean, by itself and behind another.

use alloc::collections::BTreeSet;
use alloc::string::String;

use voussoir_core::ConfigError;

use super::{MissingKey, NAMES, Rule};
use crate::rules::KeyPart;
use crate::{Algorithm, initial};

impl Rule {
    /// Whether the rule, being asked first, decides on every request that `other` is for.
    pub(in crate::rules) fn covers(&self, other: &Self) -> bool {
        let skips = self.missing == MissingKey::Skip && !self.key.parts().is_empty();
        let is_one = |method: &String| self.methods.iter().any(|m| m.eq_ignore_ascii_case(method));
        let has_header = |(name, value): (&String, &String)| {
            other.headers.iter().any(|(n, v)| n.eq_ignore_ascii_case(name) && v == value)
        };
        !self.shadow
            && !skips
            && (self.methods.is_empty()
                || (!other.methods.is_empty() && other.methods.iter().all(is_one)))
            && self
                .path
                .as_ref()
                .is_none_or(|ours| other.path.as_ref().is_some_and(|theirs| ours.covers(theirs)))
            && self.headers.iter().all(has_header)
            && self.attributes.iter().all(|(name, value)| other.attributes.get(name) == Some(value))
    }

    /// Whether what this rule knows of a key is what `other`, of the same name, would know of it.
    pub(in crate::rules) fn counts_as(&self, other: &Self) -> bool {
        let by_segment = self.key.parts().iter().any(|part| matches!(part, KeyPart::Segment(_)));
        self.name == other.name && self.key == other.key && (!by_segment || self.path == other.path)
    }

    pub(in crate::rules) fn validate(&self) -> Result<(), ConfigError> {
        let printable = self.name.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if !printable || !(1..=128).contains(&self.name.len()) {
            let given = alloc::format!("{:?}", self.name);
            return Err(ConfigError::new("name", given, NAMES));
        }
        self.limit.validate()?;
        if let Some(initial) = self.initial {
            initial::taken(&self.limit, initial)?;
        }
        if self.max_keys == 0 {
            return Err(ConfigError::new("max_keys", 0, "1 or more"));
        }
        self.validate_conditions()?;
        self.key.validate()?;
        for part in self.key.parts() {
            let KeyPart::Segment(name) = part else { continue };
            if !self.path.as_ref().is_some_and(|path| path.has_segment(name)) {
                let allowed = alloc::format!("segments of `path`; it has no {{{name}}}");
                return Err(ConfigError::new("key", part, allowed));
            }
        }
        Ok(())
    }

    /// Refuses what no request has.
    fn validate_conditions(&self) -> Result<(), ConfigError> {
        // Two that stand in one text are none.
        let is_method = |method: &str| is_word(method) && !method.contains(',');
        if let Some(method) = self.methods.iter().find(|method| !is_method(method)) {
            return Err(ConfigError::new(
                "methods",
                alloc::format!("{method:?}"),
                "a method, as GET",
            ));
        }
        let mut names = BTreeSet::new();
        for name in self.headers.keys() {
            if !is_word(name) {
                let allowed = "a name of visible ASCII characters, as x-plan";
                return Err(ConfigError::new("headers", alloc::format!("{name:?}"), allowed));
            }
            if !names.insert(name.to_ascii_lowercase()) {
                let given = alloc::format!("{name:?}, given twice");
                return Err(ConfigError::new("headers", given, "each name once"));
            }
        }
        Ok(())
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}
