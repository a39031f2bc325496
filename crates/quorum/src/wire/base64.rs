//! Base64url without padding (RFC 4648, section 5), strict: one text for each sequence of bytes.
//!
//! Both ways go by pieces of a fixed size, whose loops have no branches: what the compiler makes of them
//! handles sixteen characters at once.

use alloc::string::String;

use super::DecodeError;

/// Bytes of a piece.
pub(crate) const PIECE: usize = 48;
/// Characters of a piece.
const CHARACTERS: usize = PIECE / 3 * 4;
/// Characters that are looked at together.
const BLOCK: usize = 16;

/// Appends the text of the first `len` bytes; those behind them, up to the end of the last piece, are
/// zero.
pub(crate) fn encode(pieces: &[[u8; PIECE]], len: usize, text: &mut String) {
    let mut left = (len * 4).div_ceil(3);
    text.reserve(left);
    for piece in pieces {
        let characters = characters_of(piece);
        let these = left.min(CHARACTERS);
        // All are ASCII, so that any of them may be the last one.
        let shown = str::from_utf8(&characters).ok().and_then(|shown| shown.get(..these));
        text.push_str(shown.unwrap_or_default());
        left -= these;
    }
}

/// How many bytes a text of this length stands for.
pub(crate) const fn decoded_len(text: &str) -> usize {
    text.len() / 4 * 3 + text.len() % 4 * 3 / 4
}

/// How many pieces a text of this length fills.
pub(crate) const fn pieces_of(text: &str) -> usize {
    text.len().div_ceil(CHARACTERS)
}

/// Fills the pieces, [`pieces_of`] the text, with its bytes and zeros behind them.
pub(crate) fn decode(text: &str, pieces: &mut [[u8; PIECE]]) -> Result<(), DecodeError> {
    let mut strange = [0; BLOCK];
    for (characters, piece) in text.as_bytes().chunks(CHARACTERS).zip(&mut *pieces) {
        *piece = bytes_of(characters, &mut strange);
    }
    if strange != [0; BLOCK] {
        return Err(first_strange(text));
    }
    // A lone character is no byte, and bits behind the last byte would make two texts of one.
    let behind = pieces.as_flattened().get(decoded_len(text));
    if text.len() % 4 == 1 || behind.is_some_and(|&byte| byte != 0) {
        return Err(DecodeError::Character { at: text.len() - 1 });
    }
    Ok(())
}

/// The characters of a piece.
#[inline]
fn characters_of(piece: &[u8; PIECE]) -> [u8; CHARACTERS] {
    let mut eights = [0; CHARACTERS / 8];
    for (four, twenty_four) in eights.as_chunks_mut::<4>().0.iter_mut().zip(piece.as_chunks().0) {
        *four = fours_of(twenty_four);
    }
    let mut characters = [0; CHARACTERS];
    for (to, bits) in characters.as_chunks_mut().0.iter_mut().zip(eights.map(spread)) {
        *to = bits.to_le_bytes();
    }
    for character in &mut characters {
        *character = character_of(*character);
    }
    characters
}

/// The bytes of up to a piece of characters, with zeros behind them. Whatever is strange about a
/// character is noted in `strange`.
#[inline]
fn bytes_of(characters: &[u8], strange: &mut [u8; BLOCK]) -> [u8; PIECE] {
    let mut fours = [[0; BLOCK / 4]; CHARACTERS / BLOCK];
    let (blocks, rest) = characters.as_chunks::<BLOCK>();
    for (block, to) in blocks.iter().zip(&mut fours) {
        *to = fours_in(block, strange);
    }
    if let Some(to) = fours.get_mut(blocks.len())
        && !rest.is_empty()
    {
        match characters.last_chunk() {
            // Some of them a second time: that costs less than to move the rest to a block of its own.
            Some(last) if rest.len() % 4 == 0 => {
                let before = (BLOCK - rest.len()) / 4;
                to[..BLOCK / 4 - before].copy_from_slice(&fours_in(last, strange)[before..]);
            }
            _ => {
                let mut block = [b'A'; BLOCK];
                block[..rest.len()].copy_from_slice(rest);
                *to = fours_in(&block, strange);
            }
        }
    }
    let fours = fours.as_flattened();
    let mut bytes = [0; PIECE];
    for (to, eight) in bytes.as_chunks_mut().0.iter_mut().zip(fours.as_chunks().0) {
        *to = twenty_four_of(eight);
    }
    bytes
}

/// Four times 48 bits of 24 bytes.
#[inline]
fn fours_of(bytes: &[u8; 24]) -> [u64; 4] {
    const MASK: u64 = u64::MAX >> 16;
    let [a, b, c] = [0, 8, 16].map(|at| {
        let eight = bytes[at..].first_chunk();
        eight.map_or(0, |eight| u64::from_be_bytes(*eight))
    });
    [a >> 16, (a << 32 | b >> 32) & MASK, (b << 16 | c >> 48) & MASK, c & MASK]
}

