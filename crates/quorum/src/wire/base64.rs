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

/// Bytes that go into one piece of text on the stack.
const PIECE: usize = 48;

pub(crate) fn encode(bytes: &[u8], text: &mut String) {
    text.reserve((bytes.len() * 4).div_ceil(3));
    for piece in bytes.chunks(PIECE) {
        let mut characters = [0; PIECE / 3 * 4];
        let len = (piece.len() * 4).div_ceil(3);
        let (triples, rest) = piece.as_chunks::<3>();
        let (quads, _) = characters.as_chunks_mut::<4>();
        for (quad, triple) in quads.iter_mut().zip(triples) {
            *quad = characters_of(*triple);
        }
        if !rest.is_empty() {
            let mut triple = [0; 3];
            triple[..rest.len()].copy_from_slice(rest);
            quads[triples.len()] = characters_of(triple);
        }
        text.push_str(str::from_utf8(&characters[..len]).unwrap_or_default());
    }
}

#[inline]
fn characters_of([a, b, c]: [u8; 3]) -> [u8; 4] {
    let bits = u32::from(a) << 16 | u32::from(b) << 8 | u32::from(c);
    [18, 12, 6, 0].map(|shift| ALPHABET[(bits >> shift & 63) as usize])
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
