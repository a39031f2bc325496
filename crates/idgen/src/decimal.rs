//! Decimal digits, strictly: `str::parse` would take `+7` and `007` for 7.

use crate::{CodeError, CodeErrorKind};

/// Reads a number below 2^63 without sign and leading zeros.
pub(crate) fn decode(text: &[u8]) -> Result<u64, CodeError> {
    CodeError::check_length(text.len(), 1, 19)?;
    let mut number = 0_u64;
    for (column, &found) in (1..).zip(text) {
        if !found.is_ascii_digit() {
            return Err(CodeError::new(column, CodeErrorKind::Digit { found, alphabet: "0-9" }));
        }
        // 19 digits are below 10^19 < 2^64.
        number = number * 10 + u64::from(found - b'0');
    }
    if text[0] == b'0' && text.len() > 1 {
        return Err(CodeError::new(1, CodeErrorKind::LeadingZero));
    }
    // 18 digits are below 2^63, so that it can only be the last.
    if number > i64::MAX as u64 { Err(CodeError::overflow(text.len())) } else { Ok(number) }
}