/// The bytes of eight times 24 bits.
#[inline]
fn twenty_four_of(eight: &[u32; 8]) -> [u8; 24] {
    let bits = eight.map(u64::from);
    let words = [
        bits[0] << 40 | bits[1] << 16 | bits[2] >> 8,
        bits[2] << 56 | bits[3] << 32 | bits[4] << 8 | bits[5] >> 16,
        bits[5] << 48 | bits[6] << 24 | bits[7],
    ];
    let mut bytes = [0; 24];
    for (to, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
        *to = word.to_be_bytes();
    }
    bytes
}

/// The eight digits of 48 bits, a byte each, the first one in the lowest.
#[inline]
const fn spread(bits: u64) -> u64 {
    // Halves apart, then quarters, then digits.
    let bits = bits >> 24 | (bits & 0xFF_FFFF) << 32;
    let bits = bits >> 12 & 0x0FFF_0000_0FFF | (bits & 0x0FFF_0000_0FFF) << 16;
    bits >> 6 & 0x003F_003F_003F_003F | (bits & 0x003F_003F_003F_003F) << 8
}

/// The 24 bits of four digits, the first one in the lowest byte.
#[inline]
const fn gather(digits: u32) -> u32 {
    let bits = digits >> 8 & 0x003F_003F | (digits & 0x003F_003F) << 6;
    bits >> 16 | (bits & 0x0FFF) << 12
}

/// A to Z, a to z, 0 to 9, minus, underscore.
#[inline]
const fn character_of(digit: u8) -> u8 {
    // Range by range as far as the next one begins behind the end of the last.
    let distance = 65_u8
        .wrapping_add(6 * (digit > 25) as u8)
        .wrapping_sub(75 * (digit > 51) as u8)
        .wrapping_sub(13 * (digit > 61) as u8)
        .wrapping_add(49 * (digit > 62) as u8);
    digit.wrapping_add(distance)
}

/// Four times 24 bits of sixteen characters.
#[inline]
fn fours_in(characters: &[u8; BLOCK], strange: &mut [u8; BLOCK]) -> [u32; BLOCK / 4] {
    let mut digits = [0; BLOCK];
    for at in 0..BLOCK {
        let character = characters[at];
        let letter = (character | 32).wrapping_sub(b'a') < 26;
        let number = character.wrapping_sub(b'0') < 10;
        let (minus, line) = (character == b'-', character == b'_');
        let up = 4 * u8::from(number) + 17 * u8::from(minus);
        let down = 65 * u8::from(letter) + 6 * u8::from(character > 96) + 32 * u8::from(line);
        digits[at] = character.wrapping_add(up).wrapping_sub(down);
        strange[at] |= u8::from(!(letter | number | minus | line));
    }
    let mut fours = [0; BLOCK / 4];
    for (four, digits) in fours.iter_mut().zip(digits.as_chunks().0) {
        *four = gather(u32::from_le_bytes(*digits));
    }
    fours
}

#[cold]
fn first_strange(text: &str) -> DecodeError {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let at = text.bytes().position(|byte| !known(byte));
    DecodeError::Character { at: at.unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Digit by digit, as the RFC has it.
    fn naive(bytes: &[u8]) -> String {
        const DIGITS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
        let digit = |at: usize| (0..6).fold(0, |digit, of| digit << 1 | bit(6 * at + of));
        let digits = (bytes.len() * 4).div_ceil(3);
        (0..digits).map(|at| char::from(DIGITS[usize::from(digit(at))])).collect()
    }

    #[test]
    fn every_length_is_written_as_the_rfc_says_and_read_back() {
        let mut random = voussoir_core::Random::seeded(1);
        for len in 0..200 {
            let mut pieces = alloc::vec![[0; PIECE]; 5];
            pieces.as_flattened_mut()[..len].fill_with(|| random.next_u64() as u8);
            let pieces = &pieces[..len.div_ceil(PIECE)];
            let mut text = String::new();
            encode(pieces, len, &mut text);
            assert_eq!(text, naive(&pieces.as_flattened()[..len]));
            assert_eq!((decoded_len(&text), pieces_of(&text)), (len, pieces.len()));
            let mut read = alloc::vec![[7; PIECE]; pieces.len()];
            assert_eq!(decode(&text, &mut read), Ok(()));
            assert_eq!(read, pieces);
        }
    }

    #[test]
    fn every_other_character_is_refused_where_it_stands() {
        for len in [2, 15, 16, 17, 40, 64, 66] {
            for at in 0..len {
                for character in 0..=127_u8 {
                    let mut text = alloc::vec![b'A'; len];
                    text[at] = character;
                    let text = String::from_utf8(text).expect("ASCII");
                    let known = character.is_ascii_alphanumeric() || b"-_".contains(&character);
                    let read = decode(&text, &mut alloc::vec![[0; PIECE]; 2][..pieces_of(&text)]);
                    if known {
                        // At the end there may be bits behind the last byte.
                        let end = DecodeError::Character { at: len - 1 };
                        assert!(read == Ok(()) || read == Err(end), "{text}");
                    } else {
                        assert_eq!(read, Err(DecodeError::Character { at }), "{text}");
                    }
                }
            }
        }
        let umlauts = "\u{e4}\u{f6}\u{fc}\u{df}".repeat(5);
        assert!(decode(&umlauts, &mut [[0; PIECE]]).is_err());
    }
}
