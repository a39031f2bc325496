//! The pieces of a field, as RFC 9651 writes them.

use alloc::string::String;
use core::time::Duration;

use super::{PolicyNameError, PolicyNameErrorKind};

/// Longer names say nothing that shorter ones do not, and every answer carries them.
const LONGEST_NAME: usize = 128;

/// The largest integer of a structured field (RFC 9651 §3.3.1).
const LARGEST_INTEGER: u128 = 999_999_999_999_999;

/// `name` as a string of a structured field, with its quotes (RFC 9651 §4.1.6).
pub(super) fn quoted(name: &str) -> Result<String, PolicyNameError> {
    let error = |column, kind| PolicyNameError { column, kind };
    if name.is_empty() {
        return Err(error(1, PolicyNameErrorKind::Empty));
    }
    let mut text = String::with_capacity(name.len() + 2);
    text.push('"');
    for (at, character) in name.chars().enumerate() {
        if !matches!(character, ' '..='~') {
            return Err(error(at + 1, PolicyNameErrorKind::Character(character)));
        }
        if at == LONGEST_NAME {
            return Err(error(at + 1, PolicyNameErrorKind::TooLong));
        }
        if matches!(character, '"' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('"');
    Ok(text)
}

/// `time` in whole seconds, rounded up, as far as a field can say it.
pub(super) fn whole_seconds(time: Duration) -> u64 {
    time.as_nanos().div_ceil(1_000_000_000).min(LARGEST_INTEGER) as u64
}
