//! 16 hexadecimal digits, lower case.

use crate::{CodeError, CodeErrorKind, Encoded};

const DIGITS: &[u8; 16] = b"0123456789abcdef";
const WIDTH: usize = 16;

pub(crate) fn encode(number: u64) -> Encoded {
    Encoded::written(|bytes| {
        let mut rest = number;
        for byte in bytes.iter_mut().rev().take(WIDTH) {
            *byte = DIGITS[(rest & 15) as usize];
            rest >>= 4;
        }
        WIDTH
    })
}

pub(crate) fn decode(text: &[u8]) -> Result<u64, CodeError> {
    CodeError::check_length(text.len(), WIDTH, WIDTH)?;
    let mut number = 0;
    for (column, &found) in (1..).zip(text) {
        let Some(digit) = DIGITS.iter().position(|&digit| digit == found) else {
            let kind = CodeErrorKind::Digit { found, alphabet: "0-9, a-f" };
            return Err(CodeError::new(column, kind));
        };
        number = number << 4 | digit as u64;
    }
    Ok(number)
}
