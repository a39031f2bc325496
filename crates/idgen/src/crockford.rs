//! 13 digits of Crockford's base 32: 65 bits, of which an id uses 63.

use crate::{CodeError, CodeErrorKind, Encoded};

const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const WIDTH: usize = 13;
const NO_DIGIT: u8 = u8::MAX;

/// The digit that a byte stands for.
static VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < DIGITS.len() {
        values[DIGITS[digit] as usize] = digit as u8;
        digit += 1;
    }
    values
};

pub(crate) fn encode(number: u64) -> Encoded {
    Encoded::written(|bytes| {
        let mut rest = number;
        for byte in bytes.iter_mut().rev().take(WIDTH) {
            *byte = DIGITS[(rest & 31) as usize];
            rest >>= 5;
        }
        WIDTH
    })
}

pub(crate) fn decode(text: &[u8]) -> Result<u64, CodeError> {
    CodeError::check_length(text.len(), WIDTH, WIDTH)?;
    let mut number = 0;
    for (column, &found) in (1..).zip(text) {
        let digit = VALUES[usize::from(found)];
        if digit == NO_DIGIT {
            let kind = CodeErrorKind::Digit { found, alphabet: "0-9, A-Z without I, L, O, U" };
            return Err(CodeError::new(column, kind));
        }
        // The first digit holds bits 60 to 64; 63 and 64 are no id's.
        if column == 1 && digit > 7 {
            return Err(CodeError::overflow(column));
        }
        number = number << 5 | u64::from(digit);
    }
    Ok(number)
}
