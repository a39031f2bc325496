//! Tokens and sets behind a checksum that fits, so that what lies behind it is reached, too.

/// The first byte, the rest, and the checksum that `voussoir-quorum` computes over both.
pub fn sealed(kind: u8, body: &[u8]) -> Vec<u8> {
    const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

    let mut bytes = vec![kind];
    bytes.extend(body);
    let mut padded = bytes.clone();
    padded.resize(bytes.len() / 8 * 8 + 8, 0);
    let mut sum = bytes.len() as u64;
    for (word, odd) in padded.chunks(8).zip((1_u64..).step_by(2)) {
        let word = u64::from_le_bytes(word.try_into().expect("eight"));
        let product = u128::from(word ^ MULTIPLIER) * u128::from(MULTIPLIER.wrapping_mul(odd));
        sum = sum.wrapping_add(product as u64 ^ (product >> 64) as u64);
    }
    let sum = (sum ^ (sum >> 32)).wrapping_mul(MULTIPLIER);
    bytes.extend(((sum >> 32) as u32).to_le_bytes());
    bytes
}
