//! Integers out of bytes, checked at each read: a snapshot that was never verified may say anything,
//! and the worst it may do is to give a wrong number.

use alloc::vec::Vec;

/// The number of `width` bytes (0 to 8) at `at`, least byte first; 0 beyond the end.
#[inline]
pub(crate) fn uint(bytes: &[u8], at: usize, width: usize) -> u64 {
    if let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        return u64::from_le_bytes(*word) & low_bits(8 * width as u32);
    }
    let tail = bytes.get(at..).unwrap_or_default();
    tail.iter().take(width).rev().fold(0, |value, &byte| (value << 8) | u64::from(byte))
}

/// A `u32` at `at`; 0 beyond the end.
#[inline]
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk::<4>).map_or(0, |word| u32::from_le_bytes(*word))
}

/// A `u64` at `at`; 0 beyond the end.
#[inline]
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(<[u8]>::first_chunk::<8>).map_or(0, |word| u64::from_le_bytes(*word))
}

/// The lowest `bits` bits set.
#[inline]
const fn low_bits(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

/// How many bytes hold `value`; 0 for 0.
pub(crate) fn byte_width(value: u64) -> usize {
    (64 - value.leading_zeros()).div_ceil(8) as usize
}

/// The widest number of bits that one unaligned word holds at any bit of its first byte.
const WORD: u32 = 56;

/// How many bits each number of a [`Packed`] array takes that must hold `most`.
pub(crate) fn bit_width(most: u64) -> u32 {
    let bits = 64 - most.leading_zeros();
    if bits > WORD { 64 } else { bits }
}

/// Numbers of equal width, bit after bit. Eight bytes of padding follow the last, so that each is
/// one read of a word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packed<'a> {
    bytes: &'a [u8],
    width: u32,
}

impl<'a> Packed<'a> {
    pub(crate) fn new(bytes: &'a [u8], width: u32) -> Self {
        Self { bytes, width }
    }

    /// The number at `index`; 0 beyond the end.
    #[inline]
    pub(crate) fn get(self, index: u32) -> u64 {
        let bit = u64::from(index) * u64::from(self.width);
        let word = u64_at(self.bytes, (bit >> 3) as usize);
        (word >> (bit & 7)) & low_bits(self.width)
    }

    /// How many bytes `count` numbers of `width` bits take.
    pub(crate) fn len_for(count: u64, width: u32) -> u64 {
        if width == 0 { 0 } else { (count * u64::from(width)).div_ceil(8) + 8 }
    }

    /// Packs `values`.
    pub(crate) fn write(values: impl Iterator<Item = u64>, width: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        if width == 0 {
            return bytes;
        }
        let (mut word, mut filled) = (0_u128, 0);
        for value in values {
            word |= u128::from(value & low_bits(width)) << filled;
            filled += width;
            while filled >= 8 {
                bytes.push(word as u8);
                word >>= 8;
                filled -= 8;
            }
        }
        if filled > 0 {
            bytes.push(word as u8);
        }
        bytes.extend([0; 8]);
        bytes
    }
}

/// Appends `value` seven bits a byte.
pub(crate) fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Takes what [`put_varint`] wrote off the front of `bytes`; `None` where it does not end.
#[inline]
pub(crate) fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// How many bytes `a` and `b` begin with in common.
#[inline]
pub(crate) fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_width_come_back() {
        for width in (1..=56).chain([64]) {
            let most = low_bits(width);
            let values: Vec<_> =
                (0..100_u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) & most).collect();
            let bytes = Packed::write(values.iter().copied(), width);
            assert_eq!(bytes.len() as u64, Packed::len_for(100, width));
            let packed = Packed::new(&bytes, width);
            for (index, &value) in values.iter().enumerate() {
                assert_eq!(packed.get(index as u32), value, "{width}");
            }
        }
    }

    #[test]
    fn a_read_beyond_the_end_is_zero() {
        assert_eq!(uint(&[1, 2], 1, 4), 2);
        assert_eq!(uint(&[1, 2], 9, 4), 0);
        assert_eq!(u32_at(&[1, 2, 3], 0), 0);
        assert_eq!(Packed::new(&[], 17).get(u32::MAX), 0);
    }

    #[test]
    fn varints_come_back_and_endless_ones_do_not() {
        for value in [0, 1, 127, 128, 300, u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            assert_eq!(take_varint(&mut &bytes[..]), Some(value));
        }
        assert_eq!(take_varint(&mut &[0xff; 20][..]), None);
        assert_eq!(take_varint(&mut &[0x80][..]), None);
    }
}
