//! Bytes in one canonical form: varints as short as can be, a checksum, caps on every count.

pub(crate) mod base64;
mod error;

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
/// The multiplier is the odd number nearest 2^64 divided by the golden ratio (Knuth, volume 3,
/// section 6.4), times 1, 3, 5, … so that words that change places are found, too.
#[inline]
fn checksum(bytes: &[u8]) -> [u8; TAIL] {
    const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let mut sum = bytes.len() as u64;
    let mut multiplier = MULTIPLIER;
    for word in words.iter().chain([&last]) {
        let product = u128::from(u64::from_le_bytes(*word) ^ MULTIPLIER) * u128::from(multiplier);
        sum = sum.wrapping_add(product as u64 ^ (product >> 64) as u64);
        multiplier = multiplier.wrapping_add(MULTIPLIER.wrapping_mul(2));
    }
    let mixed = (sum ^ (sum >> 32)).wrapping_mul(MULTIPLIER);
    ((mixed >> 32) as u32).to_le_bytes()
}

#[inline]
pub(crate) const fn varint_len(value: u64) -> usize {
    (70 - (value | 1).leading_zeros() as usize) / 7
}

/// Fills a slice that is exactly as long as what is written.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(bytes: &'a mut [u8], kind: u8) -> Self {
        bytes[0] = kind;
        Self { bytes, at: 1 }
    }

    #[inline]
    pub(crate) fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes[self.at] = value as u8 | 0x80;
            value >>= 7;
            self.at += 1;
        }
        self.bytes[self.at] = value as u8;
        self.at += 1;
    }

    #[inline]
    pub(crate) fn word(&mut self, word: u64) {
        self.slice(&word.to_le_bytes());
    }

    #[inline]
    pub(crate) fn slice(&mut self, slice: &[u8]) {
        self.bytes[self.at..self.at + slice.len()].copy_from_slice(slice);
        self.at += slice.len();
    }

    /// Writes the checksum, which ends it.
    #[inline]
    pub(crate) fn seal(self) {
        let (body, tail) = self.bytes.split_at_mut(self.at);
        tail.copy_from_slice(&checksum(body));
    }
}

/// Reads what [`Writer`] wrote, and nothing else.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Checks kind and checksum, so that what follows was written by us unless somebody forged it.
    pub(crate) fn checked(bytes: &'a [u8], kind: u8) -> Result<Self, DecodeError> {
        let truncated = DecodeError::Truncated { at: bytes.len() };
        let (body, tail) = bytes.split_last_chunk::<TAIL>().ok_or(truncated)?;
        let found = *body.first().ok_or(truncated)?;
        if found != kind {
            return Err(DecodeError::Kind { found, expected: kind });
        }
        if checksum(body) != *tail {
            return Err(DecodeError::Checksum);
        }
        Ok(Self { body, at: 1 })
    }

    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, DecodeError> {
        let start = self.at;
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte = *self.body.get(self.at).ok_or(DecodeError::Truncated { at: self.at })?;
            self.at += 1;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                if byte == 0 && shift > 0 {
                    break;
                }
                return Ok(value);
            }
        }
        Err(DecodeError::NotCanonical { at: start, rule: "the shortest varint of at most 64 bits" })
    }

    /// A varint that counts something of which there may be at most so many.
    pub(crate) fn count(&mut self, most: usize) -> Result<usize, DecodeError> {
        let found = self.varint()?;
        if found > most as u64 {
            return Err(DecodeError::TooMany { found, most });
        }
        Ok(found as usize)
    }

    #[inline]
    pub(crate) fn word(&mut self) -> Result<u64, DecodeError> {
        let bytes = self.slice(8)?;
        Ok(bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)))
    }

    #[inline]
    pub(crate) fn slice(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let rest = &self.body[self.at..];
        let slice = rest.get(..len).ok_or(DecodeError::Truncated { at: self.body.len() })?;
        self.at += len;
        Ok(slice)
    }

    pub(crate) const fn finish(self) -> Result<(), DecodeError> {
        if self.at < self.body.len() {
            return Err(DecodeError::Trailing { at: self.at });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_varint_is_as_long_as_said() {
        for bits in 0..64 {
            for value in [(1_u64 << bits) - 1, 1 << bits, u64::MAX >> bits] {
                let mut bytes = [0; 16];
                let mut writer = Writer::new(&mut bytes, 0);
                writer.varint(value);
                assert_eq!(writer.at - 1, varint_len(value), "{value}");
            }
        }
    }

    /// What other versions of this crate must compute, too.
    #[test]
    fn the_checksum_is_that_of_version_1() {
        assert_eq!(checksum(b""), [255, 151, 228, 203]);
        assert_eq!(checksum(b"voussoir"), [171, 220, 174, 159]);
        assert_eq!(checksum(b"nine byte"), [35, 248, 17, 141]);
    }
}
