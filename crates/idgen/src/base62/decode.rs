use super::tables::{NO_DIGIT, PAIRS, RADIX, Tables};
use super::{WIDTH, WIDTH_U128};
use crate::{CodeError, CodeErrorKind};

const PAIR: u64 = PAIRS as u64;
/// Digits whose number fits a `u64` whatever they are.
const WORD: usize = 10;

impl Tables {
    /// Reads 11 digits, or as many as there are without leading zeros.
    #[inline]
    pub(super) fn read(&self, text: &[u8], fixed: bool) -> Result<u64, CodeError> {
        let read = match <&[u8; WIDTH]>::try_from(text) {
            Ok(text) => self.eleven(text),
            Err(_) if !fixed && (1..WIDTH).contains(&text.len()) => {
                let (number, digits) = self.number(text);
                (usize::from(digits) < 64).then_some(number)
            }
            Err(_) => None,
        };
        let is_canonical = fixed || text.len() == 1 || text.first() != Some(&b'0');
        match read {
            Some(number) if is_canonical => Ok(number),
            _ => Err(self.error(text, fixed, WIDTH, u64::MAX.into())),
        }
    }

    /// The number of as many digits as a large number has; `None` if one is none, or it is too large.
    #[inline]
    fn eleven(&self, text: &[u8; WIDTH]) -> Option<u64> {
        let digits = text.map(|byte| self.values[usize::from(byte)]);
        let all = digits.iter().fold(0, |all, digit| all | digit);
        // By twos and then by fours, so that no multiplication waits for more than two others.
        let (first, rest) = digits.split_first_chunk::<1>()?;
        let pair = |at: usize| u64::from(rest[at]) * RADIX as u64 + u64::from(rest[at + 1]);
        let low = (pair(2) * PAIR + pair(4)) * (PAIR * PAIR) + (pair(6) * PAIR + pair(8));
        // At most 62^10 - 1 < 2^60, if all are digits; bytes that are none stay below 2^63 as well.
        let low = pair(0) * PAIR.pow(4) + low;
        let number = u64::from(first[0]).checked_mul(PAIR.pow(5))?.checked_add(low)?;
        (usize::from(all) < 64).then_some(number)
    }

    /// Reads at most 10 digits, zeros in front or not.
    #[inline]
    pub(super) fn read_any(&self, text: &[u8]) -> Result<u64, CodeError> {
        let (number, digits) = self.number(text);
        if usize::from(digits) >= 64 { Err(self.no_digit(text)) } else { Ok(number) }
    }

    /// Reads 22 digits, or as many as there are without leading zeros.
    pub(super) fn read_u128(&self, text: &[u8], fixed: bool) -> Result<u128, CodeError> {
        let error = || self.error(text, fixed, WIDTH_U128, u128::MAX);
        let least = if fixed { WIDTH_U128 } else { 1 };
        if !(least..=WIDTH_U128).contains(&text.len()) {
            return Err(error());
        }
        if !fixed && text.len() > 1 && text[0] == b'0' {
            return Err(error());
        }
        let mut words = text.rchunks(WORD).rev().map(|word| self.number(word));
        let number = words.try_fold(0_u128, |sum, (word, digits)| {
            let sum = sum.checked_mul(const { 62_u128.pow(WORD as u32) })?;
            sum.checked_add(word.into()).filter(|_| usize::from(digits) < 64)
        });
        number.ok_or_else(error)
    }

    /// The column of the digit with which the number becomes larger than `most`; 0 if none does.
    pub(super) fn column_above(&self, text: &[u8], most: u128) -> usize {
        let mut number = 0_u128;
        for (column, &byte) in (1..).zip(text) {
            let digit = self.values[usize::from(byte)].into();
            match number.checked_mul(RADIX as u128).and_then(|sum| sum.checked_add(digit)) {
                Some(sum) if sum <= most => number = sum,
                _ => return column,
            }
        }
        0
    }

    /// The number of at most 10 bytes, and all their digits or-ed: 64 or more if one is none.
    #[inline]
    fn number(&self, text: &[u8]) -> (u64, u8) {
        text.iter().fold((0_u64, 0), |(number, digits), &byte| {
            let digit = self.values[usize::from(byte)];
            // What is no digit may wrap; it is refused.
            let number = number.wrapping_mul(RADIX as u64).wrapping_add(digit.into());
            (number, digits | digit)
        })
    }

    /// What is wrong with a text that was refused.
    #[cold]
    fn error(&self, text: &[u8], fixed: bool, width: usize, most: u128) -> CodeError {
        if let Err(error) =
            CodeError::check_length(text.len(), if fixed { width } else { 1 }, width)
        {
            return error;
        }
        if usize::from(self.number(text).1) >= 64 {
            return self.no_digit(text);
        }
        if !fixed && text.len() > 1 && text[0] == b'0' {
            return CodeError::new(1, CodeErrorKind::LeadingZero);
        }
        CodeError::overflow(self.column_above(text, most))
    }

    /// The first byte that is no digit. There is one.
    #[cold]
    fn no_digit(&self, text: &[u8]) -> CodeError {
        let is_no_digit = |byte: &u8| self.values[usize::from(*byte)] == NO_DIGIT;
        let at = text.iter().position(is_no_digit).unwrap_or_default();
        CodeError::new(at + 1, CodeErrorKind::Digit { found: text[at], alphabet: self.name })
    }
}
