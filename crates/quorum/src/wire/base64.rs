//! Base64url without padding (RFC 4648, section 5), strict: one text for each sequence of bytes.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::DecodeError;

/// One in each byte of a word.
const EACH: u64 = 0x0101_0101_0101_0101;

/// Bytes that go into one piece of text on the stack: eight times six.
const PIECE: usize = 48;

pub(crate) fn encode(bytes: &[u8], text: &mut String) {
    text.reserve((bytes.len() * 4).div_ceil(3));
    for piece in bytes.chunks(PIECE) {
        let mut characters = [0; PIECE / 3 * 4];
        let len = (piece.len() * 4).div_ceil(3);
        let (sixes, rest) = piece.as_chunks::<6>();
        let (eights, _) = characters.as_chunks_mut::<8>();
        let (whole, last) = eights.split_at_mut(sixes.len());
        for (eight, [a, b, c, d, e, f]) in whole.iter_mut().zip(sixes) {
            *eight = characters_of(u64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]));
        }
        if let Some(last) = last.first_mut() {
            let mut six = [0; 8];
            six[2..2 + rest.len()].copy_from_slice(rest);
            *last = characters_of(u64::from_be_bytes(six));
        }
        text.push_str(str::from_utf8(&characters[..len]).unwrap_or_default());
    }
}

/// The eight digits of 48 bits, all at once, a byte each.
#[inline]
const fn characters_of(bits: u64) -> [u8; 8] {
    // Halves apart, then quarters, then digits.
    let bits = (bits & 0xFFFF_FF00_0000) << 8 | bits & 0xFF_FFFF;
    let bits = (bits & 0x00FF_F000_00FF_F000) << 4 | bits & 0x0000_0FFF_0000_0FFF;
    let digits = (bits & 0x0FC0_0FC0_0FC0_0FC0) << 2 | bits & 0x003F_003F_003F_003F;
    // 1 in each byte whose digit is at least so much; no sum carries into the next byte.
    let [from_26, from_52, from_62, from_63] = [
        (digits + EACH * (128 - 26)) >> 7 & EACH,
        (digits + EACH * (128 - 52)) >> 7 & EACH,
        (digits + EACH * (128 - 62)) >> 7 & EACH,
        (digits + EACH * (128 - 63)) >> 7 & EACH,
    ];
    // A to Z, a to z, 0 to 9, the two others.
    let letters = digits + EACH * 65 + from_26 * 6;
    (letters - from_52 * 75 - from_62 * 13 + from_63 * 49).to_be_bytes()
}

/// How many bytes a text of this length stands for.
pub(crate) const fn decoded_len(text: &str) -> usize {
    text.len() / 4 * 3 + text.len() % 4 * 3 / 4
}

/// Fills `bytes`, which are [`decoded_len`] long.
pub(crate) fn decode(text: &str, bytes: &mut [u8]) -> Result<(), DecodeError> {
    let (eights, rest) = text.as_bytes().as_chunks::<8>();
    let (sixes, last) = bytes.as_chunks_mut::<6>();
    let mut strange = 0;
    for (eight, six) in eights.iter().zip(sixes) {
        let (bits, wrong) = bits_of(*eight);
        strange |= wrong;
        let [_, _, read @ ..] = bits.to_be_bytes();
        *six = read;
    }
    let mut eight = [b'A'; 8];
    eight[..rest.len()].copy_from_slice(rest);
    let (bits, wrong) = bits_of(eight);
    if strange | wrong != 0 {
        return Err(first_strange(text));
    }
    let [_, _, read @ ..] = bits.to_be_bytes();
    let (used, unused) = read.split_at(last.len());
    if rest.len() % 4 == 1 || unused.iter().any(|&byte| byte != 0) {
        return Err(DecodeError::Character { at: text.len() - 1 });
    }
    last.copy_from_slice(used);
    Ok(())
}

/// As [`decode`], for a text of any length that stands for at most `most` bytes.
pub(crate) fn decode_bounded(text: &str, most: usize) -> Result<Vec<u8>, DecodeError> {
    let len = decoded_len(text);
    if len > most {
        return Err(DecodeError::TooMany { found: len as u64, most });
    }
    let mut bytes = vec![0; len];
    decode(text, &mut bytes)?;
    Ok(bytes)
}

/// The 48 bits of eight digits, all at once, and something else than zero if one is none.
#[inline]
const fn bits_of(eight: [u8; 8]) -> (u64, u64) {
    let text = u64::from_be_bytes(eight);
    // Below 128 in each byte, so that no sum carries into the next.
    let characters = text & (EACH * 127);
    let upper = within(characters, b'A', b'Z');
    let lower = within(characters, b'a', b'z');
    let digit = within(characters, b'0', b'9');
    let minus = within(characters, b'-', b'-');
    let line = within(characters, b'_', b'_');
    let strange = (text & (EACH * 128)) | ((upper | lower | digit | minus | line) ^ EACH);
    let down = upper * 65 + lower * 71 + line * 32;
    let digits = (characters + digit * 4 + minus * 17).wrapping_sub(down);
    // Digits to quarters, quarters to halves, halves together.
    let bits = (digits & 0x3F00_3F00_3F00_3F00) >> 2 | digits & 0x003F_003F_003F_003F;
    let bits = (bits & 0x0FFF_0000_0FFF_0000) >> 4 | bits & 0x0000_0FFF_0000_0FFF;
    ((bits & 0x00FF_FFFF_0000_0000) >> 8 | bits & 0xFF_FFFF, strange)
}

/// 1 in each byte that is within the two, both included.
#[inline]
const fn within(characters: u64, first: u8, last: u8) -> u64 {
    let from = (characters + EACH * (128 - first as u64)) >> 7 & EACH;
    let beyond = (characters + EACH * (127 - last as u64)) >> 7 & EACH;
    from ^ beyond
}

#[cold]
fn first_strange(text: &str) -> DecodeError {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let at = text.bytes().position(|byte| !known(byte));
    DecodeError::Character { at: at.unwrap_or_default() }
}
