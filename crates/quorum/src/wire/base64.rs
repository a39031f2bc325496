//! Base64url without padding (RFC 4648, section 5), strict: one text for each sequence of bytes.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::DecodeError;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Stands for a character that is none; has a bit that no digit has.
const NONE: u8 = 0x80;
const DIGITS: [u8; 256] = {
    let mut digits = [NONE; 256];
    let mut digit = 0;
    while digit < 64 {
        digits[ALPHABET[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
};

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
    const EACH: u64 = 0x0101_0101_0101_0101;
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
    let (quads, rest) = text.as_bytes().as_chunks::<4>();
    let (triples, bytes_rest) = bytes.as_chunks_mut::<3>();
    let mut wrong = 0;
    for (quad, triple) in quads.iter().zip(triples) {
        let (bits, strange) = bits_of(*quad);
        wrong |= strange;
        *triple = [(bits >> 16) as u8, (bits >> 8) as u8, bits as u8];
    }
    if wrong & NONE != 0 {
        return Err(first_strange(text));
    }
    if rest.is_empty() {
        return Ok(());
    }
    let mut quad = [b'A'; 4];
    quad[..rest.len()].copy_from_slice(rest);
    let (bits, strange) = bits_of(quad);
    if strange & NONE != 0 {
        return Err(first_strange(text));
    }
    let last = [(bits >> 16) as u8, (bits >> 8) as u8, bits as u8];
    let (used, unused) = last.split_at(bytes_rest.len());
    if rest.len() == 1 || unused.iter().any(|&byte| byte != 0) {
        return Err(DecodeError::Character { at: text.len() - 1 });
    }
    bytes_rest.copy_from_slice(used);
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

#[inline]
fn bits_of(quad: [u8; 4]) -> (u32, u8) {
    let [a, b, c, d] = quad.map(|character| DIGITS[usize::from(character)]);
    let bits = u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d);
    (bits, a | b | c | d)
}

#[cold]
fn first_strange(text: &str) -> DecodeError {
    let at = text.bytes().position(|byte| DIGITS[usize::from(byte)] == NONE);
    DecodeError::Character { at: at.unwrap_or_default() }
}
