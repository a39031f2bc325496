//! What is stored for a string: its folded key, and after a separator the form that is shown where
//! that differs. So the forms of one key are neighbours, and keys sort as their strings do.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::MAX_LEN;
use crate::error::BuildError;
use crate::fold::{Fold, SEPARATOR};

/// The stored form of `text`.
pub(crate) fn key(fold: Fold, text: &str) -> Result<Cow<'_, [u8]>, BuildError> {
    if !fold.keeps_display() {
        return fits(text).map(|()| text.as_bytes().into());
    }
    let mut key = Vec::new();
    append(fold, text, &mut String::new(), &mut key)?;
    Ok(key.into())
}

/// Appends the stored form of `text`; `folded` lends its memory.
pub(crate) fn append(
    fold: Fold,
    text: &str,
    folded: &mut String,
    to: &mut Vec<u8>,
) -> Result<(), BuildError> {
    fits(text)?;
    if !fold.keeps_display() {
        to.extend(text.as_bytes());
        return Ok(());
    }
    fold.fold_into(text, folded);
    fits(folded)?;
    to.extend(folded.as_bytes());
    if folded != text {
        to.push(SEPARATOR as u8);
        to.extend(text.as_bytes());
    }
    Ok(())
}

fn fits(text: &str) -> Result<(), BuildError> {
    match text.len() {
        len if len > MAX_LEN => Err(BuildError::TooLong { len, most: MAX_LEN }),
        _ => Ok(()),
    }
}

/// The key and the form that is shown.
pub(crate) fn parts(fold: Fold, stored: &[u8]) -> (&[u8], &[u8]) {
    if fold.keeps_display()
        && let Some(at) = stored.iter().position(|&byte| byte == SEPARATOR as u8)
    {
        return (&stored[..at], &stored[at + 1..]);
    }
    (stored, stored)
}
