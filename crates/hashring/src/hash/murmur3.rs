/// The first half of `MurmurHash3_x64_128` (Austin Appleby, 2011, public domain).
pub(super) fn murmur3_x64_128_low(bytes: &[u8], seed: u32) -> u64 {
    let (mut one, mut two) = (u64::from(seed), u64::from(seed));
    let (blocks, tail) = bytes.as_chunks::<16>();
    for block in blocks {
        one ^= scramble_one(half(&block[..8]));
        one = one.rotate_left(27).wrapping_add(two).wrapping_mul(5).wrapping_add(0x52DC_E729);
        two ^= scramble_two(half(&block[8..]));
        two = two.rotate_left(31).wrapping_add(one).wrapping_mul(5).wrapping_add(0x3849_5AB5);
    }
    if tail.len() > 8 {
        two ^= scramble_two(half(&tail[8..]));
    }
    if !tail.is_empty() {
        one ^= scramble_one(half(&tail[..tail.len().min(8)]));
    }
    let length = bytes.len() as u64;
    (one, two) = (one ^ length, two ^ length);
    one = one.wrapping_add(two);
    two = two.wrapping_add(one);
    finish(one).wrapping_add(finish(two))
}

const ONE: u64 = 0x87C3_7B91_1142_53D5;
const TWO: u64 = 0x4CF5_AD43_2745_937F;

fn scramble_one(word: u64) -> u64 {
    word.wrapping_mul(ONE).rotate_left(31).wrapping_mul(TWO)
}

fn scramble_two(word: u64) -> u64 {
    word.wrapping_mul(TWO).rotate_left(33).wrapping_mul(ONE)
}

/// Up to eight bytes, little end first, the missing ones zero.
fn half(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

fn finish(word: u64) -> u64 {
    let word = (word ^ (word >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    let word = (word ^ (word >> 33)).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    word ^ (word >> 33)
}
