//! Bytes in one canonical form: varints as short as can be, a checksum, caps on every count.

pub(crate) mod base64;
mod error;

use core::mem;

pub use error::DecodeError;

/// The byte that says what follows.
pub(crate) const HEAD: usize = 1;
/// The checksum.
pub(crate) const TAIL: usize = 4;
/// The longest varint: 64 bits, seven a byte.
pub(crate) const VARINT: usize = 10;

/// 32 bits of a multilinear hash, eight bytes a step, all steps at once. Finds accidents; version 1,
/// for ever.
///
/// Words are little endian, the last one has one to eight bytes less and is filled up with zeros. The
/// multiplier is the odd number nearest 2^64 divided by the golden ratio (Knuth, volume 3, section 6.4),
/// times 1, 3, 5, … so that words that change places are found, too.
#[derive(Clone, Copy, Debug)]
struct Checksum {
    sum: u64,
    multiplier: u64,
}

impl Checksum {
    const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

    /// For so many bytes.
    #[inline]
    const fn new(len: usize) -> Self {
        Self { sum: len as u64, multiplier: Self::MULTIPLIER }
    }

    #[inline]
    const fn add(&mut self, word: u64) {
        let product = (word ^ Self::MULTIPLIER) as u128 * self.multiplier as u128;
        self.sum = self.sum.wrapping_add(product as u64 ^ (product >> 64) as u64);
        self.multiplier = self.multiplier.wrapping_add(Self::MULTIPLIER.wrapping_mul(2));
    }

    #[inline]
    const fn finish(self) -> u32 {
        ((self.sum ^ (self.sum >> 32)).wrapping_mul(Self::MULTIPLIER) >> 32) as u32
    }

    #[inline]
    fn of(bytes: &[u8]) -> u32 {
        let (words, rest) = bytes.as_chunks();
        let mut checksum = Self::new(bytes.len());
        for word in words {
            checksum.add(u64::from_le_bytes(*word));
        }
        checksum.add(rest.iter().rfold(0, |word, byte| word << 8 | u64::from(*byte)));
        checksum.finish()
    }
}

#[inline]
pub(crate) const fn varint_len(value: u64) -> usize {
    (70 - (value | 1).leading_zeros() as usize) / 7
}

/// Fills a slice that is exactly as long as what is written, a word at a time: the words go into the
/// checksum as they are made, and are not read again.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    rest: &'a mut [u8],
    /// What does not fill a word yet.
    word: u64,
    bits: u32,
    checksum: Checksum,
}

impl<'a> Writer<'a> {
    /// Writes the kind, what `write` writes, and the checksum, which ends it.
    #[inline]
    pub(crate) fn fill(bytes: &'a mut [u8], kind: u8, write: impl FnOnce(&mut Self)) {
        let checksum = Checksum::new(bytes.len() - TAIL);
        let mut writer = Self { rest: bytes, word: kind.into(), bits: 8, checksum };
        write(&mut writer);
        writer.checksum.add(writer.word);
        let sum = writer.checksum.finish();
        writer.put(sum.into(), TAIL as u32);
        let last = writer.word.to_le_bytes();
        writer.rest.copy_from_slice(&last[..writer.bits as usize / 8]);
    }

    #[inline]
    pub(crate) fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.put(value & 0x7F | 0x80, 1);
            value >>= 7;
        }
        self.put(value, 1);
    }

    #[inline]
    pub(crate) fn word(&mut self, word: u64) {
        self.put(word, 8);
    }

    pub(crate) fn slice(&mut self, slice: &[u8]) {
        let (words, rest) = slice.as_chunks();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        for byte in rest {
            self.put((*byte).into(), 1);
        }
    }

    /// The lowest bytes of a word, 1 to 8; the others are zero.
    #[inline]
    fn put(&mut self, value: u64, bytes: u32) {
        self.word |= value << self.bits;
        self.bits += 8 * bytes;
        if self.bits < u64::BITS {
            return;
        }
        self.bits -= u64::BITS;
        self.checksum.add(self.word);
        let (to, rest) = mem::take(&mut self.rest).split_first_chunk_mut().expect("it was counted");
        *to = self.word.to_le_bytes();
        self.rest = rest;
        // What did not fit; all did, if that are no bits.
        self.word = value.checked_shr(8 * bytes - self.bits).unwrap_or(0);
    }
}

/// Reads what [`Writer`] wrote, and nothing else.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    /// How many bytes there were, without the checksum.
    len: usize,
}

