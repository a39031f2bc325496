use super::tables::{NO_DIGIT, RADIX, Tables};
use super::{WIDTH, WIDTH_U128};
use crate::{CodeError, CodeErrorKind};

/// Digits whose number times 62 still fits a `u64`.
const HALF: usize = 6;
const WORD: usize = 10;

impl Tables {
    /// Reads 11 digits, or as many as there are without leading zeros.
    #[inline]
    pub(super) fn read(&self, text: &[u8], fixed: bool) -> Result<u64, CodeError> {
        if text.len().wrapping_sub(1) >= WIDTH || fixed && text.len() != WIDTH {
            return Err(self.error(text, fixed, WIDTH, u64::MAX.into()));
        }
        // Two chains of multiplications half as long as one, which the processor follows at once.
        let (high, low) = text.split_at(text.len().saturating_sub(HALF));
        let ((high, high_digits), (low, low_digits)) = (self.number(high), self.number(low));
        // At most 62^5 × 62^6 < 2^66.
        let number = u128::from(high) * const { 62_u128.pow(HALF as u32) } + u128::from(low);
        let is_digits = usize::from(high_digits | low_digits) < 64;
        let is_canonical = fixed || text.len() == 1 || text[0] != b'0';
        match u64::try_from(number) {
            Ok(number) if is_digits && is_canonical => Ok(number),
            _ => Err(self.error(text, fixed, WIDTH, u64::MAX.into())),
        }
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
