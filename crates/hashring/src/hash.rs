mod murmur3;
mod text;

use md5::{Digest, Md5};
use murmur3::murmur3_x64_128_low;
pub use text::HashFunctionError;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// How bytes become a place on the circle of 2^64 hashes.
///
/// Two processes agree on the owner of a key only if they agree on this, so it has a name, and with it
/// a result that is the same on every platform and in every version of this crate, which
/// `std::hash::Hash` promises of nothing. As text: `"xxh3"`, `"xxh3 seed 42"`, `"murmur3"`,
/// `"md5-ketama"`, `"crc32-nginx"`; with the feature `serde` the same.
///
/// ```
/// use voussoir_hashring::HashFunction;
///
/// let hash: HashFunction = "xxh3 seed 42".parse()?;
/// assert_eq!(hash, HashFunction::Xxh3 { seed: 42 });
/// assert_ne!(hash.hash(b"user:42"), HashFunction::XXH3.hash(b"user:42"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HashFunction {
    /// XXH3 with 64 bits of result, the fastest of these on short keys.
    Xxh3 {
        /// Another seed, another placement. It is not a secret.
        seed: u64,
    },
    /// The first 64 bits of `MurmurHash3_x64_128`, as other stores use it.
    Murmur3 {
        /// Another seed, another placement.
        seed: u32,
    },
    /// The first four bytes of an MD5 digest, little end first, as libmemcached hashes keys for its
    /// ketama distribution. 32 bits, which stand in the upper half.
    Md5Ketama,
    /// CRC-32 (IEEE 802.3), as nginx hashes keys. 32 bits, which stand in the upper half.
    Crc32Nginx,
}

impl HashFunction {
    /// XXH3 with seed 0: the default.
    pub const XXH3: Self = Self::Xxh3 { seed: 0 };

    /// Murmur3 with seed 0.
    pub const MURMUR3: Self = Self::Murmur3 { seed: 0 };

    /// The place of `bytes` on the circle. Complexity: O(bytes), no allocation.
    #[inline]
    pub fn hash(self, bytes: &[u8]) -> u64 {
        match self {
            Self::Xxh3 { seed } => xxh3_64_with_seed(bytes, seed),
            other => other.hash_for_others(bytes),
        }
    }

    /// Apart, so that the default is compiled into its callers, and the others are not with it.
    #[inline(never)]
    fn hash_for_others(self, bytes: &[u8]) -> u64 {
        match self {
            Self::Xxh3 { seed } => xxh3_64_with_seed(bytes, seed),
            Self::Murmur3 { seed } => murmur3_x64_128_low(bytes, seed),
            Self::Md5Ketama => upper(md5_words(bytes)[0]),
            Self::Crc32Nginx => upper(crc32fast::hash(bytes)),
        }
    }

    /// Whether all 64 bits carry something.
    pub(crate) fn is_wide(self) -> bool {
        matches!(self, Self::Xxh3 { .. } | Self::Murmur3 { .. })
    }

    /// What a node with this label draws its points from: the sequence that `SplitMix64` gives with the
    /// label's hash as its state. No text is pieced together, so that no number can run into a label
    /// ("node1" + "1", "node" + "11": buraksezer/consistent#17).
    pub(crate) fn sequence(self, label: &str) -> impl Iterator<Item = u64> + use<> {
        let state = self.hash(label.as_bytes());
        (0_u64..).map(move |number| rehash(state, number))
    }
}

impl Default for HashFunction {
    /// [`XXH3`](Self::XXH3): 2.8 ns for 16 bytes, and its short-key path passes `SMHasher`.
    fn default() -> Self {
        Self::XXH3
    }
}

/// A hash of 32 bits on the circle of 64, in the same order.
pub(crate) fn upper(hash: u32) -> u64 {
    u64::from(hash) << 32
}

/// The four words of an MD5 digest, little end first.
pub(crate) fn md5_words(bytes: &[u8]) -> [u32; 4] {
    let digest: [u8; 16] = Md5::digest(bytes).into();
    let word = |at: usize| {
        u32::from_le_bytes([digest[at], digest[at + 1], digest[at + 2], digest[at + 3]])
    };
    [word(0), word(4), word(8), word(12)]
}

/// Spreads every bit of `x` over all bits: the finalizer of `SplitMix64` (Steele, Lea and Flood, 2014;
/// constants of David Stafford's variant 13). A bijection.
#[inline]
pub(crate) const fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// The `number`th hash that follows from `hash`: what a key tries next. Number 0 is not `hash` itself.
/// The `number`th output of `SplitMix64` from this state.
#[inline]
pub(crate) const fn rehash(hash: u64, number: u64) -> u64 {
    // The golden ratio's bits.
    mix(hash.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the functions' own test suites and of common implementations.
    #[test]
    fn published_vectors_hold() {
        let fox = b"The quick brown fox jumps over the lazy dog";
        assert_eq!(HashFunction::XXH3.hash(b""), 0x2D06_8005_38D3_94C2);
        assert_eq!(HashFunction::MURMUR3.hash(b""), 0);
        assert_eq!(HashFunction::MURMUR3.hash(b"hello"), 0xCBD8_A7B3_41BD_9B02);
        assert_eq!(HashFunction::MURMUR3.hash(fox), 0xE34B_BC7B_BC07_1B6C);
        assert_eq!(md5_words(b""), [0xD98C_1DD4, 0x04B2_008F, 0x9809_80E9, 0x7E42_F8EC]);
        assert_eq!(HashFunction::Crc32Nginx.hash(b"123456789"), 0xCBF4_3926 << 32);
    }

    #[test]
    fn sequences_are_those_of_the_generator() {
        let sequence = HashFunction::XXH3.sequence("node-1");
        let mut random = voussoir_core::Random::seeded(HashFunction::XXH3.hash(b"node-1"));
        assert!(sequence.take(100).all(|point| point == random.next_u64()));
    }
}