impl<'a> Reader<'a> {
    /// Checks kind and checksum, so that what follows was written by us unless somebody forged it.
    #[inline]
    pub(crate) fn checked(bytes: &'a [u8], kind: u8) -> Result<Self, DecodeError> {
        let truncated = DecodeError::Truncated { at: bytes.len() };
        let (body, tail) = bytes.split_last_chunk::<TAIL>().ok_or(truncated)?;
        let (&found, rest) = body.split_first().ok_or(truncated)?;
        if found != kind {
            return Err(DecodeError::Kind { found, expected: kind });
        }
        if Checksum::of(body) != u32::from_le_bytes(*tail) {
            return Err(DecodeError::Checksum);
        }
        Ok(Self { rest, len: body.len() })
    }

    #[inline]
    pub(crate) const fn at(&self) -> usize {
        self.len - self.rest.len()
    }

    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, DecodeError> {
        let (value, rest) = match self.rest.split_first() {
            Some((&byte, rest)) if byte < 0x80 => (u64::from(byte), rest),
            _ => long_varint(self.rest).ok_or_else(|| self.no_varint())?,
        };
        self.rest = rest;
        Ok(value)
    }

    /// How many entries follow of at least so many bytes each: no more than there can be, so that nobody
    /// can make us allocate for what has not come.
    #[inline]
    pub(crate) fn count(&mut self, least_bytes: usize) -> Result<usize, DecodeError> {
        let count = self.varint()?;
        let most = self.rest.len() / least_bytes;
        usize::try_from(count).ok().filter(|count| *count <= most).ok_or_else(|| self.cut_off())
    }

    #[inline]
    pub(crate) fn word(&mut self) -> Result<u64, DecodeError> {
        let (word, rest) = self.rest.split_first_chunk().ok_or_else(|| self.cut_off())?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*word))
    }

    #[inline]
    pub(crate) fn slice(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (slice, rest) = self.rest.split_at_checked(len).ok_or_else(|| self.cut_off())?;
        self.rest = rest;
        Ok(slice)
    }

    #[inline]
    pub(crate) const fn finish(self) -> Result<(), DecodeError> {
        if !self.rest.is_empty() {
            return Err(DecodeError::Trailing { at: self.at() });
        }
        Ok(())
    }

    #[cold]
    fn no_varint(&self) -> DecodeError {
        if self.rest.len() < VARINT && self.rest.iter().all(|byte| *byte >= 0x80) {
            return self.cut_off();
        }
        let rule = "the shortest varint of at most 64 bits";
        DecodeError::NotCanonical { at: self.at(), rule }
    }

    #[cold]
    const fn cut_off(&self) -> DecodeError {
        DecodeError::Truncated { at: self.len }
    }
}

/// The value and what follows; none if it is cut off, too long, or longer than need be.
///
/// Not a method: a reader whose address is taken is one in memory and not in registers.
fn long_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (at, &byte) in bytes.iter().take(VARINT).enumerate() {
        value |= u64::from(byte & 0x7F) << (7 * at);
        if byte < 0x80 {
            let last = at == VARINT - 1;
            let canonical = byte > 0 && !(last && byte > 1);
            return canonical.then(|| (value, &bytes[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn what_is_written_is_as_long_as_said_and_read_back() {
        for bits in 0..64 {
            for value in [u64::MAX >> bits, 1 << bits, !0 >> (63 - bits)] {
                let body = varint_len(value) + 8 + 3 + 1;
                let mut bytes = vec![0; HEAD + body + TAIL];
                Writer::fill(&mut bytes, 7, |writer| {
                    writer.varint(value);
                    writer.word(value);
                    writer.slice(b"end");
                    writer.varint(0);
                });
                let mut reader = Reader::checked(&bytes, 7).expect("sealed");
                assert_eq!(reader.varint(), Ok(value));
                assert_eq!(reader.at(), HEAD + varint_len(value));
                assert_eq!(reader.word(), Ok(value));
                assert_eq!(reader.slice(3), Ok(&b"end"[..]));
                assert_eq!(reader.varint(), Ok(0));
                assert_eq!(reader.finish(), Ok(()));

                let len = varint_len(value) - 1;
                let mut cut = Reader { rest: &bytes[HEAD..][..len], len };
                assert_eq!(cut.varint(), Err(DecodeError::Truncated { at: len }));
            }
        }
    }

    /// What other versions of this crate must compute, too.
    #[test]
    fn the_checksum_is_that_of_version_1() {
        let checksum = |bytes| Checksum::of(bytes).to_le_bytes();
        assert_eq!(checksum(b""), [255, 151, 228, 203]);
        assert_eq!(checksum(b"voussoir"), [171, 220, 174, 159]);
        assert_eq!(checksum(b"nine byte"), [35, 248, 17, 141]);
    }
}
